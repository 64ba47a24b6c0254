import numpy as np
import pytest

from data_pipeline.depth_sources.hole_filling import fill_from_background, fill_smoothly


def test_fill_smoothly_keeps_what_is_known():
    rng = np.random.default_rng(5)
    values, known = rng.random((37, 53), np.float32), rng.random((37, 53)) < 0.3
    values[~known] = np.nan
    filled = fill_smoothly(values, known)
    np.testing.assert_array_equal(filled[known], values[known])
    assert np.isfinite(filled).all()
    assert filled.min() >= 0 and filled.max() <= 1


def test_fill_smoothly_is_smooth():
    ramp = np.linspace(0, 1, 61, dtype=np.float32)[:, np.newaxis] * np.ones((1, 83), np.float32)
    known = np.ones(ramp.shape, bool)
    known[20:40, 30:60] = False
    # A fill from around cannot know the slope inside, but comes close to it.
    assert np.abs(fill_smoothly(ramp, known) - ramp).max() < 0.15


def test_fill_smoothly_rejects_nothing_known():
    with pytest.raises(ValueError, match="Something must be known"):
        fill_smoothly(np.zeros((4, 5), np.float32), np.zeros((4, 5), bool))


def test_fill_from_background_preset():
    nan = np.nan
    disparity = np.array(
        [[nan, nan, nan, nan], [nan, 5, nan, 2], [3, nan, nan, nan], [1, nan, 4, nan]], np.float32
    )
    expected = [[5, 5, 2, 2], [5, 5, 2, 2], [3, 3, 3, 3], [1, 1, 4, 4]]
    np.testing.assert_array_equal(fill_from_background(disparity), expected)


def test_fill_from_background_matches_reference():
    rng = np.random.default_rng(8)
    disparity = rng.random((13, 17), np.float32)
    disparity[rng.random(disparity.shape) < 0.6] = np.nan
    disparity[:, 3] = 0.5  # so that every row has a match
    expected = disparity.copy()
    for y, x in np.argwhere(np.isnan(disparity)):
        before, after = disparity[y, :x], disparity[y, x:]
        before, after = before[np.isfinite(before)], after[np.isfinite(after)]
        expected[y, x] = min([*before[-1:], *after[:1]])
    np.testing.assert_array_equal(fill_from_background(disparity), expected)


def test_fill_from_background_rejects_nothing_known():
    with pytest.raises(ValueError, match="Something must be known"):
        fill_from_background(np.full((3, 4), np.nan, np.float32))
