"""What a network has to beat, and the oracle that it can hope for.

Every baseline makes a right view from a left one without understanding the picture: the left view
itself, one shift for all, a ramp from top to bottom (the ground is near, the sky is far). The
oracle knows the true right view and warps by its measured disparity.
All work on (h, w, 3) uint8 views and disparities in pixels at their width.
"""

import math
from collections.abc import Iterable

import cv2
import numpy as np

from deep3d.rendering import warp
from deep3d.stereo_matching import match_stereo

# Pixels: the search grids of the shift and of the ramp's two ends.
SHIFT_STEP = 0.5
RAMP_STEP = 1.0


def global_shift(left: np.ndarray, disparity: float) -> np.ndarray:
    """The left view moved as a whole.

    Args:
        left: (h, w, 3) uint8.
        disparity: Pixels at the width of `left`.

    Returns:
        (h, w, 3) uint8 right view.
    """
    return warp(left, np.full(left.shape[:2], disparity, np.float32))


def ramp_disparity(height: int, width: int, top: float, bottom: float) -> np.ndarray:
    """A disparity that changes linearly from top to bottom.

    Args:
        height: Rows.
        width: Columns.
        top: Disparity of the first row.
        bottom: Disparity of the last row.

    Returns:
        (height, width) float32, read-only.
    """
    rows = np.linspace(top, bottom, height, dtype=np.float32)[:, np.newaxis]
    return np.broadcast_to(rows, (height, width))


def vertical_ramp(left: np.ndarray, top: float, bottom: float) -> np.ndarray:
    """The left view warped by a disparity that changes linearly from top to bottom.

    Args:
        left: (h, w, 3) uint8.
        top: Disparity of the first row in pixels at the width of `left`.
        bottom: Disparity of the last row.

    Returns:
        (h, w, 3) uint8 right view.
    """
    return warp(left, ramp_disparity(*left.shape[:2], top, bottom))


def best_shift(pairs: Iterable[tuple[np.ndarray, np.ndarray]], low: float, high: float) -> float:
    """The shift with the least mean absolute error over all pairs.

    Args:
        pairs: Left and right views, (h, w, 3) uint8.
        low: Smallest disparity tried, in pixels.
        high: Largest disparity tried.

    Returns:
        The shift in pixels, a multiple of half a pixel.
    """
    errors = sum(row_errors(left, right, low, high).mean(axis=1) for left, right in pairs)
    return float(_shifts(low, high)[int(np.argmin(errors))])


def best_shift_and_ramp(
    pairs: Iterable[tuple[np.ndarray, np.ndarray]], low: float, high: float
) -> tuple[float, tuple[float, float]]:
    """The shift and the vertical ramp with the least mean absolute error over all pairs.

    A row of a ramp is a row of some shift, so the error of every ramp is read from the table of
    shifts, interpolated between its half pixels. One pair is looked at after the other.

    Args:
        pairs: Left and right views, (h, w, 3) uint8.
        low: Smallest disparity tried, of the shift and at either end of the ramp, in pixels.
        high: Largest disparity tried.

    Returns:
        The shift in pixels, a multiple of half a pixel; disparity of the ramp's top and bottom row
        in pixels, in steps of 1 px.

    Raises:
        ValueError: If there are no pairs.
    """
    shifts = _shifts(low, high)
    ends = np.arange(shifts[0], shifts[-1] + RAMP_STEP / 4, RAMP_STEP)
    grid = np.stack(np.meshgrid(ends, ends, indexing="ij"), axis=-1).reshape(-1, 2)  # (ramps, 2)
    shift_errors, ramp_errors, count = np.zeros(len(shifts)), np.zeros(len(grid)), 0
    for left, right in pairs:
        table = row_errors(left, right, low, high)
        shift_errors += table.mean(axis=1)
        ramp_errors += _ramp_errors(table, grid, shifts[0])
        count += 1
    if not count:
        raise ValueError("There must be at least one pair to choose the baselines on.")
    top, bottom = grid[int(np.argmin(ramp_errors))]
    return float(shifts[int(np.argmin(shift_errors))]), (float(top), float(bottom))


