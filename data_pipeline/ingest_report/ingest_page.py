"""The report of an ingest as a page: what was decided, and pictures to see where it was wrong.

The page needs nothing but itself: pictures are inside, and its policy forbids any request. Names
come from files, so every text is escaped here; the looks and the behaviour lie beside this file.
"""

import collections
import dataclasses
import math
import os
import pathlib
import re
import urllib.parse
from collections.abc import Mapping, Sequence

from data_pipeline.ingest_report.film_timeline import film_facts, timeline
from data_pipeline.ingest_report.shot_cards import (
    REASONS,
    ShownShot,
    card,
    escape,
    reason_class,
    show_shot,
    words,
)
from data_pipeline.ingest_report.shot_doubt import NEAR, NOT_MEASURED, is_known, number
from data_pipeline.ingest_report.thresholds import Threshold
from deep3d.atomic_file import write_bytes
from deep3d.wording import clock

TEMPLATE, STYLE, SCRIPT = (
    pathlib.Path(__file__).with_name(f"ingest_page.{suffix}") for suffix in ("html", "css", "js")
)
# Beyond this a browser takes seconds to open a page; then every movie has one of its own.
PAGE_BYTES = 60_000_000
# Of a card and its pieces of the time line, without the picture.
CARD_BYTES = 3_500


@dataclasses.dataclass(frozen=True)
class FilmRow:
    """A movie of the report.

    Attributes:
        name: As the records have it.
        split: train, validation or test; "" where it is in none.
        error: Why it was refused, or not read to the end; "".
        remarks: What had to be put up with while it was read, in words.
        facts: "layout", "layout_score", "evidence" and "bars" of `FilmFacts`; empty where it was
            refused before they were known.
        duration_s: Its length in seconds.
        counts: Further numbers to tell of it, by name.
        shots: The fields of the `ShotReport` of every shot, in order of time.
    """

    name: str
    split: str = ""
    error: str = ""
    remarks: Sequence[str] = ()
    facts: Mapping = dataclasses.field(default_factory=dict)
    duration_s: float = math.nan
    counts: Mapping[str, float] = dataclasses.field(default_factory=dict)
    shots: Sequence[Mapping] = ()


def write_page(
    path: str | os.PathLike,
    films: Sequence[FilmRow],
    thresholds: Sequence[Threshold],
    page_bytes: int = PAGE_BYTES,
) -> None:
    """Writes the report.

    Args:
        path: The HTML file; its folder must exist. Of a report too large for one page it has the
            totals and time lines, and `<name>-001.html` and so on beside it have the shots.
        films: The movies, in the order in which they are shown.
        thresholds: Those in force, as of `thresholds_in_force`.
        page_bytes: What one page holds at most.

    Raises:
        OSError: If a file cannot be written.
    """
    path = pathlib.Path(path)
    shown = [
        [
            show_shot(row, film.name, n, film.facts.get("layout_score"), thresholds)
            for row in film.shots
        ]
        for n, film in enumerate(films)
    ]
    pages = [""] * len(films)
    parts = {"title": "Ingested films", "back": "", "thresholds": _thresholds(thresholds)}
    if sum(map(_bytes, shown)) > page_bytes:
        pages = [f"{path.stem}-{n + 1:03d}.html" for n in range(len(films))]
        back = f'<a href="{_address(path.name)}">all films</a>'
        for n, (film, shots) in enumerate(zip(films, shown, strict=True)):
            of_film = parts | {"title": escape(film.name), "back": back}
            _write(path.with_name(pages[n]), of_film, [(film, shots, "", n)], with_cards=True)
    addresses = map(_address, pages)
    everything = [(*one, n) for n, one in enumerate(zip(films, shown, addresses, strict=True))]
    _write(path, parts, everything, with_cards=not any(pages))


def _address(name: str) -> str:
    return escape(urllib.parse.quote(name))


def _bytes(shots: Sequence[ShownShot]) -> int:
    return sum(CARD_BYTES + len(shot.row.get("picture") or "") for shot in shots)


def _write(path: pathlib.Path, parts: dict, films, with_cards: bool) -> None:
    shots = [shot for _, of_film, _, _ in films for shot in of_film]
    cards = "".join(map(card, shots)) if with_cards else ""
    parts = parts | {
        "style": STYLE.read_text(encoding="utf-8"),
        "script": SCRIPT.read_text(encoding="utf-8"),
        "headline": _headline([film for film, *_ in films], shots),
        "reasons": _reasons(shots),
        "films": "".join(_film(*one) for one in films),
        "names": "".join(
            f'<option value="{n}">{escape(film.name)}</option>' for film, *_, n in films
        ),
        "cards": cards,
        "near": f"{NEAR:.0%}",
        "kind": "whole" if with_cards else "index",
    }
    # In one pass, so that nothing in a name is taken for a place of the template.
    template = TEMPLATE.read_text(encoding="utf-8")
    page = re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], template)
    write_bytes(path, page.encode("utf-8", "replace"))


