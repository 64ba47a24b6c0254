"""Disparity for the pixels of the left view, from that of the right view.

Disparity is predicted for the pixels of the right view, `right(x) = left(x + d(x))`. Beside the
left view, as in RGB-D pictures, it must belong to the left one's pixels: what is seen at x by the
right eye is seen at x + d by the left one.
"""

import cv2
import numpy as np

from deep3d.disparity import DisparityLevels
from deep3d.video import disparity_to_gray

# Places are whole pixels, so the map is moved at this multiple of its resolution.
_FINER = 2
# A depth edge that is a slope: pixels in the middle of it, where disparity rises by more than this
# many pixels per pixel, belong to nothing and would be pulled apart. Slanted things rise less.
_TORN = 0.5


def left_disparity_picture(
    left: np.ndarray,
    disparity: np.ndarray,
    levels: DisparityLevels,
    gain: float,
    shift: float,
) -> np.ndarray:
    """Gray picture of the left view's disparity, after a change of strength and convergence.

    Args:
        left: (height, width, 3) uint8 or uint16 left view.
        disparity: (rows, columns) float32 of the right view, in pixels at `levels.width`.
        levels: The network's levels.
        gain: Factor of every disparity.
        shift: Pixels at `levels.width` added to it.

    Returns:
        (height, width, 3) of the type of `left`, see `deep3d.video.disparity_picture`.
    """
    scale = np.float32(disparity.shape[1] / levels.width)
    of_left = disparity_of_left(disparity * scale) / scale
    percent = 100.0 / levels.width * (gain * of_left + shift)
    percent = cv2.resize(percent, left.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return disparity_to_gray(percent, left.dtype)


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
