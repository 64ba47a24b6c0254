"""What one frame tells of black bars: how much of each of its lines is lit, and where bars end.

A line is a row or a column. A pixel is lit when its brightest channel stands out from the corners
of the frame, which bars make black whichever sides they are on. A bar ends where the share of lit
pixels jumps within a few lines and stays high: an edge that is straight and sharp over much of the
frame. Night skies and vignettes brighten slowly, titles and credits light less than half of a line,
and a ruled line is no picture.

Every few pixels are looked at; only next to a jump is every line, so that its place is exact.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence

import cv2
import numpy as np

# Rows that are looked at, about: enough to see a bar of 8 pixels in 1080 rows.
_SAMPLED_ROWS = 270
# Corners that are measured, in sampled pixels either way.
_CORNER = 4
# Gray level, of 255, that bars reach: noise of old transfers, limited range taken for full.
_BLACKEST, _STANDING_OUT = 28, 12
# Share of lit pixels below which a frame is black.
_BLACK_SHARE = 0.001
# Lit share of a line that text does not reach, and how far it jumps at the end of a bar.
_BROAD, _JUMP = 0.45, 0.4
# A jump takes a few lines: scaling, chroma subsampling, ringing of the codec.
_BLUR = 3
# Share of the way to the brightest line near by that is taken at once.
_SHARP = 0.6
# A picture is lit on from its edge for this share of the axis; a ruled line is not.
_LASTING = 0.02
# Less cannot be told from a blurred edge of the frame.
_LEAST_BAR = 6


@dataclasses.dataclass(frozen=True)
class LitLines:
    """The rows of a frame, or its columns, from its first line inwards.

    Attributes:
        size: Lines of the frame.
        step: Lines from one sampled line to the next.
        places: Index of each sampled line.
        share: Lit share of each sampled line, 0 to 1, between the bars across.
        black: Gray level of the frame's corners, as far as that can be bars; else 0.
        every_line: From first and stop to the brightest channels, (stop - first, samples), of
            these lines.
    """

    size: int
    step: int
    places: np.ndarray
    share: np.ndarray
    black: int
    every_line: Callable[[int, int], np.ndarray]

    @property
    def backwards(self) -> "LitLines":
        """The same from the frame's last line inwards."""
        return LitLines(
            self.size,
            self.step,
            self.size - 1 - self.places[::-1],
            self.share[::-1],
            self.black,
            lambda first, stop: self.every_line(self.size - stop, self.size - first)[::-1],
        )

    @property
    def lasting(self) -> int:
        """Sampled lines that picture fills at least."""
        return max(2, math.ceil(_LASTING * len(self.share)))

    def bar(self) -> int | None:
        """Lines of the bar before the first line of the picture.

        Returns:
            0 where the picture reaches the frame's edge, None where nothing tells.
        """
        broad = runs(self.share >= _BROAD, self.lasting)
        if not len(broad):
            return None
        first = int(broad[0])
        if self.places[first] < max(_LEAST_BAR, 2 * self.step):
            return 0
        before = self.share[max(first - math.ceil(_BLUR / self.step), 0)]
        if self.share[first : first + self.lasting].mean() - before < _JUMP:
            return None
        return self._exact(first)

    def beyond(self, bar: int) -> np.ndarray:
        """Lit shares of the sampled lines of a bar, from the picture outwards."""
        return self.share[self.places < bar - _BLUR][::-1]

    def share_within(self, bar: int) -> float:
        """Lit share just within the picture beside a bar of so many lines."""
        within = self.share[self.places >= bar + _BLUR][: self.lasting]
        return float(within.min()) if len(within) else 0.0

    def _exact(self, first) -> int | None:
        """The line, near a sampled one, that is half as bright as those behind; None if soft."""
        place, blur = int(self.places[first]), max(_BLUR, self.step)
        start = max(place - 2 * self.step - 2 * blur, 0)
        lines = self.every_line(start, min(place + 2 * self.step + 4 * blur, self.size))
        inside = lines[place - start :].mean(axis=0)
        # The brightest third of the samples: more than half of the picture may be in the dark.
        lit = lines[:, inside >= np.percentile(inside, 67)]
        # The median passes over a subtitle beside the edge.
        levels = np.median(lit, axis=1)
        black = levels[:blur].min()
        half = (black + np.median(levels[place - start :])) / 2
        edge = int(np.argmax(levels > half))
        behind = levels[edge : edge + 4 * blur]
        rise = behind[: blur + 1].max() - levels[max(edge - blur, 0)]
        return start + edge if rise > _SHARP * (behind.max() - black) else None


def lit_lines(
    image: np.ndarray, row_bars: Sequence[int] = (0, 0), column_bars: Sequence[int] = (0, 0)
) -> tuple[LitLines, LitLines] | None:
    """Measures a frame.

    Args:
        image: (h, w, 3) RGB, uint8, or uint16 with white at 255 * 256.
        row_bars: Rows above and below the picture, as far as they are known.
        column_bars: Columns left and right of it.

    Returns:
        Its rows and its columns; None where it is black.
    """
    height, width = image.shape[:2]
    step = max(round(min(height, width) / _SAMPLED_ROWS), 1)
    size = math.ceil(width / step), math.ceil(height / step)
    sampled = _brightest(cv2.resize(image, size, interpolation=cv2.INTER_NEAREST))
    black = _black_level(sampled)
    _, lit = cv2.threshold(sampled, black + _STANDING_OUT, 1, cv2.THRESH_BINARY)
    if cv2.countNonZero(lit) < _BLACK_SHARE * lit.size:
        return None
    rows, columns = (
        np.arange(n) * whole // n for n, whole in zip(size[::-1], (height, width), strict=True)
    )
    return (
        LitLines(
            height,
            step,
            rows,
            _means(lit[:, _between(columns, column_bars, width)], axis=1),
            black,
            lambda first, stop: _brightest(image[first:stop, ::step]),
        ),
        LitLines(
            width,
            step,
            columns,
            _means(lit[_between(rows, row_bars, height)], axis=0),
            black,
            lambda first, stop: _brightest(image[::step, first:stop]).T,
        ),
    )


def runs(chosen: np.ndarray, length: int) -> np.ndarray:
    """Where so many chosen lines follow one another: the index of the first of them.

    Args:
        chosen: bool (n,).
        length: At least 1, at most n.

    Returns:
        (k,) ascending.
    """
    counted = np.concatenate([[0], np.cumsum(chosen)])
    return np.flatnonzero(counted[length:] - counted[:-length] == length)


def _brightest(image):
    """(h, w, 3) of 8 or 16 bits -> (h, w) uint8: the brightest of each pixel's channels."""
    red, green, blue = cv2.split(image)
    brightest = cv2.max(cv2.max(red, green), blue)
    return brightest if brightest.dtype == np.uint8 else (brightest >> 8).astype(np.uint8)


def _black_level(sampled):
    """Gray level of the darkest corner, which bars would have; 0 where that is lit."""
    ends = np.s_[:_CORNER], np.s_[-_CORNER:]
    level = min(int(np.median(sampled[row, column])) for row in ends for column in ends)
    return level if level <= _BLACKEST else 0


def _between(places, bars, size):
    """The sampled lines from the first bar to the last one."""
    return slice(*np.searchsorted(places, (bars[0], size - bars[1])))


def _means(lit, axis):
    return cv2.reduce(lit, axis, cv2.REDUCE_AVG, dtype=cv2.CV_32F).ravel()
