"""One shot of a movie while it is being read: its samples, its composition, what became of it.

All frames of a shot get one composition (deep3d.composition), taken from its first accepted frames,
so that depth does not jump inside a shot.
"""

import collections
import dataclasses
from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np

from data_pipeline.black_bars import BlackBars, find_shot_bars
from data_pipeline.movie_options import MovieOptions
from data_pipeline.quality import MeasuredPair, measure_pair
from deep3d.composition import Composition, apply_composition, compose_for_levels


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
    before: tuple[
        tuple[np.ndarray, np.ndarray], ...
    ] = ()  # pairs of the frames before it, latest first


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


@dataclasses.dataclass(frozen=True)
class _Sample:
    """A sampled pair that is not refused by itself, and the pairs of the frames before it."""

    pair: tuple[np.ndarray, np.ndarray]
    before: list[tuple[np.ndarray, np.ndarray]]
    pts: int
    time_base: Fraction
    measured: MeasuredPair


class Shot:
    """A shot from its first frame on.

    Args:
        number: From 0.
        start: Time of its first frame in seconds.
        options: What is sampled and accepted.
        previous: The shot before it.
    """

    def __init__(
        self, number: int, start: Fraction, options: MovieOptions, previous: "Shot | None"
    ):
        self.number, self._start, self._options = number, start, options
        self._next_due = start
        self._kept = previous._kept if previous else None  # a duplicate may lie behind a cut, too
        self._pending: list[_Sample] = []  # until the composition is known
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

    def offer(self, pair, before, pts: int, time_base: Fraction) -> Iterator[StereoFrame]:
        """Takes a sampled pair and those before it; yields whatever can be handed on after it."""
        measured = measure_pair(*pair, self._options.quality, self._kept)
        if np.isfinite(measured.percentile_5):
            self._sums += (measured.percentile_5, measured.percentile_95, measured.matched)
            self._measured_count += 1
        if measured.reason:
            self._rejected[measured.reason] += 1
            return
        self._kept = measured
        self._pending.append(_Sample(pair, before, pts, time_base, measured))
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
            self._bars = find_shot_bars(sample.pair for sample in pending)
            self._settle([self._without_bars(sample).measured for sample in pending])
        for sample in map(self._without_bars, pending):
            reason = self._refused or self._level_reason(sample.measured)
            if reason:
                self._rejected[reason] += 1
                continue
            self._accepted += 1
            yield self._composed(sample)

    def _composed(self, sample: _Sample) -> StereoFrame:
        (left, right), *before = (
            tuple(map(np.ascontiguousarray, apply_composition(*pair, self._composition)))
            for pair in (sample.pair, *sample.before)
        )
        return StereoFrame(
            left=left,
            right=right,
            shot=self.number,
            pts=sample.pts,
            time_base=sample.time_base,
            composition=self._composition,
            scale=self._composition.width / sample.pair[0].shape[1],
            percentile_5=sample.measured.percentile_5,
            percentile_95=sample.measured.percentile_95,
            before=tuple(before),
        )

    def _without_bars(self, sample: _Sample) -> _Sample:
        """The sample without the shot's bars, its percentiles in percent of what is left."""
        cropped, *before = (
            tuple(map(self._bars.crop, pair)) for pair in (sample.pair, *sample.before)
        )
        wider = sample.pair[0].shape[1] / cropped[0].shape[1]
        measured = dataclasses.replace(
            sample.measured,
            percentile_5=sample.measured.percentile_5 * wider,
            percentile_95=sample.measured.percentile_95 * wider,
        )
        return dataclasses.replace(sample, pair=cropped, before=before, measured=measured)

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
