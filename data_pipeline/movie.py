"""From a 3D movie whose layout is known to accepted stereo frames, shot by shot.

Every decoded frame goes through the shot detector; a few per second are unpacked, freed of black
bars, measured and either rejected, with a word that says why, or composed and handed on. All
frames of a shot get one composition (deep3d.composition), taken from its first accepted frames,
so that depth does not jump inside a shot. At most `composition_frames` frames are held at a time.

Reasons: `black`, `duplicate` (of the frame kept before), `no_parallax` (both eyes alike, as in
title cards), `unmatched` (the eyes do not show one scene), `out_of_levels` (more parallax than the
disparity levels hold), `too_narrow` (the shift leaves too few columns).
"""

import collections
import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterator
from fractions import Fraction

import cv2
import numpy as np

from data_pipeline.black_bars import BlackBars, find_black_bars, find_shot_bars
from data_pipeline.quality import MeasuredPair, QualityLimits, measure_pair
from deep3d.composition import Composition, apply_composition, compose_for_levels
from deep3d.disparity import DisparityLevels
from deep3d.video import LAYOUTS, ShotDetector, VideoError, VideoReader, unpack
from deep3d.wording import either

# Where in the movie, as shares of its duration, frames are looked at for black bars.
BAR_PROBES = tuple(0.05 + 0.1 * k for k in range(10))


@dataclasses.dataclass(frozen=True)
class MovieOptions:
    """How stereo frames are taken from a movie.

    Attributes:
        layout: half_sbs, full_sbs, half_tab or full_tab.
        swap_eyes: Whether the movie has the right eye first.
        every_s: Seconds between two sampled frames of a shot.
        width: Width of the composed frames before columns without a partner are cropped.
        minimum_width: Narrower composed frames are rejected; the training window's width.
        levels: The disparity levels that the frames are composed for.
        composition_frames: Frames of a shot from which its composition is taken.
        level_tolerance: Pixels by which a frame's percentiles may exceed the levels.
        quality: What a single pair must satisfy.
    """

    layout: str = "half_sbs"
    swap_eyes: bool = False
    every_s: float = 0.5
    width: int = 432
    minimum_width: int = 384
    levels: DisparityLevels = dataclasses.field(default_factory=DisparityLevels)
    composition_frames: int = 5
    level_tolerance: float = 1.0
    quality: QualityLimits = dataclasses.field(default_factory=QualityLimits)

    def __post_init__(self):
        if self.layout not in LAYOUTS:
            raise ValueError(f"layout must be one of {either(LAYOUTS)}. Received: {self.layout}")
        if not 0.001 <= self.every_s <= 3600:
            raise ValueError(f"every_s must be within 0.001..3600. Received: {self.every_s}")
        if not 16 <= self.minimum_width <= self.width:
            raise ValueError(
                "minimum_width must be at least 16 and at most width. "
                f"Received: {self.minimum_width}, {self.width}"
            )
        if self.composition_frames < 1:
            raise ValueError(
                f"composition_frames must be at least 1. Received: {self.composition_frames}"
            )


@dataclasses.dataclass(frozen=True)
class StereoFrame:
    """An accepted frame, composed. Percentiles are of the movie, in percent of the view's width."""

    left: np.ndarray  # (h, w, 3) uint8 RGB
    right: np.ndarray
    shot: int
    pts: int
    time_base: Fraction
    composition: Composition
    scale: float  # composition.width / width of the movie's view
    percentile_5: float
    percentile_95: float


@dataclasses.dataclass(frozen=True)
class ShotReport:
    """What became of a shot; the measured values are means over its measured frames, or NaN."""

    shot: int
    start_s: float
    end_s: float
    sampled: int
    accepted: int
    reason: str  # the most frequent reason for rejection, empty where nothing was rejected
    rejected: dict[str, int]
    percentile_5: float  # percent of the width, in the movie
    percentile_95: float
    matched: float  # share of pixels that match in both directions
    composition_width: int | None
    composition_shift: int | None


