import numpy as np
import pytest

from deep3d.left_disparity import disparity_of_left, moved
from deep3d.rendering import warp


@pytest.mark.parametrize("soft", [False, True])
def test_disparity_of_left_moves_an_object_to_its_place(soft):
    # The right eye sees a near square (d = 6) at 20..29 before a background at d = -2; the left
    # one sees it at 26..35, and background where the right one did not look.
    right = np.full((12, 64), -2.0, np.float32)
    right[3:9, 20:30] = 6.0
    expected = np.full((12, 64), -2.0, np.float32)
    expected[3:9, 26:36] = 6.0
    if soft:
        right[3:9, 17:20], right[3:9, 30:33] = (0.0, 2.0, 4.0), (4.0, 2.0, 0.0)
        expected[3:9, 36] = 5.0  # (4, at 30 + 4) lies under it; only rounding is left
    left = disparity_of_left(right)
    wrong = np.abs(left - expected) > 0.6
    wrong[:, 36] &= not soft
    assert not wrong.any()


def test_disparity_of_left_of_a_slope():
    columns = np.arange(96, dtype=np.float32)
    right = np.repeat((0.1 * columns - 4)[np.newaxis], 8, axis=0)
    left = disparity_of_left(right)[4]
    # x + d = 1.1 x - 4, so the left pixel y sees (y + 4) / 1.1 of the right one.
    expected = 0.1 * (columns + 4) / 1.1 - 4
    np.testing.assert_allclose(left[8:88], expected[8:88], atol=0.08)  # whole half-pixels


def test_disparity_of_left_agrees_with_the_right_view():
    """Where both eyes see a thing, going right by d and back again ends at the same place."""
    rng = np.random.default_rng(5)
    steps = np.repeat(rng.uniform(-4, 4, (1, 6)), 16, axis=1).astype(np.float32)
    right = np.repeat(steps, 8, axis=0)
    left = disparity_of_left(right)
    back = warp(np.repeat(left[..., np.newaxis], 3, axis=2), right)[..., 0]
    seen = np.abs(back - right)[4] < 0.3
    middles = [step * 16 + 8 for step in range(6)]
    assert seen[middles].all() and seen.mean() > 0.8  # but not at the edges and what they hide


def test_moved_keeps_the_nearer():
    """A square goes farther right than what is behind it, which it hides there."""
    values, by = np.full((8, 48), -1.0, np.float32), np.full((8, 48), -2.0, np.float32)
    values[2:6, 20:28], by[2:6, 20:28] = 3.0, 4.0
    result = moved(values, by)
    expected = np.full((8, 48), -1.0, np.float32)
    expected[2:6, 24:32] = 3.0
    seen = np.ones((8, 48), bool)
    seen[2:6, 18:24] = False  # a slope joins background and square
    seen[2:6, 32] = False
    np.testing.assert_allclose(result[seen], expected[seen], atol=1e-5)
    assert (np.diff(result[4, 17:25]) > 0).all()
