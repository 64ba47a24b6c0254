"""A model against every baseline, on pairs whose true right view is known.

Pairs are composed (see composition.py), so that a model which cannot know the rig of a pair is
compared on what it can know: which disparities, in pixels of the composed pair, make the scene.
Every table has the baselines, because by any pixel error copying the left view does well.
Pairs are read one after the other and none is kept; what grows with their number is scores.
"""

from collections.abc import Callable, Iterable

from deep3d import bands, baselines, depth_scores, metrics, score_tables
from deep3d.inference import ColorPredictor, Predictor
from deep3d.pair_prediction import PairPrediction, predict_pair, search_range
from deep3d.pair_scores import PairScorer
from deep3d.pairs import Pair
from deep3d.perceptual import PerceptualDistance


def evaluate(
    pairs: Iterable[Pair],
    predictor: Predictor | ColorPredictor,
    validation: Iterable[Pair] | None = None,
    on_pair: Callable[[int, PairPrediction], None] | None = None,
    perceptual: bool = False,
) -> dict:
    """Compares a model and all baselines on composed pairs.

    The rows: "copy_left"; "global_shift" and "vertical_ramp", fixed for all pairs;
    "global_shift_per_image" and "ramp_per_image", the best for each pair, which only an oracle
    knows; "oracle", warped by the disparity measured in the pair; "truth", warped by the true one
    where the pair has it; "model", rendered as the converter does; "model_select", the paper's
    mixture of shifted pictures; "model_affine", the model with the scale and shift that fit the
    true or measured disparity of each pair best, which says what its ordering is worth (it fits
    disparity and not the picture, so it may lose to the best shift of a pair).

    Args:
        pairs: Composed pairs; without `validation` they are iterated over twice.
        predictor: The model; one without a selection layer has the row "model" and no disparity.
        validation: Composed pairs on which the fixed shift and the fixed ramp are chosen; the
            evaluated pairs themselves when None, which flatters those two baselines.
        on_pair: Called with the running number and the predictions of each pair.
        perceptual: Whether LPIPS is computed, which takes far longer than all else.

    Returns:
        {"rows": see `score_tables.mean_rows`, "classes": see `score_tables.content_rows`,
        "films": see `score_tables.film_rows`, "per_item": see `PairScorer.score`,
        "resampled": "films" or "pairs", over which the intervals are, "baselines": how the fixed
        ones were chosen, "frames": {"seen": how many the model sees, "pairs_with_fewer": pairs
        whose earliest known frame was repeated}, "edges": the thresholds of the scores}. MAE on
        0..255; scores are explained beside the functions that compute them, and None where they
        have no meaning.

    Raises:
        ValueError: If there are no pairs, they would have to be read twice and cannot, or LPIPS
            is wanted and not installed.
    """
    if validation is None and iter(pairs) is pairs:
        raise ValueError(
            "Pairs that can be read only once need validation pairs, on which the baselines are "
            f"chosen. Received: {type(pairs).__name__}"
        )
    scorer = PairScorer(PerceptualDistance() if perceptual else None)
    chosen_on = ((p.left, p.right) for p in (pairs if validation is None else validation))
    shift, ramp = baselines.best_shift_and_ramp(chosen_on, *search_range(predictor))
    per_item, frames, with_fewer = [], predictor.config.frames, 0
    for number, pair in enumerate(pairs):
        prediction = predict_pair(pair, predictor, shift, ramp)
        if on_pair:
            on_pair(number, prediction)
        per_item.append(scorer.score(prediction))
        with_fewer += 1 + len(pair.before) < frames
    if not per_item:
        raise ValueError("There must be at least one pair to evaluate on.")
    whose = "the evaluated pairs themselves" if validation is None else "validation pairs"
    return {
        "rows": score_tables.mean_rows(per_item),
        "classes": score_tables.content_rows(per_item),
        "films": score_tables.film_rows(per_item),
        "per_item": per_item,
        "resampled": score_tables.resampling_of(per_item).over,
        "baselines": {
            "chosen_on": whose,
            "global_shift_px": shift,
            "vertical_ramp_px": list(ramp),
        },
        "frames": {"seen": frames, "pairs_with_fewer": with_fewer},
        "edges": _thresholds(per_item),
    }


def _thresholds(per_item: list[dict]) -> dict:
    """What the scores depend on and no paper states."""
    scales = [item["ms_ssim_scales"] for item in per_item]
    return {
        "canny": list(bands.CANNY_THRESHOLDS),
        "siou_difference": metrics.DIFFERENCE_THRESHOLD,
        "edge_band_px": bands.EDGE_REACH,
        "disocclusion_band_px": bands.DISOCCLUSION_REACH,
        "border_band_percent": bands.BORDER_PERCENT,
        "budget_percent": {"front": depth_scores.BUDGET.front, "back": depth_scores.BUDGET.back},
        "ms_ssim_scales": [min(scales), max(scales)],
    }
