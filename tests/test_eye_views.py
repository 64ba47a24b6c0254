import cv2
import numpy as np
import pytest

from deep3d.comfort import Placement
from deep3d.conversion_config import ConversionConfig
from deep3d.disparity import DisparityLevels
from deep3d.eye_views import (
    BEND,
    farthest_parallax,
    left_parallax,
    place_alone,
    placed_parallax,
    render_eyes,
)

LEVELS = DisparityLevels(minimum=-2, count=4, width=64)  # -3.125..1.5625 %
WIDE = {"budget_front": 10.0, "budget_back": 10.0}
AS_PREDICTED = ConversionConfig(convergence=0.0, **WIDE)


def picture(seed=1, height=32, width=640):
    noise = np.random.default_rng(seed).random((height, width, 3))
    noise = cv2.GaussianBlur(noise, (0, 0), 3)
    return cv2.normalize(noise, None, 20, 235, cv2.NORM_MINMAX).astype(np.uint8)


def flat(disparity, height=32, width=64):
    return np.full((height, width), disparity, np.float32)


def shift_between(left, right):
    """d with right(x) = left(x + d), in the middle of the picture."""
    errors = {
        d: np.abs(right[:, 150:450].astype(int) - left[:, 150 + d : 450 + d]).mean()
        for d in range(-60, 61)
    }
    assert min(errors.values()) < 4  # fractions of a pixel
    return min(errors, key=errors.get)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"convergence": 0.0}, 10),
        # the levels span 3 px of 64, 4.6875 %; twice that doubles every disparity
        ({"convergence": 0.0, "strength": 9.375}, 20),
        ({"convergence": 1.5625}, 20),
        ({"convergence": "1.5625"}, 20),
        ({"convergence": "auto"}, 0),
    ],
)
def test_render_eyes_strength_and_convergence(options, expected):
    left = picture()
    config = ConversionConfig(**options, **WIDE)
    same, right = render_eyes(left, flat(1.0), LEVELS, None, config)
    assert same is left
    assert shift_between(left, right) == expected


def test_render_eyes_both_moves_each_by_half():
    config = ConversionConfig(convergence=0.0, eyes="both", **WIDE)
    middle = picture()
    left, right = render_eyes(middle, flat(-1.0), LEVELS, None, config)  # -10 px of 640
    assert (shift_between(middle, left), shift_between(middle, right)) == (5, -5)
    assert shift_between(left, right) == -10


def test_render_eyes_both_keeps_an_object_whole():
    """A square in front of a wall: each eye sees all of it, at its own place."""
    levels = DisparityLevels(minimum=-8, count=16, width=320)
    middle = np.full((40, 320, 3), 200, np.uint8)
    middle[10:30, 130:180] = 30
    disparity = np.full((40, 320), -4, np.float32)
    disparity[10:30, 124:174] = 6  # where a whole right eye sees it: 130 - 6
    config = ConversionConfig(convergence=0.0, eyes="both", **WIDE)
    for eye, first in zip(
        render_eyes(middle, disparity, levels, None, config), (133, 127), strict=True
    ):
        dark = np.flatnonzero(eye[20, :, 0] < 115)
        assert abs(dark[0] - first) <= 1 and abs(dark[-1] - (first + 49)) <= 1
        assert dark.size == pytest.approx(50, abs=1)


def test_placed_parallax_keeps_to_the_budget():
    ramp = np.tile(np.linspace(-6, 6, 64, dtype=np.float32), (8, 1))  # +-9.4 %
    for config in (ConversionConfig(), ConversionConfig(convergence=0.0)):
        placement = place_alone(ramp, LEVELS, config)
        shown = placed_parallax(ramp, LEVELS, placement, config)
        assert shown.min() > -2 and shown.max() < 1
        assert (np.diff(shown[0, 10:48]) > 0).all()  # away from the edges