def row_errors(left: np.ndarray, right: np.ndarray, low: float, high: float) -> np.ndarray:
    """Mean absolute error of every row for every shift of the search grid.

    Args:
        left: (h, w, 3) uint8.
        right: The same shape.
        low: Smallest disparity in pixels.
        high: Largest disparity.

    Returns:
        (shifts, h) float64 for all multiples of half a pixel in low..high, errors on 0..255.
    """
    height, width = left.shape[:2]
    reach = math.ceil(max(abs(low), abs(high))) + 1
    padded = cv2.copyMakeBorder(left, 0, 0, reach, reach, cv2.BORDER_REFLECT_101)
    wide = padded.shape[1]
    between = warp(padded, np.full((height, wide), SHIFT_STEP, np.float32))
    table = np.empty((len(_shifts(low, high)), height))
    for number, shift in enumerate(_shifts(low, high)):
        start = reach + math.floor(shift)
        source = padded if shift == math.floor(shift) else between
        difference = cv2.absdiff(source[:, start : start + width], right).reshape(height, -1)
        table[number] = cv2.reduce(difference, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[:, 0]
    return table / (3.0 * width)


def measured_disparity(left: np.ndarray, right: np.ndarray, low: int, high: int) -> np.ndarray:
    """Disparity of the pixels of the right view, by stereo matching with a two-way check.

    Args:
        left: (h, w, 3) uint8.
        right: (h, w, 3) uint8, the true right view.
        low: Smallest disparity searched, in pixels.
        high: Largest disparity searched.

    Returns:
        (h, w) float32 pixels, NaN where nothing matched both ways.
    """
    # Mirrored and exchanged, the right view is a left view of the same scene.
    mirrored = match_stereo(
        np.ascontiguousarray(right[:, ::-1]), np.ascontiguousarray(left[:, ::-1]), low, high
    )
    return np.ascontiguousarray(mirrored[:, ::-1])


def oracle(left: np.ndarray, measured: np.ndarray) -> np.ndarray:
    """The left view warped by the disparity of the pair itself.

    Args:
        left: (h, w, 3) uint8.
        measured: (h, w) float32 from `measured_disparity`, or the true disparity.

    Returns:
        (h, w, 3) uint8 right view; where nothing matched, the farther of the neighbors in the
        row is continued.
    """
    return warp(left, fill_from_farther(measured))


def fill_from_farther(disparity: np.ndarray) -> np.ndarray:
    """Fills gaps from the farther of the nearest known pixels to the left and to the right.

    Args:
        disparity: (h, w) float32 pixels, NaN where it is unknown.

    Returns:
        (h, w) float32 without NaN; 0 in rows of which nothing is known.
    """
    known = np.isfinite(disparity)
    if known.all():
        return disparity
    height, width = disparity.shape
    columns = np.broadcast_to(np.arange(width), (height, width))
    before = np.maximum.accumulate(np.where(known, columns, -1), axis=1)
    after = np.minimum.accumulate(np.where(known, columns, width)[:, ::-1], axis=1)[:, ::-1]
    rows = np.arange(height)[:, np.newaxis]
    from_before = np.where(before >= 0, disparity[rows, np.maximum(before, 0)], np.inf)
    from_after = np.where(after < width, disparity[rows, np.minimum(after, width - 1)], np.inf)
    filled = np.minimum(from_before, from_after)
    return np.where(np.isfinite(filled), filled, 0.0).astype(np.float32)


def _shifts(low: float, high: float) -> np.ndarray:
    return SHIFT_STEP * np.arange(math.ceil(low / SHIFT_STEP), math.floor(high / SHIFT_STEP) + 1)


def _ramp_errors(table: np.ndarray, grid: np.ndarray, first: float) -> np.ndarray:
    """Mean error of each ramp of the grid, (ramps,), from the table of `row_errors`."""
    count, height = table.shape
    along = np.linspace(0.0, 1.0, height)
    position = (grid[:, :1] + (grid[:, 1:] - grid[:, :1]) * along - first) / SHIFT_STEP
    below = np.clip(position.astype(np.int64), 0, count - 2)  # (ramps, h)
    share = position - below
    rows = np.arange(height)
    return ((1.0 - share) * table[below, rows] + share * table[below + 1, rows]).mean(axis=1)
