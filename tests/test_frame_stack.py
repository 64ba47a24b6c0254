import numpy as np
import pytest

from deep3d.frame_stack import FrameStacker, repeat_earliest, stack_frames


def frame(value, height=3, width=5):
    noise = np.random.default_rng(value).integers(0, 50, (height, width, 3))
    return (noise + value).astype(np.uint8)


def test_repeat_earliest_preset():
    assert repeat_earliest("cba", 2) == ["c", "b"]
    assert repeat_earliest("cba", 3) == ["c", "b", "a"]
    assert repeat_earliest("cb", 4) == ["c", "b", "b", "b"]
    assert repeat_earliest("c", 1) == ["c"]


def test_stack_frames_has_the_current_one_first():
    stacked = stack_frames([frame(3), frame(2)], 3)
    assert stacked.shape == (3, 5, 9) and stacked.dtype == np.uint8
    for place, value in enumerate((3, 2, 2)):
        np.testing.assert_array_equal(stacked[..., 3 * place : 3 * place + 3], frame(value))


def test_frame_stacker_begins_anew_at_cuts():
    """Of six frames, with a cut before the fourth: the numbers of those in each stack."""
    stacker = FrameStacker(3)
    expected = [(0, 0, 0), (1, 0, 0), (2, 1, 0), (3, 3, 3), (4, 3, 3), (5, 4, 3)]
    for number, numbers in enumerate(expected):
        stacked = stacker.update(frame(number), is_cut=number in (0, 3))
        np.testing.assert_array_equal(stacked, stack_frames([frame(n) for n in numbers], 3))


@pytest.mark.parametrize("count", [1, 2, 4])
def test_frame_stacker_state_round_trip(count):
    whole, resumed = FrameStacker(count), FrameStacker(count)
    assert whole.state == {}
    for number in range(6):
        following = FrameStacker(count)
        following.state = resumed.state
        np.testing.assert_array_equal(
            following.update(frame(number), is_cut=number == 0),
            whole.update(frame(number), is_cut=number == 0),
        )
        resumed = following
    assert len(whole.state.get("before", ())) == count - 1
