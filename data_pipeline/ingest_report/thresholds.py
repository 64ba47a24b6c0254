"""The thresholds that decide about shots, with where each comes from, for the report.

Values are read from the options and modules that apply them, so that the report cannot tell of
others than those in force.
"""

import dataclasses
from collections.abc import Mapping

from data_pipeline.decisions import black_bars, eye_order, film_facts, quality
from data_pipeline.movie_options import (
    AUTO,
    PERIOD_S,
    WHOLE_AT_FIRST_S,
    WHOLE_OF_PERIOD_S,
    MovieOptions,
)
from deep3d.composition import widest_spread
from deep3d.video import ShotDetector

AT_LEAST, AT_MOST = "at least", "at most"


@dataclasses.dataclass(frozen=True)
class Threshold:
    """A number on which decisions depend.

    Attributes:
        name: What it limits, in words.
        value: The limit.
        unit: Of the value; "" for a share or a probability.
        source: Where it comes from: a paper, a standard, a measurement.
        measure: The measure of `data_pipeline.ingest_report.shot_doubt` to which it applies, or "".
        bound: On which side of the limit a shot is accepted: "at least" or "at most", or "".
    """

    name: str
    value: float
    unit: str
    source: str
    measure: str = ""
    bound: str = ""


# What other modules decide by; `thresholds_in_force` is handed the values by these keys.
OF_MODULES: dict[str, tuple[str, str, str, str, str]] = {
    "least_prior": (
        "probability that the film gives a shot's eyes for being swapped, or not",
        "",
        "a shot's own evidence outweighs the film: of more than 100 films measured, 22 % have a "
        "shot with swapped eyes (MSU, 3D film quality report 9)",
        "",
        AT_LEAST,
    ),
    "eyes_uncertainty": (
        "probability that the order of the eyes is decided wrongly",
        "",
        "with more a shot is refused as unsure; calibrated on rendered stereo, synthetic films and "
        "photographs with depth",
        "eyes_uncertainty",
        AT_MOST,
    ),
    "vertical_error_left_alone": (
        "vertical error between the eyes that is left alone",
        "% of the height",
        "a fraction of a pixel where the network is trained; interpolation would soften more",
        "",
        AT_MOST,
    ),
    "vertical_error": (
        "vertical error between the eyes that is corrected",
        "% of the height",
        "rectified films stay far below, unrectified rigs near it; more costs too many rows",
        "vertical_error",
        AT_MOST,
    ),
    "vertical_residual": (
        "vertical error that remains after the correction",
        "% of the height",
        "more is a keystone, or not one moment in both eyes",
        "vertical_residual",
        AT_MOST,
    ),
    "color_difference": (
        "difference of the eyes in any color channel",
        "of 255",
        "copying the left view errs by some 10 on films; where color alone costs twice that, "
        "disparity is not what is learned",
        "color_difference",
        AT_MOST,
    ),
    "contrast": (
        "ratio of the eyes' contrasts, either way",
        "times",
        "a stop of exposure doubles it",
        "contrast",
        AT_MOST,
    ),
    "sharpness": (
        "ratio of the eyes' sharpness, either way",
        "times",
        "more is one eye out of focus, not a lens a little softer",
        "sharpness",
        AT_MOST,
    ),
    "layout_score": (
        "certainty of the layout",
        "",
        "below it the movie is refused",
        "",
        AT_LEAST,
    ),
}


def limits_of(options: MovieOptions) -> dict[str, float]:
    """The limits of modules that decide about eyes, alignment and colors, by the keys above.

    Args:
        options: What was ingested with.
    """
    limits = {
        "vertical_error_left_alone": options.alignment.corrected_above,
        "vertical_error": options.alignment.refused_above,
        "vertical_residual": options.alignment.residual_below,
        "color_difference": options.color.mean_below,
        "contrast": options.color.contrast_below,
        "sharpness": options.color.sharpness_below,
    }
    if options.eyes != AUTO:
        return limits
    return limits | {
        "least_prior": film_facts.LEAST_PRIOR,
        "eyes_uncertainty": 1 - eye_order.VERDICT,
    }


