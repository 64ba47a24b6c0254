"""A shot as the report shows it: what became of it, its card, its place on the time line."""

import dataclasses
import html
from collections.abc import Mapping, Sequence

from data_pipeline.ingest_report.shot_doubt import (
    IN_ORDER,
    NOT_JUDGED,
    NOT_MEASURED,
    UNSURE,
    Value,
    doubt,
    doubts,
    eyes,
    is_known,
    measured_values,
    number,
)
from data_pipeline.ingest_report.thresholds import Threshold
from deep3d.wording import clock

# Every reason for which samples are refused, in words for who looks at the report.
REASONS = {
    "black": "the picture is black",
    "fade": "the light of the whole picture is changing",
    "flash": "a frame far brighter or darker than those around it",
    "dissolve": "two shots are seen through each other",
    "one_eye_black": "one eye's picture is black",
    "duplicate": "hardly anything changed since the sample kept before",
    "no_parallax": "both eyes see the same picture, or one shifted as a whole",
    "unmatched": "too little of one eye's picture is found in the other's",
    "subtitles": "words are burnt into the picture",
    "out_of_levels": "more parallax than the disparity levels hold",
    "misaligned": "one eye's picture lies too far off in height, rotation or size",
    "color_mismatch": "the eyes' colors differ too much",
    "eyes_unsure": "nothing tells which eye is which",
    "too_narrow": "too few columns are left with a partner",
    "time_offset": "the eyes show different moments",
}
ACCEPTED, PARTLY, REFUSED = "accepted", "partly", "refused"
TILES = ("left", "right", "anaglyph", "disparity")


@dataclasses.dataclass(frozen=True)
class ShownShot:
    """A shot with what the page says of it.

    Attributes:
        key: Its address in the page.
        film: Name of the movie.
        film_number: Of the movie in the report, from 0.
        row: The fields of its `ShotReport`.
        values: Measures beside their thresholds.
        doubts: What makes the decision doubtful, the largest first.
    """

    key: str
    film: str
    film_number: int
    row: Mapping
    values: Sequence[Value]
    doubts: Sequence[tuple[str, float]]

    @property
    def doubt(self) -> float:
        """All doubts together, 0..1."""
        return doubt(self.doubts)

    @property
    def verdict(self) -> str:
        """Whether all of it was accepted, a part, or nothing."""
        if not self.row["accepted"]:
            return REFUSED
        return ACCEPTED if self.row["accepted"] >= self.row["sampled"] else PARTLY

    @property
    def share(self) -> float:
        """Of its samples that were accepted."""
        return self.row["accepted"] / max(1, self.row["sampled"])

    @property
    def length_s(self) -> float:
        """Seconds that it lasts; 0 where that is not known."""
        length = self.row["end_s"] - self.row["start_s"]
        return max(0.0, length) if is_known(length) else 0.0

    @property
    def reasons(self) -> list[tuple[str, int]]:
        """Reasons and how many samples were refused for each, the most frequent first."""
        return sorted(self.row["rejected"].items(), key=lambda one: (-one[1], one[0]))


def show_shot(
    row: Mapping, film: str, film_number: int, layout_score, thresholds: Sequence[Threshold]
) -> ShownShot:
    """What the page says of a shot.

    Args:
        row: The fields of its `ShotReport`.
        film: Name of the movie.
        film_number: Of the movie in the report, from 0.
        layout_score: How sure the movie's layout is, 0..1.
        thresholds: Those in force.

    Returns:
        The shot.
    """
    values = measured_values(row, thresholds)
    key = f"shot-{film_number}-{row['shot']}"
    return ShownShot(key, film, film_number, row, values, doubts(row, layout_score, values))


def words(reason: str) -> str:
    """A reason as text."""
    return reason.replace("_", " ")


def reason_class(reason: str) -> str:
    """The class that has a reason's color."""
    return f"r-{reason}" if reason in REASONS else "r-other"


def summary(shot: ShownShot) -> str:
    """A shot in a line, not yet escaped: number, time, verdict, reasons, eyes."""
    row = shot.row
    said = [f"shot {row['shot']}, {_time(shot)}", f"{row['accepted']} of {row['sampled']} accepted"]
    said += [f"{words(reason)} {count}" for reason, count in shot.reasons]
    if eyes(row) not in (IN_ORDER, NOT_JUDGED):
        said.append(f"eyes {eyes(row)}")
    return " · ".join(said)


