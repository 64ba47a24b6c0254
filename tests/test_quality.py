import cv2
import numpy as np
import pytest
from stereo_films import textured_pair, title_card, two_planes

from data_pipeline.decisions.quality import (
    QualityLimits,
    glance_at,
    is_duplicate,
    is_flat,
    measure_pair,
)

LIMITS = QualityLimits()
HEIGHT, WIDTH = 162, 288


def measured(left, right, **changes):
    return measure_pair(left, right, QualityLimits(**changes))


def coded(view, quality=60):
    """The view after coding, which differs between eyes."""
    _, data = cv2.imencode(".jpg", view, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def scene(seed, disparity):
    """A textured left view and what the right eye sees with (h, w) disparity in pixels."""
    noise = np.random.default_rng(seed).integers(0, 256, (HEIGHT // 6, WIDTH // 6, 3), np.uint8)
    left = cv2.resize(noise, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    columns, rows = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    right = cv2.remap(
        left,
        (columns + disparity).astype(np.float32),
        rows.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )
    return left, right


@pytest.mark.parametrize("shift", [0, 6, -5])
def test_measure_pair_refuses_a_card_at_any_depth(shift):
    left, right = title_card(height=HEIGHT, width=WIDTH)
    right = np.roll(right, -shift, axis=1)
    assert measured(coded(left, 40), coded(right, 55)).reason == "no_parallax"


@pytest.mark.parametrize("shift", [0, 2.6])
def test_measure_pair_refuses_a_flat_picture_coded_twice(shift):
    left, right = scene(5, np.full((HEIGHT, WIDTH), shift))
    assert measured(coded(left, 70), coded(right, 85)).reason == "no_parallax"


def test_measure_pair_keeps_little_parallax():
    slope = np.linspace(0, 0.003 * WIDTH, HEIGHT)[:, np.newaxis] + np.zeros(WIDTH)
    left, right = scene(5, 1.5 + slope)
    assert measured(coded(left), coded(right, 70)).reason == ""


def test_measure_pair_keeps_a_small_thing_before_flat_ground():
    left, right = scene(5, np.zeros((HEIGHT, WIDTH)))
    thing, _ = scene(6, np.zeros((HEIGHT, WIDTH)))
    left[60:85, 130:155] = thing[60:85, 130:155]
    right[60:85, 127:152] = thing[60:85, 130:155]
    assert measured(coded(left), coded(right, 70)).reason == ""


def test_glance_at_refuses_one_black_eye():
    left, right = textured_pair(3, 2)
    black, gray = np.zeros_like(left), np.full_like(left, 90)
    for pair in ((left, black), (gray, right), (black, right)):
        assert glance_at(*pair, LIMITS).reason == "one_eye_black"
    assert glance_at(black, black, LIMITS).reason == "black"
    assert glance_at(left, right, LIMITS).reason == ""


def test_measure_pair_hands_on_what_it_matched():
    left, right = two_planes(2, 1, 6, HEIGHT, WIDTH)
    pair = measured(left, right)
    assert pair.disparity.shape == pair.views[0].shape[:2] == pair.views[1].shape[:2]
    assert np.nanmedian(pair.disparity[:, 110:170]) == pytest.approx(6, abs=0.3)
    assert np.nanmedian(pair.disparity[:, :80]) == pytest.approx(1, abs=0.3)


def test_is_duplicate():
    first = glance_at(*two_planes(2, 1, 6), LIMITS).thumbnail
    noise = np.random.default_rng(0).normal(0, 0.5, first.shape).astype(np.float32)
    assert is_duplicate(first + noise, first, LIMITS)
    assert not is_duplicate(
        glance_at(*two_planes(2, 1, 6, step=5), LIMITS).thumbnail, first, LIMITS
    )
    assert not is_duplicate(first, None, LIMITS)


def test_is_flat_finds_the_exact_disparity():
    left, right = (view[..., 0].copy() for view in scene(8, np.full((HEIGHT, WIDTH), 3.4)))
    assert is_flat(left, right, 3.0)
    assert not is_flat(left, right, 12.0)
