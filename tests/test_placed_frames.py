import types

import cv2
import numpy as np
import pytest
from two_frame_model import two_frame_predictor

from deep3d.conversion_config import ConversionConfig
from deep3d.disparity import DisparityLevels
from deep3d.placed_frames import placed_frames

LEVELS = DisparityLevels(minimum=-2, count=5, width=96)


class TremblingPredictor:
    """Every frame's prediction is noise of its own."""

    def __init__(self):
        self.config = types.SimpleNamespace(levels=LEVELS, frames=1)
        self.rng = np.random.default_rng(0)

    def shrink(self, picture):
        return cv2.resize(picture, (96, 64), interpolation=cv2.INTER_AREA)

    def probabilities(self, pictures):
        return self.rng.dirichlet(np.full(5, 3.0), (len(pictures), 64, 96)).astype(np.float32)

    def disparity(self, pictures):
        return self.probabilities(pictures) @ np.array(LEVELS.values, np.float32)


def texture(seed):
    noise = cv2.GaussianBlur(np.random.default_rng(seed).random((64, 96, 3)), (0, 0), 2.0)
    return cv2.normalize(noise, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


def predictions(**options):
    frames = [(texture(1 if number < 20 else 2), number) for number in range(30)]
    placed = list(placed_frames(frames, TremblingPredictor(), ConversionConfig(**options)))
    assert [frame.pts for frame in placed] == list(range(30))
    assert [n for n, frame in enumerate(placed) if frame.starts_shot] == [0, 20]
    return np.stack([frame.prediction for frame in placed])


@pytest.mark.parametrize("renderer", ["warp", "select"])
def test_placed_frames_hold_still(renderer):
    raw, steady = (predictions(renderer=renderer, steadiness=frames) for frames in (1, 12))

    def changes(values):
        return np.abs(np.diff(values[12:20], axis=0)).mean()

    assert changes(steady) < 0.15 * changes(raw)
    # The first frame of each shot is as predicted, the next is not.
    for first in (0, 20):
        np.testing.assert_array_equal(steady[first], raw[first])
        assert np.abs(steady[first + 1] - raw[first + 1]).mean() > 0.01


def shaded(count, cut):
    """Two shots, each frame of which is a little brighter than the one before."""
    return [
        (texture(1 if number < cut else 2) // 2 + 4 * number + (0 if number < cut else 40), number)
        for number in range(count)
    ]


def test_placed_frames_show_a_network_the_frames_before():
    """Its disparity is the brightness of the frame before, or of the first frame of a shot."""
    frames, predictor = shaded(20, 11), two_frame_predictor()
    placed = list(placed_frames(frames, predictor, ConversionConfig(steadiness=1)))
    assert [n for n, frame in enumerate(placed) if frame.starts_shot] == [0, 11]
    for number, frame in enumerate(placed):
        before = number if number in (0, 11) else number - 1
        expected = predictor.shrink(frames[before][0]).mean(axis=2) / 255
        np.testing.assert_allclose(frame.prediction, expected, atol=1e-5)


@pytest.mark.parametrize("cut", [5, 9, 30])
def test_placed_frames_of_several_frames_resume_alike(monkeypatch, cut):
    """Segments begin at a cut or within a shot."""
    monkeypatch.setattr(f"{placed_frames.__module__}.SHORTEST_SEGMENT", 3)
    monkeypatch.setattr(f"{placed_frames.__module__}.LONGEST_SEGMENT", 7)
    frames, predictor, config = shaded(24, cut), two_frame_predictor(), ConversionConfig()
    whole = list(placed_frames(frames, predictor, config))
    borders = [number for number, frame in enumerate(whole) if frame.state is not None]
    assert len(borders) >= 3
    for border in borders:
        state = whole[border].state
        resumed = placed_frames(frames[border:], predictor, config, state=state)
        for one, other in zip(whole[border:], resumed, strict=True):
            np.testing.assert_array_equal(one.prediction, other.prediction)
            assert one.placement == other.placement
