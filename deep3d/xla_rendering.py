"""`deep3d.rendering.render_warp` as one program that XLA compiles for the accelerator.

The picture goes there once and comes back as the other eye's. What OpenCV and NumPy do there pixel
by pixel where it is needed is done here for all pixels at once: with maxima that run along the
rows, and gathers. On a CPU that is slower than `deep3d.rendering`; there it is for tests alone.
"""

import functools
from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from deep3d import disocclusions, rendering

_FAR = 1e9  # columns; beyond all pictures


def render_warp(left: np.ndarray, disparity: np.ndarray) -> np.ndarray:
    """Right view by one fetch for each pixel, disocclusions continued from the background.

    Args:
        left: (h, w, 3) uint8 or uint16 left view.
        disparity: (rows, columns) float32 expected disparity of the right view at any
            resolution, in pixels at the width of `left`.

    Returns:
        (h, w, 3) right view of the type of `left`. It differs from `deep3d.rendering`'s by what
        OpenCV rounds: places between two pixels to a 32nd.
    """
    return ops.convert_to_numpy(_program()(left, np.asarray(disparity, np.float32)))


def continued_background(columns, mixed: int):
    """What `disocclusions.continue_background` does, for every pixel as if it were uncovered.

    Args:
        columns: (h, w) float32: of every pixel of the right view its column in the left view.
        mixed: Pixels beside an edge that may be mixed with the thing before it.

    Returns:
        (h, w) float32 tensor: the same, continued in disocclusions.
    """
    height, width = columns.shape
    place = ops.broadcast_to(ops.arange(width, dtype="int32"), (height, width))
    step = columns[:, 1:] - columns[:, :-1]
    edge = ops.abs(step - 1) > disocclusions.EDGE
    edge = ops.pad(edge, ((0, 0), (1, 0)), constant_values=True)
    hidden = _hidden(columns, edge, place)

    after = _next(~hidden, place)  # the first pixel behind each run
    first = _last(~hidden, place) + 1
    begins = ops.logical_and(hidden, place == first)
    jump = _take(columns, after) - _take(columns, after - 1)
    has_right = ops.logical_and(after < width, jump <= 1 + disocclusions.EDGE)
    before = _take(columns, first - 1)
    jump = _take(columns, first) - before
    has_left = ops.logical_and(~has_right, jump >= 1 - disocclusions.EDGE)

    # Pixels at which the background to the right of a run begins, and how far it goes on.
    lends = ops.logical_and(_beside(has_right & hidden), ~hidden)
    extent = _after(ops.logical_or(edge, begins), place) - place
    skipped = ops.minimum(mixed, extent // 2)
    column = columns + ops.cast(skipped, "float32")
    lender = _after(lends, place)
    distance = disocclusions.STRETCHED * ops.cast(after - place - 1, "float32")
    reach = ops.cast(_take(extent - 1 - skipped, lender), "float32")
    unseen = ops.minimum(before + 1 + mixed, width - 1)
    lent = _take(column, lender) + ops.minimum(distance, reach)
    values = ops.where(has_left, before, ops.where(lender < width, lent, unseen))
    # Beside the edge the picture may still be the thing's.
    last = _last(lends, place)
    near = ops.logical_and(last >= 0, place < last + _take(skipped, last))
    columns = ops.where(near, _take(column, last), columns)
    return ops.where(hidden, values, columns)


@functools.cache
def _program() -> Callable:
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(_render)
    import tensorflow as tf

    compiled = tf.function(_render, jit_compile=True)
    return lambda *arrays: compiled(*map(tf.constant, arrays))


def _render(left, disparity):
    height, width = left.shape[:2]
    columns = _enlarge(disparity, width, height) + ops.arange(width, dtype="float32")
    blur = round(rendering.MISPLACED * width / disparity.shape[1])
    return _fetch(left, continued_background(columns, disocclusions.MIXED + blur))


def _fetch(left, columns):
    """Interpolated linearly, mirrored beyond the frame."""
    height, width, channels = left.shape
    whole = ops.floor(columns)
    fraction = ops.expand_dims(columns - whole, -1)
    whole = ops.cast(whole, "int32")
    here, beside = (
        ops.cast(_take(left, _mirrored(place, width)), "float32") for place in (whole, whole + 1)
    )
    fetched = ops.round(here + (beside - here) * fraction)
    return ops.cast(ops.reshape(fetched, (height, width, channels)), left.dtype)


def _mirrored(place, width: int):
    period = max(1, 2 * (width - 1))
    place = ops.mod(place, period)
    return ops.minimum(place, period - place)


def _enlarge(disparity, width: int, height: int):
    scale = width / disparity.shape[1]
    threshold = rendering.SHARP_THRESHOLD * scale
    step, contrast = (_highest(disparity, r) + _highest(-disparity, r) for r in _REACHES)
    sharp = step > ops.maximum(rendering.SHARP_SHARE * contrast, threshold)
    sharp = _highest(ops.cast(sharp, "float32"), 1)
    disparity = _gently_falling(disparity, rendering.STEEPEST_FALL * scale, sharp)
    sharp = _nearest(sharp, width, height) > 0
    disparity = ops.image.resize(
        ops.expand_dims(disparity, -1), (height, width), interpolation="bilinear"
    )[..., 0]
    reach = round(rendering.SHARP_SLOPE * scale)
    low, high = -_highest(-disparity, reach), _highest(disparity, reach)
    nearest = ops.where(disparity >= 0.5 * (low + high), high, low)
    return ops.where(ops.logical_and(sharp, high - low > threshold), nearest, disparity)


_REACHES = 1, rendering.EDGE_REACH


def _gently_falling(disparity, fall: float, sharp):
    barrier = 2 * (ops.max(disparity) - ops.min(disparity)) * ops.cumsum(sharp, axis=1)
    rise = fall * ops.arange(disparity.shape[1], dtype="float32") + barrier
    return _running_max(disparity + rise) - rise


def _highest(values, reach: int):
    """The highest value of the square that reaches so far to all sides."""
    values = ops.reshape(values, (1, *values.shape, 1))
    for size in ((1, 2 * reach + 1), (2 * reach + 1, 1)):
        values = ops.max_pool(values, size, strides=1, padding="same", data_format="channels_last")
    return values[0, ..., 0]


def _nearest(values, width: int, height: int):
    rows, columns = values.shape
    values = ops.take(values, np.arange(height) * rows // height, axis=0)
    return ops.take(values, np.arange(width) * columns // width, axis=1)


def _hidden(columns, edge, place):
    """Whether the map comes back to columns that it has passed, and not left out."""
    width = columns.shape[1]
    start = _last(edge, place)
    reached = _take(_running_max(columns), start - 1)
    reached = ops.where(start > 0, reached, -_FAR)
    folded = _take(columns, start) < reached
    back = ops.logical_and(folded, columns < reached)
    gap = ops.logical_and(reached > -_FAR, _take(columns, start) > reached + 1 + disocclusions.EDGE)
    gap = ops.logical_and(gap, edge)
    # The last gap that begins below each pixel's column, by halving.
    begins = _running_max(ops.where(gap, reached + 0.5, -_FAR))

    def halve(_, bounds):
        low, high = bounds
        middle = (low + high) // 2
        below = ops.logical_and(_take(begins, middle) <= columns, middle < high)
        return ops.where(below, middle + 1, low), ops.where(below, high, middle)

    bounds = ops.zeros_like(place), ops.full_like(place, width)
    low, _ = ops.fori_loop(0, width.bit_length(), halve, bounds)
    last = ops.where(low > 0, _take(_last(gap, place), low - 1), -1)
    left_out = ops.logical_and(last >= 0, columns <= _take(columns, last) - 0.5)
    return ops.logical_and(back, ~left_out)


def _take(values, place):
    """values[y, place[y, x]] of every pixel; of the row's first and last beyond them."""
    height, width = values.shape[:2]
    place = ops.clip(place, 0, width - 1)
    rows = np.arange(height, dtype=np.int32)[:, np.newaxis] * width
    flat = ops.reshape(values, (height * width, *values.shape[2:]))
    return ops.take(flat, place + rows, axis=0)


def _beside(flags):
    """Those of the pixel to the left."""
    return ops.pad(flags[:, :-1], ((0, 0), (1, 0)), constant_values=False)


def _last(flags, place):
    """The last place in the row, up to each pixel, with the flag; -1 if there is none."""
    return _running_max(ops.where(flags, place, -1))


def _next(flags, place):
    """The first place, from each pixel on, with the flag; the width if there is none."""
    width = flags.shape[1]
    return width - 1 - ops.flip(_last(ops.flip(flags, axis=1), place), axis=1)


def _after(flags, place):
    """As `_next`, behind each pixel."""
    width = flags.shape[1]
    return ops.pad(_next(flags, place)[:, 1:], ((0, 0), (0, 1)), constant_values=width)


def _running_max(values):
    """The highest of each row so far, in steps twice as long each; a loop compiles soonest."""
    width = values.shape[1]
    place = np.broadcast_to(np.arange(width, dtype=np.int32), values.shape)

    def farther(step, values):
        return ops.maximum(values, _take(values, place - ops.left_shift(1, step)))

    return ops.fori_loop(0, (width - 1).bit_length(), farther, values)
