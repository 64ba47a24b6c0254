import numpy as np
import pytest

from deep3d.disparity import DisparityLevels
from deep3d.profile_picture import (
    BOTTOM,
    HEIGHT,
    LEFT,
    PREDICTION,
    RIGHT,
    TOP,
    TRUTH,
    WIDTH,
    profile_picture,
)

LEVELS = DisparityLevels(minimum=-4, count=8, width=100)  # -4..+3 %, drawn from -5 to +4
ROWS = HEIGHT - TOP - BOTTOM - 1


def row_of(percent):
    return TOP + (4.0 - percent) / 9.0 * ROWS


def column_of(share):
    return round(LEFT + share * (WIDTH - LEFT - RIGHT - 1))


def drawn_rows(plot, color, column):
    return np.flatnonzero((np.abs(plot[:, column].astype(int) - color) <= 2).all(axis=-1))


def certain(index, columns=50):
    probabilities = np.zeros((columns, 8), "float32")
    probabilities[:, index] = 1.0
    return probabilities


def test_profile_picture_lines_lie_at_their_values():
    predicted = np.where(np.arange(50) < 25, -3.0, 2.0)
    truth = np.full(50, 1.0)
    plot = profile_picture(certain(1), predicted, truth, LEVELS)
    for share, percent in ((0.25, -3.0), (0.75, 2.0)):
        rows = drawn_rows(plot, PREDICTION, column_of(share))
        assert rows.mean() == pytest.approx(row_of(percent), abs=1)
        rows = drawn_rows(plot, TRUTH, column_of(share))
        assert rows.mean() == pytest.approx(row_of(1.0), abs=1)


def test_profile_picture_leaves_gaps_where_truth_is_unknown():
    truth = np.full(50, 1.0)
    truth[20:30] = np.nan
    plot = profile_picture(certain(1), np.full(50, -3.0), truth, LEVELS)
    assert len(drawn_rows(plot, TRUTH, column_of(0.2)))
    assert not len(drawn_rows(plot, TRUTH, column_of(0.5)))
    assert len(drawn_rows(plot, TRUTH, column_of(0.8)))


def test_profile_picture_without_truth():
    plot = profile_picture(certain(1), np.full(50, -3.0), None, LEVELS)
    assert not (plot == TRUTH).all(axis=-1).any()


@pytest.mark.parametrize("step", [1.0, -1.0])
def test_profile_picture_distribution_stands_at_its_level(step):
    levels = DisparityLevels(minimum=-4 if step > 0 else 3, step=step, count=8, width=100)
    index = 6 if step > 0 else 1  # +2 px
    plot = profile_picture(certain(index), np.full(50, -3.0), None, levels).astype(int)
    column = plot[TOP : HEIGHT - BOTTOM, column_of(0.5) + 1, 0]
    dark = np.flatnonzero(column == 65) + TOP
    assert dark.mean() == pytest.approx(row_of(2.0), abs=1.5)
    assert len(dark) == pytest.approx(ROWS / 9, abs=3)
