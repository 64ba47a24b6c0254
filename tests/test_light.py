import cv2
import numpy as np
import pytest

from data_pipeline.decisions.light import HELD, LightWatch


def picture(seed, drift=0):
    """A thumbnail (36, 64, 3) float32 of soft shapes, moved by `drift` columns."""
    noise = np.random.default_rng(seed).uniform(0, 255, (6, 24, 3)).astype(np.float32)
    wide = cv2.resize(noise, (160, 36), interpolation=cv2.INTER_CUBIC)
    return np.clip(wide[:, 20 + drift : 84 + drift], 20, 235)


def shot(gains, color=0, seed=3):
    """Frames of a slow pan, mixed with a color: gain 1 is the picture alone."""
    return [
        color + (picture(seed, k // 8) - color) * np.float32(gain) for k, gain in enumerate(gains)
    ]


def judged(frames, watched, frame_rate=24, given=None):
    """Reasons of the watched frames, where all frames are given or only some."""
    light = LightWatch(frame_rate)
    reasons, latest = {}, -1
    for number, frame in enumerate(frames):
        if given is not None and number not in given:
            continue
        light.update(np.clip(np.rint(frame), 0, 255).astype(np.uint8), number - latest - 1)
        latest = number
        if number in watched:
            light.watch(number)
        reasons.update(light.settled())
    reasons.update(light.flush())
    return [reasons[number] for number in watched]


def ramp(before, length, after, start=1.0, end=0.0):
    return np.concatenate(
        (np.full(before, start), np.linspace(start, end, length), np.full(after, end))
    )


@pytest.mark.parametrize("color", [0, 255])
@pytest.mark.parametrize("length", [8, 24, 70])
def test_light_watch_fade_out_preset(color, length):
    middle = 20 + length // 2
    reasons = judged(shot(ramp(20, length, 20), color), [5, middle, 25 + length])
    assert reasons == ["", "fade", "flash" if color else "black"]


@pytest.mark.parametrize("length", [8, 24, 70])
def test_light_watch_fade_in_preset(length):
    frames = shot(ramp(40, length, 40))[::-1]
    reasons = judged(frames, [5, 40 + length // 2, 45 + length])
    assert reasons == ["black", "fade", ""]


def test_light_watch_fade_at_sixty_frames_per_second():
    assert judged(shot(ramp(30, 150, 20)), [10, 90, 150], 60) == ["", "fade", "fade"]


@pytest.mark.parametrize("step", [2, 4])
@pytest.mark.parametrize("length", [16, 24, 70])
def test_light_watch_fade_of_which_frames_are_left_out(length, step):
    frames = shot(ramp(20, length, 40))
    watched = [4, 20 + length // 2 // 4 * 4, 32 + length // 4 * 4]
    assert judged(frames, watched, given=range(0, len(frames), step)) == ["", "fade", "black"]


@pytest.mark.parametrize("step", [2, 4])
def test_light_watch_dissolve_of_which_frames_are_left_out(step):
    share = ramp(30, 20, 46)[:, None, None, None]
    frames = share * np.array(shot(np.ones(96))) + (1 - share) * np.array(shot(np.ones(96), seed=8))
    watched = [8, 40, 84]
    assert judged(frames, watched, given=range(0, 96, step)) == ["", "dissolve", ""]


def test_light_watch_lightning_is_a_flash():
    frames = [frame * 0.4 for frame in shot(np.ones(50))]
    for number in (24, 25):
        frames[number] = frames[number] * 1.5 + 70
    assert judged(frames, [20, 24, 30]) == ["", "flash", ""]


def test_light_watch_switched_light_is_nothing():
    frames = [frame * (0.3 if number < 25 else 1) for number, frame in enumerate(shot(np.ones(60)))]
    assert judged(frames, [20, 24, 25, 26, 30]) == [""] * 5


def test_light_watch_somebody_close_is_nothing():
    frames = shot(np.ones(80))
    for number, frame in enumerate(frames):
        cv2.circle(frame, (32, 30), min(number // 2, 24), (25, 25, 25), -1)
    assert judged(frames, range(10, 75, 6)) == [""] * 11


def test_light_watch_dissolve_preset():
    first, second = picture(3), picture(4)
    shares = ramp(30, 20, 30, 0.0, 1.0)
    frames = [first + (second - first) * np.float32(share) for share in shares]
    assert judged(frames, [12, 40, 68]) == ["", "dissolve", ""]


def test_light_watch_settles_after_held_frames():
    light = LightWatch()
    light.update(np.zeros((36, 64, 3), np.uint8))
    light.watch("first")
    for _ in range(HELD - 1):
        light.update(np.zeros((36, 64, 3), np.uint8))
        assert list(light.settled()) == []
    light.update(np.zeros((36, 64, 3), np.uint8))
    assert list(light.settled()) == [("first", "black")]


def test_light_watch_flush_forgets_the_shot():
    # A white frame, then another shot: what was before a cut is no evidence behind it.
    light = LightWatch()
    for frame in shot(ramp(20, 30, 1)):
        light.update(frame.astype(np.uint8))
    assert list(light.flush()) == []
    for number, frame in enumerate(shot(np.ones(30), seed=8)):
        light.update(frame.astype(np.uint8))
        if number == 3:
            light.watch(number)
    assert list(light.flush()) == [(3, "")]


def test_light_watch_rejects_watch_before_update():
    with pytest.raises(ValueError, match="must follow update"):
        LightWatch().watch(0)


def test_light_watch_rejects_frame_rate():
    with pytest.raises(ValueError, match="must be positive"):
        LightWatch(0)
