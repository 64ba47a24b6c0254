"""The result of an evaluation as text: Markdown tables."""

from deep3d.report.scores import HEADLINE, further_scores, score, words

# Further films are on the page and in the JSON file.
MAX_FILMS = 40
# Whose MAE the tables of films and of kinds of content give.
GROUP_ROWS = ("copy_left", "global_shift", "global_shift_per_image", "model", "oracle")
# Lines that are too long are not read; the page has the intervals of all scores.
WITH_INTERVAL = ("mae", "gap_closed", "siou", "ordinal_error")


def format_result(result: dict) -> str:
    """All that `eval.txt` says.

    Args:
        result: Return value of `evaluate`, with what eval.py adds to it.

    Returns:
        The tables that the result has something for.
    """
    parts = (
        format_table(result),
        format_further_scores(result),
        format_films(result),
        format_classes(result),
        format_comparison(result),
    )
    return "\n\n".join(filter(None, parts))


def format_table(result: dict) -> str:
    """The rows of `evaluate` as a text table.

    Args:
        result: Return value of `evaluate`.

    Returns:
        Markdown table with one line for each row, and how the fixed baselines were chosen.
    """
    head = ["right view by", *(one.label for one in HEADLINE.values())]
    table = _markdown(head, [_cells(row, HEADLINE) for row in result["rows"]])
    return f"{table}\n\n{remark(result)}"


def format_further_scores(result: dict) -> str:
    """The scores of the rows that the first table has no room for.

    Args:
        result: Return value of `evaluate`.

    Returns:
        Markdown table; "" if there are none.
    """
    names = further_scores(result["rows"])
    if not names:
        return ""
    head = ["right view by", *(score(name).label for name in names)]
    table = _markdown(head, [_cells(row, names) for row in result["rows"]])
    stated = thresholds(result)
    return f"{table}\n\nThresholds: {stated}." if stated else table


def format_films(result: dict) -> str:
    """MAE by film as a text table.

    Args:
        result: Return value of `evaluate`.

    Returns:
        Markdown table; "" if no film is known.
    """
    films = result.get("films") or []
    if not films:
        return ""
    lines = _groups("film", films[:MAX_FILMS])
    if len(films) > MAX_FILMS:
        lines += f"\n\n{MAX_FILMS} of {len(films)} films."
    return lines


def format_classes(result: dict) -> str:
    """MAE by kind of content as a text table.

    Args:
        result: Return value of `evaluate`.

    Returns:
        Markdown table; "" if no pair has a kind of content.
    """
    return _groups("content", result["classes"]) if result.get("classes") else ""


def format_comparison(result: dict) -> str:
    """Two models, pair by pair, as a text table.

    Args:
        result: Return value of `evaluate`, with "evaluated", "compared_with" and "comparison", the
            return value of `deep3d.comparison.compare`.

    Returns:
        Markdown table; "" if nothing was compared.
    """
    if not result.get("comparison"):
        return ""
    return f"{_markdown(*comparison_table(result))}\n\n{comparison_remark(result)}"


def comparison_table(result: dict) -> tuple[list[str], list[list[str]]]:
    """Head and cells of the comparison."""
    head = ["score", "first", "second", "second - first", "95 % interval"]
    head += ["second better on", "first better on", "pairs"]
    lines = []
    for name, row in result["comparison"]["scores"].items():
        one = score(name)
        lines.append(
            [
                one.label,
                *(one.text(row[model]) for model in ("first", "second")),
                *one.difference(row["difference"], row["interval"]),
                *("" if row[n] is None else f"{100 * row[n]:.0f} %" for n in ("better", "worse")),
                str(row["pairs"]),
            ]
        )
    return head, lines


def comparison_remark(result: dict) -> str:
    """What was compared."""
    return (
        f"First: {result['evaluated']['model']}; second: {result['compared_with']}; row: "
        f"{words(result['comparison']['row'])}; intervals of the differences on each pair, drawn "
        f"again over {result['comparison']['resampled']}."
    )


def remark(result: dict, place: str = "in brackets") -> str:
    """How many pairs there were, what stands in a place and how fixed baselines were chosen."""
    over = result.get("resampled", "pairs")
    return (
        f"{pair_count(result)}; {place} 95 % bootstrap intervals over {over}; "
        f"{chosen_baselines(result)}{_frames_seen(result)}."
    )


def _frames_seen(result: dict) -> str:
    """Of a model that sees several frames, what it saw; else nothing."""
    frames = result.get("frames") or {}
    if frames.get("seen", 1) == 1:
        return ""
    return (
        f"; the model sees {frames['seen']} frames, of which the earliest known was repeated in "
        f"{frames['pairs_with_fewer']} of the pairs"
    )


def pair_count(result: dict) -> str:
    """The number of pairs in words."""
    count = len(result["per_item"])
    return f"{count} {'pair' if count == 1 else 'pairs'}"


def chosen_baselines(result: dict) -> str:
    """How the baselines that are fixed for all pairs were chosen."""
    chosen = result["baselines"]
    top, bottom = chosen["vertical_ramp_px"]
    return (
        f"global shift {chosen['global_shift_px']:+.1f} px and vertical ramp "
        f"{top:+.0f}..{bottom:+.0f} px chosen on {chosen['chosen_on']}"
    )


def thresholds(result: dict) -> str:
    """What the scores depend on and nobody else states; "" if the result does not say."""
    stated = result.get("edges") or {}
    return "; ".join(f"{words(name)} {_value(value)}" for name, value in stated.items())


def _value(value) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{_value(inner)} {words(name)}" for name, inner in value.items())
    if isinstance(value, list):
        return "..".join(map(_value, value))
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def group_head(kind: str, groups: list[dict]) -> list[str]:
    """Head of a table of films or kinds of content."""
    first = "MAE on" if kind == "content" else kind
    names = [words(name) for name in _group_rows(groups[0])]
    return [first, "pairs", *names, *(score(name).label for name in _group_scores(groups[0]))]


def group_values(kind: str, group: dict) -> list[tuple[str, object]]:
    """Name of the score, or "", and value of each cell of such a table."""
    return [
        ("", group[kind]),
        ("", group["pairs"]),
        *(("mae", group["mae"][name]) for name in _group_rows(group)),
        *((name, group[name]) for name in _group_scores(group)),
    ]


def _group_rows(group: dict) -> list[str]:
    return [name for name in GROUP_ROWS if name in group["mae"]]


def _group_scores(group: dict) -> list[str]:
    return [name for name in ("gap_closed", "ordinal_error", "flicker") if name in group]


def _groups(kind: str, groups: list[dict]) -> str:
    rows = [
        [score(name).text(value) if name else str(value) for name, value in group_values(kind, g)]
        for g in groups
    ]
    return _markdown(group_head(kind, groups), rows)


def _cells(row: dict, names) -> list[str]:
    interval = {name: (row.get("interval") or {}).get(name) for name in WITH_INTERVAL}
    cells = [score(name).text(row.get(name), interval.get(name)) for name in names]
    return [words(row["name"]), *cells]


def _markdown(head: list[str], rows: list[list[str]]) -> str:
    # A bar in a name would end its cell.
    first, *others = (
        f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in (head, *rows)
    )
    return "\n".join([first, "|---" * len(head) + "|", *others])
