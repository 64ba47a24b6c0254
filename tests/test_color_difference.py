import cv2
import numpy as np
import pytest

from data_pipeline.decisions.color_difference import (
    ColorDifference,
    ColorLimits,
    measure_color_difference,
)
from deep3d.stereo_matching import match_stereo

LIMITS = ColorLimits()
DISPARITY = 6


def textured_pair(seed=0, height=90, width=160):
    noise = np.random.default_rng(seed).normal(size=(height, width + DISPARITY, 3))
    smooth = sum(
        one / one.std() for one in (cv2.GaussianBlur(noise, (0, 0), size) for size in (1.2, 10.0))
    )
    wide = np.clip(120 + 20 * smooth, 0, 255).astype(np.uint8)
    # A bright border that only the left eye sees: it must not count.
    wide[:, :DISPARITY] = 255
    return wide[:, :width].copy(), wide[:, DISPARITY:].copy()


def measured(left, right):
    return measure_color_difference(left, right, match_stereo(left, right, -16, 16))


def test_measure_color_difference_of_like_eyes():
    found = measured(*textured_pair())
    assert found.matched
    np.testing.assert_allclose(found.mean, 0, atol=0.2)
    assert found.contrast == pytest.approx(1, abs=0.02)
    # The edge of the border lies beside matched pixels of the left eye.
    assert found.sharpness == pytest.approx(1, abs=0.05)
    assert not found.is_refused(LIMITS)


def test_measure_color_difference_preset():
    left, right = textured_pair()
    right = (right.astype(float) * 0.8 + (40, 24, 14)).astype(np.uint8)
    found = measured(left, right)
    # 0.8 * 120 is 24 less than 120.
    np.testing.assert_allclose(found.mean, (16, 0, -10), atol=1.0)
    assert found.contrast == pytest.approx(0.8, abs=0.03)
    assert found.sharpness == pytest.approx(1, abs=0.05)
    assert not found.is_refused(LIMITS)


def test_measure_color_difference_of_a_soft_eye():
    left, right = textured_pair()
    found = measured(left, cv2.GaussianBlur(right, (0, 0), 2.5))
    assert found.sharpness < 1 / LIMITS.sharpness_below
    assert found.is_refused(LIMITS)


def test_measure_color_difference_of_all_where_little_matches():
    left, right = textured_pair()
    unmatched = np.full(left.shape[:2], np.nan, np.float32)
    found = measure_color_difference(left, right // 2, unmatched)
    assert not found.matched
    assert found == measure_color_difference(left, right // 2)
    assert found.is_refused(LIMITS)


def test_is_refused_preset():
    assert ColorDifference(mean=(0, -21, 0)).is_refused(LIMITS)
    assert ColorDifference(contrast=0.6).is_refused(LIMITS)
    assert ColorDifference(sharpness=2.1).is_refused(LIMITS)
    assert not ColorDifference((8, -8, 5), 1.2, 0.8).is_refused(LIMITS)


def test_measure_color_difference_rejects_other_sizes():
    left, right = textured_pair()
    with pytest.raises(ValueError, match="one size"):
        measure_color_difference(left, right[1:])
