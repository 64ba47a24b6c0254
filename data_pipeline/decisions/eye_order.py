"""Whether a shot's eyes are exchanged, decided by what it shows.

Exchanged eyes turn the sign of disparity, so near things measure as far. Three cues know what is
near for independent reasons:

    half-occlusions  what only one eye sees belongs to the farther surface (half_occlusions.py)
    vertical         what is lower in the picture is nearer: rank correlation with the row, times
                     that of what the network of the next cue sees, nothing if it sees a ceiling
    structure        the project's own network, which has seen one picture and neither its partner
                     nor their order: correlation with its disparity, both freed of their change
                     with the row, which is the cue before

(MSU VQMT3D, https://videoprocessing.ai/stereo_quality/swapped-views-detection-s3d.html, uses the
like.) Each cue's log odds are proportional to what it measured, as logistic regression has it, and
are bounded, because each is misled by some picture, a ceiling, a fence, a picture on a wall. They
are added: what hides what knows nothing of the network, but the two that do both believe it share
their weight, and where they agree they count for less than their sum; those of the samples of a
shot, which are no independent witnesses, are averaged. The skewness of disparity (near things are
small) is no cue here: on the photographs with depth it is hardly better than chance.
"""

import dataclasses
import functools
import math
from collections.abc import Sequence

import cv2
import numpy as np

from data_pipeline.decisions.half_occlusions import half_occlusion_votes, has_texture
from deep3d.pretrained import load_predictor

NAN = float("nan")
# Of logistic regression on rendered stereo, synthetic films and photographs with depth, all three
# counting alike: python benchmarks/eye_order.py --calibrate ... The last two both believe the
# network and are fitted together, or what it takes wrongly would count twice.
COLOR_WEIGHT, CONTOUR_WEIGHT = 3.56, 6.59
VERTICAL_WEIGHT, STRUCTURE_WEIGHT = 6.22, 6.02
# However clear a cue is, a scene may be made the other way: there are ceilings, and things seen
# from below; of photographs with depth the slope alone is right for 79 %, and the network, which
# learned from most of the material for calibration, errs more elsewhere: one of its cues alone
# reaches a verdict only where nothing speaks against it. What hides what is sure, where seen.
HIDING_TRUST, NETWORK_TRUST = 0.98, 0.86
# Assumed of the errors of its two cues: where they agree they count as 4/3 witnesses, not as 2.
NETWORK_CORRELATION = 0.5
# A verdict needs this probability: on the material for calibration 0.4 % of the opinions that have
# it are wrong, those on one shot through a wire fence, as the same command printed with the network
# of version 0.6.5 and the plain sum of its cues.
VERDICT = 0.85
LEAST_MATCHED = 500  # pixels that matched on texture, below which disparity says nothing
LEAST_SPREAD = 0.5  # pixels from the 2nd to the 98th percentile; less is no parallax
RANKED_EVERY = 5  # pixels; ranks of neighbors add nothing


@dataclasses.dataclass(frozen=True)
class EyeOrderCues:
    """What one pair says, positive for the right order of the eyes; NaN for nothing.

    Attributes:
        color: Vote of half-occlusions by their color, some -1..1, see `half_occlusion_votes`.
        contour: Vote of their contours, likewise.
        vertical: Rank correlation of disparity with the row, times that of what the network takes
            the left view for, where this is positive; -1..1.
        structure: Correlation of disparity with what the network takes the left view for, -1..1.
    """

    color: float = NAN
    contour: float = NAN
    vertical: float = NAN
    structure: float = NAN


@dataclasses.dataclass(frozen=True)
class EyeOrder:
    """The verdict on a shot.

    Attributes:
        swapped: Whether the eyes are exchanged; None for unsure.
        probability: That they are, calibrated.
        cues: Log odds that they are by cue, the mean of the samples; 0 for a cue without opinion.
    """

    swapped: bool | None
    probability: float
    cues: dict[str, float]


def measure_eye_order(
    left: np.ndarray,
    right: np.ndarray,
    disparity: np.ndarray,
    disparity_on_right: np.ndarray,
) -> EyeOrderCues:
    """Measures what a pair says about the order of its eyes.

    It is measured twice, as if either view were the left one, and the mean is returned. So the
    exchanged pair says exactly the contrary, and a scene that seems to be in order whichever eye is
    first (a fence that is seen through, of which a muddle of both depths is measured) says nothing.

    Args:
        left: (h, w, 3) uint8 RGB at the matching width, rectified.
        right: (h, w, 3) uint8 RGB of the same size.
        disparity: (h, w) float32 pixels on the left view, NaN where unmatched, of
            `match_both_views`.
        disparity_on_right: Likewise on the right view.

    Returns:
        The cues, all NaN where there is hardly any parallax or too little matched.

    Raises:
        ValueError: If the sizes differ.
    """
    as_given = measure_with_left_first(left, right, disparity)
    exchanged = measure_with_left_first(right, left, -disparity_on_right)
    return EyeOrderCues(
        **{
            field.name: _mean_known(getattr(as_given, field.name), -getattr(exchanged, field.name))
            for field in dataclasses.fields(EyeOrderCues)
        }
    )


