import types

import cv2
import numpy as np
import pytest

from deep3d.conversion_config import ConversionConfig
from deep3d.disparity import DisparityLevels
from deep3d.rendering import render_warp
from deep3d.stereo_frames import packer_for, stereo_frames
from deep3d.video import gray_to_disparity, unpack

LEVELS = DisparityLevels(minimum=-4, count=9, width=96)
WIDTH, HEIGHT = 192, 108
# Rows or columns of black: (top, bottom, left, right).
LETTERBOX, PILLARBOX, NONE = (14, 14, 0, 0), (0, 0, 24, 24), (0, 0, 0, 0)


class FlatPredictor:
    """Everything is three pixels of 96 in front of the screen."""

    render_warp = staticmethod(render_warp)

    def __init__(self):
        self.config = types.SimpleNamespace(levels=LEVELS, frames=1)
        self.seen = []

    def shrink(self, picture):
        rows = round(picture.shape[0] / picture.shape[1] * 96)
        return cv2.resize(picture, (96, rows), interpolation=cv2.INTER_AREA)

    def disparity(self, pictures):
        self.seen += [picture.shape for picture in pictures]
        return np.full(pictures.shape[:3], 3.0, np.float32)


def frame(seed, bars):
    top, bottom, left, right = bars
    size = WIDTH - left - right, HEIGHT - top - bottom
    noise = np.random.default_rng(seed).integers(60, 256, (18, 32, 3)).astype(np.uint8)
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[top : HEIGHT - bottom, left : WIDTH - right] = cv2.resize(noise, size)
    return image


def made(bars_of_shots, **options):
    config = ConversionConfig(**{"format": "full_sbs", "convergence": 0.0} | options)
    predictor = FlatPredictor()
    frames = [frame(shot, bars) for shot, bars in enumerate(bars_of_shots) for _ in range(4)]
    packer = packer_for(WIDTH, HEIGHT, predictor, config)
    timed = zip(frames, range(len(frames)), strict=True)
    packed = [made.image for made in stereo_frames(timed, predictor, config, packer)]
    return frames, [unpack(image, config.format) for image in packed], predictor


@pytest.mark.parametrize("bars", [LETTERBOX, PILLARBOX, NONE])
@pytest.mark.parametrize("eyes", ["right", "both"])
def test_bars_stay_black_and_keep_their_edge(bars, eyes):
    top, bottom, left, right = bars
    frames, pairs, predictor = made([bars], eyes=eyes, budget_front=5.0)
    # two columns of the picture on either side stay where they are
    columns, rows = WIDTH - left - right - (4 if left else 0), HEIGHT - top - bottom
    assert set(predictor.seen) == {(round(rows / columns * 96), 96, 3)}
    for source, pair in zip(frames, pairs, strict=True):
        if eyes == "right":
            np.testing.assert_array_equal(pair[0], source)
        for view in pair:
            picture = view[top : HEIGHT - bottom, left : WIDTH - right]
            assert view.astype(int).sum() == picture.astype(int).sum()  # all around is 0
            assert picture.min() > 40  # and nothing of it in the picture
        moved = np.abs(pair[1].astype(int) - pair[0]).mean()
        assert moved > 2


@pytest.mark.parametrize("odd", [21, 23, 25])
def test_odd_bars_leave_no_line_in_the_picture(odd):
    _, pairs, _ = made([(0, 0, odd, odd)], budget_front=5.0)
    for view in pairs[-1]:
        assert view[:, :odd].max() == view[:, WIDTH - odd :].max() == 0
        assert view[:, odd : WIDTH - odd].min() > 40


def test_bars_that_change_are_followed():
    order = [LETTERBOX, NONE, LETTERBOX, PILLARBOX, NONE]
    frames, pairs, predictor = made(order)
    for number, (source, (left, right)) in enumerate(zip(frames, pairs, strict=True)):
        black = (source == 0).all(axis=2)
        assert (right[black] == 0).all(), number
        assert right[~black].min() > 40, number
        np.testing.assert_array_equal(left, source)
    shapes = [predictor.seen[4 * shot] for shot in range(len(order))]
    assert shapes[0] == shapes[2] != shapes[1] == shapes[4] != shapes[3]


def test_gray_of_bars_is_the_screen_and_of_the_picture_in_percent_of_the_frame():
    frames, pairs, _ = made([PILLARBOX], format="rgbd")
    left, gray = pairs[0]
    np.testing.assert_array_equal(left, frames[0])
    percent = gray_to_disparity(gray)
    assert np.abs(percent[:, :24]).max() == np.abs(percent[:, -24:]).max() == 0
    # three of 96 are 3.1 %, which the budget of 1 % compresses, of a picture of 140 / 192
    assert percent[:, 90:100].mean() == pytest.approx(0.73, abs=0.02)
