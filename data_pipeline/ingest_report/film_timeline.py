"""A movie in the report: what was decided about it, and its shots as bars along the time."""

import math
from collections.abc import Mapping, Sequence

from data_pipeline.ingest_report.shot_cards import ShownShot, escape, reason_class, summary
from data_pipeline.ingest_report.shot_doubt import (
    NOT_MEASURED,
    SWAPPED,
    UNSURE,
    eyes,
    is_known,
    number,
)
from deep3d.video import LAYOUTS
from deep3d.wording import clock

# So many shots still are some pixels wide each; a longer movie takes several rows.
SHOTS_PER_ROW = 150
OTHER_LAYOUTS = ("mono", "anaglyph")


def disagreements(facts: Mapping) -> list[str]:
    """What says another layout than the movie's pictures: tags, the file's name.

    Args:
        facts: Of the movie, with "layout" and "evidence" by cue; of the evidence "prior" with
            "prior_source" and "prior_words", and any cue that is a layout's name.

    Returns:
        A phrase for each that differs.
    """
    evidence, layout = facts.get("evidence") or {}, facts.get("layout")
    found = []
    for cue, said in evidence.items():
        if said in (*LAYOUTS, *OTHER_LAYOUTS) and layout and said != layout:
            source = evidence.get(f"{cue}_source") or cue.replace("_", " ")
            read = evidence.get(f"{cue}_words")
            found.append(f"{source} says {said}" + (f" ({read})" if read else ""))
    return found


def film_facts(facts: Mapping) -> str:
    """The decisions about a movie and what they rest on, as HTML."""
    if not facts.get("layout"):
        return ""
    score = facts.get("layout_score")
    said = f"{facts['layout']} {number(score, 2) if is_known(score) else NOT_MEASURED}"
    evidence = "".join(
        f"<li>{escape(cue.replace('_', ' '))} <b>{escape(_evidence(value))}</b></li>"
        for cue, value in (facts.get("evidence") or {}).items()
        if value != ""
    )
    conflicts = "".join(
        f'<span class="chip conflict">{escape(text)}</span>' for text in disagreements(facts)
    )
    css = "chip layout weak" if is_known(score) and score < 0.8 else "chip layout"
    return (
        f'<p class="said"><span class="{css}" title="layout and its score">{escape(said)}</span>'
        f"{conflicts}<span>bars {escape(_bars(facts.get('bars')))}</span></p>"
        f'<ul class="evidence">{evidence}</ul>'
    )


def timeline(shots: Sequence[ShownShot], duration_s: float, page: str = "") -> str:
    """The shots of a movie along the time, as HTML.

    Args:
        shots: In order of time.
        duration_s: Of the movie.
        page: Address of the page with the shots' cards; "" is the same page.

    Returns:
        Rows of links to the cards; "" without shots.
    """
    if not shots:
        return ""
    ends = [shot.row["end_s"] for shot in shots if is_known(shot.row["end_s"])]
    whole = max([duration_s if is_known(duration_s) else 0.0, *ends, 0.1])
    row_s = _row_length(whole, len(shots))
    rows = [[] for _ in range(max(1, math.ceil(whole / row_s)))]
    for shot in shots:
        for row, left, width in _pieces(shot, row_s, len(rows)):
            rows[row].append(_segment(shot, left, width, page))
    return (
        '<div class="timeline">'
        + "".join(
            f'<span class="clock">{_clock(number * row_s)}</span>'
            f'<div class="track" role="group" aria-label="shots from {_clock(number * row_s)}">'
            f"{''.join(pieces)}</div>"
            for number, pieces in enumerate(rows)
        )
        + "</div>"
    )


def _row_length(whole_s: float, shots: int) -> float:
    """Seconds in a row, whole minutes where there are several."""
    rows = math.ceil(shots / SHOTS_PER_ROW)
    return whole_s if rows == 1 else 60 * math.ceil(whole_s / rows / 60)


def _pieces(shot: ShownShot, row_s: float, rows: int):
    """Row, left end and width in percent of each row in which a shot lies."""
    start = shot.row["start_s"] if is_known(shot.row["start_s"]) else 0.0
    first, end = max(0.0, start), max(0.0, start) + shot.length_s
    for row in range(min(rows - 1, int(first // row_s)), min(rows - 1, int(end // row_s)) + 1):
        left, right = max(first, row * row_s), min(end, (row + 1) * row_s)
        if right > left or first == end:
            yield row, 100 * (left - row * row_s) / row_s, 100 * (right - left) / row_s


def _segment(shot: ShownShot, left: float, width: float, page: str) -> str:
    state = eyes(shot.row)
    hatch = f" {state}" if state in (SWAPPED, UNSURE) else ""
    reasons = " ".join(reason for reason, _ in shot.reasons)
    return (
        f'<a class="piece {reason_class(shot.row["reason"])}{hatch}" tabindex="-1" '
        f'href="{page}#{shot.key}" aria-label="{escape(summary(shot))}" '
        f'data-film="{shot.film_number}" data-verdict="{shot.verdict}" data-eyes="{state}" '
        f'data-reasons="{escape(reasons)}" style="left:{left:.3f}%;width:{width:.3f}%;'
        f'--ok:{shot.share:.0%};--d:{shot.doubt:.2f}"></a>'
    )


def _clock(seconds: float) -> str:
    return clock(seconds).split(".")[0]


def _evidence(value) -> str:
    return f"{value:.3g}" if is_known(value) else NOT_MEASURED if value is None else str(value)


def _bars(bars) -> str:
    sizes = [f"{side} {size}" for side, size in bars.items() if size] if bars else []
    return ", ".join(sizes) + " px" if sizes else "none"
