"""The result of an evaluation as one page: tables that sort, and pairs to look at in depth.

The page needs nothing but itself: pictures are inside, and its policy forbids any request. Texts
that come from outside are escaped here; the template (page.html) has the looks and the behaviour.
"""

import base64
import html
import pathlib
import re
from collections.abc import Iterable, Sequence

from deep3d.report.cases import Case, Cases
from deep3d.report.scores import HEADLINE, further_scores, score, words
from deep3d.report.text import (
    comparison_remark,
    comparison_table,
    group_head,
    group_values,
    pair_count,
    remark,
    thresholds,
)

TEMPLATE = pathlib.Path(__file__).with_name("page.html")
# What the table of pairs says of these rows; the model's other scores follow.
PAIR_ROWS = ("copy_left", "global_shift", "model", "oracle")
CAPTIONS = {
    "left": "left view",
    "right": "true right view",
    "model": "predicted right view",
    "anaglyph": "left and predicted right view, red-cyan",
    "true_anaglyph": "left and true right view, red-cyan",
    "disparity": "disparity of the model",
    "measured": "disparity measured in the pair, grey where nothing matched",
    "true_disparity": "true disparity, grey where unknown",
    "error": "error of the model, four times",
    "shift_error": "error of the global shift, four times",
}
# A cell: its text, what it is sorted by (None is last), and whether the text is HTML already.
Cell = tuple[str, float | str | None, bool]


def format_page(result: dict, cases: Cases | None = None) -> str:
    """The whole page.

    Args:
        result: Return value of `evaluate`, with what eval.py adds to it.
        cases: The pairs to show.

    Returns:
        HTML.
    """
    parts = {
        "subtitle": _subtitle(result),
        "headline": _headline(result),
        "rows": _rows_table("rows", result["rows"], HEADLINE),
        "further": _further(result["rows"]),
        "remark": html.escape(remark(result, "below the means")),
        "notes": _notes(result),
        "comparison": _comparison(result),
        "films": _group_section("film", result.get("films")),
        "classes": _group_section("content", result.get("classes")),
        "cases": _cases(result, cases),
        "scale": _scale(cases),
        "pairs": _pairs_table(result, {case.number for case in cases or ()}),
    }
    # In one pass, so that nothing in a name is taken for a place of the template.
    template = TEMPLATE.read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], template)


def _subtitle(result: dict) -> str:
    about = result.get("evaluated") or {}
    said = [f"<b>{html.escape(key)}</b> {html.escape(str(text))}" for key, text in about.items()]
    if result.get("compared_with"):
        said.append(f"<b>compared with</b> {html.escape(result['compared_with'])}")
    return " &middot; ".join([*said, pair_count(result)])


def _headline(result: dict) -> str:
    rows = {row["name"]: row for row in result["rows"]}
    model = rows.get("model", {})
    interval = model.get("interval") or {}
    gap = model.get("gap_closed")
    shown = [
        _card(
            "share of the gap closed",
            "unknown" if gap is None else f"{100 * gap:.0f} %",
            _percent_ends(interval.get("gap_closed")),
        )
    ]
    for name in ("model", "global_shift", "copy_left", "oracle"):
        if rows.get(name, {}).get("mae") is not None:
            shown.append(_card(f"MAE, {words(name)}", f"{rows[name]['mae']:.2f}", ""))
    if model.get("ordinal_error") is not None:
        shown.append(_card("wrong order", score("ordinal_error").text(model["ordinal_error"]), ""))
    return "".join(shown)


def _percent_ends(interval) -> str:
    return f"95 %: {100 * interval[0]:.0f}..{100 * interval[1]:.0f} %" if interval else ""


def _card(label: str, value: str, below: str) -> str:
    return (
        f'<div class="card"><div class="label">{html.escape(label)}</div>'
        f'<div class="value">{html.escape(value)}</div>'
        f'<div class="below">{html.escape(below)}</div></div>'
    )


