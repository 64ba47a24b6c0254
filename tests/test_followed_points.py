import cv2
import numpy as np
import pytest

from deep3d.followed_points import follow_points


def texture(height=96, width=192, seed=0):
    noise = cv2.GaussianBlur(np.random.default_rng(seed).random((height, width)), (0, 0), 3.0)
    return cv2.normalize(noise, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


def test_follow_points_preset():
    """A picture that moves 3 px to the left and 2 down: a point was further right and above."""
    wide = texture(height=110, width=220)
    points = follow_points(wide[10:106, 10:202], wide[8:104, 13:205])
    middle = np.s_[20:-20, 20:-20]
    columns = np.arange(192)[np.newaxis]
    rows = np.arange(96)[:, np.newaxis]
    np.testing.assert_allclose((points.columns - columns)[middle], 3, atol=0.2)
    np.testing.assert_allclose((points.rows - rows)[middle], -2, atol=0.2)
    assert points.sure[middle].mean() > 0.99
    assert not points.sure[:, -2:].any()  # these came from beyond the frame


def test_followed_points_change_passes_over_unknown_ones():
    points = follow_points(texture(), texture())
    before = np.full((96, 192), 2.0, np.float32)
    after = before + 0.5
    before[:48], after[:, :96] = np.nan, np.nan
    change = points.change(before, after)
    np.testing.assert_allclose(change, 0.5)
    # a quarter, less the rows that are mixed with unknown ones
    assert change.size == pytest.approx(96 * 192 / 4, rel=0.05)


def test_follow_points_rejects_other_sizes():
    with pytest.raises(ValueError, match="one size"):
        follow_points(texture(), texture(height=95))
