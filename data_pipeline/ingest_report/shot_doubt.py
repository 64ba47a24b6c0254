"""What was measured of a shot beside its thresholds, and how doubtful the decision is.

Doubts are taken as independent: `doubt = 1 - product(1 - part)`. Parts are the eyes' order
(`1 - |2 p - 1|` for the probability p that they are swapped), the layout (1 - its score) and each
value near its threshold (1 at the threshold, 0 from 20 % of it away).
"""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence

from data_pipeline.ingest_report.thresholds import AT_LEAST, Threshold

NEAR = 0.2
NOT_MEASURED = "—"
BEYOND, CLOSE = "beyond", "near"
SWAPPED, UNSURE, IN_ORDER, NOT_JUDGED = "swapped", "unsure", "in order", "not judged"


@dataclasses.dataclass(frozen=True)
class Measure:
    """How a measure is taken from a report of a shot and written.

    Attributes:
        label: Its name.
        unit: Behind the number.
        decimals: Behind the point.
        take: The value, compared with the threshold, from a report; NaN where unknown.
    """

    label: str
    unit: str
    decimals: int
    take: Callable[[Mapping], float]

    def text(self, value: float) -> str:
        """The number with its unit; a dash where it is unknown."""
        return f"{number(value, self.decimals)}{self.unit}" if is_known(value) else NOT_MEASURED


@dataclasses.dataclass(frozen=True)
class Value:
    """A measured value of a shot.

    Attributes:
        label: Of the measure.
        text: Number and unit.
        state: "beyond" its threshold, "near" it, or "".
        limit: The threshold in words, or "".
        nearness: 1 at the threshold, 0 from 20 % of it away.
    """

    label: str
    text: str
    state: str = ""
    limit: str = ""
    nearness: float = 0.0


def is_known(value) -> bool:
    """Whether it is a number, and not NaN, None or a word."""
    return isinstance(value, int | float) and math.isfinite(value)


def number(value: float, decimals: int) -> str:
    """Fixed decimals, without a minus before zero."""
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0 else text


def _field(name: str, change: Callable[[float], float] = abs) -> Callable[[Mapping], float]:
    def take(shot: Mapping) -> float:
        value = shot.get(name)
        return change(value) if is_known(value) else math.nan

    return take


def _parallax(shot: Mapping) -> float:
    low, high = (_field(name, float)(shot) for name in ("percentile_5", "percentile_95"))
    return max(abs(low), abs(high), high - low)


def _spread(shot: Mapping) -> float:
    return _field("percentile_95", float)(shot) - _field("percentile_5", float)(shot)


def _eyes_uncertainty(shot: Mapping) -> float:
    """That the eyes' order is another; unknown where it was not looked at."""
    if eyes(shot) == NOT_JUDGED:
        return math.nan
    return _field("swapped_probability", lambda p: 100 * min(p, 1 - p))(shot)


def _either_way(ratio: float) -> float:
    return max(ratio, 1 / ratio) if ratio > 0 else math.nan


MEASURES = {
    "parallax": Measure("largest parallax", " %", 2, _parallax),
    "spread": Measure("5th to 95th percentile", " %", 2, _spread),
    "matched": Measure("matched", " %", 0, _field("matched", lambda share: 100 * share)),
    "eyes_uncertainty": Measure("chance of wrong eyes", " %", 0, _eyes_uncertainty),
    "vertical_offset": Measure("vertical offset", " px", 2, _field("vertical_offset_px", float)),
    "vertical_error": Measure("vertical error", " % of height", 2, _field("vertical_error")),
    "vertical_residual": Measure("error left", " % of height", 2, _field("vertical_residual")),
    "rotation": Measure("rotation", "°", 2, _field("rotation_deg")),
    "zoom": Measure("zoom", " %", 2, _field("zoom", lambda zoom: 100 * abs(zoom - 1))),
    "color_difference": Measure("color difference", " of 255", 1, _field("color_difference")),
    "contrast": Measure("contrast ratio", "", 2, _field("contrast", _either_way)),
    "sharpness": Measure("sharpness ratio", "", 2, _field("sharpness", _either_way)),
    "time_offset": Measure("time offset", " frames", 0, _field("time_offset_frames")),
}
# Thresholds of these are shares, and the page shows percent.
_PERCENT = {"matched", "eyes_uncertainty"}
# Not every report has these.
_WHERE_KNOWN = {"vertical_error", "vertical_residual", "contrast", "sharpness"}


def eyes(shot: Mapping) -> str:
    """Swapped, unsure, in order, or not judged: where no pair had anything to tell.

    Args:
        shot: The fields of a `ShotReport`.
    """
    if shot.get("swapped") is True:
        return SWAPPED
    if shot.get("swapped") is False:
        return IN_ORDER
    # The eyes' order is looked at together with their colors.
    return UNSURE if is_known(shot.get("color_difference")) else NOT_JUDGED


def measured_values(shot: Mapping, thresholds: Sequence[Threshold]) -> list[Value]:
    """Every measure of a shot beside its threshold.

    Args:
        shot: The fields of a `ShotReport`.
        thresholds: Those in force.

    Returns:
        The values, in the order of `MEASURES`.
    """
    limits = {one.measure: one for one in thresholds if one.measure}
    return [
        _value(name, measure, measure.take(shot), limits.get(name))
        for name, measure in MEASURES.items()
        if name not in _WHERE_KNOWN or is_known(shot.get(name))
    ]


def doubts(shot: Mapping, layout_score, values: Sequence[Value]) -> list[tuple[str, float]]:
    """What makes the decision about a shot doubtful.

    Args:
        shot: The fields of a `ShotReport`.
        layout_score: How sure the movie's layout is, 0..1.
        values: Of the shot.

    Returns:
        Words and size (0..1) of every doubt above a percent, the largest first.
    """
    told_below = MEASURES["eyes_uncertainty"].label
    found = [
        (f"{one.label} {one.text} ({one.limit})", one.nearness)
        for one in values
        if one.label != told_below
    ]
    probability = shot.get("swapped_probability")
    if is_known(probability) and eyes(shot) != NOT_JUDGED:
        words = f"eyes swapped with probability {probability:.2f}"
        found.append((words, 1 - abs(2 * probability - 1)))
    if is_known(layout_score):
        found.append((f"layout score {layout_score:.2f}", 1 - layout_score))
    return sorted([one for one in found if one[1] > 0.01], key=lambda one: -one[1])


def doubt(parts: Sequence[tuple[str, float]]) -> float:
    """All doubts of a shot together, 0..1.

    Args:
        parts: Return value of `doubts`.
    """
    return 1 - math.prod(1 - min(1.0, size) for _, size in parts)


def _value(name: str, measure: Measure, value: float, threshold: Threshold | None) -> Value:
    text = measure.text(value)
    if threshold is None or not is_known(value):
        return Value(measure.label, text)
    limit = threshold.value * (100 if name in _PERCENT else 1)
    is_beyond = value < limit if threshold.bound == AT_LEAST else value > limit
    distance = abs(value - limit) / abs(limit) if limit else math.inf
    nearness = max(0.0, 1 - distance / NEAR)
    state = BEYOND if is_beyond else CLOSE if nearness else ""
    words = f"{threshold.bound} {number(limit, measure.decimals)}{measure.unit}"
    return Value(measure.label, text, state, words, nearness)