def card(shot: ShownShot) -> str:
    """The card of a shot as HTML."""
    row, parts = shot.row, shot.doubts
    reasons = "".join(
        f'<span class="chip {reason_class(reason)}" title="{escape(REASONS.get(reason, ""))}">'
        f"{escape(words(reason))} {count}</span>"
        for reason, count in shot.reasons
    )
    why = "; ".join(text for text, _ in parts[:3])
    return (
        f'<article class="shot {shot.verdict}" id="{shot.key}" tabindex="-1" '
        f'data-doubt="{shot.doubt:.4f}" style="--ok:{shot.share:.0%}">'
        f"<header><h3>{escape(shot.film)} <b>#{escape(str(row['shot']))}</b></h3>"
        f"<span>{escape(_time(shot))}</span></header>{_picture(shot)}"
        f'<p class="said"><span class="chip verdict">{row["accepted"]} of {row["sampled"]} '
        f"accepted</span>{_eyes(row)}{reasons}</p>"
        f"<dl>{_values(shot)}</dl>"
        f'<p class="doubt" style="--d:{shot.doubt:.2f}"><b>doubt {shot.doubt:.0%}</b> '
        f"{escape(why)}</p></article>"
    )


def escape(text: str) -> str:
    """Text as HTML shows it, in and outside of attributes."""
    return html.escape(text)


def _time(shot: ShownShot) -> str:
    start = shot.row["start_s"]
    begin = clock(max(0.0, start)) if is_known(start) else NOT_MEASURED
    return f"{begin}, {shot.length_s:.1f} s"


def _picture(shot: ShownShot) -> str:
    source = shot.row.get("picture") or ""
    if not source:
        return '<p class="strip none">no picture</p>'
    names = "".join(f"<span>{name}</span>" for name in TILES)
    return (
        f'<div class="strip"><div><img alt="{", ".join(TILES)} of shot {shot.row["shot"]}" '
        f'loading="lazy" decoding="async" src="data:image/jpeg;base64,{escape(source)}">'
        f'<div class="tiles" aria-hidden="true">{names}</div></div></div>'
    )


def _eyes(row: Mapping) -> str:
    state = eyes(row)
    if state == NOT_JUDGED:
        return ""
    probability = row.get("swapped_probability")
    sure = ""
    if is_known(probability):
        share = f"{1 - probability if state == IN_ORDER else probability:.0%}"
        sure = f", swapped {share}" if state == UNSURE else f" {share}"
    css = state.replace(" ", "-")
    return f'<span class="chip eyes {css}" title="with this probability">eyes {state}{sure}</span>'


def _values(shot: ShownShot) -> str:
    row = shot.row
    low, high = (
        f"{number(row[name], 2)}" if is_known(row[name]) else NOT_MEASURED
        for name in ("percentile_5", "percentile_95")
    )
    sides = [(side, row[f"bars_{side}"]) for side in ("top", "bottom", "left", "right")]
    bars = ", ".join(f"{side} {size}" for side, size in sides if size)
    width, shift = (row[f"composition_{name}"] for name in ("width", "shift"))
    composed = f"{width} px, shift {shift:+d}" if width is not None else NOT_MEASURED
    disparity = Value("disparity", f"{low} .. {high} %" if low != NOT_MEASURED else NOT_MEASURED)
    plain = [
        ("bars", f"{bars} px" if bars else "none"),
        ("composed to", composed),
    ]
    if row["subtitled"]:
        plain.append(("with subtitles", f"{row['subtitled']} of {row['sampled']}"))
    return "".join(
        _pair(one)
        for one in (disparity, *shot.values, *(Value(label, text) for label, text in plain))
    )


def _pair(value: Value) -> str:
    css = f' class="{value.state}"' if value.state else ""
    limit = f"<small>{value.state}: {escape(value.limit)}</small>" if value.state else ""
    title = f' title="{escape(value.limit)}"' if value.limit else ""
    return (
        f"<div{css}{title}><dt>{escape(value.label)}</dt><dd>{escape(value.text)}{limit}</dd></div>"
    )
