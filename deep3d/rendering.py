"""The right view at the full resolution of the source, from what the network saw at its own.

Disparity and distribution belong to the pixels of the *right* view, `right(x) = left(x + d(x))`,
so every pixel has a value and no holes open. Two ways to make the picture:

* `render_select` enlarges the distribution in space and along the levels and mixes shifted copies
  of the full-resolution left view, as the original's upsampling operator did;
* `render_warp` enlarges the expected disparity, sees to its edges, and fetches every pixel
  once. Where the map folds back on itself, which is where the right eye sees what the
  left one does not, the background beside the fold is continued.
"""

import math

import cv2
import numpy as np

from deep3d.disocclusions import continue_background
from deep3d.disparity import DisparityLevels

# An edge of depth is sharp where a pixel of the network and its neighbours differ by this share of
# what all within reach of it do, and by more than this many pixels. Enlargement makes a slope of
# it, this wide to either side. Chosen on synthetic films (benchmarks/compare_renderers.py). A share
# of 0.6 does better on the truth slightly blurred, but tears trees in photographs.
EDGE_REACH, SHARP_SHARE, SHARP_THRESHOLD, SHARP_SLOPE = 4, 0.75, 1.0, 1.25
# Elsewhere disparity falls by this much per pixel at most. From 1 on the picture would fold back;
# less keeps things in shape and bends what lies to the right of them. Chosen on these films, where
# 0.3 and 0.4 do best, and by eye on real ones.
STEEPEST_FALL = 0.3
# Share of a pixel of the network by which a steep edge may lie beside that of the picture.
MISPLACED = 0.25


def warp(left: np.ndarray, disparity: np.ndarray) -> np.ndarray:
    """Fetches `left(x + disparity(x))` for every pixel, mirrored beyond the frame.

    Args:
        left: (h, w, 3) image, uint8, uint16 or float32.
        disparity: (h, w) float32 pixels, for the pixels of the result.

    Returns:
        (h, w, 3) image of the type of `left`.
    """
    columns = np.arange(disparity.shape[1], dtype=np.float32)[np.newaxis] + disparity
    return _fetch(left, columns)


def render_warp(
    left: np.ndarray, disparity: np.ndarray, *, sharpen: bool = True, fill: bool = True
) -> np.ndarray:
    """Right view by one fetch for each pixel, disocclusions continued from the background.

    Args:
        left: (h, w, 3) uint8 or uint16 left view.
        disparity: (rows, columns) float32 expected disparity of the right view at any
            resolution, in pixels at the width of `left`.
        sharpen: Whether to keep sharp depth edges steep, and to make soft ones gentle.
        fill: Whether to continue the background into disocclusions.

    Returns:
        (h, w, 3) right view of the type of `left`.
    """
    height, width = left.shape[:2]
    small = disparity.shape[1]
    if sharpen:
        columns = _enlarge(disparity, width, height)
    else:
        columns = cv2.resize(disparity, (width, height), interpolation=cv2.INTER_LINEAR)
    columns += np.arange(width, dtype=np.float32)
    if fill:
        continue_background(columns, MISPLACED * width / small)
    return _fetch(left, columns)


