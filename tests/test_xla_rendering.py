import cv2
import keras
import numpy as np
import pytest

from deep3d import pretrained, rendering, xla_rendering
from deep3d.disocclusions import continue_background
from deep3d.inference import Predictor, XlaPredictor
from deep3d.pretrained import load_model, load_predictor


def texture(height, width):
    noise = np.random.default_rng(width).random((height, width, 3))
    noise = cv2.GaussianBlur(noise, (0, 0), 2.0)
    return cv2.normalize(noise, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


def boxes(rows, columns, width, count=12):
    """Disparity at its own size, in pixels at `width`: hills, with boxes before and behind."""
    rng = np.random.default_rng(rows)
    hills = cv2.GaussianBlur(rng.normal(size=(rows, columns)).astype(np.float32), (0, 0), 8)
    disparity = 15.0 * hills / np.abs(hills).max()
    for _ in range(count):
        x, y = rng.integers(columns - 20), rng.integers(rows - 10)
        box = disparity[y : y + rng.integers(10, 60), x : x + rng.integers(4, 80)]
        box += 10.0 * rng.normal()
    return disparity * np.float32(width / columns)


@pytest.mark.parametrize(
    ("small", "size", "dtype"),
    [((40, 160), (40, 160), np.uint8), ((54, 96), (120, 213), np.uint16)],
)
def test_render_warp_is_that_of_opencv(small, size, dtype):
    unit = np.iinfo(dtype).max // 255
    left = texture(*size).astype(dtype) * dtype(unit)
    disparity = boxes(*small, width=size[1])
    expected = rendering.render_warp(left, disparity)
    made = xla_rendering.render_warp(left, disparity)
    assert made.dtype == dtype and made.shape == left.shape
    difference = np.abs(made.astype(float) - expected) / unit
    # OpenCV interpolates at 1/32 of a pixel, and where two extremes are equally near either does.
    assert difference.mean() < 0.1
    assert np.mean(difference.max(axis=-1) > 8) < 2e-3


def test_render_warp_of_flat_and_of_falling_disparity():
    left = texture(48, 96)
    for end in (0.0, -9.0):
        disparity = np.tile(np.linspace(-end, end, 48, dtype=np.float32), (24, 1))
        expected = rendering.render_warp(left, disparity).astype(int)
        assert np.abs(expected - xla_rendering.render_warp(left, disparity)).max() <= 4


@pytest.mark.parametrize("mixed", [0, 3])
def test_continued_background_of_random_maps(mixed):
    """Every jump there is, forward and back, at the edges too."""
    rng = np.random.default_rng(mixed)
    height, width = 500, 40
    runs = rng.normal(size=(height, 9)).cumsum(axis=1) * rng.choice([1, 4, 12], (height, 1))
    jumps = np.sort(rng.integers(0, width, (height, 8)), axis=1)
    which = (np.arange(width) >= jumps[..., np.newaxis]).sum(axis=1)
    columns = np.take_along_axis(runs, which, axis=1) + np.arange(width)
    columns = columns.astype(np.float32)
    expected = columns.copy()
    continue_background(expected, blur=mixed)
    assert (expected != columns).any()
    made = xla_rendering.continued_background(columns, 1 + mixed)
    np.testing.assert_allclose(np.asarray(made), expected, atol=1e-4)


@pytest.mark.parametrize(("devices", "expected"), [(["cpu:0"], False), (["gpu:0", "gpu:1"], True)])
def test_load_predictor_asks_keras_where_there_may_be_a_gpu(devices, expected, monkeypatch):
    monkeypatch.setattr(pretrained, "_GPU_FILES", (__file__,))
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: devices)
    assert isinstance(load_predictor(), XlaPredictor) == expected


def test_load_predictor_takes_xla_where_there_is_a_gpu(monkeypatch):
    monkeypatch.setattr(pretrained, "_has_gpu", lambda: True)
    assert isinstance(load_predictor(), XlaPredictor)
    assert type(load_predictor(runtime="keras")) is Predictor


def test_xla_predictor_makes_a_film_of_its_own():
    """Its views differ in their last bits, so it must not go on with another's film."""
    model = load_model("default")
    accelerated, plain = XlaPredictor(*model), Predictor(*model)
    assert accelerated.fingerprint != plain.fingerprint
    left, disparity = texture(48, 96), boxes(24, 48, width=96)
    expected = xla_rendering.render_warp(left, disparity)
    np.testing.assert_array_equal(accelerated.render_warp(left, disparity), expected)