def measure_with_left_first(
    left: np.ndarray, right: np.ndarray, disparity: np.ndarray
) -> EyeOrderCues:
    """Measures what a pair says by the disparity of its left view alone.

    Args:
        left: As for `measure_eye_order`.
        right: Likewise.
        disparity: Likewise.

    Returns:
        The cues.

    Raises:
        ValueError: If the sizes differ.
    """
    if not left.shape == right.shape == (*disparity.shape, 3):
        raise ValueError(
            "Both views and their disparity must have one size. "
            f"Received: {left.shape}, {right.shape}, {disparity.shape}"
        )
    rows, columns = np.nonzero(np.isfinite(disparity) & has_texture(left))
    if rows.size < LEAST_MATCHED:
        return EyeOrderCues()
    values = disparity[rows, columns]
    low, high = np.percentile(values, (2, 98))
    if high - low < LEAST_SPREAD:
        return EyeOrderCues()
    values = np.clip(values, low, high)
    expected = _expected_disparity(left)[rows, columns]
    slope, expected_slope = (
        _rank_correlation(ranked[::RANKED_EVERY], rows[::RANKED_EVERY])
        for ranked in (values, expected)
    )
    return EyeOrderCues(
        *half_occlusion_votes(left, right, disparity),
        vertical=slope * max(expected_slope, 0.0),
        structure=_correlation(_without_slope(values, rows), _without_slope(expected, rows)),
    )


def decide_eye_order(cues: Sequence[EyeOrderCues], prior: float = 0.5) -> EyeOrder:
    """Decides on a shot.

    Args:
        cues: Of some samples of the shot, any number.
        prior: Probability that the eyes are exchanged by all other evidence, above 0, below 1.

    Returns:
        The verdict.

    Raises:
        ValueError: If the prior is no such probability.
    """
    if not 0 < prior < 1:
        raise ValueError(f"The prior must be above 0 and below 1. Received: {prior}")
    by_cue = {"half_occlusions": [], "vertical": [], "structure": []}
    for one in cues:
        for name, value in _log_odds(one).items():
            if math.isfinite(value):
                by_cue[name].append(value)
    means = {name: sum(values) / len(values) if values else 0.0 for name, values in by_cue.items()}
    network = _of_one_witness(means["vertical"], means["structure"])
    probability = 1 / (1 + math.exp(-_logit(prior) - means["half_occlusions"] - network))
    swapped = None if 1 - VERDICT < probability < VERDICT else probability > 0.5
    return EyeOrder(swapped, probability, means)


def _log_odds(cues: EyeOrderCues) -> dict[str, float]:
    """Log odds that the eyes are exchanged, by cue."""
    hiding = COLOR_WEIGHT * cues.color + CONTOUR_WEIGHT * cues.contour
    return {
        "half_occlusions": _bounded(-hiding, HIDING_TRUST),
        "vertical": _bounded(-VERTICAL_WEIGHT * cues.vertical, NETWORK_TRUST),
        "structure": _bounded(-STRUCTURE_WEIGHT * cues.structure, NETWORK_TRUST),
    }


def _of_one_witness(first: float, second: float) -> float:
    """Log odds of two cues that believe one network: their sum, but where they agree less of it."""
    together = first + second
    most = max(abs(first), abs(second), abs(together) / (1 + NETWORK_CORRELATION))
    return math.copysign(min(abs(together), most), together)


def _bounded(log_odds: float, trust: float) -> float:
    limit = _logit(trust)
    return float(np.clip(log_odds, -limit, limit))


def _mean_known(first: float, second: float) -> float:
    """The mean of two numbers, or the one that is not NaN."""
    if math.isnan(first) or math.isnan(second):
        return second if math.isnan(first) else first
    return (first + second) / 2


def _logit(probability: float) -> float:
    return math.log(probability / (1 - probability))


def _expected_disparity(view) -> np.ndarray:
    """What the shipped network takes a picture for, (h, w) float32, near is large."""
    predictor = _predictor()
    disparity = predictor.disparity(predictor.shrink(view)[np.newaxis])[0]
    return cv2.resize(disparity, view.shape[1::-1], interpolation=cv2.INTER_AREA)


@functools.cache
def _predictor():
    """The shipped network, loaded when a process first wants it."""
    return load_predictor()


def _rank_correlation(first, second) -> float:
    # Equal rows have ranks in the order of columns, which is no matter with so many of each.
    ranks = (np.argsort(np.argsort(values, kind="stable")) for values in (first, second))
    return _correlation(*ranks)


def _correlation(first, second) -> float:
    first, second = first - first.mean(), second - second.mean()
    scale = math.sqrt(float((first**2).sum()) * float((second**2).sum()))
    return float((first * second).sum()) / scale if scale > 0 else 0.0


def _without_slope(values, rows) -> np.ndarray:
    """Values less what a straight line over the row explains."""
    rows = rows - rows.mean()
    values = values - values.mean()
    return values - rows * ((values * rows).sum() / max(float((rows**2).sum()), 1.0))