def stereo_frames(
    path: str | os.PathLike,
    options: MovieOptions,
    on_shot: Callable[[ShotReport], None] = lambda report: None,
) -> Iterator[StereoFrame]:
    """Yields the accepted stereo frames of a movie in order of time.

    Args:
        path: The movie.
        options: How it is packed, and what is accepted.
        on_shot: Called with a report after every shot, also where nothing was accepted.

    Yields:
        Accepted frames, all frames of a shot with the same composition.

    Raises:
        VideoError: If the movie cannot be opened or breaks off; frames before that are yielded.
    """
    bars = find_movie_bars(path, options)
    detector, shot, end = ShotDetector(), None, Fraction(0)
    with VideoReader(path) as reader:
        try:
            for frame in reader:
                end = frame.time
                if detector.update(frame.image) or shot is None:
                    if shot is not None:
                        yield from shot.finish(end, on_shot)
                    shot = _Shot(shot.number + 1 if shot else 0, end, options, shot)
                if shot.is_due(end):
                    pair = unpack_eyes(frame.image, options, reader.sample_aspect_ratio)
                    pair = tuple(bars.crop(view) for view in pair)
                    yield from shot.offer(pair, frame.pts, frame.time_base)
        except VideoError:
            # What was read before the damage is as good as the rest.
            if shot is not None:
                yield from shot.finish(end, on_shot)
            raise
    if shot is not None:
        yield from shot.finish(end, on_shot)


def unpack_eyes(
    image: np.ndarray, options: MovieOptions, sample_aspect_ratio: Fraction = Fraction(1)
) -> tuple[np.ndarray, np.ndarray]:
    """Left and right view of a packed frame, with square pixels and the eyes the right way round.

    Args:
        image: (h, w, 3) uint8 packed frame.
        options: Layout and order of the eyes.
        sample_aspect_ratio: Width of a pixel of the frame over its height.

    Returns:
        Two (h, w', 3) uint8 views.
    """
    left, right = unpack(image, options.layout, stretch=True)
    if sample_aspect_ratio != 1:  # broadcasts store 1920 columns as 1440
        size = (max(1, round(left.shape[1] * sample_aspect_ratio)), left.shape[0])
        left, right = (cv2.resize(view, size) for view in (left, right))
    return (right, left) if options.swap_eyes else (left, right)


def find_movie_bars(path: str | os.PathLike, options: MovieOptions) -> BlackBars:
    """The black bars of either view, from ten frames all over the movie.

    Raises:
        VideoError: If the movie cannot be opened or is no movie of this layout.
    """
    with VideoReader(path) as reader:
        duration_s = reader.duration_s or 0.0
        side = "width" if options.layout.endswith("sbs") else "height"
        if getattr(reader, side) % 2:
            size = f"{reader.width}x{reader.height}"
            raise VideoError(f"{path}: a {options.layout} movie has an even {side}, not {size}")
    return find_black_bars(_probes(path, duration_s, options))


def _probes(path, duration_s: float, options: MovieOptions) -> Iterator:
    for share in BAR_PROBES if duration_s else (0.0,):
        # A damaged place in the middle must not keep the rest from being ingested.
        with contextlib.suppress(VideoError), VideoReader(path, start_s=share * duration_s) as part:
            for frame in part:
                yield unpack_eyes(frame.image, options, part.sample_aspect_ratio)
                break


