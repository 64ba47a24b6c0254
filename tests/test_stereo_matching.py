import cv2
import numpy as np
import pytest

from deep3d.composition import Composition, apply_composition, compose_for_levels
from deep3d.disparity import DisparityLevels
from deep3d.stereo_matching import disparity_percentiles, match_both_views, match_stereo


def pair(disparities=(6, -4), height=60, width=180, seed=0):
    """Upper half at the first disparity, lower half at the second."""
    noise = np.random.default_rng(seed).random((height, width + 80, 3))
    left = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 1.2), None, 0, 255, cv2.NORM_MINMAX)
    left = left.astype(np.uint8)
    right = left.copy()
    halves = slice(0, height // 2), slice(height // 2, height)
    for rows, d in zip(halves, disparities, strict=True):
        right[rows] = np.roll(left[rows], -d, axis=1)  # right(x) = left(x + d)
    return left[:, 40:-40].copy(), right[:, 40:-40].copy()


def test_match_stereo_sign_and_value():
    disparity = match_stereo(*pair(), -16, 16)
    inner = disparity[:, 20:-20]
    assert np.nanmedian(inner[5:25]) == pytest.approx(6, abs=0.1)
    assert np.nanmedian(inner[35:55]) == pytest.approx(-4, abs=0.1)
    assert np.isfinite(inner).mean() > 0.9


@pytest.mark.parametrize("limits", [(-9, 9), (-3, 20), (0, 15)])
def test_match_both_views_exchanged(limits):
    left, right = pair((6, 3))
    for view in (left, right):
        view[:, :40] = 120  # even ground, where all disparities are equally good
    on_left, on_right = match_both_views(left, right, *limits)
    exchanged = match_both_views(right, left, -limits[1], -limits[0])
    assert np.isfinite(on_left).mean() > 0.3
    np.testing.assert_array_equal(exchanged[0], -on_right)
    np.testing.assert_array_equal(exchanged[1], -on_left)


def test_match_stereo_rejects_two_way_disagreement():
    left, _ = pair()
    stranger, _ = pair(seed=9)
    assert np.isfinite(match_stereo(left, stranger, -16, 16)).mean() < 0.25


def test_match_stereo_rejects_sizes_and_ranges():
    left, right = pair()
    with pytest.raises(ValueError, match="one size"):
        match_stereo(left, right[:, 1:], -4, 4)
    with pytest.raises(ValueError, match="not be empty"):
        match_stereo(left, right, 4, 4)


def test_disparity_percentiles_at_full_width():
    views = [cv2.resize(v, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC) for v in pair()]
    low, high = disparity_percentiles(*views)
    assert low == pytest.approx(-16, abs=1.0) and high == pytest.approx(24, abs=1.0)


def test_disparity_percentiles_of_nothing_are_nan():
    flat = np.full((40, 80, 3), 100, np.uint8)
    noise = np.random.default_rng(0).integers(0, 255, (40, 80, 3), np.uint8)
    assert np.isnan(disparity_percentiles(flat, noise)).all()


@pytest.mark.parametrize("disparities", [(30, 12), (6, -4), (-3, -20)])
def test_composition_brings_pairs_to_the_levels(disparities):
    left, right = pair(disparities)
    levels = DisparityLevels()
    low, high = disparity_percentiles(left, right, limit=0.2)
    composition = compose_for_levels(low, high, left.shape[1], levels, target_width=180)
    new_left, new_right = apply_composition(left, right, composition)
    low, high = disparity_percentiles(new_left, new_right, limit=0.2)
    assert -8 <= low <= high <= 7
    assert (low + high) / 2 == pytest.approx(-0.5, abs=1.0)
    # and it can be undone: d_source = (d_composed - shift) * source width / composed width
    scale = left.shape[1] / composition.width
    undone = sorted((d - composition.shift) * scale for d in (low, high))
    np.testing.assert_allclose(undone, sorted(disparities), atol=1.0)


def test_apply_composition_crops_columns_without_partner():
    left, right = pair((0, 0))
    for shift in (5, -5):
        new_left, new_right = apply_composition(left, right, Composition(180, shift))
        assert new_left.shape == new_right.shape == (60, 175, 3)
        disparity = match_stereo(new_left, new_right, -16, 16)
        assert np.nanmedian(disparity) == pytest.approx(shift, abs=0.1)


def test_compose_for_levels_rejects_nan():
    with pytest.raises(ValueError, match="finite and in order"):
        compose_for_levels(float("nan"), 3.0, 100, DisparityLevels(), 384)


def test_apply_composition_rejects_too_large_shift():
    left, right = pair()
    with pytest.raises(ValueError, match="smaller than the width"):
        apply_composition(left, right, Composition(20, 20))
