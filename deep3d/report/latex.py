"""The result of an evaluation as LaTeX tables, for a paper."""

from deep3d.report.scores import HEADLINE, further_scores, score, words
from deep3d.report.text import chosen_baselines, group_head, group_values, pair_count

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "&%$#_"},
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
}
# What nobody could reach without the true right view is not marked as best.
_WITH_TRUTH = ("oracle", "truth", "_per_image", "_affine")


def format_latex(result: dict) -> str:
    r"""Tables of rows, films and kinds of content.

    Args:
        result: Return value of `evaluate`.

    Returns:
        LaTeX that needs `\usepackage{booktabs}` and T1 fonts; the best row of each score that
        needs no true right view is bold.
    """
    parts = ["% \\usepackage[T1]{fontenc} \\usepackage{booktabs}", _rows(result)]
    parts += [
        _table(
            [escape(cell) for cell in group_head(kind, groups)],
            [_group(kind, group) for group in groups],
            words(kind),
        )
        for kind, groups in (("film", result.get("films")), ("content", result.get("classes")))
        if groups
    ]
    return "\n\n".join(parts)


def escape(text: str) -> str:
    """Text that LaTeX sets as it is."""
    return "".join(_SPECIAL.get(character, character) for character in " ".join(text.split()))


def _rows(result: dict) -> str:
    names = [
        name
        for name in (*HEADLINE, *further_scores(result["rows"]))
        if any(row.get(name) is not None for row in result["rows"])
    ]
    best = {name: _best(name, result["rows"]) for name in names}
    lines = []
    for row in result["rows"]:
        cells = []
        for name in names:
            text = escape(score(name).text(row.get(name)))
            cells.append(rf"\textbf{{{text}}}" if text and row["name"] in best[name] else text)
        lines.append([escape(words(row["name"])), *cells])
    head = ["right view by", *(_label(name) for name in names)]
    return _table(head, lines, f"{pair_count(result)}; {chosen_baselines(result)}.")


def _label(name: str) -> str:
    arrow = {"lower": r" $\downarrow$", "higher": r" $\uparrow$"}.get(score(name).better, "")
    return escape(score(name).label) + arrow


def _best(name: str, rows: list[dict]) -> set[str]:
    """Rows whose score is shown as the best."""
    known = {
        row["name"]: row[name]
        for row in rows
        if row.get(name) is not None and not any(word in row["name"] for word in _WITH_TRUTH)
    }
    if not known or not score(name).better:
        return set()
    best = (min if score(name).better == "lower" else max)(known.values())
    return {
        one for one, value in known.items() if score(name).text(value) == score(name).text(best)
    }


def _group(kind: str, group: dict) -> list[str]:
    return [
        escape(score(name).text(value) if name else str(value))
        for name, value in group_values(kind, group)
    ]


def _table(head: list[str], rows: list[list[str]], caption: str) -> str:
    lines = [" & ".join(row) + r" \\" for row in rows]
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{escape(caption)}}}",
            rf"\begin{{tabular}}{{l{'r' * (len(head) - 1)}}}",
            r"\toprule",
            " & ".join(head) + r" \\",
            r"\midrule",
            *lines,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]
    )
