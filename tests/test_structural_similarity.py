import cv2
import numpy as np
import pytest
import tensorflow as tf

from deep3d.structural_similarity import SCALE_WEIGHTS, StructuralSimilarity, ssim


def views(seed=0, shape=(17, 23, 3)):
    """Noise over a soft texture, so that every scale has something to compare."""
    rng = np.random.default_rng(seed)
    soft = cv2.GaussianBlur(rng.random(shape), (0, 0), 6.0)
    truth = cv2.normalize(soft, None, 0, 255, cv2.NORM_MINMAX) + 10 * rng.normal(size=shape)
    noisy = truth * 0.9 + 25 * rng.normal(size=shape) + 8
    return tuple(np.clip(np.rint(view), 0, 255).astype(np.uint8) for view in (truth, noisy))


def luminance(view):
    return view / 255 @ np.array([0.299, 0.587, 0.114])


def window_terms(x, y):
    """Mean of l * cs and of cs, window by window, in float64."""
    profile = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    window = np.outer(profile, profile) / profile.sum() ** 2
    both, structures = [], []
    for row, column in np.ndindex(x.shape[0] - 10, x.shape[1] - 10):
        a, b = (v[row : row + 11, column : column + 11] for v in (x, y))
        mean_a, mean_b = (window * a).sum(), (window * b).sum()
        variance_a = (window * a * a).sum() - mean_a**2
        variance_b = (window * b * b).sum() - mean_b**2
        covariance = (window * a * b).sum() - mean_a * mean_b
        structures.append((2 * covariance + 9e-4) / (variance_a + variance_b + 9e-4))
        light = (2 * mean_a * mean_b + 1e-4) / (mean_a**2 + mean_b**2 + 1e-4)
        both.append(light * structures[-1])
    return np.mean(both), np.mean(structures)


def test_ssim_matches_reference():
    truth, prediction = views()
    expected, _ = window_terms(luminance(truth), luminance(prediction))
    # float32 differences of squares
    assert ssim(truth, prediction) == pytest.approx(expected, abs=1e-4)
    assert ssim(truth, truth) == pytest.approx(1.0, abs=1e-5)


def test_ssim_rejects_small_pictures():
    with pytest.raises(ValueError, match="at least 11 x 11"):
        ssim(*views(shape=(10, 20, 3)))


def test_multi_scale_matches_tensorflow():
    """All five scales on a size without odd halves; TensorFlow reflects odd ones."""
    truth, prediction = views(shape=(176, 208, 3))
    pictures = [luminance(view)[np.newaxis, ..., np.newaxis] for view in (truth, prediction)]
    expected = tf.image.ssim_multiscale(*(tf.constant(v, tf.float32) for v in pictures), 1.0)
    similarity = StructuralSimilarity(truth)
    assert similarity.scales == 5
    assert similarity.compare(prediction)[1] == pytest.approx(float(expected[0]), abs=1e-4)


def test_multi_scale_of_a_small_picture_matches_reference():
    """47 x 53 has three scales, of which the second and third leave out an odd line."""
    truth, prediction = views(3, shape=(47, 53, 3))
    x, y = luminance(truth), luminance(prediction)
    terms = []
    for _ in range(3):
        both, structure = window_terms(x, y)
        terms.append(structure)
        rows, columns = x.shape[0] // 2, x.shape[1] // 2
        x, y = (
            v[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2).mean(axis=(1, 3))
            for v in (x, y)
        )
    terms[-1] = both
    weights = np.array(SCALE_WEIGHTS[:3]) / sum(SCALE_WEIGHTS[:3])
    similarity = StructuralSimilarity(truth)
    assert similarity.scales == 3
    assert similarity.compare(prediction)[1] == pytest.approx(np.prod(terms**weights), abs=1e-4)


def test_multi_scale_of_one_scale_is_ssim():
    truth, prediction = views(shape=(21, 60, 3))
    similarity = StructuralSimilarity(truth)
    assert similarity.scales == 1
    assert len(set(similarity.compare(prediction))) == 1


def test_multi_scale_of_a_negative_is_zero():
    truth, _ = views(shape=(60, 60, 3))
    assert StructuralSimilarity(truth).compare(255 - truth)[1] == 0.0
    assert StructuralSimilarity(truth).compare(truth)[1] == pytest.approx(1.0, abs=1e-5)
