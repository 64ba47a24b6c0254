"""Cut-outs of people, animals and things, put before other pictures.

Real things before real places, in any number of combinations, and nearer than what they hide for
certain: the composition of most shots of a film, of which labelled photographs have few.
"""

import dataclasses

import cv2
import numpy as np

from data_pipeline.packs.depth_example import DepthExample

# Sources trust what they know to be the subject this much and all else less.
SUBJECT_TRUST = 0.65
SMALLEST_AREA = 0.02  # share of the picture that is a subject


def paste(background: DepthExample, cutout: DepthExample, rng: np.random.Generator) -> DepthExample:
    """Puts the subject of one picture before another.

    Cut off by the lower edge, it is nearer than everything; else it stands, nearer than all that
    it hides.

    Args:
        background: Where it is put.
        cutout: A picture whose most trusted part is one subject.
        rng: Decides size and place.

    Returns:
        The background with the subject; the background itself if the cut-out shows none.
    """
    area = _subject(cutout)
    if area is None:
        return background
    height, width = background.disparity.shape
    tall = height * rng.uniform(0.45, 1.5)
    size = max(2, round(tall * area.shape[1] / area.shape[0])), max(2, round(tall))
    picture = cv2.resize(area, size, interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        picture = picture[:, ::-1]
    stands = size[1] < 0.85 * height
    bottom = height * rng.uniform(0.8, 1.0) if stands else size[1] + height * rng.uniform(0, 0.25)
    top, left = round(bottom - size[1]), round(rng.uniform(-0.05, 1.05) * width - size[0] / 2)
    layer = _placed(picture, height, width, top, left)
    opacity = layer[..., 3:] / np.float32(255.0)
    inside = opacity[..., 0] > 0.5
    if not inside.any():
        return background
    low, high = np.percentile(background.disparity, (2, 98))
    hidden = background.disparity[inside]
    nearest = np.percentile(hidden, 98) if stands else max(high, hidden.max())
    disparity = nearest + rng.uniform(0.03, 0.15 if stands else 0.5) * max(high - low, 1e-3)
    return dataclasses.replace(
        background,
        left=np.rint(opacity * layer[..., :3] + (1 - opacity) * background.left).astype(np.uint8),
        disparity=np.where(inside, np.float32(disparity), background.disparity),
        weight=np.where(inside, np.float32(0.8), background.weight),
    )


def _subject(cutout: DepthExample) -> np.ndarray | None:
    """The subject, cropped, (h, w, 4) uint8 with its opacity."""
    mask = (cutout.weight >= SUBJECT_TRUST).astype(np.uint8)
    if mask.mean() < SMALLEST_AREA:
        return None
    # A pixel less all around: outlines are never exact, and a rim of background betrays a paste.
    mask = cv2.erode(mask, np.ones((3, 3), np.uint8))
    x, y, width, height = cv2.boundingRect(mask)
    if not width:
        return None
    area = np.s_[y : y + height, x : x + width]
    opacity = cv2.GaussianBlur(255.0 * mask[area].astype(np.float32), (0, 0), 0.8)
    return np.dstack([cutout.left[area], np.rint(opacity).astype(np.uint8)])


def _placed(picture: np.ndarray, height: int, width: int, top: int, left: int) -> np.ndarray:
    """The picture on an empty canvas, cut at its edges."""
    canvas = np.zeros((height, width, 4), np.uint8)
    rows = slice(max(0, top), min(height, top + picture.shape[0]))
    columns = slice(max(0, left), min(width, left + picture.shape[1]))
    if rows.start < rows.stop and columns.start < columns.stop:
        canvas[rows, columns] = picture[
            rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
        ]
    return canvas