class _Shot:
    """One shot while it is being read."""

    def __init__(
        self, number: int, start: Fraction, options: MovieOptions, previous: "_Shot | None"
    ):
        self.number, self._start, self._options = number, start, options
        self._next_due = start
        self._kept = previous._kept if previous else None  # a duplicate may lie behind a cut, too
        self._pending = []  # (pair, pts, time_base, measured) until the composition is known
        self._bars = BlackBars()  # of this shot, beyond those of the movie
        self._composition: Composition | None = None
        self._refused = ""  # why the whole shot is refused, once that is known
        self._rejected: collections.Counter[str] = collections.Counter()
        self._sampled = self._accepted = 0
        self._sums, self._measured_count = np.zeros(3), 0

    def is_due(self, time: Fraction) -> bool:
        """Whether the frame at this time is to be sampled; counts it as sampled if so."""
        if time < self._next_due:
            return False
        every = Fraction(self._options.every_s).limit_denominator(10**6)
        # The grid starts with the shot, and a gap in the time stamps skips its points.
        self._next_due += every * ((time - self._next_due) // every + 1)
        self._sampled += 1
        return True

    def offer(self, pair, pts: int, time_base: Fraction) -> Iterator[StereoFrame]:
        """Takes a sampled pair; yields whatever can be handed on after it."""
        measured = measure_pair(*pair, self._options.quality, self._kept)
        if np.isfinite(measured.percentile_5):
            self._sums += (measured.percentile_5, measured.percentile_95, measured.matched)
            self._measured_count += 1
        if measured.reason:
            self._rejected[measured.reason] += 1
            return
        self._kept = measured
        self._pending.append((pair, pts, time_base, measured))
        settled = self._composition is not None or self._refused
        if settled or len(self._pending) >= self._options.composition_frames:
            yield from self._hand_on()

    def finish(self, end: Fraction, on_shot: Callable[[ShotReport], None]) -> Iterator[StereoFrame]:
        """Yields what is still held and reports."""
        yield from self._hand_on()
        means = self._sums / self._measured_count if self._measured_count else self._sums * np.nan
        composition = self._composition
        on_shot(
            ShotReport(
                shot=self.number,
                start_s=float(self._start),
                end_s=float(end),
                sampled=self._sampled,
                accepted=self._accepted,
                reason=self._rejected.most_common(1)[0][0] if self._rejected else "",
                rejected=dict(self._rejected),
                percentile_5=float(means[0]),
                percentile_95=float(means[1]),
                matched=float(means[2]),
                composition_width=composition.width if composition else None,
                composition_shift=composition.shift if composition else None,
            )
        )

    def _hand_on(self) -> Iterator[StereoFrame]:
        """Composes and yields the pending frames."""
        pending, self._pending = self._pending, []
        if pending and self._composition is None and not self._refused:
            self._bars = find_shot_bars(pair for pair, *_ in pending)
            self._settle([self._without_bars(*one[::3])[1] for one in pending])
        for whole_pair, pts, time_base, measured in pending:
            pair, measured = self._without_bars(whole_pair, measured)
            reason = self._refused or self._level_reason(measured)
            if reason:
                self._rejected[reason] += 1
                continue
            self._accepted += 1
            left, right = apply_composition(*pair, self._composition)
            yield StereoFrame(
                left=np.ascontiguousarray(left),
                right=np.ascontiguousarray(right),
                shot=self.number,
                pts=pts,
                time_base=time_base,
                composition=self._composition,
                scale=self._composition.width / pair[0].shape[1],
                percentile_5=measured.percentile_5,
                percentile_95=measured.percentile_95,
            )

    def _without_bars(self, pair, measured: MeasuredPair):
        """The pair without the shot's bars, and its percentiles in percent of what is left."""
        cropped = tuple(self._bars.crop(view) for view in pair)
        wider = pair[0].shape[1] / cropped[0].shape[1]
        return cropped, dataclasses.replace(
            measured,
            percentile_5=measured.percentile_5 * wider,
            percentile_95=measured.percentile_95 * wider,
        )

    def _settle(self, measured: list[MeasuredPair]) -> None:
        """Chooses the composition of the shot, or refuses the shot."""
        options = self._options
        # The median, because a single flash or a passing object must not decide. Percent of the
        # width are pixels of a view that is 100 wide.
        low = float(np.median([one.percentile_5 for one in measured]))
        high = float(np.median([one.percentile_95 for one in measured]))
        composition = compose_for_levels(low, high, 100, options.levels, options.width)
        if composition.width < options.minimum_width:
            self._refused = "out_of_levels"
        elif composition.width - abs(composition.shift) < options.minimum_width:
            self._refused = "too_narrow"
        else:
            self._composition = composition

    def _level_reason(self, measured: MeasuredPair) -> str:
        composition, values = self._composition, self._options.levels.values
        low, high = (
            percentile / 100 * composition.width + composition.shift
            for percentile in (measured.percentile_5, measured.percentile_95)
        )
        tolerance = self._options.level_tolerance
        inside = low >= min(values) - tolerance and high <= max(values) + tolerance
        return "" if inside else "out_of_levels"
