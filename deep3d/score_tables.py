"""From the scores of every pair to the rows of a table: means, intervals, gap, films, kinds.

Means without intervals invite conclusions from a handful of pairs, so every mean comes with its
95 % bootstrap interval (see bootstrap.py).
"""

import numpy as np

from deep3d.bootstrap import Resampling, interval

# Every score, and whether more of it is better; None where neither is.
SCORES = {
    "mae": False,
    "psnr": True,
    "ssim": True,
    "ms_ssim": True,
    "siou": True,
    "edge_mae": False,
    "disocclusion_mae": False,
    "border_mae": False,
    "epe_px": False,
    "epe_percent": False,
    "ordinal_error": False,
    "flicker": False,
    "parallax_low": None,
    "parallax_high": None,
    "over_budget": False,
    "lpips": False,
}
# All rows that a pair may have, in the order of the table.
ROWS = (
    "copy_left",
    "global_shift",
    "global_shift_per_image",
    "vertical_ramp",
    "ramp_per_image",
    "oracle",
    "truth",
    "model",
    "model_select",
    "model_affine",
)
# The rows of the table by content, and the gap's two ends.
CONTENT_ROWS = ("copy_left", "global_shift", "global_shift_per_image", "model", "oracle")
GAP_FROM, GAP_TO = "global_shift", "oracle"


def mean_rows(per_item: list[dict]) -> list[dict]:
    """Mean scores of every row over all pairs, with intervals and the share of the gap closed.

    `gap_closed = (fixed shift - row) / (fixed shift - oracle)`, from mean MAEs over the pairs that
    have the row.

    Args:
        per_item: For each pair {"rows": [{"name", "mae", ...}, ...]}, and "film" if it comes from
            one; a row may be missing, and a score may be None or missing where it has no meaning.

    Returns:
        One dictionary for each row: "name", the mean of every score, "gap_closed", and
        "interval" with [low, high] of each. None where nothing is known.
    """
    resampling = resampling_of(per_item)
    scores = {name: score_matrix(per_item, name) for name in _names(per_item)}  # (pairs, scores)
    rows = []
    for name, matrix in scores.items():
        means, drawn = _means(matrix), resampling.drawn_means(matrix)
        gap, drawn_gap = _gap(scores, name, resampling)
        row = {"name": name, **{key: _number(v) for key, v in zip(SCORES, means, strict=True)}}
        row["gap_closed"] = _number(gap)
        row["interval"] = {key: interval(drawn[:, n]) for n, key in enumerate(SCORES)}
        row["interval"]["gap_closed"] = interval(drawn_gap)
        rows.append(row)
    return rows


def content_rows(per_item: list[dict]) -> list[dict]:
    """Mean MAE of the important rows for each kind of content.

    Args:
        per_item: As for `mean_rows`, each with "content"; pairs without one are left out.

    Returns:
        {"content", "pairs", "mae": {row: value}, "ordinal_error": of the model} for each kind,
        sorted by name.
    """
    return [
        {"content": kind, "pairs": len(items), **_summary(items, CONTENT_ROWS)}
        for kind, items in _groups(per_item, "content")
    ]


def film_rows(per_item: list[dict]) -> list[dict]:
    """Mean MAE of every row, and what the model makes of it, for each film.

    Args:
        per_item: As for `mean_rows`; pairs without a film are left out.

    Returns:
        {"film", "pairs", "mae": {row: value}, "gap_closed", "ordinal_error", "flicker": of the
        model} for each film, sorted by name.
    """
    table = []
    for film, items in _groups(per_item, "film"):
        summary = _summary(items, _names(items))
        mae = {name: np.nan if v is None else v for name, v in summary["mae"].items()}
        flicker = _means(score_matrix(items, "model"))[list(SCORES).index("flicker")]
        gap = _number(gap_closed(mae[GAP_FROM], mae["model"], mae[GAP_TO]))
        table.append(
            {
                "film": film,
                "pairs": len(items),
                **summary,
                "gap_closed": gap,
                "flicker": _number(flicker),
            }
        )
    return table


def resampling_of(per_item: list[dict]) -> Resampling:
    """Draws of the films or pairs of an evaluation.

    Args:
        per_item: As for `mean_rows`.

    Returns:
        The draws.
    """
    return Resampling([item.get("film") or "" for item in per_item])


def score_matrix(per_item: list[dict], name: str) -> np.ndarray:
    """The scores of one row of every pair.

    Args:
        per_item: As for `mean_rows`.
        name: Name of the row.

    Returns:
        (pairs, len(SCORES)) float64, NaN where a score has no meaning or a pair no such row.
    """
    rows = [next((row for row in item["rows"] if row["name"] == name), {}) for item in per_item]
    return np.array([[row.get(key) for key in SCORES] for row in rows], np.float64)


def gap_closed(start, reached, end):
    """Share of the way from one error to another that a third has gone.

    Args:
        start: Error of the fixed global shift, a number or an array.
        reached: Error of the row.
        end: Error of the oracle.

    Returns:
        `(start - reached) / (start - end)`, NaN where the oracle is no better than the shift.
    """
    whole = np.asarray(start - end)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0, (start - reached) / whole, np.nan)


def _names(per_item: list[dict]) -> list[str]:
    """Rows that any pair has, those of the table in its order first."""
    seen = dict.fromkeys(row["name"] for item in per_item for row in item["rows"])
    return [name for name in ROWS if name in seen] + [name for name in seen if name not in ROWS]


def _groups(per_item: list[dict], key: str):
    kinds = sorted({item[key] for item in per_item if item.get(key)})
    return [(kind, [item for item in per_item if item.get(key) == kind]) for kind in kinds]


def _summary(items: list[dict], names) -> dict:
    means = {name: _means(score_matrix(items, name)) for name in names}
    order = list(SCORES).index("ordinal_error")
    return {
        "mae": {name: _number(means[name][0]) for name in names},
        "ordinal_error": _number(means["model"][order]),
    }


def _means(scores: np.ndarray) -> np.ndarray:
    """Means over the pairs that have the score, (scores,); NaN where none has."""
    known = np.isfinite(scores)
    with np.errstate(invalid="ignore"):
        return np.where(known, scores, 0.0).sum(axis=0) / known.sum(axis=0)


def _gap(scores: dict, name: str, resampling: Resampling):
    """Share of the gap closed by a row, over all pairs that have it, and the same of every draw."""
    mae = np.stack([scores[row][:, 0] for row in (GAP_FROM, name, GAP_TO)], axis=1)  # (pairs, 3)
    mae[np.isnan(mae).any(axis=1)] = np.nan
    return gap_closed(*_means(mae)), gap_closed(*resampling.drawn_means(mae).T)


def _number(value) -> float | None:
    return float(value) if np.isfinite(value) else None