def _further(rows: list[dict]) -> str:
    names = further_scores(rows)
    return f"<h2>Further scores</h2>{_rows_table('further', rows, names)}" if names else ""


def _rows_table(table: str, rows: list[dict], names: Iterable[str]) -> str:
    names = [name for name in names if any(row.get(name) is not None for row in rows)]
    widest = max((row["mae"] for row in rows if row.get("mae") is not None), default=0) or 1
    lines = []
    for row in rows:
        cells: list[Cell] = [_text_cell(words(row["name"]))]
        for name in names:
            cell = _score_cell(name, row.get(name), (row.get("interval") or {}).get(name))
            if name == "mae" and cell[1] is not None:
                width = 100 * min(1.0, cell[1] / widest)
                bar = f'<span class="bar"><i style="width:{width:.1f}%"></i></span>'
                cell = (cell[0] + bar, *cell[1:])
            cells.append(cell)
        lines.append((cells, f"row-{row['name']}"))
    return _table(table, ["right view by", *map(_head, names)], lines)


def _head(name: str) -> str:
    arrow = {"lower": " ↓", "higher": " ↑"}.get(score(name).better, "")
    return score(name).label + arrow


def _notes(result: dict) -> str:
    names = [*HEADLINE, *further_scores(result["rows"])]
    notes = [(score(name).label, score(name).note) for name in names if score(name).note]
    if thresholds(result):
        notes.append(("thresholds", thresholds(result)))
    return "".join(
        f"<dt>{html.escape(label)}</dt><dd>{html.escape(note)}</dd>" for label, note in notes
    )


def _comparison(result: dict) -> str:
    if not result.get("comparison"):
        return ""
    head, texts = comparison_table(result)
    lines = []
    for line, row in zip(texts, result["comparison"]["scores"].values(), strict=True):
        values = [row[key] for key in ("first", "second", "difference")]
        values += [None, *(row[key] for key in ("better", "worse", "pairs"))]
        cells = zip(line, (line[0], *values), strict=True)
        low, high = row["interval"] or (0.0, 0.0)
        certain = "certain" if low > 0 or high < 0 else ""
        lines.append(([(text, value, False) for text, value in cells], certain))
    return (
        '<section id="comparison"><h2>Two models, pair by pair</h2>'
        f"{_table('compared', head, lines)}"
        f'<p class="remark">{html.escape(comparison_remark(result))} Bold where the interval '
        "leaves no doubt about the sign.</p></section>"
    )


def _group_section(kind: str, groups: Sequence[dict] | None) -> str:
    if not groups:
        return ""
    lines = [
        (
            [
                _score_cell(name, value) if name else _plain_cell(value)
                for name, value in group_values(kind, group)
            ],
            "",
        )
        for group in groups
    ]
    title = {"film": "Films", "content": "Kinds of content"}[kind]
    return f"<section><h2>{title}</h2>{_table(kind, group_head(kind, groups), lines)}</section>"


def _pairs_table(result: dict, shown: set[int]) -> str:
    models = [_row(item, "model") for item in result["per_item"]]
    further = [name for name in ("siou", "psnr", "ssim", "ordinal_error", *further_scores(models))]
    further = [name for name in further if any(m.get(name) is not None for m in models)]
    head = ["pair", "film", "content", "size"]
    head += [f"MAE, {words(name)}" for name in PAIR_ROWS]
    head += ["gap closed ↑", *map(_head, further)]
    lines = []
    for number, (item, model) in enumerate(zip(result["per_item"], models, strict=True)):
        name = html.escape(item["name"])
        if number in shown:
            name = f'<a href="#case-{number}">{name}</a>'
        cells: list[Cell] = [
            (name, number, True),
            _text_cell(item.get("film") or ""),
            _text_cell(item.get("content") or ""),
            _text_cell(item.get("size") or ""),
            *(_score_cell("mae", _row(item, row).get("mae")) for row in PAIR_ROWS),
            _score_cell("gap_closed", _pair_gap(item)),
            *(_score_cell(score_name, model.get(score_name)) for score_name in further),
        ]
        lines.append((cells, ""))
    return _table("pairs", head, lines)


