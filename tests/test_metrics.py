import cv2
import numpy as np
import pytest

from deep3d import metrics


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


def test_ssim_matches_reference():
    """Window by window, in float64."""
    truth, prediction = views()
    weights = np.array([0.299, 0.587, 0.114])
    profile = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    window = np.outer(profile, profile) / profile.sum() ** 2
    x, y = truth / 255 @ weights, prediction / 255 @ weights
    values = []
    for row, column in np.ndindex(17 - 10, 23 - 10):
        a, b = (v[row : row + 11, column : column + 11] for v in (x, y))
        mean_a, mean_b = (window * a).sum(), (window * b).sum()
        variance_a = (window * a * a).sum() - mean_a**2
        variance_b = (window * b * b).sum() - mean_b**2
        covariance = (window * a * b).sum() - mean_a * mean_b
        values.append(
            (2 * mean_a * mean_b + 1e-4)
            * (2 * covariance + 9e-4)
            / ((mean_a**2 + mean_b**2 + 1e-4) * (variance_a + variance_b + 9e-4))
        )
    # float32 differences of squares
    assert metrics.ssim(truth, prediction) == pytest.approx(np.mean(values), abs=1e-4)
    assert metrics.ssim(truth, truth) == pytest.approx(1.0, abs=1e-5)


def test_ssim_rejects_small_pictures():
    with pytest.raises(ValueError, match="at least 11 x 11"):
        metrics.ssim(*views(shape=(10, 20, 3)))


def test_siou_preset():
    """A square that moved by half of its width: edges and changes counted by hand."""
    left, truth, prediction = (np.zeros((40, 60, 3), np.uint8) for _ in range(3))
    left[10:30, 20:40] = truth[10:30, 10:30] = 255
    prediction[10:30, 15:35] = 255
    edges = [cv2.Canny(view[..., 0], 100, 200) > 0 for view in (truth, prediction)]
    edge_overlap = (edges[0] & edges[1]).sum() / (edges[0] | edges[1]).sum()
    # changed: columns 10..19 and 30..39 in truth, 15..19 and 35..39 in the prediction
    expected = 0.75 * edge_overlap + 0.25 * 10 / 20
    assert metrics.siou(left, truth, prediction) == pytest.approx(expected)
    assert 0 < edge_overlap < 1


def test_siou_order_of_predictions():
    wide = texture(140)
    left, truth, almost = wide[:, 10:-10], wide[:, 14:-6], wide[:, 13:-7]
    scores = [metrics.siou(left, truth, view) for view in (left, almost, truth)]
    assert scores[0] < scores[1] < scores[2] == 1.0
    assert scores[0] < 0.75  # copying the left view has changed nothing


def test_view_scores_keys():
    truth, prediction = views()
    assert set(metrics.view_scores(truth, truth, prediction)) == {"mae", "psnr", "ssim", "siou"}
