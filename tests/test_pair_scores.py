import sys
import types

import cv2
import numpy as np
import pytest

from deep3d import bands, baselines, depth_scores
from deep3d.metrics import ViewScorer
from deep3d.pair_prediction import PairPrediction
from deep3d.pair_scores import PairScorer
from deep3d.pairs import Pair
from deep3d.rendering import warp

HEIGHT, WIDTH = 64, 120


def texture(seed=0):
    noise = cv2.GaussianBlur(np.random.default_rng(seed).random((HEIGHT, WIDTH, 3)), (0, 0), 2)
    return cv2.normalize(noise, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


def steps(far=-2.0, near=3.0):
    """Middle third near, the rest far, on the pixels of the right view."""
    columns = np.arange(WIDTH)
    line = np.where((columns >= 40) & (columns < 80), near, far).astype(np.float32)
    return np.ascontiguousarray(np.broadcast_to(line, (HEIGHT, WIDTH)))


def prediction(error=0.0, truth=None, film="", follows=False, seed=0):
    """A model that is wrong by `error` pixels everywhere."""
    left, disparity = texture(seed), steps()
    pair = Pair("a", left, warp(left, disparity), "street", film, follows, truth)
    measured = baselines.measured_disparity(pair.left, pair.right, -4, 4)
    own = disparity + np.float32(error)
    flat = np.zeros((HEIGHT, WIDTH), np.float32)
    ramp = baselines.ramp_disparity(HEIGHT, WIDTH, 2, -2)
    disparities = {"copy_left": flat, "vertical_ramp": ramp}
    disparities["oracle"] = baselines.fill_from_farther(measured)
    if truth is not None:
        disparities["truth"] = truth
    disparities["model"] = own
    views = {name: baselines.oracle(left, values) for name, values in disparities.items()}
    views["model_select"] = views["model"]
    return PairPrediction(pair, own, views, disparities, measured)


def rows_of(item):
    return {row["name"]: row for row in item["rows"]}


def test_score_of_a_pair_with_truth():
    truth = steps()
    truth[:, :10] = np.nan
    made = prediction(error=0.75, truth=truth, film="f")
    item = PairScorer().score(made)
    assert (item["name"], item["film"], item["content"]) == ("a", "f", "street")
    assert (item["size"], item["reference"], item["ms_ssim_scales"]) == ("120x64", "truth", 3)
    rows = rows_of(item)
    assert list(rows) == list(made.views)
    assert rows["model"]["epe_px"] == pytest.approx(0.75)
    assert rows["model"]["epe_percent"] == pytest.approx(0.75 / 1.2)
    # 70 known columns at -2 px and 40 at 3 px
    assert rows["copy_left"]["epe_px"] == pytest.approx((70 * 2 + 40 * 3) / 110)
    assert rows["model"]["ordinal_error"] == 0.0
    assert 0 < rows["oracle"]["epe_px"] < 0.5
    assert "epe_px" not in rows["truth"]
    assert "epe_px" not in rows["model_select"]
    assert rows["truth"]["over_budget"] == 1.0  # 3 px are 2.5 % of the width
    scorer = ViewScorer(made.pair.left, made.pair.right, bands.disocclusion_band(truth))
    for name, view in made.views.items():
        expected = scorer.scores(view)
        assert {key: rows[name][key] for key in expected} == expected


def test_score_of_a_pair_without_truth_is_by_matching():
    made = prediction(error=0.75)
    item = PairScorer().score(made)
    rows = rows_of(item)
    assert item["reference"] == "matching"
    expected = np.nanmean(np.abs(made.disparity - made.measured))
    assert rows["model"]["epe_px"] == pytest.approx(expected, rel=1e-5)
    assert rows["model"]["epe_px"] == pytest.approx(0.75, abs=0.1)
    assert "epe_px" not in rows["oracle"]
    assert "ordinal_error" not in rows["oracle"]
    assert rows["model"]["disocclusion_mae"] > 0


def test_score_of_the_ramp_orders_by_prejudice():
    """A ramp that leans back errs as it is, and is asked whether below is nearer."""
    made = prediction(truth=baselines.ramp_disparity(HEIGHT, WIDTH, -3, 3))
    row = rows_of(PairScorer().score(made))["vertical_ramp"]
    assert row["ordinal_error"] == 0.0
    expected = depth_scores.end_point_error(made.disparities["vertical_ramp"], made.reference)
    assert row["epe_px"] == pytest.approx(expected)
    assert row["epe_px"] > 1


def test_score_flicker_of_pairs_that_follow():
    """A still film; the model's disparity jumps by 0.4 px, what is measured does not."""
    scorer = PairScorer()
    first = rows_of(scorer.score(prediction(film="f")))
    second = rows_of(scorer.score(prediction(error=0.4, film="f", follows=True)))
    cut = rows_of(scorer.score(prediction(film="f")))
    assert "flicker" not in first["model"]
    assert second["model"]["flicker"] == pytest.approx(0.4, abs=1e-5)
    assert second["copy_left"]["flicker"] == 0.0
    assert second["oracle"]["flicker"] == 0.0
    assert "flicker" not in second["model_select"]
    assert "flicker" not in cut["model"]


def test_score_flicker_needs_one_size_and_something_to_follow():
    scorer = PairScorer()
    scorer.score(prediction(film="f"))
    other = rows_of(scorer.score(prediction(film="f", follows=True, seed=9)))
    # nothing of another picture can be followed, or next to nothing by chance
    assert other["model"]["flicker"] is None or other["model"]["flicker"] < 1.0
    small = prediction(film="f", follows=True)
    pair = Pair("b", small.pair.left[:, :-8], small.pair.right[:, :-8], film="f", follows=True)
    cropped = PairPrediction(
        pair,
        small.disparity[:, :-8],
        {name: view[:, :-8] for name, view in small.views.items()},
        {name: values[:, :-8] for name, values in small.disparities.items()},
        small.measured[:, :-8],
    )
    assert "flicker" not in rows_of(scorer.score(cropped))["model"]


def test_score_with_lpips_of_every_row():
    stand_in = types.SimpleNamespace(
        distances=lambda truth, views: [float(np.abs(truth - v.astype(float)).sum()) for v in views]
    )
    made = prediction()
    rows = rows_of(PairScorer(stand_in).score(made))
    assert rows["model"]["lpips"] < rows["copy_left"]["lpips"]
    assert all("lpips" in row for row in rows.values())
    assert "lpips" not in rows_of(PairScorer().score(made))["model"]
    assert "lpips" not in sys.modules
