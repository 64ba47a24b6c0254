"""All scores of all rows of one pair after the other."""

import cv2
import numpy as np

from deep3d import bands, baselines, depth_scores
from deep3d.followed_points import FollowedPoints, follow_points
from deep3d.metrics import ViewScorer
from deep3d.pair_prediction import PairPrediction
from deep3d.perceptual import PerceptualDistance


class PairScorer:
    """Scores predictions in the order of the pairs; only the last one is kept, for its flicker.

    Args:
        perceptual: Computes LPIPS; None leaves it out.
    """

    def __init__(self, perceptual: PerceptualDistance | None = None):
        self._perceptual = perceptual
        self._before: PairPrediction | None = None

    def score(self, prediction: PairPrediction) -> dict:
        """Scores one pair.

        The flicker of a row is the mean change of the disparity of a followed point since the pair
        before, in pixels; there is one only if the pair follows that one in its film. Points are
        followed in the true right view, whose pixels disparity belongs to. That of "oracle" counts
        points that were matched in both pairs.

        Args:
            prediction: The pair and what was made of it.

        Returns:
            The entry in "per_item": {"name", "film", "content", "size", "reference": "truth" or
            "matching", by which disparity is judged, "ms_ssim_scales", "rows": [{"name", and what
            applies of `score_tables.SCORES`}, ...]}.
        """
        pair = prediction.pair
        height, width = pair.left.shape[:2]
        scorer = ViewScorer(pair.left, pair.right, _disocclusions(prediction))
        rows = [{"name": name, **scorer.scores(view)} for name, view in prediction.views.items()]
        depth = self._disparity_scores(prediction)
        for row in rows:
            row.update(depth.get(row["name"], {}))
        if self._perceptual:
            views = list(prediction.views.values())
            distances = self._perceptual.distances(pair.right, views)
            for row, distance in zip(rows, distances, strict=True):
                row["lpips"] = distance
        self._before = prediction
        return {
            "name": pair.name,
            "film": pair.film,
            "content": pair.content,
            "size": f"{width}x{height}",
            "reference": "matching" if pair.truth is None else "truth",
            "ms_ssim_scales": scorer.scales,
            "rows": rows,
        }

    def _disparity_scores(self, prediction: PairPrediction) -> dict[str, dict]:
        """Scores of every disparity by the name of its row."""
        reference, points = prediction.reference, self._followed(prediction.pair)
        nearer, farther = depth_scores.point_pairs(reference)
        itself = "oracle" if prediction.pair.truth is None else "truth"
        scores = {}
        for name, disparity in prediction.disparities.items():
            row = depth_scores.comfort_scores(disparity)
            if name != itself:
                row |= _errors(name, disparity, reference, nearer, farther)
            if points:
                row["flicker"] = _flicker(name, self._before, prediction, points)
            scores[name] = row
        return scores

    def _followed(self, pair) -> FollowedPoints | None:
        before = self._before and self._before.pair
        if not (before and pair.follows and before.right.shape == pair.right.shape):
            return None
        greys = (cv2.cvtColor(one.right, cv2.COLOR_RGB2GRAY) for one in (before, pair))
        return follow_points(*greys)


def _disocclusions(prediction: PairPrediction) -> np.ndarray:
    if prediction.pair.truth is not None:
        return bands.disocclusion_band(prediction.pair.truth)
    unmatched = np.isnan(prediction.measured)
    return bands.disocclusion_band(prediction.disparities["oracle"], unmatched)


def _errors(name: str, disparity, reference, nearer, farther) -> dict[str, float | None]:
    error = depth_scores.end_point_error(disparity, reference)
    percent = None if error is None else 100.0 * error / disparity.shape[1]
    if name == "vertical_ramp":
        # Whichever way the best ramp leans: the bottom is nearer, that is the prejudice to beat.
        disparity = baselines.ramp_disparity(*disparity.shape, 0.0, 1.0)
    order = depth_scores.ordinal_error(disparity, nearer, farther)
    return {"epe_px": error, "epe_percent": percent, "ordinal_error": order}


def _flicker(name: str, before: PairPrediction, after: PairPrediction, points) -> float | None:
    maps = [
        one.measured if name == "oracle" else one.disparities.get(name) for one in (before, after)
    ]
    if any(one is None for one in maps):
        return None
    change = points.change(*maps)
    return float(np.mean(change, dtype=np.float64)) if change.size else None
