import cv2
import numpy as np
import pytest

from data_pipeline.decisions.time_offset import MAX_LAG, TimeOffset, TimeOffsetDecision, combine


def shot(seed, frames, moving="shaky", disparity=3):
    """Thumbnails (frames, 2, 36, 64, 3) of both eyes of a wide picture that a camera looks over."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(120, 400, 3))
    wide = cv2.GaussianBlur(noise, (0, 0), 2.0) + 2 * cv2.GaussianBlur(noise, (0, 0), 8.0)
    wide = cv2.normalize(wide, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    across = 40 + {"still": 0.0, "pan": 1.5, "shaky": 1.0}[moving] * np.arange(frames)
    down = np.full(frames, 40.0)
    if moving == "shaky":
        down = 40 + np.cumsum(rng.normal(0, 0.6, frames)).clip(-30, 30)
    return np.array(
        [
            [
                cv2.getRectSubPix(wide, (64, 36), (x + 32 + shift, y + 18))
                for shift in (0, disparity)
            ]
            for x, y in zip(across, down, strict=True)
        ]
    )


def decided(left, right, resets=()):
    rng = np.random.default_rng(5)
    watch, decisions = TimeOffset(), []
    for number, pair in enumerate(zip(left, right, strict=True)):
        if number in resets:
            decisions.append(watch.decide())
            watch.reset()
        watch.update(
            *(np.clip(eye + rng.normal(0, 0.5, eye.shape), 0, 255).astype(np.uint8) for eye in pair)
        )
    return [*decisions, watch.decide()]


def late(film, frames):
    """Both eyes, the right one late by so many frames."""
    inner = np.arange(MAX_LAG, len(film) - MAX_LAG)
    return film[inner, 0], film[inner - frames, 1]


@pytest.mark.parametrize("frames", [0, 1, -2, 3])
def test_time_offset_of_motion(frames):
    [decision] = decided(*late(shot(0, 70), frames))
    assert decision.frames == frames
    assert decision.confidence > 0.7


@pytest.mark.parametrize("moving", ["still", "pan"])
@pytest.mark.parametrize("disparity", [-3, 3])
def test_time_offset_is_unsure_in_steady_pans(moving, disparity):
    """A pan by 1.5 px a frame shows the left eye what the right one showed 2 frames ago."""
    for seed in range(4):
        [decision] = decided(*late(shot(seed, 70, moving, disparity), 0))
        assert decision.frames is None


@pytest.mark.parametrize("frames", [0, 1, -2])
def test_time_offset_of_cuts_alone(frames):
    film = np.concatenate([shot(seed, 40, "still") for seed in range(4)])
    cuts = [40 * k - MAX_LAG for k in (1, 2, 3)]  # of the left eye
    decisions = decided(*late(film, frames), cuts)
    assert {decision.frames for decision in decisions} <= {frames, None}
    assert combine(decisions).frames == frames


def test_time_offset_of_light():
    """A lamp that flickers over a still picture."""
    film = shot(1, 60, "still")
    light = 0.6 + 0.4 * np.random.default_rng(3).random(60)
    film = (film * light[:, None, None, None, None]).astype(np.uint8)
    assert decided(*late(film, -1))[0].frames == -1


def test_time_offset_needs_frames_and_moving_ones():
    watch = TimeOffset()
    assert watch.decide() == TimeOffsetDecision(None, 0.0)
    for _ in range(30):
        watch.update(np.zeros((36, 64), np.uint8), np.zeros((36, 64), np.uint8))
    assert watch.decide() == TimeOffsetDecision(None, 0.0)


def test_time_offset_compares_nothing_across_a_gap():
    """Two stretches of one film, of which the right eye is late by 2 frames and then in time."""
    watch, (left, right) = TimeOffset(), late(shot(0, 70), 2)
    for pair in zip(left, right, strict=True):
        watch.update(*(eye.astype(np.uint8) for eye in pair))
    watch.interrupt()
    assert watch.state == {}
    assert watch.decide() == TimeOffsetDecision()
    for pair in zip(*late(shot(1, 70), 0), strict=True):
        watch.update(*(eye.astype(np.uint8) for eye in pair))
    assert watch.decide().frames == 0


def test_time_offset_rejects_other_sizes():
    with pytest.raises(ValueError, match="one size"):
        TimeOffset().update(np.zeros((36, 64), np.uint8), np.zeros((36, 62), np.uint8))


def test_combine_preset():
    sure, other = TimeOffsetDecision(1, 0.9), TimeOffsetDecision(-2, 0.9)
    assert combine([]) == combine([TimeOffsetDecision()]) == TimeOffsetDecision()
    assert combine([sure] * 4 + [other, TimeOffsetDecision()]).frames == 1
    assert combine([sure, other]).frames is None
    assert combine([sure] * 4).confidence > combine([sure]).confidence
