"""How sure a mean over pairs is: bootstrap intervals over films, or over pairs where none have one.

The frames of a film resemble each other, so a hundred of them are no hundred independent pairs.
Where pairs come from films it is films that are drawn again with replacement, each with all of its
pairs (a cluster bootstrap); pairs that stand for themselves are drawn one by one. The middle 95 %
of 2,000 means are stated.
Source: Field, Welsh, "Bootstrapping clustered data", 2007 (the resampling of whole clusters).
"""

from collections.abc import Sequence

import numpy as np

RESAMPLES = 2_000
SEED = 0


class Resampling:
    """Draws films or pairs again, the same ones for all scores.

    Args:
        films: Film of each pair, "" for one that stands for itself.

    Attributes:
        over: What is drawn: "films" if any pair comes from a film, else "pairs".
    """

    def __init__(self, films: Sequence[str]):
        self.over = "films" if any(films) else "pairs"
        names = [(film, -1) if film else ("", number) for number, film in enumerate(films)]
        numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
        self._unit = np.array([numbers[name] for name in names])
        count = len(numbers)
        rng = np.random.default_rng(SEED)
        times = rng.multinomial(count, np.full(count, 1.0 / count), RESAMPLES)  # (draws, units)
        self._times = times.astype(np.float64)

    def drawn_means(self, scores: np.ndarray) -> np.ndarray:
        """Means over the pairs of every draw.

        Args:
            scores: (pairs, scores) float64, NaN where a pair has no such score.

        Returns:
            (2000, scores); NaN where fewer than two films (or pairs) have the score, which says
            nothing about others.
        """
        known = np.isfinite(scores)
        sums, counts = (self._per_unit(v) for v in (np.where(known, scores, 0.0), known))
        with np.errstate(invalid="ignore"):
            means = (self._times @ sums) / (self._times @ counts)
        means[:, np.count_nonzero(counts, axis=0) < 2] = np.nan
        return means

    def _per_unit(self, values: np.ndarray) -> np.ndarray:
        total = np.zeros((self._times.shape[1], values.shape[1]))
        np.add.at(total, self._unit, values)
        return total


def interval(values: np.ndarray) -> list[float] | None:
    """The middle 95 % of drawn values.

    Args:
        values: (draws,), NaN where a draw says nothing.

    Returns:
        [low, high]; None without values.
    """
    values = values[np.isfinite(values)]
    if values.size == 0:
        return None
    return [float(value) for value in np.percentile(values, (2.5, 97.5))]
