import cv2
import numpy as np
import pytest

from deep3d import metrics
from deep3d.structural_similarity import ssim


def views(seed=0, shape=(17, 23, 3)):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 256, shape)
    noisy = np.clip(truth + 25 * rng.normal(size=shape), 0, 255)
    return truth.astype(np.uint8), noisy.astype(np.uint8)


def texture(width, seed=0, height=60):
    noise = cv2.GaussianBlur(np.random.default_rng(seed).random((height, width, 3)), (0, 0), 2.0)
    return cv2.normalize(noise, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


def test_mean_absolute_error_matches_reference():
    truth, prediction = views()
    expected = np.abs(truth.astype(float) - prediction).mean()
    assert metrics.mean_absolute_error(truth, prediction) == pytest.approx(expected)


def test_psnr_preset():
    truth = np.full((2, 3, 3), 100, np.uint8)
    assert metrics.psnr(truth, truth + 51) == pytest.approx(20 * np.log10(5))  # 255 / 51
    assert metrics.psnr(truth, truth) == 100.0


def scores(left, truth, prediction):
    return metrics.ViewScorer(left, truth).scores(prediction)


def test_siou_preset():
    """A square that moved by half of its width: edges and changes counted by hand."""
    left, truth, prediction = (np.zeros((40, 60, 3), np.uint8) for _ in range(3))
    left[10:30, 20:40] = truth[10:30, 10:30] = 255
    prediction[10:30, 15:35] = 255
    edges = [cv2.Canny(view[..., 0], 100, 200) > 0 for view in (truth, prediction)]
    edge_overlap = (edges[0] & edges[1]).sum() / (edges[0] | edges[1]).sum()
    # changed: columns 10..19 and 30..39 in truth, 15..19 and 35..39 in the prediction
    expected = 0.75 * edge_overlap + 0.25 * 10 / 20
    assert scores(left, truth, prediction)["siou"] == pytest.approx(expected)
    assert 0 < edge_overlap < 1


def test_siou_order_of_predictions():
    wide = texture(140)
    left, truth, almost = wide[:, 10:-10], wide[:, 14:-6], wide[:, 13:-7]
    values = [scores(left, truth, view)["siou"] for view in (left, almost, truth)]
    assert values[0] < values[1] < values[2] == 1.0
    assert values[0] < 0.75  # copying the left view has changed nothing


def test_view_scorer_of_many_equals_one_at_a_time():
    truth, prediction = views()
    left = texture(23, height=17)
    band = np.zeros((17, 23), np.uint8)
    band[3:9, 4:20] = 255
    scorer = metrics.ViewScorer(left, truth, band)
    assert scorer.scores(left) != scorer.scores(prediction)
    row = scorer.scores(prediction)
    assert row == metrics.ViewScorer(left, truth, band).scores(prediction)
    error = np.abs(truth.astype(float) - prediction)
    assert row["mae"] == metrics.mean_absolute_error(truth, prediction)
    assert row["psnr"] == metrics.psnr(truth, prediction)
    assert row["ssim"] == ssim(truth, prediction)
    assert row["disocclusion_mae"] == pytest.approx(error[3:9, 4:20].mean())
    # 2.5 % of 23 columns, at least one
    assert row["border_mae"] == pytest.approx(error[:, [0, -1]].mean())
    assert scores(left, truth, prediction)["disocclusion_mae"] is None


def test_view_scorer_edge_band_matches_reference():
    """Square neighbourhoods looked through one by one."""
    truth = np.zeros((40, 60, 3), np.uint8)
    truth[10:30, 10:30] = 255
    prediction = np.clip(truth.astype(int) + views(1, (40, 60, 3))[0] // 8, 0, 255).astype(np.uint8)
    edges = cv2.Canny(truth[..., 0], 100, 200)
    near = [
        (row, column)
        for row, column in np.ndindex(40, 60)
        if edges[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2].any()
    ]
    error = np.abs(truth.astype(float) - prediction)
    expected = np.mean([error[place] for place in near])
    assert scores(truth, truth, prediction)["edge_mae"] == pytest.approx(expected)
    plain = np.full((40, 60, 3), 90, np.uint8)
    assert scores(plain, plain, prediction)["edge_mae"] is None