def recompose(disparity: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Disparity of another right eye, which sees every point with another disparity.

    Disparity belongs to pixels of the right view, so another right view moves it as well: what
    was seen at x, fetched from x + d, is now seen at `x' = x + d - wanted`. The map
    is turned round by fixed-point iteration.

    Args:
        disparity: (rows, columns) float32 in pixels at its own width.
        wanted: (rows, columns) float32: for the same pixels what disparity is to be, same unit.

    Returns:
        (rows, columns) float32: `wanted` for the pixels of the new right view.
    """
    height, width = disparity.shape
    columns = np.broadcast_to(np.arange(width, dtype=np.float32), (height, width))
    rows = np.broadcast_to(np.arange(height, dtype=np.float32)[:, np.newaxis], (height, width))
    rows = np.ascontiguousarray(rows)
    nearer = np.ascontiguousarray(wanted - disparity, np.float32)
    moved = nearer
    # Three rounds bring smooth maps to a hundredth of a pixel; at edges any order is a guess.
    for _ in range(3):
        before = columns + moved
        moved = cv2.remap(nearer, before, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cv2.remap(
        np.ascontiguousarray(wanted, np.float32),
        columns + moved,
        rows,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )


def render_select(
    left: np.ndarray,
    probabilities: np.ndarray,
    levels: DisparityLevels,
    values: np.ndarray | None = None,
) -> np.ndarray:
    """Right view as a mixture of shifted left views, at full resolution.

    The distribution is enlarged bilinearly, and linearly along the levels until neighbouring
    levels are at most one pixel apart, one level at a time.

    Args:
        left: (h, w, 3) uint8 or uint16 left view.
        probabilities: (rows, columns, levels) float32 distribution of the right view.
        levels: Its levels, meant at `levels.width`.
        values: (levels,) disparity to be seen in place of each level's own, in the same unit.

    Returns:
        (h, w, 3) right view of the type of `left`.
    """
    height, width = left.shape[:2]
    scale = width / levels.width
    probabilities = probabilities[..., int(levels.empty) :]
    values = scale * np.asarray(levels.values if values is None else values)
    finer = max(1, math.ceil(np.abs(np.diff(values)).max()))
    positions = np.arange((levels.count - 1) * finer + 1) / finer
    total = np.zeros((height, width), np.float32)
    mixture = np.zeros((3, height, width), np.float32)
    # cubic borders beyond every shift, so that each level is a window into one padded image
    reach = math.ceil(np.abs(values).max()) + 1
    padded = cv2.copyMakeBorder(left, 0, 0, reach, reach, cv2.BORDER_REFLECT_101)
    # Planes of one colour and of one level: with interleaved ones it takes several times as long.
    planes = [plane.astype(np.float32) for plane in cv2.split(padded)]
    rows, columns, count = probabilities.shape
    # OpenCV turns this round in a third of NumPy's time.
    shares = cv2.transpose(probabilities.reshape(-1, count)).reshape(count, rows, columns)
    for position in positions:
        level = min(int(position), levels.count - 2)
        fraction = position - level
        share = cv2.addWeighted(shares[level], 1 - fraction, shares[level + 1], fraction, 0)
        share = cv2.resize(share, (width, height), interpolation=cv2.INTER_LINEAR)
        shift = np.interp(position, np.arange(levels.count), values)
        total += share
        for plane, mixed in zip(planes, mixture, strict=True):
            cv2.accumulateProduct(share, _window(plane, reach, shift, width), mixed)
    mixture = np.rint(mixture / np.maximum(total, 1e-6))
    made = np.clip(mixture, 0, np.iinfo(left.dtype).max).astype(left.dtype)
    return cv2.merge(list(made))


def _window(plane: np.ndarray, reach: int, shift: float, width: int) -> np.ndarray:
    whole = math.floor(shift)
    fraction = shift - whole
    start = reach + whole
    here = plane[:, start : start + width]
    if fraction == 0:
        return here
    return cv2.addWeighted(here, 1 - fraction, plane[:, start + 1 : start + 1 + width], fraction, 0)


def _fetch(left: np.ndarray, columns: np.ndarray) -> np.ndarray:
    height, width = columns.shape
    rows = np.broadcast_to(np.arange(height, dtype=np.float32)[:, np.newaxis], (height, width))
    return cv2.remap(
        left,
        columns,
        np.ascontiguousarray(rows),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )


def _enlarge(disparity: np.ndarray, width: int, height: int) -> np.ndarray:
    """Disparity at full resolution, in which things stay whole.

    Enlargement makes a slope of a sharp edge, over which the picture would stretch: it is made
    steep again. The network's own edges are slopes already, and the middle of one often lies inside
    the thing; made steep it would tear off a strip of it, and so it is made gentle instead.
    """
    scale = width / disparity.shape[1]
    step, contrast = _range(disparity, 1), _range(disparity, EDGE_REACH)
    sharp = step > np.maximum(SHARP_SHARE * contrast, SHARP_THRESHOLD * scale)
    sharp = cv2.dilate(sharp.astype(np.uint8), _square(1))
    disparity = _gently_falling(disparity, STEEPEST_FALL * scale, sharp)
    disparity = cv2.resize(disparity, (width, height), interpolation=cv2.INTER_LINEAR)
    if not sharp.any():
        return disparity
    sharp = cv2.resize(sharp, (width, height), interpolation=cv2.INTER_NEAREST)
    _steepen(disparity, sharp, round(SHARP_SLOPE * scale), SHARP_THRESHOLD * scale)
    return disparity


def _gently_falling(disparity: np.ndarray, fall: float, sharp: np.ndarray) -> np.ndarray:
    """The lowest map above this one that falls by at most `fall` from column to column.

    So a thing keeps its disparity up to its right outline and somewhat beyond, and the picture is
    stretched over what it uncovers. Sharp pixels stay as they are, and nothing passes over them.
    """
    barrier = 2 * np.ptp(disparity) * np.cumsum(sharp, axis=1, dtype=np.float32)
    rise = fall * np.arange(disparity.shape[1], dtype=np.float32) + barrier
    return np.maximum.accumulate(disparity + rise, axis=1) - rise


def _steepen(disparity: np.ndarray, where: np.ndarray, reach: int, threshold: float) -> None:
    """A morphological toggle mapping, in place and by OpenCV, which takes a third of NumPy's time.

    Where the disparities within reach differ by more than the threshold, a pixel takes the nearest
    of their extremes, which puts an edge in the middle of a slope; slanted surfaces stay as they
    are.
    """
    low, high = cv2.erode(disparity, _square(reach)), cv2.dilate(disparity, _square(reach))
    steep = cv2.compare(cv2.subtract(high, low), threshold, cv2.CMP_GT)
    middle = cv2.addWeighted(low, 0.5, high, 0.5, 0.0)
    cv2.copyTo(high, cv2.compare(disparity, middle, cv2.CMP_GE), low)
    cv2.copyTo(low, cv2.multiply(steep, where), disparity)


def _range(values: np.ndarray, reach: int) -> np.ndarray:
    return cv2.morphologyEx(values, cv2.MORPH_GRADIENT, _square(reach))


def _square(reach: int) -> np.ndarray:
    return np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