def _headline(films: Sequence[FilmRow], shots: Sequence[ShownShot]) -> str:
    refused = sum(bool(film.error) for film in films)
    some = sum(shot.row["accepted"] > 0 for shot in shots)
    sampled, accepted = (sum(shot.row[name] for shot in shots) for name in ("sampled", "accepted"))
    seconds = sum(shot.length_s for shot in shots)
    kept = sum(shot.length_s * shot.share for shot in shots)
    return "".join(
        f'<div class="total"><span>{label}</span><b>{value}</b><small>{below}</small></div>'
        for label, value, below in (
            ("films", f"{len(films):,}", f"{refused} with an error" if refused else "no error"),
            ("shots", f"{len(shots):,}", f"{some:,} accepted at least in part"),
            ("samples", f"{sampled:,}", "looked at"),
            ("accepted", f"{accepted:,}", f"{accepted / max(1, sampled):.0%} of the samples"),
            ("time accepted", _length(kept), f"of {_length(seconds)}"),
        )
    )


def _length(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else clock(seconds).split(".")[0]


def _reasons(shots: Sequence[ShownShot]) -> str:
    """A bar for what was accepted and for each reason; a click filters by it."""
    samples: collections.Counter[str] = collections.Counter()
    within: collections.Counter[str] = collections.Counter()
    for shot in shots:
        for reason, count in shot.reasons:
            samples[reason] += count
            within[reason] += 1
    bars = sorted(samples, key=lambda reason: (-samples[reason], reason))
    accepted = sum(shot.row["accepted"] for shot in shots)
    most = max([accepted, *samples.values(), 1])
    some = sum(shot.row["accepted"] > 0 for shot in shots)
    return _bar("accepted", "good", accepted, some, most, "went into the data set") + "".join(
        _bar(
            reason,
            reason_class(reason),
            samples[reason],
            within[reason],
            most,
            REASONS.get(reason, ""),
        )
        for reason in bars
    )


def _bar(reason: str, css: str, samples: int, shots: int, most: int, title: str) -> str:
    return (
        f'<button type="button" class="reason {css}" data-reason="{escape(reason)}" '
        f'aria-pressed="false" title="{escape(title)}"><span>{escape(words(reason))}</span>'
        f'<i><i style="width:{100 * samples / most:.1f}%"></i></i>'
        f"<b>{samples:,}</b><small>in {shots:,} shot{'s' * (shots != 1)}</small></button>"
    )


def _film(film: FilmRow, shots: Sequence[ShownShot], page: str, film_number: int) -> str:
    accepted, sampled = (sum(shot.row[name] for shot in shots) for name in ("accepted", "sampled"))
    counts = [f"{accepted:,} of {sampled:,} samples accepted", f"{len(shots):,} shots"]
    if is_known(film.duration_s):
        counts.insert(0, clock(film.duration_s))
    counts += [f"{name.replace('_', ' ')} {_count(value)}" for name, value in film.counts.items()]
    split = f'<span class="chip split">{escape(film.split)}</span>' if film.split else ""
    error = f'<p class="error">{escape(film.error)}</p>' if film.error else ""
    remarks = "".join(f'<p class="remark">{escape(remark)}</p>' for remark in film.remarks)
    name = escape(film.name)
    if page:
        name = f'<a href="{page}">{name}</a>'
    return (
        f'<section class="film" id="film-{film_number}"><header><h3>{name}</h3>{split}'
        f"<span>{escape(' · '.join(counts))}</span></header>{error}{remarks}"
        f"{film_facts(film.facts)}{timeline(shots, film.duration_s, page)}</section>"
    )


def _count(value) -> str:
    return (
        f"{value:,}"
        if isinstance(value, int)
        else number(value, 2)
        if is_known(value)
        else NOT_MEASURED
    )


def _thresholds(thresholds: Sequence[Threshold]) -> str:
    return "".join(
        f"<tr><td>{escape(one.name)}</td><td>{escape(one.bound)}</td>"
        f"<td>{one.value:.4g} {escape(one.unit)}</td>"
        f"<td>{escape(one.source)}</td></tr>"
        for one in thresholds
    )