def test_placed_parallax_bends_to_the_screen_at_the_edges():
    config = ConversionConfig(convergence=0.0)
    near = placed_parallax(flat(0.3), LEVELS, Placement(), config)[0]
    inside = np.arange(64) / 63
    outer = np.minimum(inside, 1 - inside) < BEND / 2
    assert near[0] < 0.05 and near[-1] < 0.01
    assert (near[outer] < 0.3).all()
    np.testing.assert_allclose(near[8:-8], 0.46875, atol=1e-5)
    far = placed_parallax(flat(-0.3), LEVELS, Placement(), config)
    np.testing.assert_allclose(far, -0.46875, atol=1e-5)  # what lies behind may be cut off


def test_render_eyes_takes_nothing_from_beyond_the_edge():
    """A ramp of gray in front: its right end stays where the picture ends, and is not mirrored."""
    ramp = np.repeat(np.linspace(0, 250, 640)[np.newaxis, :, np.newaxis], 16, axis=0)
    left = np.repeat(np.rint(ramp), 3, axis=2).astype(np.uint8)
    config = ConversionConfig(convergence=0.0)
    _, right = render_eyes(left, flat(0.6, 16), LEVELS, Placement(), config)
    assert (np.diff(right[8, :, 0].astype(int)) >= 0).all()
    assert right[8, -1, 0] >= 249 and right[8, 0, 0] <= 4
    loose = ConversionConfig(convergence=0.0, floating_window=True)
    _, mirrored = render_eyes(left, flat(0.6, 16), LEVELS, Placement(), loose)
    assert (np.diff(mirrored[8, :, 0].astype(int)) < 0).any()


def test_render_eyes_floating_window_hides_one_strip_of_each_eye():
    config = ConversionConfig(convergence=0.0, floating_window=True)
    placement = Placement(left_window=0.8, right_window=0.5)  # 5.12 and 3.2 of 640 px
    source = picture()
    untouched = source.copy()
    left, right = render_eyes(source, flat(0.2), LEVELS, placement, config)
    assert not left[:, :5].any() and left[:, 5].all()
    assert not right[:, 637:].any() and right[:, 636].all()
    np.testing.assert_array_equal(left[:, 5:], source[:, 5:])
    np.testing.assert_array_equal(source, untouched)


def test_render_eyes_select_keeps_to_the_budget():
    levels = DisparityLevels(minimum=4, step=0.1, count=2, width=64)  # 6.25 and 6.41 %
    certain = np.zeros((32, 64, 2), np.float32)
    certain[..., 1] = 1
    left = picture()
    config = ConversionConfig(convergence=0.0, renderer="select")
    _, right = render_eyes(left, certain, levels, None, config)
    assert shift_between(left, right) == 6  # 1 % of 640 is 6.4


def test_left_parallax_agrees_with_the_right_view():
    prediction = flat(-1.0)
    prediction[8:24, 20:30] = 1.0  # the left eye sees it a pixel farther right
    config = AS_PREDICTED
    left = left_parallax(prediction, LEVELS, Placement(), config)
    np.testing.assert_allclose(left[16, 22:30], 1.5625, atol=0.05)
    np.testing.assert_allclose(left[2], -1.5625, atol=0.05)


def test_farthest_parallax():
    assert farthest_parallax(LEVELS, ConversionConfig(budget_back=1.5)) == -1.5
    assert farthest_parallax(LEVELS, AS_PREDICTED) == -3.125
    assert farthest_parallax(LEVELS, ConversionConfig(convergence=2.5)) == -0.625


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"convergence": "near"}, "auto or a number"),
        ({"convergence": 6.0}, "auto or -5..5"),
        ({"convergence": "nan"}, "auto or -5..5"),
        ({"budget_front": 0.0}, "budget must be above 0"),
        ({"eyes": "left"}, "must be right or both"),
        ({"eyes": "both", "renderer": "select"}, "right eye only"),
    ],
)
def test_config_rejects_uncomfortable_wishes(options, message):
    with pytest.raises(ValueError, match=message):
        ConversionConfig(**options)
