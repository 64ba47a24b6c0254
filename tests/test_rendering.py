import cv2
import numpy as np
import pytest

from deep3d.disparity import DisparityLevels
from deep3d.rendering import recompose, render_select, render_warp, warp


def texture(height=48, width=101, seed=0, smooth=2.0):
    noise = np.random.default_rng(seed).random((height, width, 3))
    noise = cv2.GaussianBlur(noise, (0, 0), smooth)
    return cv2.normalize(noise, None, 10, 245, cv2.NORM_MINMAX).astype(np.uint8)


def scene(foreground=6.0, background=-2.0, width=160):
    """A textured box before a textured wall: left and right view, disparity of the right view."""
    wall, box = texture(40, width + 40, seed=1), texture(20, 40, seed=2)
    views = []
    for shift in (0, 1):  # left, right: x_right = x_left - d
        view = wall[:, 20 + shift * int(background) :][:, :width].copy()
        start = 60 - shift * int(foreground)
        view[10:30, start : start + 40] = box
        views.append(view)
    disparity = np.full((40, width), background, np.float32)
    disparity[10:30, 60 - int(foreground) : 100 - int(foreground)] = foreground
    return views[0], views[1], disparity


def test_scene_is_what_it_says():
    left, right, disparity = scene()
    visible = np.ones(disparity.shape, bool)
    visible[10:30, 92:104] = False  # uncovered behind the box
    visible[:, :3] = visible[:, -3:] = False
    np.testing.assert_array_equal(warp(left, disparity)[visible], right[visible])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_warp_matches_reference(dtype):
    left = texture().astype(dtype) * (1 if dtype is np.uint8 else 257)
    disparity = np.random.default_rng(3).uniform(-5, 5, left.shape[:2]).astype(np.float32)
    result = warp(left, disparity)
    for y, x in ((0, 50), (13, 20), (47, 80)):
        position = x + float(disparity[y, x])
        whole = int(np.floor(position))
        expected = (whole + 1 - position) * left[y, whole] + (position - whole) * left[y, whole + 1]
        # OpenCV interpolates at 1/32 of a pixel
        np.testing.assert_allclose(result[y, x], expected, atol=0.05 * left.max())
    assert result.dtype == dtype


def test_render_warp_fills_from_the_background():
    """The strip that only the right eye sees gets wall, not box."""
    left, right, disparity = scene()
    hole = (slice(10, 30), slice(94, 102))
    box_only = warp(left, disparity)[hole]
    filled = render_warp(left, disparity, sharpen=False)[hole]
    wall_beside = left[10:30, 101:105].mean(axis=(0, 1))  # what the strip is made from
    assert np.abs(filled.mean(axis=(0, 1)) - wall_beside).max() < 25
    truth = right[hole].astype(float)
    assert np.abs(filled - truth).mean() < np.abs(box_only - truth).mean()
    plain = render_warp(left, disparity, sharpen=False, fill=False)[hole]
    np.testing.assert_array_equal(plain, box_only)


def test_render_warp_leaves_visible_pixels_alone():
    left, right, disparity = scene()
    visible = np.ones(disparity.shape, bool)
    visible[10:30, 90:106] = visible[:, :4] = visible[:, -4:] = False
    result = render_warp(left, disparity, sharpen=False)
    np.testing.assert_array_equal(result[visible], right[visible])


def test_render_warp_keeps_depth_edges_steep():
    """From a disparity of a quarter of the size, the box keeps its shape and nothing stretches."""
    left, right, disparity = scene(width=320)
    small = cv2.resize(disparity, (80, 10), interpolation=cv2.INTER_AREA)
    errors = {
        sharpen: np.abs(render_warp(left, small, sharpen=sharpen).astype(float) - right)[
            :, 40:110
        ].mean()
        for sharpen in (True, False)
    }
    assert errors[True] < 0.8 * errors[False]


def test_render_warp_leaves_slanted_surfaces_alone():
    left = texture(60, 240)
    ramp = np.repeat(np.linspace(-4, 6, 60, dtype=np.float32)[:, np.newaxis], 240, axis=1)
    np.testing.assert_array_equal(render_warp(left, ramp), render_warp(left, ramp, sharpen=False))


def test_render_select_with_certain_levels_is_a_shift():
    left = texture(40, 96)
    levels = DisparityLevels(minimum=-2.0, step=1.0, count=5, width=96)
    probabilities = np.zeros((40, 96, 5), np.float32)
    probabilities[..., 4] = 1.0  # disparity +2
    result = render_select(left, probabilities, levels)
    np.testing.assert_array_equal(result[:, :90], left[:, 2:92])


def test_render_select_interpolates_levels_at_full_width():
    """At twice the width, half a level each of -1 and 0 is a mixture over -2, -1 and 0 px."""
    left = texture(20, 128, smooth=6.0)
    levels = DisparityLevels(minimum=-1.0, step=1.0, count=2, width=64)
    probabilities = np.full((10, 64, 2), 0.5, np.float32)
    result = render_select(left, probabilities, levels)
    expected = sum(np.roll(left, shift, axis=1).astype(float) for shift in (2, 1, 0)) / 3
    assert np.abs(result[:, 5:] - expected[:, 5:]).max() <= 1.0


