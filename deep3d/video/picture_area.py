"""Which part of every frame of a film is picture and which is black bars, followed as it changes.

Films in wide formats are stored with bars above and below (letterbox), old ones with bars at the
sides (pillarbox), and some change the format from scene to scene. A frame is only evidence: a dark
scene looks as if it had bars, and a subtitle or a logo as if they had gone. So bars appear, or
become wider, where a shot begins and their edges are seen on both sides at equal distances, or on
one side at a distance known from earlier in the film; where the shot begins too dark to tell, as
soon as it can be told. They give way at once to whatever fills them broadly.

Rows and columns are followed apart from each other; both together make a windowbox.
"""

import dataclasses
import math

import numpy as np

from deep3d.video.lit_lines import LitLines, lit_lines, runs

# More than this share of an axis cannot be bars; the frame is dark.
_MOST_BARS = 0.5
# Lines by which opposite bars may differ.
_UNEQUAL = 2
# Lines by which bars may differ and still be the same: from shot to shot they move by one.
_SAME = 1
# Lit share of every line in a run beyond the picture: of one side alone, more than captions with a
# ground of their own; of both sides and from the edge on, as little as a dark scene has, if the
# run is longer than text is high (as a share of the axis).
_BROAD, _ON_BOTH_SIDES, _HIGHER_THAN_TEXT = 0.6, 0.15, 0.08
# A page of text has dark lines between the others; a line is lit from this share on, and of a
# picture more than this share is.
_LIT, _LIT_LINES = 0.05, 0.8
# Jump of the lit share at the edge of known bars.
_KNOWN_JUMP, _KNOWN_JUMP_ON_BOTH_SIDES = 0.45, 0.2
# Gray level, of 255, by which bars do not brighten: a flat gray picture may look like bars.
_BRIGHTER = 6
# Formats of a film that are remembered, the latest first.
_REMEMBERED = 8


@dataclasses.dataclass(frozen=True)
class BlackBars:
    """Rows and columns of a frame, in pixels from each side, that are not picture."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0

    def crop(self, image: np.ndarray) -> np.ndarray:
        """The image (h, w, 3) without the bars, a view into it."""
        return image[self._picture(image)]

    def put_back(self, picture: np.ndarray, image: np.ndarray) -> np.ndarray:
        """A frame with another picture between its bars.

        Args:
            picture: Of the size and type that `crop(image)` has.
            image: (h, w, 3), stays as it is.

        Returns:
            A copy of `image` that holds `picture`; where there are no bars, `picture` itself.

        Raises:
            ValueError: If size or type of the picture do not fit.
        """
        place = image[self._picture(image)]
        if (picture.shape, picture.dtype) != (place.shape, place.dtype):
            raise ValueError(
                f"picture must be {place.shape} {place.dtype}. "
                f"Received: {picture.shape} {picture.dtype}"
            )
        if picture.shape == image.shape:
            return picture
        framed = image.copy()
        framed[self._picture(image)] = picture
        return framed

    def _picture(self, image):
        height, width = image.shape[:2]
        return np.s_[self.top : height - self.bottom, self.left : width - self.right]


class AreaFollower:
    """Follows the bars of a film frame by frame, without look-ahead."""

    def __init__(self, state: dict | None = None):
        """Starts before the first frame, with no bars.

        Args:
            state: `state` of another follower, whose place this one takes.
        """
        state = state or {}
        self._rows = _Axis(**state.get("rows", {}))
        self._columns = _Axis(**state.get("columns", {}))

    @property
    def state(self) -> dict:
        """All that is known so far, of plain numbers, lists and dictionaries, fit for JSON."""
        axes = {"rows": self._rows, "columns": self._columns}
        return {name: dataclasses.asdict(axis) for name, axis in axes.items()}

    def update(self, image: np.ndarray, starts_shot: bool) -> BlackBars:
        """Takes the next frame.

        Args:
            image: (h, w, 3) RGB, uint8, or uint16 with white at 255 * 256; of one size throughout.
            starts_shot: Whether a shot begins with it.

        Returns:
            Its bars. Their edges are even: in 4:2:0 video two rows and two columns share a color,
            and a picture that begins between the two would be moved away from half of its own.
            An odd row of a bar counts as picture, where black among black moves unseen; columns
            next to a bar count as bar, since a line of black in the picture would be seen.
        """
        measured = lit_lines(image, self._rows.bars, self._columns.bars) or (None, None)
        for axis, lines in zip((self._rows, self._columns), measured, strict=True):
            axis.update(lines, starts_shot)
        height, width = image.shape[:2]
        top, bottom = _even(self._rows.bars, height)
        left, right = _beyond_edge(self._columns.bars, width)
        return BlackBars(top, bottom, left, right)


@dataclasses.dataclass
class _Axis:
    """The bars above and below, or left and right.

    Attributes:
        bars: Lines of both, exact.
        open: Whether the shot has not told yet, so that they may still become wider.
        known: Bars that the film has had, the latest first.
        black: Gray level of the bars when they were last seen.
    """

    bars: list[int] = dataclasses.field(default_factory=lambda: [0, 0])
    open: bool = True
    known: list[list[int]] = dataclasses.field(default_factory=list)
    black: int = 0

    def update(self, lines: LitLines | None, starts_shot: bool):
        """Takes the next frame's lines, None if it is black: a fade joins shots unseen."""
        self.open = self.open or starts_shot or lines is None
        if lines is None:
            return
        sides = lines, lines.backwards
        filled = _filled(sides, self.bars) or self._brightened(lines)
        if not (filled or self.open):
            return
        told = self._told(sides)
        if told is None:
            self.bars = [0, 0] if filled else self.bars
            return
        self.open, self.black = False, lines.black
        if not _same(told, self.bars):
            self.bars = told
        self.known = [
            self.bars,
            *(bars for bars in self.known if not _same(bars, self.bars)),
        ][:_REMEMBERED]

    def _brightened(self, lines) -> bool:
        return any(self.bars) and lines.black > self.black + _BRIGHTER

    def _told(self, sides) -> list[int] | None:
        """The bars that the frame alone is evidence of, None if it is not."""
        bars = [side.bar() for side in sides]
        if 0 in bars:
            return [0, 0]
        if None not in bars and _possible(bars, sides):
            return bars
        for known in self.known:
            if any(known) and _seen_again(sides, known) and not _filled(sides, known):
                return list(known)
        return None


