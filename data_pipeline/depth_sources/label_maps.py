"""Label maps made fit for geometry: seams closed, classes split into connected regions."""

import cv2
import numpy as np

from data_pipeline.depth_sources.ground import Kind

# Parts of one label smaller than this share of the picture are noise of the labelling.
SMALLEST_PART = 1e-4
# Unlabelled seams up to this share of the width belong to their neighbours.
SEAM = 0.01


def label_regions(labels: np.ndarray, kinds: tuple[Kind, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Connected regions of one kind.

    Args:
        labels: (h, w) uint8 class of every pixel; classes beyond `kinds` count as void.
        kinds: `Kind` by class.

    Returns:
        Regions (h, w) int32, 0 the void, and (n,) `Kind` by region.
    """
    table = np.full(256, Kind.VOID, np.uint8)
    table[: len(kinds)] = kinds
    seen = close_seams(table[labels])
    regions = np.zeros(seen.shape, np.int32)
    found = [int(Kind.VOID)]
    for kind in Kind:
        if kind == Kind.VOID:
            continue
        count, parts, boxes, _ = cv2.connectedComponentsWithStats((seen == kind).astype(np.uint8))
        large = boxes[:, cv2.CC_STAT_AREA] >= SMALLEST_PART * seen.size
        large[0] = False
        ids = np.zeros(count, np.int32)
        ids[large] = np.arange(large.sum()) + len(found)
        regions = np.maximum(regions, ids[parts])
        found += [int(kind)] * int(large.sum())
    return regions, np.array(found)


def low_ground(labels: np.ndarray, classes: tuple[int, ...]) -> np.ndarray:
    """Low and wide parts of classes that should stand but lie: lawns, stairs, what has no class.

    Args:
        labels: (h, w) uint8.
        classes: the parts of which are looked at one class at a time.

    Returns:
        (h, w) bool, true where a part reaches the lower edge, in its full width.
    """
    found = np.zeros(labels.shape, bool)
    for each in classes:
        _, parts, boxes, _ = cv2.connectedComponentsWithStats((labels == each).astype(np.uint8))
        for part in np.unique(parts[-1][labels[-1] == each]):
            low = boxes[part, cv2.CC_STAT_TOP] > 0.5 * len(labels)
            reach = int((parts[-1] == part).sum())
            if low and reach > max(0.3 * labels.shape[1], 0.7 * boxes[part, cv2.CC_STAT_WIDTH]):
                found |= parts == part
    return found


def close_seams(labels: np.ndarray) -> np.ndarray:
    """Labels with thin strips of 0 given to the nearest label.

    Args:
        labels: (h, w) uint8.

    Returns:
        (h, w) uint8.
    """
    void = (labels == 0).astype(np.uint8)
    if not void.any() or void.all():
        return labels
    distance, nearest = cv2.distanceTransformWithLabels(
        void, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    by_index = np.zeros(nearest.max() + 1, labels.dtype)
    by_index[nearest[void == 0]] = labels[void == 0]
    thin = (void == 1) & (distance <= max(2.0, SEAM * labels.shape[1]))
    return np.where(thin, by_index[nearest], labels)