def _row(item: dict, name: str) -> dict:
    return next((row for row in item["rows"] if row["name"] == name), {})


def _pair_gap(item: dict) -> float | None:
    """Share of the gap that the model closes on one pair."""
    shift, model, oracle = (
        _row(item, name).get("mae") for name in ("global_shift", "model", "oracle")
    )
    if None in (shift, model, oracle) or shift <= oracle:
        return None
    return (shift - model) / (shift - oracle)


def _cases(result: dict, cases: Cases | None) -> str:
    return "".join(_case(case, result["per_item"][case.number]) for case in cases or ())


def _case(case: Case, item: dict) -> str:
    facts = [item.get("film"), item.get("content"), item.get("size")]
    mae = [
        f"{words(name)} {_row(item, name)['mae']:.2f}"
        for name in PAIR_ROWS
        if _row(item, name).get("mae") is not None
    ]
    gap = "" if case.gap is None else f"; gap closed {case.gap:.2f}"
    sort_by = f'data-mae="{case.mae:.4f}"' + ("" if case.gap is None else f' data-gap="{case.gap}"')
    pictures = "".join(_picture(name, data) for name, data in case.pictures.items())
    return (
        f'<figure class="case" id="case-{case.number}" data-number="{case.number}" {sort_by}>'
        f"<figcaption><h3>{html.escape(item['name'])}</h3>"
        f'<span class="facts">{html.escape(" · ".join(filter(None, facts)))}</span>'
        f'<span class="maes">MAE: {html.escape(", ".join(mae) + gap)}</span></figcaption>'
        f'<div class="toggles"></div><div class="views" data-show="pair" data-eye="model">'
        f"{pictures}</div></figure>"
    )


def _picture(name: str, data: bytes) -> str:
    source = base64.b64encode(data).decode("ascii")
    text = html.escape(CAPTIONS[name])
    return (
        f'<div class="picture {name}"><img alt="{text}" src="data:image/jpeg;base64,{source}">'
        f"<small>{text}</small></div>"
    )


def _scale(cases: Cases | None) -> str:
    if not cases:
        return ""
    values = cases.levels.values
    return f"<span>{min(values):+g} px</span><i></i><span>{max(values):+g} px, near</span>"


def _score_cell(name: str, value, interval=None) -> Cell:
    if value is None:
        return "", None, False
    text = html.escape(score(name).text(value))
    low, high = score(name).ends(interval)
    if low != high:
        text += f"<small>{html.escape(f'{low}..{high}')}</small>"
    return text, float(value), True


def _plain_cell(value) -> Cell:
    return (str(value), float(value), False) if isinstance(value, int) else _text_cell(str(value))


def _text_cell(text: str) -> Cell:
    return text, text, False


def _table(name: str, head: Iterable[str], lines: Sequence[tuple[list[Cell], str]]) -> str:
    """A table whose heads are buttons; a line is its cells and its class."""
    heads = "".join(f"<th><button>{html.escape(text)}</button></th>" for text in head)
    body = "".join(
        f'<tr class="{html.escape(css)}">{"".join(map(_td, cells))}</tr>' for cells, css in lines
    )
    return (
        f'<div class="scroll"><table class="sortable" id="table-{name}">'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _td(cell: Cell) -> str:
    text, value, is_html = cell
    shown = text if is_html else html.escape(text)
    return "<td>" + shown + "</td>" if value is None else _valued(shown, value)


def _valued(shown: str, value) -> str:
    kind = "number" if isinstance(value, int | float) else "text"
    return f'<td class="{kind}" data-value="{html.escape(str(value))}">{shown}</td>'
