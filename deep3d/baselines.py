"""What a network has to beat, and the oracle that it can hope for.

Every baseline makes a right view from a left one without understanding the picture: the left view
itself, one shift for all, a ramp from top to bottom (the ground is near, the sky is far). The
oracle knows the true right view and warps by its measured disparity.
All work on (h, w, 3) uint8 views and disparities in pixels at their width.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from deep3d.rendering import warp
from deep3d.stereo_matching import match_stereo

# Pixels: the search grids of the shift and of the ramp's two ends.
SHIFT_STEP = 0.5
RAMP_STEP = 2.0


def global_shift(left: np.ndarray, disparity: float) -> np.ndarray:
    """The left view moved as a whole.

    Args:
        left: (h, w, 3) uint8.
        disparity: Pixels at the width of `left`.

    Returns:
        (h, w, 3) uint8 right view.
    """
    return warp(left, np.full(left.shape[:2], disparity, np.float32))


def vertical_ramp(left: np.ndarray, top: float, bottom: float) -> np.ndarray:
    """The left view warped by a disparity that changes linearly from top to bottom.

    Args:
        left: (h, w, 3) uint8.
        top: Disparity of the first row in pixels at the width of `left`.
        bottom: Disparity of the last row.

    Returns:
        (h, w, 3) uint8 right view.
    """
    height, width = left.shape[:2]
    rows = np.linspace(top, bottom, height, dtype=np.float32)[:, np.newaxis]
    return warp(left, np.broadcast_to(rows, (height, width)))


def best_shift(pairs: Sequence[tuple[np.ndarray, np.ndarray]], low: float, high: float) -> float:
    """The shift with the least mean absolute error over all pairs.

    Args:
        pairs: Left and right views, (h, w, 3) uint8.
        low: Smallest disparity tried, in pixels.
        high: Largest disparity tried.

    Returns:
        The shift in pixels, a multiple of half a pixel.
    """
    shifts = np.arange(low, high + SHIFT_STEP / 2, SHIFT_STEP)
    errors = [
        np.mean([_error(global_shift(left, shift), right) for left, right in pairs])
        for shift in shifts
    ]
    return float(shifts[int(np.argmin(errors))])


def best_ramp(
    pairs: Sequence[tuple[np.ndarray, np.ndarray]], low: float, high: float
) -> tuple[float, float]:
    """The vertical ramp with the least mean absolute error over all pairs.

    Args:
        pairs: Left and right views, (h, w, 3) uint8.
        low: Smallest disparity tried at either end, in pixels.
        high: Largest disparity tried.

    Returns:
        Disparity of the top and of the bottom row in pixels, multiples of 2 px from `low`.
    """
    ends = np.arange(low, high + RAMP_STEP / 2, RAMP_STEP)
    grid = [(top, bottom) for top in ends for bottom in ends]
    errors = [
        np.mean([_error(vertical_ramp(left, *ramp), right) for left, right in pairs])
        for ramp in grid
    ]
    return tuple(float(end) for end in grid[int(np.argmin(errors))])


def oracle(left: np.ndarray, right: np.ndarray, low: int, high: int) -> np.ndarray:
    """The left view warped by the disparity that stereo matching finds in the pair itself.

    Args:
        left: (h, w, 3) uint8.
        right: (h, w, 3) uint8, the true right view.
        low: Smallest disparity searched, in pixels.
        high: Largest disparity searched.

    Returns:
        (h, w, 3) uint8 right view; where nothing matched, the farther of the neighbors in the
        row is continued.
    """
    mirrored = match_stereo(
        np.ascontiguousarray(right[:, ::-1]), np.ascontiguousarray(left[:, ::-1]), low, high
    )
    return warp(left, _fill_from_farther(mirrored[:, ::-1]))


def _error(prediction: np.ndarray, truth: np.ndarray) -> float:
    return float(cv2.absdiff(prediction, truth).mean())


def _fill_from_farther(disparity: np.ndarray) -> np.ndarray:
    """Fills NaN with the smaller of the nearest known values to the left and to the right."""
    known = np.isfinite(disparity)
    height, width = disparity.shape
    columns = np.broadcast_to(np.arange(width), (height, width))
    before = np.maximum.accumulate(np.where(known, columns, -1), axis=1)
    after = np.minimum.accumulate(np.where(known, columns, width)[:, ::-1], axis=1)[:, ::-1]
    rows = np.arange(height)[:, np.newaxis]
    from_before = np.where(before >= 0, disparity[rows, np.maximum(before, 0)], np.inf)
    from_after = np.where(after < width, disparity[rows, np.minimum(after, width - 1)], np.inf)
    filled = np.minimum(from_before, from_after)
    return np.where(np.isfinite(filled), filled, 0.0).astype(np.float32)