def test_recompose_of_a_shift_moves_the_map():
    disparity = np.tile(np.linspace(-3, 5, 64, dtype=np.float32), (4, 1))
    np.testing.assert_allclose(
        recompose(disparity, disparity + 2.0)[:, :60], disparity[:, 2:62] + 2.0, atol=1e-4
    )
    np.testing.assert_array_equal(recompose(disparity, disparity), disparity)


@pytest.mark.parametrize("gain", [0.0, 0.5, 1.7])
def test_recompose_agrees_with_left_view(gain):
    """A point keeps its place in the left view and gets gain times its disparity."""
    columns = np.arange(200)
    disparity = (4 * np.sin(columns / 30.0)).astype(np.float32)[np.newaxis].repeat(3, axis=0)
    result = recompose(disparity, gain * disparity)
    for x in range(20, 180, 7):
        moved = x + (1 - gain) * disparity[0, x]
        at = np.interp(moved, columns, result[0])
        assert at == pytest.approx(gain * disparity[0, x], abs=0.05)


def test_render_warp_tears_nothing_off_at_soft_edges():
    """The network's edges are slopes: a dark bar before a bright wall must stay one piece."""
    left = np.full((12, 384, 3), 220, np.uint8)
    left[:, 150:200] = 20
    disparity = np.full((12, 384), -8, np.float32)
    disparity[:, 143:193] = 7  # where the right eye sees the bar
    soft = cv2.blur(disparity, (9, 1))
    right = render_warp(left, soft)[6, :, 0]
    dark = np.flatnonzero(right < 120)
    assert dark[-1] - dark[0] + 1 == dark.size, "one piece"
    assert dark.size == pytest.approx(50, abs=3)


def test_render_warp_keeps_things_whole_where_edges_lie_inside():
    """Of a bar whose disparity ends before it does, nothing stays behind with the wall."""
    left = np.full((12, 384, 3), 220, np.uint8)
    left[:, 150:200] = 20
    disparity = np.full((12, 384), -8, np.float32)
    disparity[:, 146:190] = 7  # three pixels of the bar on either side are missing
    right = render_warp(left, cv2.blur(disparity, (9, 1)))[6, :, 0]
    dark = np.flatnonzero(right < 120)
    assert dark[-1] - dark[0] + 1 == dark.size, "one piece"


def test_render_warp_keeps_things_in_shape_at_soft_edges():
    """The right outline of a bar whose edge is a slope stays within a third of the slope."""
    left = np.full((12, 384, 3), 220, np.uint8)
    left[:, 150:200] = 20
    disparity = np.full((12, 384), -8, np.float32)
    disparity[:, 143:193] = 7
    soft = cv2.blur(disparity, (15, 1))
    widths = {
        sharpen: np.count_nonzero(render_warp(left, soft, sharpen=sharpen)[6, :, 0] < 120)
        for sharpen in (True, False)
    }
    assert abs(widths[True] - 50) <= 5 < abs(widths[False] - 50)


def test_render_warp_does_not_move_sharp_edges():
    """Of the true disparity at a quarter of the size, edges come out where they were."""
    left, _, disparity = scene(width=320)
    small = cv2.resize(disparity, (80, 10), interpolation=cv2.INTER_AREA)
    away = np.ones(disparity.shape, bool)
    away[6:14] = away[26:34] = False  # within a pixel of the small map from the edges of the box
    away[:, 51:57] = away[:, 91:106] = False  # with what it uncovers, which is made up
    expected = render_warp(left, disparity, sharpen=False)
    np.testing.assert_array_equal(render_warp(left, small)[away], expected[away])


@pytest.mark.parametrize("offset", [0, 1, 2, 3])
def test_render_warp_leaves_no_outline_of_sharp_things_behind(offset):
    """Wherever a thing ends between the pixels of a small map, the wall beside it is clean."""
    left = np.full((12, 384, 3), 220, np.uint8)
    left[:, 150 + offset : 200 + offset] = 20
    left = cv2.blur(left, (3, 1))  # a picture's outlines are mixed
    disparity = np.full((12, 384), -8, np.float32)
    disparity[:, 143 + offset : 193 + offset] = 7
    small = cv2.resize(disparity, (96, 3), interpolation=cv2.INTER_AREA)
    right = render_warp(left, small)[6, :, 0]
    # a pixel of the small map is four of the picture
    assert right[193 + offset + 2 :].min() >= 215
    assert np.count_nonzero(right < 120) == pytest.approx(50, abs=3)


def test_render_warp_of_sixteen_bits_is_that_of_eight():
    left, _, disparity = scene()
    wide = render_warp(left.astype(np.uint16) * 257, disparity)
    # OpenCV blends 8 bits in 32nds and rounds
    difference = np.abs(wide / 257.0 - render_warp(left, disparity))
    assert difference.max() <= 0.6
