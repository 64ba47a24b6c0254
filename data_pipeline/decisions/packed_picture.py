"""A movie's packed frames, shrunk, and what is seen of their halves and their black bars."""

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np

_WIDTH, _HEIGHT = 512, 288  # of the shrunk frames, whatever shape they have
# Gray level of the brightest tenth of a line that bars do not reach.
_BLACK = 32
# A frame is lit when the brightest hundredth of it reaches this.
_LIT = 40
# Bars are longer than this share of the axis, and opposite ones differ by less.
_LEAST_BAR, _UNEQUAL = 0.015, 0.012
_MOST_BARS = 0.45  # share of the axis, of one side
# Share of the lit frames in which a half is black and the other is not.
_MOST = 0.8
# Columns that are looked at for alternating lines.
_EVERY = 7


@dataclasses.dataclass(frozen=True)
class PackedPicture:
    """What all frames of a movie have in common.

    Attributes:
        small: Gray frames, shrunk.
        lit_frames: Numbers of the frames that are not black.
        aspect_ratio: Width over height of the whole frame as displayed.
        size: Width and height of the whole frame in pixels.
        bars: Share of the frame that is black above, below, left and right.
        black_half: left, right, upper, lower, or empty.
    """

    small: list[np.ndarray]
    lit_frames: list[int]
    aspect_ratio: float
    size: tuple[int, int]
    bars: tuple[float, float, float, float]
    black_half: str

    def has_outer_bars(self, side: str) -> bool:
        """Whether halves in this arrangement (sbs or tab) would contain an outer bar each."""
        first, last = self.bars[2:] if side == "sbs" else self.bars[:2]
        return min(first, last) > _LEAST_BAR and abs(first - last) < _UNEQUAL

    @property
    def outer_bars_in_frame(self) -> tuple[int, int]:
        """Rows above and columns left of the packed picture, in pixels of the frame."""
        width, height = self.size
        top, bottom, left, right = self.bars
        return round((top + bottom) / 2 * height), round((left + right) / 2 * width)

    def halves(self, number: int, side: str, outer_bars: bool) -> tuple[np.ndarray, np.ndarray]:
        """Both gray views of a frame, shrunk.

        Args:
            number: Of the frame.
            side: sbs or tab.
            outer_bars: Whether the outer bars are cropped before.
        """
        image = self.small[number] if side == "sbs" else self.small[number].T
        first, last = self.bars[2:] if side == "sbs" else self.bars[:2]
        cut = round((first + last) / 2 * image.shape[1]) if outer_bars else 0
        image = image[:, cut : image.shape[1] - cut]
        half = image.shape[1] // 2
        views = image[:, :half], image[:, image.shape[1] - half :]
        return views if side == "sbs" else tuple(np.ascontiguousarray(view.T) for view in views)


def look_at(frames: Sequence[np.ndarray], sample_aspect_ratio: float) -> PackedPicture:
    """Shrinks a movie's frames and measures what they have in common.

    Args:
        frames: (h, w, 3) uint8 RGB of one size, at least one.
        sample_aspect_ratio: Width of a pixel over its height.
    """
    height, width = frames[0].shape[:2]
    small = [_shrunk(frame) for frame in frames]
    lit = [number for number, image in enumerate(small) if np.percentile(image, 99) >= _LIT]
    return PackedPicture(
        small,
        lit,
        width * sample_aspect_ratio / height,
        (width, height),
        common_bars([small[number] for number in lit]),
        _black_half([small[number] for number in lit]),
    )


def common_bars(images: Sequence[np.ndarray]) -> tuple[float, float, float, float]:
    """Share of the picture that is black above, below, left and right in all of the images.

    Args:
        images: (h, w) uint8 gray, of one size.
    """
    if not images:
        return 0.0, 0.0, 0.0, 0.0
    bars: list[float] = []
    for axis in (1, 0):
        levels = np.max([np.percentile(image, 90, axis=axis) for image in images], axis=0)
        lit = np.flatnonzero(levels >= _BLACK)
        ends = (lit[0], len(levels) - 1 - lit[-1]) if len(lit) else (0, 0)
        bars += [float(end / len(levels)) for end in ends]
    return tuple(bar if bar < _MOST_BARS else 0.0 for bar in bars)  # type: ignore[return-value]


def alternation(image: np.ndarray) -> float:
    """How much a line differs from the next one, over how much from the one after that.

    Args:
        image: (h, w, 3) uint8 RGB in its own size.

    Returns:
        Less than 1 in a picture; more where lines alternate between two views.
    """
    green = image[:, ::_EVERY, 1].astype(np.int16)
    next_one, after = (np.abs(green[step:] - green[:-step]).mean() for step in (1, 2))
    return float(next_one / max(after, 1e-6)) if next_one > 0.5 else 0.0


def _shrunk(frame) -> np.ndarray:
    if min(frame.shape[0] / _HEIGHT, frame.shape[1] / _WIDTH) >= 4:
        frame = np.ascontiguousarray(frame[::2, ::2])  # enough is left to be averaged
    small = cv2.resize(frame, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)


def _black_half(images) -> str:
    """The half that is black in most images while the other is lit."""
    middle_row, middle_column = _HEIGHT // 2, _WIDTH // 2
    parts = {
        "left": np.s_[:, : middle_column - 2],
        "right": np.s_[:, middle_column + 2 :],
        "upper": np.s_[: middle_row - 2],
        "lower": np.s_[middle_row + 2 :],
    }
    for name, part in parts.items():
        black = [np.percentile(image[part], 99.5) < _BLACK for image in images]
        if images and np.mean(black) >= _MOST:
            return name
    return ""
