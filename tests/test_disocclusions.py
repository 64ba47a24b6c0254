import numpy as np
import pytest

from deep3d.disocclusions import continue_background

WALL, BAR = -3, 6


def bars(starts, width=16, columns=200, rows=3):
    """Bars before a wall: disparity of the right view, and where the bars are, in its pixels."""
    disparity = np.full((rows, columns), WALL, np.float32)
    for start in starts:
        disparity[:, start : start + width] = BAR
    return disparity


def columns_of(disparity):
    return np.arange(disparity.shape[1], dtype=np.float32) + disparity


def uncovered(disparity):
    """By comparing all pixels of a row: a nearer one has the same column of the left view."""
    columns = columns_of(disparity)
    same = columns[:, :, np.newaxis] == columns[:, np.newaxis]
    nearer = disparity[:, np.newaxis] > disparity[:, :, np.newaxis]
    return (same & nearer).any(axis=2)


def test_continue_background_leaves_rising_maps_alone():
    columns = np.sort(np.random.default_rng(0).uniform(0, 90, (5, 91)).astype(np.float32), axis=1)
    expected = columns.copy()
    continue_background(columns)
    np.testing.assert_array_equal(columns, expected)


@pytest.mark.parametrize(
    "starts", [(60,), (40, 90, 140), (40, 62, 84, 106), (30, 54, 90, 111)], ids=str
)
@pytest.mark.parametrize("width", [4, 7, 16])
def test_continue_background_matches_reference(starts, width):
    """Uncovered pixels get columns of the wall that no bar has; all others keep theirs."""
    disparity = bars(starts, width)
    hidden, before = uncovered(disparity), columns_of(disparity)
    assert hidden.any()
    columns = before.copy()
    continue_background(columns)
    beside = np.zeros(hidden.shape, bool)
    beside[:, 1:] = hidden[:, :-1]  # where the outline may be mixed in
    untouched = ~hidden & ~beside
    np.testing.assert_array_equal(columns[untouched], before[untouched])
    taken = before[0, disparity[0] == BAR]
    distance = np.abs(columns[0][hidden[0]][:, np.newaxis] - taken).min(axis=1)
    assert distance.min() >= 1, "bleeds"


def test_continue_background_keeps_what_is_seen_on_the_other_side():
    """Of the wall between thin bars in the left view the right eye sees parts elsewhere."""
    disparity = bars((40, 50), width=4)
    columns = columns_of(disparity)
    before = columns.copy()
    continue_background(columns)
    # The left eye sees the wall from 50 to 55 between the bars, the right eye from 53 to 58 on.
    np.testing.assert_array_equal(columns[:, 55:58], before[:, 55:58])
    # What is uncovered between that to its left and the second bar is made of it.
    np.testing.assert_array_equal(columns[:, 49], before[:, 48])


def test_continue_background_takes_the_nearest_wall():
    disparity = bars((60,))
    columns = columns_of(disparity)
    continue_background(columns)
    hole = slice(76, 76 + BAR - WALL)
    last = 75 + BAR  # of the bar in the left view
    assert columns[:, hole].min() >= last + 1
    assert columns[:, hole].max() <= last + 1 + (BAR - WALL) / 2
    assert (np.diff(columns[:, hole], axis=1) <= 0).all(), "away from the edge, never to and fro"


def test_continue_background_between_things_takes_the_wall_of_either_side():
    """A gap in which all of the wall is uncovered and whose right neighbor is a bar."""
    disparity = bars((60, 80))  # 4 pixels between them, 9 are uncovered behind each
    columns = columns_of(disparity)
    continue_background(columns)
    taken = columns_of(disparity)[0, disparity[0] == BAR]
    gap = columns[0, 76:80]
    assert np.abs(gap[:, np.newaxis] - taken).min() >= 1


def test_continue_background_of_blurred_edges_starts_farther_away():
    nearest = []
    for blur in (0.0, 2.0):
        columns = columns_of(bars((60,)))
        continue_background(columns, blur)
        nearest.append(columns[:, 76:85].min())
    assert nearest[1] == nearest[0] + 2


def test_continue_background_at_the_frames_edge_asks_the_left_eye():
    """No wall is seen to the right of the bar, in its row; the left eye sees some."""
    disparity = bars((170,), width=25)
    disparity[1] = bars((60,))[0]
    columns = columns_of(disparity)
    continue_background(columns)
    np.testing.assert_array_equal(columns[0, 195:], np.minimum(194 + BAR + 2, 199))
    disparity = bars((170,), width=22)
    disparity[:, 192:] = WALL
    columns = columns_of(disparity)
    continue_background(columns)
    assert columns[0, 192:].min() >= 191 + BAR + 1
    assert columns.max() <= 199
