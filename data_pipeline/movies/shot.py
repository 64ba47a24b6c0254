"""One shot of a movie while it is being read: its samples, and what became of them."""

import dataclasses
from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np

from data_pipeline.decisions.film_facts import FilmFacts
from data_pipeline.decisions.quality import glance_at, is_duplicate
from data_pipeline.decisions.time_offset import TimeOffsetDecision
from data_pipeline.movie_options import MovieOptions
from data_pipeline.movies.shot_decision import Judged, Pair, ShotDecision, decide_shot, judge
from data_pipeline.movies.shot_report import Measurements, ShotReport, report_shot
from deep3d.composition import Composition, apply_composition
from deep3d.video import BlackBars


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
    matched: float  # share of pixels that match in both directions
    swapped_probability: float  # that the eyes had to be exchanged
    vertical_error: float  # between the eyes before it was corrected, in percent of the height
    color_difference: float  # between the eyes, of 255
    before: tuple[
        tuple[np.ndarray, np.ndarray], ...
    ] = ()  # pairs of the frames before it, latest first


@dataclasses.dataclass(frozen=True)
class Sample:
    """A sampled pair, as stored but without the movie's bars, and the pairs of the frames before.

    Attributes:
        pair: Views of square pixels.
        before: Those of the frames before it in its shot, the latest first.
        pts: Its time in units of the time base.
        time_base: Seconds per unit.
    """

    pair: Pair
    before: list[Pair]
    pts: int
    time_base: Fraction


class Shot:
    """A shot from its first frame on.

    Args:
        number: From 0.
        start: Time of its first frame in seconds.
        film: What is known of the movie.
        options: What is sampled and accepted.
        kept: Thumbnail of the sample kept before it, of which its first may be a duplicate.

    Attributes:
        number: As given.
        start: As given.
        kept: Thumbnail of the sample kept last.
    """

    def __init__(
        self,
        number: int,
        start: Fraction,
        film: FilmFacts,
        options: MovieOptions,
        kept: np.ndarray | None = None,
    ):
        self.number, self.start, self.kept = number, start, kept
        self._film, self._options = film, options
        self._next_due = start
        self._pending: list[tuple[Sample, np.ndarray]] = []  # and thumbnails, until it is decided
        self._decision = ShotDecision(BlackBars())
        self._made = Measurements()

    def is_due(self, time: Fraction) -> bool:
        """Whether the frame at this time is to be sampled; counts it as sampled if so."""
        if time < self._next_due:
            return False
        every = Fraction(self._options.every_s).limit_denominator(10**6)
        # The grid starts with the shot, and a gap in the time stamps skips its points.
        self._next_due += every * ((time - self._next_due) // every + 1)
        self._made.sampled += 1
        return True

    @property
    def refused(self) -> str:
        """Why all of its further samples are refused; "" if they are to be looked at."""
        return self._decision.refused

    def refuse(self, reason: str) -> None:
        """Counts a sample that is not even looked at."""
        self._made.rejected[reason] += 1

    def offer(self, sample: Sample, time_offset: TimeOffsetDecision) -> Iterator[StereoFrame]:
        """Takes a sample; yields whatever can be handed on after it.

        Args:
            sample: The sample.
            time_offset: Whether the right eye lags, as far as the shot has told.
        """
        glance = glance_at(*sample.pair, self._options.quality)
        self._made.first = self._made.first or sample.pair
        reason = glance.reason or ("time_offset" if time_offset.frames else "")
        if reason:
            self.refuse(reason)
            return
        self._pending.append((sample, glance.thumbnail))
        enough = len(self._pending) >= self._options.composition_frames
        if self._decision.settled or enough:
            yield from self._hand_on()

    def finish(
        self,
        end: Fraction,
        time_offset: TimeOffsetDecision,
        on_shot: Callable[[ShotReport], None],
    ) -> Iterator[StereoFrame]:
        """Yields what is still held and reports.

        Args:
            end: Time of the first frame after the shot in seconds.
            time_offset: As for `offer`, from all of the shot.
            on_shot: Receives the report.
        """
        if time_offset.frames:
            self._made.rejected["time_offset"] += len(self._pending)
            self._pending.clear()
        yield from self._hand_on()
        on_shot(report_shot(self, end, self._film, self._decision, self._made, time_offset))

    def _hand_on(self) -> Iterator[StereoFrame]:
        """Judges the pending samples, composes and yields those that are accepted."""
        pending, self._pending = self._pending, []
        if self._decision.settled:
            judged = [judge(one.pair, self._decision, self._options) for one, _ in pending]
        elif pending:
            pairs = [one.pair for one, _ in pending]
            self._decision, judged = decide_shot(pairs, self._film, self._options)
        else:
            judged = []
        for (sample, thumbnail), verdict in zip(pending, judged, strict=True):
            reason = verdict.reason
            if not reason and is_duplicate(thumbnail, self.kept, self._options.quality):
                reason = "duplicate"
            self._made.add(verdict, reason)
            if not reason:
                self.kept = thumbnail
                yield self._composed(sample, verdict)

    def _composed(self, sample: Sample, verdict: Judged) -> StereoFrame:
        composition = self._decision.composition
        working_width = self._options.working_width
        treated = [
            self._decision.in_order(verdict.aligned),
            *(self._decision.treated(pair, working_width) for pair in sample.before),
        ]
        (left, right), *before = (
            tuple(map(np.ascontiguousarray, apply_composition(*pair, composition)))
            for pair in treated
        )
        height, width = treated[0][0].shape[:2]
        # Of the movie's view, of which what was judged may be a smaller copy.
        enlarged = self._decision.cropped(sample.pair)[0].shape[1] / working_width
        return StereoFrame(
            left=left,
            right=right,
            shot=self.number,
            pts=sample.pts,
            time_base=sample.time_base,
            composition=composition,
            scale=composition.width / (width * max(1.0, enlarged)),
            percentile_5=verdict.measured.percentile_5,
            percentile_95=verdict.measured.percentile_95,
            matched=verdict.measured.matched,
            swapped_probability=self._decision.eye_order.probability,
            vertical_error=self._decision.misalignment.largest_error(width / height),
            color_difference=self._decision.color.largest,
            before=tuple(before),
        )
