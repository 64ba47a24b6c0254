"""What others do: the left view's pixels are moved, nearer ones win, and the holes are painted.

Baselines for `compare_renderers.py`. Disparity belongs to the *left* view's pixels here. It is the
disparity that is moved, and the picture is fetched once by what came of it, so that what both eyes
see is as sharp as by the converter's own renderer, and only the holes differ.
"""

import cv2
import numpy as np

# Radius in pixels of what OpenCV's inpainting looks at.
_RADIUS = 3
# Holes this wide, in pixels, are cracks of surfaces that come nearer to the right.
_CRACK = 2


def forward_warp(left: np.ndarray, disparity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Moves every pixel of the left view to its place in the right one.

    Args:
        left: (h, w, 3) uint8.
        disparity: (h, w) float32 pixels, of the left view.

    Returns:
        (h, w, 3) uint8 right view, which has the nearest background of the same row in its holes,
        and the holes, bool (h, w).
    """
    height, width = disparity.shape
    columns = np.arange(width)
    order = np.argsort(disparity, axis=1, kind="stable")  # of several for one place the last stays
    ordered = np.take_along_axis(disparity, order, axis=1)
    places = np.rint(order - ordered).astype(np.intp)
    rows = np.broadcast_to(np.arange(height)[:, np.newaxis], places.shape)
    inside = (places >= 0) & (places < width)
    moved = np.full((height, width), np.nan, np.float32)
    moved[rows[inside], places[inside]] = ordered[inside]
    before, after = _known(moved), width - 1 - _known(moved[:, ::-1])[:, ::-1]
    first, last = (np.take_along_axis(moved, side, axis=1) for side in (before, after))
    farther = np.where(np.isnan(last) | (first <= last), before, after)
    hole = np.isnan(moved) & (after - before > _CRACK + 1)
    nearest = np.take_along_axis(moved, farther, axis=1)
    source = np.where(hole, farther + nearest, columns + nearest).astype(np.float32)
    rows = np.ascontiguousarray(rows, np.float32)
    return cv2.remap(left, source, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101), hole


def enlarge(disparity: np.ndarray, width: int, height: int) -> np.ndarray:
    """Enlarged disparity whose edges are steep, in the middle of their slopes.

    Args:
        disparity: (rows, columns) float32.
        width: Wanted columns.
        height: Wanted rows.

    Returns:
        (height, width) float32: of what the neighbouring pixels have, the nearest or the farthest,
        where these differ by more than a pixel of the small map.
    """
    scale = width / disparity.shape[1]
    disparity = cv2.resize(disparity, (width, height), interpolation=cv2.INTER_LINEAR)
    square = np.ones((2 * round(1.25 * scale) + 1,) * 2, np.uint8)
    low, high = cv2.erode(disparity, square), cv2.dilate(disparity, square)
    steep = np.where(2 * disparity < low + high, low, high)
    return np.where(high - low > scale, steep, disparity)


def inpaint(view: np.ndarray, hole: np.ndarray, method: int) -> np.ndarray:
    """Paints holes from all around them.

    Args:
        view: (h, w, 3) uint8.
        hole: bool (h, w).
        method: `cv2.INPAINT_TELEA` or `cv2.INPAINT_NS`.

    Returns:
        (h, w, 3) uint8.
    """
    return cv2.inpaint(view, hole.astype(np.uint8), _RADIUS, method)


def _known(values):
    """Column of the last known value (not NaN) up to each, 0 where there is none."""
    columns = np.broadcast_to(np.arange(values.shape[1]), values.shape)
    return np.maximum.accumulate(np.where(np.isnan(values), 0, columns), axis=1)
