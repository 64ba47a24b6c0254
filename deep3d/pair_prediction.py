"""The right view of one pair by a model, by every baseline and by the oracles."""

import dataclasses

import cv2
import numpy as np

from deep3d import baselines, depth_scores
from deep3d.disparity import expected_disparity
from deep3d.frame_stack import stack_frames
from deep3d.inference import ColorPredictor, Predictor
from deep3d.pairs import Pair
from deep3d.rendering import render_select, render_warp


@dataclasses.dataclass(frozen=True)
class PairPrediction:
    """What a model and the baselines made of one composed pair.

    Attributes:
        pair: The pair, (h, w, 3) uint8 views.
        disparity: (h, w) float32 disparity of the model in pixels of the pair; None if it has none.
        views: Right view of each row by name, (h, w, 3) uint8, in the order of the table.
        disparities: Disparity of each row that has one, (h, w) float32; of "truth" NaN where it is
            unknown.
        measured: (h, w) float32 disparity by stereo matching, NaN where nothing matched.
    """

    pair: Pair
    disparity: np.ndarray | None
    views: dict[str, np.ndarray]
    disparities: dict[str, np.ndarray]
    measured: np.ndarray

    @property
    def reference(self) -> np.ndarray:
        """(h, w) float32 disparity that others are compared with: true if known, else measured."""
        return self.measured if self.pair.truth is None else self.pair.truth


def search_range(predictor: Predictor | ColorPredictor) -> tuple[int, int]:
    """Disparities that baselines and oracle may have: what the model can choose from.

    Args:
        predictor: The model.

    Returns:
        Lowest and highest disparity in pixels.
    """
    values = predictor.config.levels.values
    return round(min(values)), round(max(values))


def predict_pair(
    pair: Pair, predictor: Predictor | ColorPredictor, shift: float, ramp: tuple[float, float]
) -> PairPrediction:
    """The right view of one pair by every row of the table.

    Args:
        pair: Composed pair.
        predictor: The model.
        shift: The fixed shift in pixels.
        ramp: Disparity of the top and the bottom row of the fixed ramp in pixels.

    Returns:
        The predictions; those of "truth" where the pair has one.

    Raises:
        ValueError: If the true disparity has another size than the pair.
    """
    left, size = pair.left, pair.left.shape[:2]
    if pair.truth is not None and pair.truth.shape != size:
        raise ValueError(
            f"Pair {pair.name}: the true disparity must be of the size of the views, {size}. "
            f"Received: {pair.truth.shape}"
        )
    low, high = search_range(predictor)
    own_shift, own_ramp = baselines.best_shift_and_ramp([(left, pair.right)], low, high)
    measured = baselines.measured_disparity(left, pair.right, low, high)
    disparities = {
        "copy_left": np.zeros(size, np.float32),
        "global_shift": np.full(size, shift, np.float32),
        "global_shift_per_image": np.full(size, own_shift, np.float32),
        "vertical_ramp": baselines.ramp_disparity(*size, *ramp),
        "ramp_per_image": baselines.ramp_disparity(*size, *own_ramp),
        "oracle": baselines.fill_from_farther(measured),
    }
    if pair.truth is not None:
        disparities["truth"] = pair.truth
    views = {name: baselines.oracle(left, values) for name, values in disparities.items()}
    reference = measured if pair.truth is None else pair.truth
    disparity = _add_model(predictor, pair, reference, views, disparities)
    return PairPrediction(pair, disparity, views, disparities, measured)


def _add_model(predictor, pair, reference, views, disparities) -> np.ndarray | None:
    """Adds the rows of the model; returns its disparity, (h, w) float32 in pixels of the pair."""
    left, (height, width) = pair.left, pair.left.shape[:2]
    levels, frames = predictor.config.levels, predictor.config.frames
    seen = [predictor.shrink(view) for view in (left, *pair.before[: frames - 1])]
    stack = stack_frames(seen, frames)[np.newaxis]
    if not predictor.config.selection:
        right = predictor.right_views(stack)[0]
        views["model"] = cv2.resize(right, (width, height), interpolation=cv2.INTER_LINEAR)
        return None
    probabilities = predictor.probabilities(stack)[0]
    # The network's pixels are those of the composed pair, however wide that is: its composition
    # has already brought the disparities to the levels.
    small = expected_disparity(probabilities, levels)
    disparity = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    affine = depth_scores.best_affine_disparity(disparity, reference)
    views["model"] = render_warp(left, small)
    views["model_select"] = render_select(
        left, probabilities, dataclasses.replace(levels, width=width)
    )
    views["model_affine"] = render_warp(left, affine)
    disparities["model"], disparities["model_affine"] = disparity, affine
    return disparity
