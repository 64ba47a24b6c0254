"""The few numbers of a frame that its comfort depends on."""

import dataclasses

import numpy as np

# What is looked at lies in the middle of the picture and is nearer than what is around it: of this
# part of the rows and columns, this percentile. It is what covers a third of the middle.
MIDDLE = 0.25, 0.75
SUBJECT_PERCENTILE = 70
# A thing that takes a tenth of the frame's edge counts; of the width, the edge is this share.
EDGE = 0.02
EDGE_PERCENTILE = 90
# Fewer known values than this share of a region say nothing about it.
LEAST_KNOWN = 0.1


@dataclasses.dataclass(frozen=True)
class FrameParallax:
    """Parallax of one frame in % of the width; NaN where it is unknown.

    Attributes:
        low: 1st percentile.
        median: 50th percentile.
        subject: Of what is looked at.
        high: 99th percentile.
        left_edge: The nearest that touches the left edge of the frame.
        right_edge: The same of the right edge.
    """

    low: float
    median: float
    subject: float
    high: float
    left_edge: float
    right_edge: float


def measure_parallax(parallax: np.ndarray) -> FrameParallax:
    """Measures a frame.

    Args:
        parallax: (rows, columns) in % of the width, of either view; NaN where it is unknown.

    Returns:
        Its numbers.
    """
    rows, columns = parallax.shape
    first, last = MIDDLE
    middle = parallax[
        int(first * rows) : max(1, int(last * rows)), int(first * columns) : int(last * columns) + 1
    ]
    edge = max(1, round(EDGE * columns))
    low, median, high = _percentiles(parallax, (1, 50, 99))
    (subject,) = _percentiles(middle, (SUBJECT_PERCENTILE,))
    (left_edge,) = _percentiles(parallax[:, :edge], (EDGE_PERCENTILE,))
    (right_edge,) = _percentiles(parallax[:, -edge:], (EDGE_PERCENTILE,))
    return FrameParallax(low, median, subject, high, left_edge, right_edge)


def _percentiles(region: np.ndarray, percentiles) -> list[float]:
    known = region[np.isfinite(region)]
    if known.size < LEAST_KNOWN * region.size or not known.size:
        return [float("nan")] * len(percentiles)
    return [float(value) for value in np.percentile(known, percentiles)]
