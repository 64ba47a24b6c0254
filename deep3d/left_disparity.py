"""Disparity for the pixels of other views, from that of the right view.

Disparity is predicted for the pixels of the right view, `right(x) = left(x + d(x))`. Beside the
left view, as in RGB-D pictures, it must belong to the left one's pixels: what is seen at x by the
right eye is seen at x + d by the left one.
"""

import cv2
import numpy as np

# Places are whole pixels, so the map is moved at this multiple of its resolution.
_FINER = 2
# A depth edge that is a slope: pixels in the middle of it, where disparity rises by more than this
# many pixels per pixel, belong to nothing and would be pulled apart. Slanted things rise less.
_TORN = 0.5
# Columns that a hidden pixel keeps.
_KEPT = 0.1


def disparity_of_left(disparity: np.ndarray) -> np.ndarray:
    """Moves disparity from the pixels of the right view to those of the left view.

    Where two things come to one pixel the nearer one stays. Where none comes, which is what only
    the left eye sees, there is background: the farther of what is left and right of it.

    Args:
        disparity: (rows, columns) float32 of the right view, in pixels at its own width.

    Returns:
        The same of the left view.
    """
    rows, columns = disparity.shape
    size = _FINER * columns, _FINER * rows
    finer = _FINER * cv2.resize(disparity, size, interpolation=cv2.INTER_NEAREST)
    torn = cv2.resize(_torn(disparity), size, interpolation=cv2.INTER_NEAREST) > 0
    # Far things first: of several values for one pixel NumPy keeps the last.
    order = np.argsort(finer, axis=1, kind="stable")
    ordered = np.take_along_axis(finer, order, axis=1)
    places = np.rint(order + ordered).astype(np.intp)
    lines = np.broadcast_to(np.arange(size[1])[:, np.newaxis], places.shape)
    inside = (places >= 0) & (places < size[0]) & ~np.take_along_axis(torn, order, axis=1)
    moved = np.full(finer.shape, np.nan, np.float32)
    moved[lines[inside], places[inside]] = ordered[inside]
    moved = np.fmin(_continued(moved), _continued(moved[:, ::-1])[:, ::-1])
    return cv2.resize(moved, (columns, rows), interpolation=cv2.INTER_LINEAR) / _FINER


def moved(values: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Moves a map of which nearer pixels go farther right.

    Where two pixels come to one place the nearer one stays; what is pulled apart is joined by a
    slope, as soft edges are in the map that a network predicts.

    Args:
        values: (rows, columns) float32: what is moved.
        by: (rows, columns) float32 pixels, to the right, larger for nearer pixels.

    Returns:
        (rows, columns) float32: `values` at their new places.
    """
    columns = np.arange(by.shape[1], dtype=np.float32)
    # A pixel hides what would come to its left: it goes on to the right, over nearly no width.
    places = np.maximum.accumulate(by + columns - _KEPT * columns, axis=1)
    visible = np.where(places == by + columns - _KEPT * columns, columns, 0).astype(np.intp)
    values = np.take_along_axis(values, np.maximum.accumulate(visible, axis=1), axis=1)
    rows = zip(places + _KEPT * columns, values, strict=True)
    return np.stack([np.interp(columns, place, row) for place, row in rows]).astype(np.float32)


def _torn(disparity):
    """1 for pixels between two that rise steeply, 0 for others."""
    rising = np.diff(disparity, axis=1) > _TORN
    torn = np.zeros(disparity.shape, np.uint8)
    torn[:, 1:-1] = rising[:, 1:] & rising[:, :-1]
    return torn


def _continued(values):
    """Every gap (NaN) filled with the value to the left of it."""
    columns = np.broadcast_to(np.arange(values.shape[1]), values.shape)
    known = np.maximum.accumulate(np.where(np.isnan(values), 0, columns), axis=1)
    return np.take_along_axis(values, known, axis=1)
