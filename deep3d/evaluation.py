"""A model against every baseline, on pairs whose true right view is known.

Pairs are composed (see composition.py), so that a model which cannot know the rig of a pair is
compared on what it can know: which disparities, in pixels of the composed pair, make the scene.
Every table has the baselines, because by any pixel error copying the left view does well.
"""

import dataclasses
from collections.abc import Callable, Iterable, Sequence

import cv2
import numpy as np

from deep3d import baselines, depth_scores, score_tables
from deep3d.disparity import expected_disparity
from deep3d.inference import Predictor
from deep3d.metrics import view_scores
from deep3d.pairs import Pair
from deep3d.rendering import render_select, render_warp


@dataclasses.dataclass(frozen=True)
class PairPrediction:
    """What a model and the baselines made of one composed pair.

    Attributes:
        pair: The pair, (h, w, 3) uint8 views.
        disparity: (h, w) float32 disparity of the model in pixels of the pair.
        views: Right view of each row by name, (h, w, 3) uint8.
        disparities: Disparity of each row that has one to be ordered by, (h, w) float32.
        measured: (h, w) float32 disparity by stereo matching, NaN where nothing matched.
    """

    pair: Pair
    disparity: np.ndarray
    views: dict[str, np.ndarray]
    disparities: dict[str, np.ndarray]
    measured: np.ndarray


def evaluate(
    pairs: Iterable[Pair],
    predictor: Predictor,
    validation: Sequence[Pair] | None = None,
    on_pair: Callable[[int, PairPrediction], None] | None = None,
) -> dict:
    """Compares a model and all baselines on composed pairs.

    The rows: "copy_left"; "global_shift" and "vertical_ramp", fixed for all pairs;
    "global_shift_per_image" and "ramp_per_image", the best for each pair, which only an oracle
    knows; "oracle", warped by the disparity measured in the pair; "model", rendered as the
    converter does; "model_select", the paper's mixture of shifted pictures; "model_affine", the
    model with the scale and shift that fit the measured disparity of each pair best, which says
    what its ordering is worth (it fits disparity and not the picture, so it may lose to the best
    shift of a pair).

    Args:
        pairs: Composed pairs, held in memory.
        predictor: The model.
        validation: Composed pairs on which the fixed shift and the fixed ramp are chosen; the
            evaluated pairs themselves when None, which flatters those two baselines.
        on_pair: Called with the running number and the predictions of each pair.

    Returns:
        {"rows": see `score_tables.mean_rows`, "classes": see `score_tables.content_rows`,
        "per_item": [{"name", "content", "size", "rows"}, ...], "baselines": how the fixed ones
        were chosen}. MAE on 0..255.

    Raises:
        ValueError: If there are no pairs.
    """
    pairs = list(pairs)
    if not pairs:
        raise ValueError("There must be at least one pair to evaluate on.")
    low, high = _search_range(predictor)
    chosen_on = [(pair.left, pair.right) for pair in (validation or pairs)]
    shift = baselines.best_shift(chosen_on, low, high)
    ramp = baselines.best_ramp(chosen_on, low, high)
    per_item = []
    for number, pair in enumerate(pairs):
        prediction = predict_pair(pair, predictor, shift, ramp)
        if on_pair:
            on_pair(number, prediction)
        per_item.append(_scored(prediction))
    return {
        "rows": score_tables.mean_rows(per_item),
        "classes": score_tables.content_rows(per_item),
        "per_item": per_item,
        "baselines": {
            "chosen_on": "validation pairs" if validation else "the evaluated pairs themselves",
            "global_shift_px": shift,
            "vertical_ramp_px": list(ramp),
        },
    }


def predict_pair(
    pair: Pair, predictor: Predictor, shift: float, ramp: tuple[float, float]
) -> PairPrediction:
    """The right view of one pair by every row of the table.

    Args:
        pair: Composed pair.
        predictor: The model.
        shift: The fixed shift in pixels.
        ramp: Disparity of the top and the bottom row of the fixed ramp in pixels.

    Returns:
        The predictions, in the order of the table.
    """
    low, high = _search_range(predictor)
    left, right = pair.left, pair.right
    height, width = left.shape[:2]
    levels = predictor.config.levels
    probabilities = predictor.probabilities(predictor.shrink(left)[np.newaxis])[0]
    # The network's pixels are those of the composed pair, however wide that is: its composition
    # has already brought the disparities to the levels.
    disparity = expected_disparity(probabilities, levels)
    enlarged = cv2.resize(disparity, (width, height), interpolation=cv2.INTER_LINEAR)
    measured = baselines.measured_disparity(left, right, low, high)
    own_ramp = baselines.best_ramp([(left, right)], low, high)
    affine = depth_scores.best_affine_disparity(enlarged, measured)
    own_shift = baselines.best_shift([(left, right)], low, high)
    views = {
        "copy_left": left,
        "global_shift": baselines.global_shift(left, shift),
        "global_shift_per_image": baselines.global_shift(left, own_shift),
        "vertical_ramp": baselines.vertical_ramp(left, *ramp),
        "ramp_per_image": baselines.vertical_ramp(left, *own_ramp),
        "oracle": baselines.oracle(left, measured),
        "model": render_warp(left, disparity),
        "model_select": render_select(
            left, probabilities, dataclasses.replace(levels, width=width)
        ),
        "model_affine": render_warp(left, affine),
    }
    constant = np.zeros((height, width), np.float32)
    disparities = {
        "copy_left": constant,
        "global_shift": constant,
        "global_shift_per_image": constant,
        # Whichever way the best ramp leans: the bottom is nearer, that is the prejudice to beat.
        "vertical_ramp": baselines.ramp_disparity(height, width, 0.0, 1.0),
        "ramp_per_image": baselines.ramp_disparity(height, width, *own_ramp),
        "model": enlarged,
    }
    return PairPrediction(pair, enlarged, views, disparities, measured)


def _search_range(predictor: Predictor) -> tuple[int, int]:
    values = predictor.config.levels.values
    return round(min(values)), round(max(values))


def _scored(prediction: PairPrediction) -> dict:
    """Entry of one pair in "per_item"."""
    pair = prediction.pair
    nearer, farther = depth_scores.point_pairs(prediction.measured)
    rows = []
    for name, view in prediction.views.items():
        row = {"name": name, **view_scores(pair.left, pair.right, view)}
        if name in prediction.disparities:
            row["ordinal_error"] = depth_scores.ordinal_error(
                prediction.disparities[name], nearer, farther
            )
        rows.append(row)
    size = f"{pair.left.shape[1]}x{pair.left.shape[0]}"
    return {"name": pair.name, "content": pair.content, "size": size, "rows": rows}
