"""Two evaluations pair by pair: whether one model is better than another, and how surely.

The pairs of a table differ far more from each other than models do, so two means with overlapping
intervals may still differ for sure. Differences are therefore taken on each pair, and it is them
that are averaged and drawn again (see bootstrap.py).
"""

import numpy as np

from deep3d.bootstrap import interval
from deep3d.score_tables import (
    GAP_FROM,
    GAP_TO,
    SCORES,
    gap_closed,
    resampling_of,
    score_matrix,
)

# Copying the left view does not depend on the model: its error tells whether pictures are the same.
SAME_MAE = 1e-3


def compare(first: dict, second: dict, row: str = "model") -> dict:
    """Compares one row of two evaluations of the same pairs.

    Args:
        first: Return value of `evaluate`, or what `eval.json` holds.
        second: The same of another model.
        row: Name of the row.

    Returns:
        {"row", "pairs": how many, "resampled": "films" or "pairs", "scores": {score: {"first" and
        "second": their means, "difference": mean of second - first, "interval": its 95 %
        [low, high] or None, "better" and "worse": share of the pairs on which the second is better
        or worse, None for scores that are neither, "pairs": how many have the score in both}}}.
        Scores that no pair has in both are left out. Last comes "gap_closed", of both by the
        baselines and the oracle of the first.

    Raises:
        ValueError: If one is no evaluation, or they are not of the same pairs.
    """
    items = [_items(result) for result in (first, second)]
    _check_same(*items)
    if not any(inner["name"] == row for inner in items[0][0]["rows"]):
        raise ValueError(f"The evaluations have no row {row!r}.")
    matrices = [score_matrix(one, row) for one in items]  # (pairs, scores)
    differences = matrices[1] - matrices[0]
    resampling = resampling_of(items[0])
    drawn = resampling.drawn_means(differences)
    scores = {}
    for number, (name, more_is_better) in enumerate(SCORES.items()):
        known = np.isfinite(differences[:, number])
        if known.any():
            before, after = (matrix[known, number] for matrix in matrices)
            scores[name] = {
                "first": float(before.mean()),
                "second": float(after.mean()),
                "difference": float(differences[known, number].mean()),
                "interval": interval(drawn[:, number]),
                **_shares(after - before, more_is_better),
                "pairs": int(known.sum()),
            }
    scores |= _gap(items[0], *(matrix[:, 0] for matrix in matrices), resampling)
    return {"row": row, "pairs": len(items[0]), "resampled": resampling.over, "scores": scores}


def _gap(items: list[dict], first: np.ndarray, second: np.ndarray, resampling) -> dict:
    """What both errors, (pairs,), close of the gap; nothing where there is none."""
    ends = [score_matrix(items, name)[:, 0] for name in (GAP_FROM, GAP_TO)]
    maes = np.stack([ends[0], first, second, ends[1]], axis=1)  # (pairs, 4)
    known = np.isfinite(maes).all(axis=1)
    if not known.any():
        return {}
    maes[~known] = np.nan
    start, *reached, end = maes[known].mean(axis=0)
    shares = [float(gap_closed(start, one, end)) for one in reached]
    if not np.isfinite(shares).all():
        return {}
    start, *reached, end = resampling.drawn_means(maes).T
    drawn = [gap_closed(start, one, end) for one in reached]
    return {
        "gap_closed": {
            "first": shares[0],
            "second": shares[1],
            "difference": shares[1] - shares[0],
            "interval": interval(drawn[1] - drawn[0]),
            "better": None,
            "worse": None,
            "pairs": int(known.sum()),
        }
    }


def _items(result: dict) -> list[dict]:
    items = result.get("per_item") if isinstance(result, dict) else None
    if not (isinstance(items, list) and items and all(_is_item(item) for item in items)):
        raise ValueError('An evaluation must have "per_item" with the "name" and "rows" of pairs.')
    return items


def _is_item(item) -> bool:
    rows = item.get("rows") if isinstance(item, dict) else None
    return (
        isinstance(rows, list)
        and "name" in item
        and all(isinstance(row, dict) and "name" in row for row in rows)
    )


def _check_same(first: list[dict], second: list[dict]) -> None:
    if len(first) != len(second):
        raise ValueError(
            "The evaluations must be of the same pairs. "
            f"Received: {len(first)} pairs and {len(second)} pairs"
        )
    for number, (one, other) in enumerate(zip(first, second, strict=True)):
        for key in ("name", "film", "size"):
            if (one.get(key) or "") != (other.get(key) or ""):
                raise ValueError(
                    f"The evaluations must be of the same pairs. Received: pair {number} has the "
                    f"{key} {one.get(key)!r} in one and {other.get(key)!r} in the other"
                )
    copies = [score_matrix(items, "copy_left")[:, 0] for items in (first, second)]
    unlike = np.flatnonzero(np.abs(copies[0] - copies[1]) > SAME_MAE)
    if unlike.size:
        raise ValueError(
            "The evaluations must be of the same pictures, composed alike. Received: "
            f"{unlike.size} pairs whose left views differ from their right ones unlike, as "
            f"{first[unlike[0]]['name']!r}"
        )


def _shares(difference: np.ndarray, more_is_better: bool | None) -> dict[str, float | None]:
    if more_is_better is None:
        return {"better": None, "worse": None}
    gain = difference if more_is_better else -difference
    return {"better": float(np.mean(gain > 0)), "worse": float(np.mean(gain < 0))}
