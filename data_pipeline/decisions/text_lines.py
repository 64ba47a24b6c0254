"""Rows of dense stroke edges, which may be lines of text.

Text has some two strokes per letter, and their edges follow each other closely along a row; between
two lines of text there are hardly any.
"""

import dataclasses

import cv2
import numpy as np

CROSSINGS = 0.075  # stroke edges per pixel along a row of text, at least
LINE_HEIGHT = (0.009, 0.075)  # of a line without ascenders and descenders, shares of the height
LEAST_LENGTH = 1.5  # times the height: a letter alone is no line, words have two or more
EVERY = 4  # columns: the density of edges, a mean over many columns, needs no more


@dataclasses.dataclass(frozen=True)
class TextLine:
    """Where a line of text may be, in pixels, half open, and what is found out about it."""

    top: int
    bottom: int
    left: int
    right: int
    score: float = 0.0
    disparity: int = 0

    @property
    def height(self) -> int:
        """Rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Columns."""
        return self.right - self.left

    @property
    def box(self) -> tuple[slice, slice]:
        """To index a picture with."""
        return np.s_[self.top : self.bottom, self.left : self.right]


def find_lines(strokes: np.ndarray, rows: int) -> list[tuple[TextLine, float]]:
    """Runs of dense stroke edges as high as a line of text may be.

    Args:
        strokes: (h, w) uint8, 1 where there is a stroke.
        rows: Height of the whole sample, of which this may be a part.

    Returns:
        Every line with the number of its strokes, row by row, over its width, at most 2.
    """
    edges = np.zeros(strokes.shape, np.uint8)
    cv2.absdiff(strokes[:, 1:], strokes[:, :-1], edges[:, 1:])
    window = (int(0.05 * rows) | 1, 3)
    around = cv2.boxFilter(edges, -1, window, normalize=False, borderType=cv2.BORDER_CONSTANT)
    dense = around > CROSSINGS * window[0] * window[1]
    coarse = np.ascontiguousarray(dense.view(np.uint8)[:, ::EVERY])
    _, _, boxes, _ = cv2.connectedComponentsWithStats(coarse)
    boxes *= (EVERY, 1, EVERY, 1, EVERY)
    large = (boxes[:, 3] >= 0.008 * rows) & (boxes[:, 2] >= 0.02 * rows)
    large[0] = False  # the ground
    lines = []
    for left, top, width, height, _ in boxes[large & (boxes[:, 4] >= 0.0004 * rows**2)].tolist():
        part = edges[top : top + height, left : left + width]
        for first, last in _line_rows(part.sum(axis=1, dtype=np.float32)):
            columns = np.flatnonzero(part[first:last].any(axis=0))
            if LINE_HEIGHT[0] * rows <= last - first <= LINE_HEIGHT[1] * rows and len(columns) > 3:
                ends = left + int(columns[0]), left + int(columns[-1]) + 1
                lines.append(TextLine(top + first, top + last, *ends))
    return [
        (line, min(2.0, cv2.countNonZero(edges[line.box]) / 2 / line.width))
        for line in _joined(lines)
        if line.width >= LEAST_LENGTH * line.height
    ]


def overlap(line: TextLine, other: TextLine) -> float:
    """Shared area as a share of the smaller one's."""
    rows = min(line.bottom, other.bottom) - max(line.top, other.top)
    columns = min(line.right, other.right) - max(line.left, other.left)
    smaller = min(line.height * line.width, other.height * other.width)
    return max(0, rows) * max(0, columns) / smaller


def union(line: TextLine, other: TextLine) -> TextLine:
    """The first line, grown to hold the other."""
    return dataclasses.replace(
        line,
        top=min(line.top, other.top),
        bottom=max(line.bottom, other.bottom),
        left=min(line.left, other.left),
        right=max(line.right, other.right),
    )


def _line_rows(profile: np.ndarray) -> list[tuple[int, int]]:
    """Runs of rows with many edges: between two lines of text there are hardly any."""
    profile = np.convolve(profile, np.full(3, 1 / 3), "same")
    busy = profile > 0.4 * np.sort(profile)[round(0.9 * (len(profile) - 1))]
    ends = np.flatnonzero(np.diff(np.concatenate(([0], busy.astype(np.int8), [0]))))
    return [(int(a), int(b)) for a, b in zip(ends[::2], ends[1::2], strict=True)]


def _joined(lines: list[TextLine]) -> list[TextLine]:
    """Words of one line put together."""
    joined: list[TextLine] = []
    for line in sorted(lines, key=lambda one: one.left):
        for number, other in enumerate(joined):
            higher = max(line.height, other.height)
            shared = min(line.bottom, other.bottom) - max(line.top, other.top)
            if shared > 0.6 * higher and line.left - other.right < 1.5 * higher:
                joined[number] = union(line, other)
                break
        else:
            joined.append(line)
    return joined
