"""What is decided about a shot from its first samples, and done to all of them.

In this order: the shot's black bars are cropped, a small misalignment of the eyes is undone, what
is left is measured, swapped eyes are put right, and one composition is chosen for all frames.
"""

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np

from data_pipeline.decisions.black_bars import find_shot_bars
from data_pipeline.decisions.burnt_in_text import TextBand, find_subtitles
from data_pipeline.decisions.color_difference import (
    ColorDifference,
    combine_color_differences,
    measure_color_difference,
)
from data_pipeline.decisions.eye_correction import correct_misalignment
from data_pipeline.decisions.eye_order import EyeOrder, decide_eye_order
from data_pipeline.decisions.film_facts import FilmFacts, eye_order_cues
from data_pipeline.decisions.misalignment import (
    NOT_MEASURED,
    Misalignment,
    measure_misalignment,
)
from data_pipeline.decisions.quality import MeasuredPair, measure_pair
from data_pipeline.movie_options import AUTO, MovieOptions
from deep3d.composition import Composition, compose_for_levels
from deep3d.video import BlackBars
from deep3d.video.shrinking import halve, shrink

Pair = tuple[np.ndarray, np.ndarray]
UNDECIDED = EyeOrder(None, 0.5, {})
# Views so many times too wide are shrunk bilinearly, which is as good there and six times as fast,
# and in one step with their correction. Half of 1920 columns is 1.11 times the usual 864.
BILINEAR_UP_TO = 1.25
# Where the first moment of a shot and the rest of its film say together, this surely, which eye is
# first, no other moment is asked. Asking takes 0.14 s.
SURE_OF_EYES = 0.995


@dataclasses.dataclass(frozen=True)
class ShotDecision:
    """What is decided about a shot, and done to each of its pairs.

    Attributes:
        bars: Of this shot, beyond those of the movie.
        misalignment: Of the right eye against the left as stored; corrected where it is worth it.
        eye_order: Whether the eyes are swapped.
        is_corrected: Whether the misalignment is worth correcting.
        color: How differently the eyes are colored.
        composition: One for all frames; None where the shot is refused.
        refused: Why the whole shot is refused, or "".
    """

    bars: BlackBars
    misalignment: Misalignment = NOT_MEASURED
    is_corrected: bool = False
    eye_order: EyeOrder = UNDECIDED
    color: ColorDifference | None = None
    composition: Composition | None = None
    refused: str = ""

    @property
    def settled(self) -> bool:
        """Whether it holds for the rest of the shot; not where no sample could be learned from."""
        return bool(self.refused) or self.composition is not None

    @property
    def swapped(self) -> bool:
        """Whether the eyes are exchanged."""
        return bool(self.eye_order.swapped)

    def cropped(self, pair: Pair) -> Pair:
        """A pair without the shot's bars."""
        return tuple(map(self.bars.crop, pair))

    def aligned(self, pair: Pair, width: int) -> Pair:
        """A pair without bars and misalignment, its eyes in the order in which they are stored.

        Args:
            pair: Views as stored, without the movie's bars.
            width: To which larger views are shrunk once they have no bars.
        """
        left, right = self.cropped(pair)
        size = left.shape[1::-1]
        if size[0] > width:
            size = width, max(1, round(size[1] * width / size[0]))
            left, right = halve(left, *size), halve(right, *size)
            if left.shape[1] > BILINEAR_UP_TO * width:
                left, right = shrink(left, *size), shrink(right, *size)
        if self.is_corrected:
            return correct_misalignment(left, right, self.misalignment, size)
        return cv2.resize(left, size), cv2.resize(right, size)

    def treated(self, pair: Pair, width: int) -> Pair:
        """A pair as it is composed: aligned, left eye first; arguments as for `aligned`."""
        return self.in_order(self.aligned(pair, width))

    def in_order(self, aligned: Pair) -> Pair:
        """An aligned pair with the left eye first."""
        return aligned[::-1] if self.swapped else aligned

    def seen(self, measured: MeasuredPair) -> MeasuredPair:
        """What was measured of an aligned pair, with the left eye first."""
        if not self.swapped:
            return measured
        disparity = measured.disparity
        return dataclasses.replace(
            measured,
            percentile_5=-measured.percentile_95,
            percentile_95=-measured.percentile_5,
            views=measured.views and measured.views[::-1],
            # On the other eye now; close enough for a picture of it.
            disparity=None if disparity is None else -disparity,
        )


@dataclasses.dataclass(frozen=True)
class Judged:
    """A sampled pair and whether it may be composed.

    Attributes:
        aligned: The pair as it was judged, in the stored order.
        measured: What was measured, left eye first.
        subtitles: Where there are subtitles, or None.
        reason: Why the pair is refused, or "".
    """

    aligned: Pair
    measured: MeasuredPair
    subtitles: TextBand | None
    reason: str


