"""From the scores of every pair to the rows of a table: means, intervals, gap, kinds of content.

Means without intervals invite conclusions from a handful of pairs, so every mean comes with its
95 % bootstrap interval: the pairs are drawn again with replacement, 2,000 times, and the middle
95 % of the means are stated. Pairs count as independent; frames of one film are not, so for films
the intervals are too narrow.
"""

import numpy as np

SCORES = ("mae", "psnr", "ssim", "siou", "ordinal_error")
# The rows of the table by content, and the gap's two ends.
CONTENT_ROWS = ("copy_left", "global_shift", "global_shift_per_image", "model", "oracle")
GAP_FROM, GAP_TO = "global_shift", "oracle"
RESAMPLES = 2_000
SEED = 0


def mean_rows(per_item: list[dict]) -> list[dict]:
    """Mean scores of every row over all pairs, with intervals and the share of the gap closed.

    `gap_closed = (fixed shift - row) / (fixed shift - oracle)`, from mean MAEs.

    Args:
        per_item: For each pair {"rows": [{"name", "mae", ...}, ...]}; a score may be None or
            missing where it has no meaning.

    Returns:
        One dictionary for each row: "name", the mean of every score, "gap_closed", and
        "interval" with [low, high] of each. None where nothing is known.
    """
    names = [row["name"] for row in per_item[0]["rows"]]
    draws = _resamples(len(per_item))
    scores = {name: _matrix(per_item, name) for name in names}  # (pairs, scores)
    means = {name: _means(scores[name], np.ones((1, len(per_item))))[0] for name in names}
    drawn = {name: _means(scores[name], draws) for name in names}  # (resamples, scores)
    rows = []
    for name in names:
        row = {
            "name": name,
            **{key: _number(v) for key, v in zip(SCORES, means[name], strict=True)},
        }
        row["gap_closed"] = _number(_gap({key: value[0] for key, value in means.items()}, name))
        intervals = {key: _interval(drawn[name][:, n]) for n, key in enumerate(SCORES)}
        intervals["gap_closed"] = _interval(_gap({key: v[:, 0] for key, v in drawn.items()}, name))
        row["interval"] = intervals
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
    kinds = sorted({item["content"] for item in per_item if item["content"]})
    table = []
    for kind in kinds:
        items = [item for item in per_item if item["content"] == kind]
        every = np.ones((1, len(items)))
        means = {name: _means(_matrix(items, name), every)[0] for name in CONTENT_ROWS}
        table.append(
            {
                "content": kind,
                "pairs": len(items),
                "mae": {name: _number(means[name][0]) for name in CONTENT_ROWS},
                "ordinal_error": _number(means["model"][SCORES.index("ordinal_error")]),
            }
        )
    return table


def _matrix(per_item: list[dict], name: str) -> np.ndarray:
    """(pairs, scores) float64, NaN where a score has no meaning."""
    rows = [next(row for row in item["rows"] if row["name"] == name) for item in per_item]
    return np.array([[row.get(key) for key in SCORES] for row in rows], np.float64)


def _resamples(count: int) -> np.ndarray:
    """How often each pair is drawn, (resamples, pairs)."""
    rng = np.random.default_rng(SEED)
    return rng.multinomial(count, np.full(count, 1.0 / count), RESAMPLES).astype(np.float64)


def _means(scores: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Means over the pairs that have the score, (draws, scores); NaN where none has."""
    known = np.isfinite(scores)
    with np.errstate(invalid="ignore"):
        return (times @ np.where(known, scores, 0.0)) / (times @ known)


def _gap(mae: dict, name: str):
    whole = mae[GAP_FROM] - mae[GAP_TO]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0, (mae[GAP_FROM] - mae[name]) / whole, np.nan)


def _interval(values: np.ndarray) -> list[float] | None:
    values = values[np.isfinite(values)]
    if values.size == 0:
        return None
    return [float(value) for value in np.percentile(values, (2.5, 97.5))]


def _number(value) -> float | None:
    return float(value) if np.isfinite(value) else None
