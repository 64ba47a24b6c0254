import numpy as np
import pytest

from deep3d.metrics import mean_absolute_error, psnr, ssim


def views(seed=0, shape=(2, 17, 23, 3)):
    rng = np.random.default_rng(seed)
    truth = rng.random(shape, dtype="float32")
    return truth, np.clip(truth + 0.1 * rng.normal(size=shape), 0, 1).astype("float32")


def test_mean_absolute_error_preset():
    truth = np.full((1, 2, 3, 3), 0.5, "float32")
    prediction = truth.copy()
    prediction[0, 0] += 0.2  # half of the rows
    np.testing.assert_allclose(mean_absolute_error(truth, prediction), [25.5], rtol=1e-5)


def test_psnr_preset():
    truth = np.full((1, 2, 3, 3), 0.5, "float32")
    np.testing.assert_allclose(psnr(truth, truth + 0.1), [20.0], rtol=1e-4)
    np.testing.assert_allclose(psnr(truth, truth), [100.0], rtol=1e-4)


def test_ssim_matches_reference():
    """Window by window, in float64."""
    truth, prediction = views()
    weights = np.array([0.299, 0.587, 0.114])
    profile = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    window = np.outer(profile, profile) / profile.sum() ** 2
    expected = []
    for x, y in zip(truth @ weights, prediction @ weights, strict=True):
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
        expected.append(np.mean(values))
    np.testing.assert_allclose(ssim(truth, prediction), expected, atol=1e-4)
    np.testing.assert_allclose(ssim(truth, truth), [1.0, 1.0], atol=1e-5)


def test_ssim_rejects_small_images():
    truth, prediction = views(shape=(1, 10, 20, 3))
    with pytest.raises(ValueError, match="at least 11 x 11"):
        ssim(truth, prediction)