def decide_shot(
    pairs: Sequence[Pair], film: FilmFacts, options: MovieOptions
) -> tuple[ShotDecision, list[Judged]]:
    """Decides about a shot by its first samples.

    Args:
        pairs: Views as stored, without the movie's bars; at least one pair.
        film: What is known of the movie.
        options: What is accepted.

    Returns:
        The decision, and what it makes of each of the pairs.
    """
    decision = ShotDecision(bars=find_shot_bars(pairs))
    decision = _align(decision, [decision.cropped(pair) for pair in pairs], options)
    judged = _judge([decision.aligned(pair, options.working_width) for pair in pairs], options)
    measured = [one.measured for one in judged if not one.measured.reason]
    if measured:
        decision = _compare_eyes(decision, measured, film, options)
    told = [decision.seen(one.measured) for one in judged if not one.reason]
    if told and not decision.refused:
        decision = _compose(decision, told, options)
    return decision, [_after(decision, one, options) for one in judged]


def judge(pair: Pair, decision: ShotDecision, options: MovieOptions) -> Judged:
    """What a decision makes of a later sample of its shot.

    Args:
        pair: Views as stored, without the movie's bars.
        decision: About its shot.
        options: What is accepted.

    Returns:
        The sample's verdict.
    """
    (judged,) = _judge([decision.aligned(pair, options.working_width)], options)
    return _after(decision, judged, options)


def _align(decision, cropped: Sequence[Pair], options: MovieOptions) -> ShotDecision:
    misalignment = measure_misalignment(cropped, options.alignment)
    height, width = cropped[0][0].shape[:2]
    within = options.alignment, width / height
    return dataclasses.replace(
        decision,
        misalignment=misalignment,
        is_corrected=misalignment.is_corrected(*within),
        refused="misaligned" if misalignment.is_refused(*within) else "",
    )


def _judge(aligned: Sequence[Pair], options: MovieOptions) -> list[Judged]:
    measured = [measure_pair(*pair, options.quality) for pair in aligned]
    return [
        Judged(pair, one, band, one.reason or ("subtitles" if band else ""))
        for pair, one, band in zip(aligned, measured, find_subtitles(aligned), strict=True)
    ]


def _compare_eyes(decision, measured: Sequence[MeasuredPair], film, options) -> ShotDecision:
    """Colors and order of the eyes; words over the pictures do no harm here."""
    color = combine_color_differences(
        [measure_color_difference(*one.views, one.disparity) for one in measured]
    )
    order = _eye_order(measured, film, options)
    refused = decision.refused
    if not refused and color.is_refused(options.color):
        refused = "color_mismatch"
    if not refused and order.swapped is None:
        refused = "eyes_unsure"
    return dataclasses.replace(decision, color=color, eye_order=order, refused=refused)


def _eye_order(measured: Sequence[MeasuredPair], film: FilmFacts, options) -> EyeOrder:
    if options.eyes != AUTO:
        swapped = options.eyes == "right_first"
        return EyeOrder(swapped, float(swapped), {})
    cues = [eye_order_cues(measured[0])]
    order = decide_eye_order(cues, film.swapped_prior)
    sure = max(order.probability, 1 - order.probability) >= SURE_OF_EYES
    if sure or len(measured) == 1:
        return order
    cues.append(eye_order_cues(measured[-1]))  # the moment that has least in common with the first
    order = decide_eye_order(cues, film.swapped_prior)
    if order.swapped is not None:
        return order
    cues += map(eye_order_cues, measured[1:-1])
    return decide_eye_order(cues, film.swapped_prior)


def _compose(decision, told: Sequence[MeasuredPair], options: MovieOptions) -> ShotDecision:
    # The median, because a single flash or a passing object must not decide. Percent of the
    # width are pixels of a view that is 100 wide.
    low = float(np.median([one.percentile_5 for one in told]))
    high = float(np.median([one.percentile_95 for one in told]))
    composition = compose_for_levels(low, high, 100, options.levels, options.width)
    refused = ""
    if composition.width < options.minimum_width:
        refused = "out_of_levels"
    elif composition.width - abs(composition.shift) < options.minimum_width:
        refused = "too_narrow"
    composition = None if refused else composition
    return dataclasses.replace(decision, composition=composition, refused=refused)


def _after(decision: ShotDecision, judged: Judged, options: MovieOptions) -> Judged:
    """A sample's verdict in the light of the decision about its shot."""
    measured = decision.seen(judged.measured)
    reason = decision.refused if decision.refused == "misaligned" else judged.reason
    reason = reason or decision.refused or _level_reason(measured, decision.composition, options)
    return dataclasses.replace(judged, measured=measured, reason=reason)


def _level_reason(measured, composition: Composition, options: MovieOptions) -> str:
    low, high = (
        percentile / 100 * composition.width + composition.shift
        for percentile in (measured.percentile_5, measured.percentile_95)
    )
    values, tolerance = options.levels.values, options.level_tolerance
    inside = low >= min(values) - tolerance and high <= max(values) + tolerance
    return "" if inside else "out_of_levels"
