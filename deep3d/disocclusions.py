"""What only the right eye sees, continued from the background beside it.

A right view is a map: for every pixel the column of the left view that it is fetched from. Between
depth edges the map rises from left to right. At the right outline of a near thing it jumps back,
and the background that follows would be fetched from columns that the thing has taken: that is a
disocclusion, and what the map finds there is the thing once more. Background that the left eye sees
to the left of a thin thing and the right eye to the right of it is no disocclusion, though the map
jumps back to it as well: its columns are those that the map has left out before.

All is done with the edges of the map and the pixels uncovered, which are few.
"""

import cv2
import numpy as np

# Neighbouring columns this much farther apart than pixels are belong to different things.
EDGE = 1.0
# A disocclusion shows the background beside it stretched: this many of its pixels for each.
# One for one would be a mirror, in which one sees things twice; 0 is streaks.
STRETCHED = 0.3
# The background is taken from this far beyond the edge, in pixels: nearer to it the outline of the
# thing is mixed in.
MIXED = 1


def continue_background(columns: np.ndarray, blur: float = 0.0) -> None:
    """Replaces the columns of disocclusions by those of the background beside them.

    Args:
        columns: (h, w) float32: of every pixel of the right view its column in the left view;
            changed in place.
        blur: Pixels by which edges of the map may lie beside those of the picture.
    """
    height, width = columns.shape
    if width < 2:
        return
    step = cv2.subtract(columns[:, 1:], columns[:, :-1])
    if step.min() >= 0:
        return
    edge = np.ones((height, width), bool)
    np.equal(cv2.inRange(step, 1 - EDGE, 1 + EDGE), 0, out=edge[:, 1:])
    starts = np.flatnonzero(edge)
    flat = columns.reshape(-1)
    hidden = _hidden(flat, starts, width)
    if hidden.size:
        _fill(flat, starts, hidden, width, MIXED + round(blur))


def _hidden(flat, starts, width):
    """Uncovered pixels, from the first pixels of all stretches without an edge."""
    ends = np.append(starts[1:], flat.size)
    row = starts // width
    # Columns of all rows in one rising order.
    offset = row * (4.0 * width)
    first, last = flat[starts] + offset, flat[ends - 1] + offset
    reached = np.maximum.accumulate(last)
    before = np.append(-np.inf, reached[:-1])
    before[np.flatnonzero(np.diff(row, prepend=-1))] = -np.inf
    folded = np.flatnonzero(first < before)
    if not folded.size:
        return folded
    back = _count_below(flat, starts[folded], ends[folded], before[folded] - offset[folded])
    pixels = _ranges(starts[folded], starts[folded] + back)
    place = flat[pixels] + np.repeat(offset[folded], back)
    # What the map has left out on its way, from half a pixel beyond what it has taken.
    out = np.flatnonzero(np.isfinite(before) & (first > before + 1 + EDGE))
    if not out.size:
        return pixels
    gap = np.searchsorted(before[out] + 0.5, place) - 1
    seen = (gap >= 0) & (place <= first[out][gap] - 0.5)
    return pixels[~seen]


def _fill(flat, starts, hidden, width, mixed):
    """Fetches runs of uncovered pixels from the background to the right of them or to the left."""
    begin = np.flatnonzero((np.diff(hidden, prepend=-2) != 1) | (hidden % width == 0))
    end = np.append(begin[1:], hidden.size)
    first, after, length = hidden[begin], hidden[end - 1] + 1, end - begin
    right, left = np.minimum(after, flat.size - 1), np.maximum(first - 1, 0)
    has_right = (after % width != 0) & (flat[right] - flat[after - 1] <= 1 + EDGE)
    has_left = ~has_right & (first % width != 0) & (flat[first] - flat[left] >= 1 - EDGE)
    # As far as the background to the right goes on.
    breaks = np.union1d(np.union1d(starts, first), [flat.size])
    extent = breaks[np.searchsorted(breaks, right, side="right")] - right
    skipped = np.minimum(mixed, extent // 2)
    # Where a run and with it all wall ends at the frame's edge, the left eye may see more of it.
    unseen = np.minimum(flat[left] + 1 + mixed, width - 1)
    column = np.where(has_right, flat[right] + skipped, unseen)
    lender = _lender(has_right, first // width)
    distance = np.repeat(after, length) - hidden - 1
    reach = np.repeat(np.where(has_right, extent - 1 - skipped, 0)[lender], length)
    values = np.repeat(column[lender], length) + np.minimum(STRETCHED * distance, reach)
    values = np.where(np.repeat(has_left, length), np.repeat(flat[left], length), values)
    # Beside the edge the picture may still be the thing's.
    beside = np.flatnonzero(has_right & (skipped > 0))
    near = _ranges(right[beside], right[beside] + skipped[beside])
    flat[near] = np.repeat(column[beside], skipped[beside])
    flat[hidden] = values


def _lender(has_right, row):
    """For each run itself, or, if it lies between two things, the next in its row that does not."""
    run = np.arange(row.size)
    following = np.where(has_right, run, row.size - 1)
    following = np.minimum.accumulate(following[::-1])[::-1]
    return np.where(has_right[following] & (row[following] == row), following, run)


def _count_below(flat, start, end, bound):
    """How many of the rising values flat[start:end] are below the bound, by halving."""
    low, high = start, end
    while (low < high).any():
        middle = (low + high) // 2
        below = (low < high) & (flat[np.minimum(middle, flat.size - 1)] < bound)
        low, high = np.where(below, middle + 1, low), np.where(below, high, middle)
    return low - start


def _ranges(first, end):
    """All whole numbers from each first to below its end, one after another."""
    length = end - first
    return np.arange(length.sum()) + np.repeat(first - np.cumsum(length) + length, length)
