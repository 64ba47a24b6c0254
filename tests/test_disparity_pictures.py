import itertools

import numpy as np
import pytest

from deep3d.disparity import DisparityLevels
from deep3d.disparity_pictures import (
    UNKNOWN,
    ZERO_COLOR,
    disparity_picture,
    disparity_with_scale,
    entropy,
    entropy_with_scale,
    level_labels,
    level_sheet,
    tick_values,
)

LEVELS = DisparityLevels(minimum=-2, count=4, width=64)


def test_disparity_picture_near_is_bright():
    picture = disparity_picture(np.array([[-8.0, 0.0, 7.0]]), DisparityLevels()).astype(int)
    brightness = picture.sum(axis=-1)[0]
    assert brightness[0] < brightness[1] < brightness[2]


def test_disparity_picture_unknown_is_gray():
    picture = disparity_picture(np.array([[np.nan, -2.0, 1.0, 99.0]]), LEVELS)
    assert (picture[0, 0] == UNKNOWN).all()
    assert not (picture[0, 1:] == UNKNOWN).all(axis=-1).any()
    np.testing.assert_array_equal(picture[0, 2], picture[0, 3])  # beyond the range is its end


def test_disparity_with_scale_preset():
    """-2..+1 px of 64 are -3.125..+1.5625 %; 0 lies two thirds along the bar."""
    disparity = np.full((10, 64), 1.0)
    disparity[:, :32] = -2.0
    whole = disparity_with_scale(disparity, LEVELS)
    assert whole.shape[1] == 384  # six times enlarged
    picture = whole[:60]
    assert (picture[:, :192] == disparity_picture(disparity, LEVELS)[0, 0]).all()
    zero = np.flatnonzero((whole[70] == ZERO_COLOR).all(axis=-1))
    assert zero.mean() == pytest.approx(16 + 2 / 3 * 351, abs=1)
    bar = whole[70, [16, 367]]  # its ends have the colors of the picture's
    np.testing.assert_array_equal(bar, picture[0, [0, 383]])


def test_entropy_preset():
    values = entropy(np.array([[1.0, 0.0], [0.5, 0.5]]))
    np.testing.assert_allclose(values, [0.0, 1.0], atol=1e-9)


def test_entropy_with_scale_certain_is_dark():
    probabilities = np.zeros((4, 400, 2), "float32")
    probabilities[:, :200] = (1.0, 0.0)
    probabilities[:, 200:] = (0.5, 0.5)
    whole = entropy_with_scale(probabilities).astype(int)
    assert whole.shape[1] == 400 and whole[0, 0].sum() < 20 and whole[0, 399].sum() > 500


def test_level_sheet_order():
    """Four slices of 64 x 32 in a row of tiles of 192 x 96; the last one alone is certain."""
    probabilities = np.zeros((32, 64, 4), "float32")
    probabilities[..., 3] = 0.25
    sheet = level_sheet(probabilities, LEVELS)
    assert sheet.shape == (13 + 8 + 96 + 13 + 8, 4 * 196 - 4, 3)
    tiles = [sheet[60, 196 * number + 90] for number in range(4)]
    np.testing.assert_array_equal(tiles, [[0] * 3] * 3 + [[128] * 3])  # the square root of 1/4


def test_level_sheet_labels_every_slice():
    """The strip above each tile has letters, and not those of its neighbor."""
    sheet = level_sheet(np.full((32, 64, 4), 0.25, "float32"), LEVELS)
    strips = [sheet[22:38, 196 * number : 196 * number + 192] for number in range(4)]
    assert all(strip.min() < 60 for strip in strips)
    assert all((a != b).any() for a, b in itertools.pairwise(strips))


def test_level_labels_preset():
    levels = DisparityLevels(minimum=1.0, step=-1.0, count=3, width=200, empty=True)
    assert level_labels(levels) == ["no level", "+1 px   +0.50 %", "0 px   0 %", "-1 px   -0.50 %"]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-2.08, 1.82, [-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5]),
        (0.0, 100.0, [0, 20, 40, 60, 80, 100]),
        (0.3, 0.9, [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]),
    ],
)
def test_tick_values_preset(low, high, expected):
    assert tick_values(low, high) == pytest.approx(expected)
