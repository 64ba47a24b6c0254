"""How good a predicted disparity is: its error, its order, and whether it can be looked at.

A picture does not tell its stereo baseline and convergence, so two questions are asked that do
not depend on them: which of two points is nearer, and how good the right view could be if scale
and shift of the disparity were known.
"""

import numpy as np

from deep3d.comfort import ParallaxBudget
from deep3d.comfort.frame_parallax import LEAST_KNOWN

# Point pairs that are asked about in a picture, and how far apart their disparities must be.
POINT_PAIRS = 20_000
MINIMUM_DISTANCE_PX = 1.0
# Candidates drawn for each wanted pair; most pictures have enough pairs that far apart in them.
CANDIDATES = 5
# With fewer pairs than this a share says nothing.
FEWEST_PAIRS = 200
# Predictions closer than this count as equal: it is below what 32-bit resizing keeps apart.
TIE_PX = 1e-4
# The affine fit looks at this many pixels at most.
FIT_PIXELS = 8_000
FIT_ROUNDS = 25
# What a frame's 1st and 99th percentile of parallax should keep to.
BUDGET = ParallaxBudget()


def point_pairs(reference: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draws pairs of points of which the first is nearer than the second.

    Args:
        reference: (h, w) true disparity in pixels, NaN where it is unknown.
        seed: Seed of the draw.

    Returns:
        Two arrays of indices into the flattened map, (n,) int64 with n <= 20,000: both points
        are known and their disparities differ by more than one pixel. Empty when such pairs are
        too rare to say anything.
    """
    values = reference.ravel()
    known = np.flatnonzero(np.isfinite(values))
    if known.size < 2:
        return known[:0], known[:0]
    rng = np.random.default_rng(seed)
    first, second = known[rng.integers(0, known.size, (2, CANDIDATES * POINT_PAIRS))]
    difference = values[first] - values[second]
    apart = np.flatnonzero(np.abs(difference) > MINIMUM_DISTANCE_PX)[:POINT_PAIRS]
    if apart.size < FEWEST_PAIRS:
        return known[:0], known[:0]
    swapped = difference[apart] < 0
    first, second = first[apart], second[apart]
    return np.where(swapped, second, first), np.where(swapped, first, second)


def ordinal_error(prediction: np.ndarray, nearer: np.ndarray, farther: np.ndarray) -> float | None:
    """Share of point pairs that a prediction puts into the wrong order; ties count half.

    Args:
        prediction: (h, w) disparity, larger is nearer.
        nearer: (n,) indices of the nearer points, from `point_pairs`.
        farther: (n,) indices of the farther ones.

    Returns:
        0 for the right order everywhere, 0.5 for a constant; None without pairs.
    """
    if nearer.size == 0:
        return None
    values = prediction.ravel()
    difference = values[nearer] - values[farther]
    wrong = np.count_nonzero(difference < -TIE_PX)
    ties = np.count_nonzero(np.abs(difference) <= TIE_PX)
    return float((wrong + 0.5 * ties) / nearer.size)


def end_point_error(prediction: np.ndarray, reference: np.ndarray) -> float | None:
    """Mean absolute difference of a disparity and the true one where that is known.

    Args:
        prediction: (h, w) disparity in pixels.
        reference: (h, w) true disparity in pixels, NaN where it is unknown.

    Returns:
        Pixels; None where nothing is known.
    """
    error = np.abs(prediction - reference)
    known = np.isfinite(error)
    return float(np.mean(error[known], dtype=np.float64)) if known.any() else None


def comfort_scores(disparity: np.ndarray) -> dict[str, float | None]:
    """Whether the parallax of a picture keeps to the budget of `deep3d.comfort`.

    Args:
        disparity: (h, w) in pixels at its own width, NaN where it is unknown.

    Returns:
        {"parallax_low": 1st percentile of parallax in % of the width, behind the screen is
        negative, "parallax_high": 99th percentile, "over_budget": 1.0 if one of them lies beyond
        1 % in front of the screen or 2 % behind it, else 0.0}; None where too little is known.
    """
    known = disparity[np.isfinite(disparity)]
    if known.size < LEAST_KNOWN * disparity.size or not known.size:
        return {"parallax_low": None, "parallax_high": None, "over_budget": None}
    low, high = 100.0 / disparity.shape[1] * np.percentile(known, (1, 99))
    over = low < -BUDGET.back or high > BUDGET.front
    return {"parallax_low": float(low), "parallax_high": float(high), "over_budget": float(over)}


def fit_affine(prediction: np.ndarray, reference: np.ndarray) -> tuple[float, float]:
    """The gain >= 0 and the offset with the least error `|gain * prediction + offset - reference|`.

    By iteratively reweighted least squares. The sum is convex, so where its minimum has a
    negative gain, which would turn near into far, the best permitted gain is 0.

    Args:
        prediction: (h, w) disparity in pixels.
        reference: (h, w) disparity in pixels, NaN where it is unknown.

    Returns:
        Gain and offset in pixels; 1 and 0 where nothing is known.
    """
    known = np.flatnonzero(np.isfinite(reference))
    known = known[:: max(1, known.size // FIT_PIXELS)]
    if known.size == 0:
        return 1.0, 0.0
    x = prediction.ravel()[known].astype(np.float64)
    y = reference.ravel()[known].astype(np.float64)
    weight = np.ones_like(x)
    gain, offset = 0.0, float(np.median(y))
    for _ in range(FIT_ROUNDS):
        total = weight.sum()
        mean_x, mean_y = (weight @ x) / total, (weight @ y) / total
        variance = (weight @ (x - mean_x) ** 2) / total
        if variance < 1e-8:
            return 0.0, float(np.median(y))
        gain = (weight @ ((x - mean_x) * (y - mean_y))) / total / variance
        offset = mean_y - gain * mean_x
        # 0.02 px: below the noise of matching, and keeps the weights finite
        weight = 1.0 / np.maximum(np.abs(gain * x + offset - y), 0.02)
    if gain < 0:
        return 0.0, float(np.median(y))
    return float(gain), float(np.median(y - gain * x))


def best_affine_disparity(prediction: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """A prediction with the scale and shift that fit the true disparity best: an oracle.

    Args:
        prediction: (h, w) disparity in pixels.
        reference: (h, w) true disparity in pixels, NaN where it is unknown.

    Returns:
        (h, w) float32, see `fit_affine`.
    """
    gain, offset = fit_affine(prediction, reference)
    return (gain * prediction + offset).astype(np.float32)
