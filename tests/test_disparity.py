import math

import numpy as np
import pytest

from deep3d.disparity import (
    DisparityLevels,
    depth_from_disparity,
    disparity_from_depth,
    expected_disparity,
    rescale_disparity,
)


def test_levels_preset():
    levels = DisparityLevels()
    assert levels.values == tuple(float(d) for d in range(-8, 8))
    assert levels.channels == 16
    assert DisparityLevels(minimum=15, step=-1, count=32, empty=True).channels == 33


@pytest.mark.parametrize("fields", [{"count": 1}, {"count": 1000}, {"step": 0.0}, {"width": 0}])
def test_levels_rejects_nonsense(fields):
    with pytest.raises(ValueError, match="Received"):
        DisparityLevels(**fields)


def test_expected_disparity_preset():
    levels = DisparityLevels(minimum=-1.0, step=0.5, count=3)
    probabilities = np.array([[0.5, 0.0, 0.5], [0.0, 0.25, 0.75]], "float32")
    np.testing.assert_allclose(expected_disparity(probabilities, levels), [-0.5, -0.125], atol=1e-6)


def test_expected_disparity_renormalises_without_empty():
    levels = DisparityLevels(minimum=2.0, step=2.0, count=2, empty=True)
    probabilities = np.array([[0.5, 0.25, 0.25]], "float32")
    np.testing.assert_allclose(expected_disparity(probabilities, levels), [3.0], atol=1e-4)


def test_expected_disparity_takes_tensors():
    from keras import ops

    levels = DisparityLevels()
    probabilities = np.random.default_rng(0).dirichlet(np.ones(16), (2, 3, 5)).astype("float32")
    expected = expected_disparity(probabilities, levels)
    tensor = expected_disparity(ops.convert_to_tensor(probabilities), levels)
    np.testing.assert_allclose(ops.convert_to_numpy(tensor), expected, atol=1e-5)


def test_expected_disparity_rejects_other_levels():
    with pytest.raises(ValueError, match="must have 16 channels"):
        expected_disparity(np.zeros((2, 3, 5)), DisparityLevels())


def test_disparity_from_depth_sign():
    near, screen, far = disparity_from_depth(np.array([1.0, 4.0, 100.0]), 0.06, 1000.0, 4.0)
    assert near > 0 and far < 0
    assert screen == pytest.approx(0.0, abs=1e-9)
    # 1000 px * 0.06 m * (1/1 - 1/4) by hand
    assert near == pytest.approx(45.0)


@pytest.mark.parametrize("convergence", [3.0, math.inf])
def test_depth_round_trip(convergence):
    depth = np.random.default_rng(1).uniform(0.5, 50.0, (4, 7))
    disparity = disparity_from_depth(depth, 0.065, 800.0, convergence)
    np.testing.assert_allclose(
        depth_from_disparity(disparity, 0.065, 800.0, convergence), depth, rtol=1e-9
    )


def test_depth_rejects_behind_camera():
    with pytest.raises(ValueError, match="must be positive"):
        disparity_from_depth(1.0, 0.06, 1000.0, 0.0)


def test_rescale_disparity_keeps_share_of_width():
    assert rescale_disparity(5.0, 384, 1920) / 1920 == pytest.approx(5.0 / 384)
    with pytest.raises(ValueError, match="positive"):
        rescale_disparity(5.0, 0, 1920)
