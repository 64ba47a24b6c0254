import cv2
import numpy as np
import pytest

from deep3d.clip_scores import clip_scores


def texture(seed=0, height=96, width=192):
    noise = cv2.GaussianBlur(np.random.default_rng(seed).random((height, width, 3)), (0, 0), 3.0)
    return cv2.normalize(noise, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


def flat(value, height=96, width=192):
    return np.full((height, width), value, np.float32)


def test_clip_scores_of_a_trembling_disparity():
    frames = [(texture(), flat(1.0 + 0.3 * (number % 2))) for number in range(6)]
    scores = clip_scores(frames)
    assert scores.flicker == pytest.approx(0.3, abs=1e-5)
    assert (scores.frames, scores.cuts, scores.jump) == (6, 0, None)
    assert scores.followed > 0.95


def test_clip_scores_follow_the_motion():
    """A picture that moves 2 px a frame with its disparity does not flicker."""
    wide = texture(width=240)
    ramp = np.broadcast_to(np.linspace(-8, 8, 240, dtype=np.float32), (96, 240))
    starts = range(0, 20, 2)
    windows = [(slice(None), slice(start, start + 192)) for start in starts]
    moving = clip_scores((wide[w], np.ascontiguousarray(ramp[w])) for w in windows)
    # the same disparities without their picture: 2 px further on the ramp in every frame
    still = clip_scores((wide[windows[0]], np.ascontiguousarray(ramp[w])) for w in windows)
    assert still.flicker == pytest.approx(2 * 16 / 239, rel=0.05)
    assert moving.flicker < 0.2 * still.flicker
    assert moving.followed > 0.7


def test_clip_scores_pass_over_what_cannot_be_followed():
    """The upper half is another picture in every frame, and its disparity jumps."""
    rng = np.random.default_rng(0)
    frames = []
    for number in range(5):
        image, disparity = texture().copy(), flat(1.0)
        image[:48] = rng.integers(0, 256, (48, 192, 3))
        disparity[:48] += 4.0 * (number % 2)
        frames.append((image, disparity))
    scores = clip_scores(frames)
    assert 0.3 < scores.followed < 0.5
    # beside the border the flow is a few pixels off
    assert scores.flicker < 0.1


def test_clip_scores_comfort_preset():
    width = 200
    frames = [(texture(width=width), flat(value, width=width)) for value in (1.0, 1.0, 5.0, -6.0)]
    scores = clip_scores(frames)  # 0.5, 0.5, 2.5 and -3 % of the width
    assert scores.low == scores.high == pytest.approx(0.125)
    assert scores.outside == 0.5


def test_clip_scores_jump_at_cuts():
    first, second = texture(1, width=200), texture(2, width=200)
    frames = [(first, flat(2.0, width=200))] * 4 + [(second, flat(-4.0, width=200))] * 4
    scores = clip_scores(frames)
    assert scores.cuts == 1
    assert scores.jump == pytest.approx(3.0)
    assert scores.flicker == pytest.approx(0.0, abs=1e-6)  # the cut does not count


def test_clip_scores_rejects_nothing_and_other_sizes():
    with pytest.raises(ValueError, match="at least one frame"):
        clip_scores([])
    with pytest.raises(ValueError, match=r"one size.*\(96, 192\) and \(48, 192\)"):
        clip_scores([(texture(), flat(0, height=48))])