def _possible(bars, sides):
    first, last = bars
    return (
        abs(first - last) <= _UNEQUAL
        and first + last <= _MOST_BARS * sides[0].size
        and not _filled(sides, bars)
    )


def _filled(sides, bars) -> bool:
    """Whether there is picture in the bars."""
    beyond = [side.beyond(bar) for side, bar in zip(sides, bars, strict=True)]
    if not all(map(len, beyond)):
        return False
    lasting, share = sides[0].lasting, sides[0].share
    if any(len(runs(each >= _BROAD, min(lasting, len(each)))) for each in beyond):
        return True
    higher = math.ceil(_HIGHER_THAN_TEXT * len(share))
    least = min(each[:higher].min() for each in beyond)
    return bool(least >= _ON_BOTH_SIDES and np.mean(share > _LIT) > _LIT_LINES)


def _seen_again(sides, bars) -> bool:
    """Whether the lit share jumps where known bars end."""
    jumps = []
    for side, bar in zip(sides, bars, strict=True):
        beyond = side.beyond(bar)
        jumps.append(side.share_within(bar) - (beyond[0] if len(beyond) else 1.0))
    return max(jumps) >= _KNOWN_JUMP or min(jumps) >= _KNOWN_JUMP_ON_BOTH_SIDES


def _same(bars, others):
    return all(abs(bar - other) <= _SAME for bar, other in zip(bars, others, strict=True))


def _even(bars, size) -> tuple[int, int]:
    """Bars whose edges lie on even lines, counted from the first line of the frame."""
    first, last = bars
    return first - first % 2, max(last - (size - last) % 2, 0)


def _beyond_edge(bars, size) -> tuple[int, int]:
    """Bars with the one or two lines of the picture that are a mixture, up to an even line."""
    first, last = bars
    end = size - last
    return (
        first + 2 - first % 2 if first else 0,
        size - (end - 2 + end % 2) if last else 0,
    )
