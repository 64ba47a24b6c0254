"""Guesses what the nameless planes of a picture are, from place, shape and colour.

The annotation tells one plane from the next, but not a road from a wall. In photographs taken by
a standing person the region in the middle of the lower edge is the ground, smooth and bright
regions on the upper edge are the sky, and most of the rest stands upright.
"""

import cv2
import numpy as np

from data_pipeline.depth_sources.ground import Kind

# Share of the lower edge's middle that a region must hold to be the ground.
GROUND_SHARE = 0.25
# Ground that reaches higher than this share of the height is a wall that fills the picture.
HIGHEST_GROUND = 0.3
# Things whose tops stay below, or little above, the horizon are no facades: cars, hedges, kerbs.
LOW = 0.42
# Mean absolute difference between neighbouring pixels, in grey levels of 255.
SMOOTH = 6.0
# A smooth bright region that reaches lower than this share of the height is a white wall.
LOWEST_SKY = 0.66
COMPACT = 0.04
NARROW = 0.1


def plane_kinds(picture: np.ndarray, regions: np.ndarray) -> np.ndarray:
    """Kind of every plane of a picture.

    Args:
        picture: (h, w, 3) uint8 RGB.
        regions: (h, w) int, 0 for what belongs to no plane.

    Returns:
        (regions.max() + 1,) `Kind` by region.
    """
    height, width = regions.shape
    count = int(regions.max()) + 1
    kinds = np.full(count, Kind.WALL, np.int64)
    kinds[0] = Kind.VOID
    ground = _ground(regions, count)
    kinds[ground] = Kind.GROUND
    texture = _texture(picture)
    top = np.bincount(regions[: max(2, height // 50)].ravel(), minlength=count) > 0.01 * width
    for region in range(1, count):
        mask = regions == region
        if region in ground or not mask.any():
            continue
        if top[region] and _is_sky(picture[mask], texture[mask], np.nonzero(mask)[0], height):
            kinds[region] = Kind.SKY
        else:
            kinds[region] = _upright_kind(mask)
    return kinds


def without_border(regions: np.ndarray, size: int = 2) -> np.ndarray:
    """Regions with the outermost pixels, which carry any number, replaced by those inside.

    Args:
        regions: (h, w) ids.
        size: width of the border in pixels.
    """
    return np.pad(regions[size:-size, size:-size], size, mode="edge")


def shows_sky(kinds: np.ndarray) -> bool:
    """Whether any plane was taken for the sky."""
    return bool((kinds == Kind.SKY).any())


def _ground(regions: np.ndarray, count: int) -> list[int]:
    """Regions that are ground: the middle of the lower edge, and low flat ones beside it."""
    height, width = regions.shape
    strip = regions[-max(2, height // 30) :, width // 6 : width - width // 6]
    share = np.bincount(strip.ravel(), minlength=count)[:count] / strip.size
    share[0] = 0
    found = []
    tops = {}
    for region in np.unique(regions[regions > 0]):
        rows, columns = np.nonzero(regions == region)
        tops[region] = (np.quantile(rows, 0.03), np.ptp(columns) + 1, np.ptp(rows) + 1)
    for region in np.argsort(-share):
        if share[region] < GROUND_SHARE:
            break
        level = not found or _widens(regions == region)
        if tops[region][0] > HIGHEST_GROUND * height and level:
            found.append(int(region))
    if not found:
        return []
    highest = min(tops[region][0] for region in found)
    for region, (top, across, down) in tops.items():
        if region not in found and top > highest and across > 3.0 * down and across > 0.2 * width:
            found.append(int(region))
    return found


def _widens(mask: np.ndarray) -> bool:
    """Whether a region is about as wide on its lowest rows as anywhere, as no car is."""
    widths = mask.sum(axis=1)
    return bool(widths[-max(2, len(widths) // 30) :].mean() > 0.75 * widths.max())


def _texture(picture: np.ndarray) -> np.ndarray:
    """(h, w) mean absolute difference to the neighbours, in grey levels."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    across = np.abs(cv2.Sobel(grey, cv2.CV_32F, 1, 0)) + np.abs(cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    return across / 8


def _is_sky(colours: np.ndarray, texture: np.ndarray, rows: np.ndarray, height: int) -> bool:
    """Whether a region on the upper edge is smooth and blue or bright."""
    red, green, blue = np.median(colours, axis=0).astype(float)
    smooth = float(np.median(texture)) < SMOOTH
    high = float(np.quantile(rows, 0.98)) < LOWEST_SKY * height
    is_blue = blue > red + 8 and blue >= green - 2 and blue > 80
    is_bright = min(red, green, blue) > 165 and max(red, green, blue) - min(red, green, blue) < 45
    return smooth and high and (is_blue or is_bright)


def _upright_kind(mask: np.ndarray) -> Kind:
    """Whether an upright region is a person or pole, something low, or a wall."""
    height, width = mask.shape
    rows, columns = np.nonzero(mask)
    inside = not (mask[:, 0].any() or mask[:, -1].any() or mask[0].any())
    if (inside and mask.mean() < COMPACT) or np.ptp(columns) < NARROW * width:
        return Kind.FIGURE
    return Kind.VEHICLE if np.quantile(rows, 0.02) > LOW * height else Kind.WALL