def thresholds_in_force(
    options: MovieOptions, of_modules: Mapping[str, float] | None = None
) -> list[Threshold]:
    """All thresholds, in the order in which a frame meets them.

    Args:
        options: What was ingested with.
        of_modules: Limits of other modules by their key in `OF_MODULES`.

    Returns:
        The thresholds.

    Raises:
        ValueError: If a key is not one of `OF_MODULES`.
    """
    given = of_modules or {}
    if unknown := sorted(given.keys() - OF_MODULES.keys()):
        raise ValueError(f"limits must be among {sorted(OF_MODULES)}. Received: {unknown}")
    described = [
        Threshold(OF_MODULES[key][0], given[key], *OF_MODULES[key][1:])
        for key in OF_MODULES
        if key in given
    ]
    return [*_of_cuts(), *_of_bars(), *_of_pairs(options.quality), *described, *_of_shots(options)]


def _of_cuts() -> list[Threshold]:
    detector = ShotDetector()
    return [
        Threshold(
            "score of a cut",
            detector.threshold,
            "",
            "of 300 pairs of unrelated photographs none scored below 0.86, of 300 moved ones none "
            "above 0.57",
            "",
            AT_LEAST,
        ),
        Threshold(
            "score of a cut over the median of the half second before it",
            detector.ratio,
            "times",
            "strobes and whip pans explain every frame badly",
            "",
            AT_LEAST,
        ),
    ]


def _of_bars() -> list[Threshold]:
    return [
        Threshold(
            "brightest pixels of a black row or column",
            black_bars.BLACK_LEVEL,
            "of 255",
            "video black decodes to 0; coding noise and ringing reach about this far",
        ),
        Threshold(
            "share of an axis that bars can take",
            black_bars.MAX_SHARE,
            "",
            "beyond it the frames were dark",
            "",
            AT_MOST,
        ),
    ]


def _of_pairs(limits: quality.QualityLimits) -> list[Threshold]:
    return [
        Threshold(
            f"brightness of percentile {quality.BRIGHTEST}",
            limits.black_below,
            "of 255",
            "as in MiDaS 3D Movies, WSVD and VDW, which reject by brightness",
            "",
            AT_LEAST,
        ),
        Threshold(
            "change since the sample kept before",
            limits.duplicate_below,
            "of 255",
            f"mean over a thumbnail of {'x'.join(map(str, quality.THUMBNAIL_SIZE))} pixels",
            "",
            AT_LEAST,
        ),
        Threshold(
            "disparity that is searched",
            100 * limits.matching_limit,
            "% of the width",
            "far beyond what can be looked at with comfort",
            "",
            AT_MOST,
        ),
        Threshold(
            "change from pixel to pixel where disparity counts",
            quality.TEXTURE,
            "of 255",
            "less is even ground with coding noise, where every disparity matches",
            "",
            AT_LEAST,
        ),
        Threshold(
            "share of pixels that match in both directions",
            limits.matched_above,
            "",
            "lower than in MiDaS 3D Movies and WSVD, since composition can still use the pair",
            "matched",
            AT_LEAST,
        ),
        Threshold(
            "distance of the percentiles that is parallax without a further look",
            limits.flat_below,
            "% of the width",
            "two pixels at the width of matching; in less one disparity may explain everything",
        ),
        Threshold(
            "share of the blocks that lie before or behind the rest",
            quality.FAR_SHARE,
            "",
            "fewer are coding noise in a flat picture",
            "",
            AT_LEAST,
        ),
        Threshold(
            "distance of a block that lies before or behind the rest",
            100 * quality.FAR_OFF,
            "% of the width",
            "half a pixel at the width of matching",
            "",
            AT_LEAST,
        ),
    ]


def _of_shots(options: MovieOptions) -> list[Threshold]:
    levels = options.levels.values
    return [
        Threshold(
            "frames by which one eye lags the other",
            0,
            "frames",
            "moving things would have a parallax that is none; looked for in a film's first "
            f"{WHOLE_AT_FIRST_S} s and in the last {WHOLE_OF_PERIOD_S} of every "
            f"{PERIOD_S}, and everywhere where frames before each are kept",
            "time_offset",
            AT_MOST,
        ),
        Threshold(
            "distance of the 5th and 95th percentile of disparity",
            100 * widest_spread(options.levels) / options.minimum_width,
            "% of the width",
            f"the disparity levels {min(levels):+g}..{max(levels):+g} px, less a step on either "
            f"side, at the least width of {options.minimum_width} px",
            "spread",
            AT_MOST,
        ),
        Threshold(
            "width of a composed frame without a partner's columns",
            options.minimum_width,
            "px",
            "the width of the training window",
            "",
            AT_LEAST,
        ),
        Threshold(
            "pixels by which a frame's percentiles may leave the levels",
            options.level_tolerance,
            "px",
            "the composition holds for the shot's median, single frames differ",
            "",
            AT_MOST,
        ),
    ]
