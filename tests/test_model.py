import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from deep3d.compact import BilinearDoubling, RowPosition
from deep3d.config import ModelConfig
from deep3d.disparity import DisparityLevels
from deep3d.model import VGG_MEAN_RGB, DiagonalBilinear, build_deep3d, set_precision

SMALL_LEVELS = DisparityLevels(minimum=-2, count=4, width=64)
TINY = ModelConfig(levels=SMALL_LEVELS, height=32, width=64)


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)


def picture(height=32, width=64, batch=1):
    return np.random.default_rng(5).random((batch, height, width, 3), dtype="float32")


@pytest.mark.parametrize(
    "config",
    [
        TINY,
        dataclasses.replace(TINY, encoder="vgg16"),
        dataclasses.replace(
            TINY,
            encoder="vgg16",
            fully_connected=True,
            fully_connected_units=8,
            levels=DisparityLevels(minimum=3, step=-1, count=5, empty=True, width=64),
        ),
    ],
)
def test_build_deep3d_shapes_and_probabilities(config):
    outputs = build_deep3d(config)(picture(batch=2))
    assert outputs["right"].shape == (2, 32, 64, 3)
    assert outputs["probabilities"].shape == (2, 32, 64, config.levels.channels)
    np.testing.assert_allclose(np.sum(outputs["probabilities"], axis=-1), 1.0, atol=1e-5)


def test_build_deep3d_takes_any_multiple_of_32():
    model = build_deep3d(TINY)
    for height, width in ((64, 32), (96, 160)):
        assert model(picture(height, width))["right"].shape == (1, height, width, 3)


def test_vgg16_parameter_count():
    """13 convolutions by hand: 3x3 kernels and biases give 14,714,688 weights."""
    model = build_deep3d(dataclasses.replace(TINY, encoder="vgg16"))
    encoder = [layer for layer in model.layers if layer.name.startswith("block")]
    assert sum(layer.count_params() for layer in encoder) == 14_714_688


@pytest.mark.parametrize("stride", [1, 2, 4, 8, 16])
def test_deconvolution_starts_as_bilinear_interpolation(stride):
    """On a ramp it must be the ramp, away from the border, and channels must not mix."""
    kernel = 2 * stride if stride > 1 else 1
    layer = keras.layers.Conv2DTranspose(
        3, kernel, strides=stride, padding="same", kernel_initializer=DiagonalBilinear()
    )
    x = np.zeros((1, 5, 7, 3), "float32")
    x[..., 1] = np.arange(7)
    y = layer(x).numpy()
    assert y.shape == (1, 5 * stride, 7 * stride, 3)
    assert not y[..., [0, 2]].any()
    expected = (np.arange(7 * stride) + 0.5) / stride - 0.5
    inner = slice(stride, -stride) if stride > 1 else slice(None)
    rows = y[0, inner, :, 1]
    np.testing.assert_allclose(rows[:, inner], np.tile(expected[inner], (len(rows), 1)), atol=1e-5)


def test_vgg16_encoder_sees_bgr_0_to_255_less_mean():
    model = build_deep3d(dataclasses.replace(TINY, encoder="vgg16"))
    seen = keras.Model(model.input, model.get_layer("block1_conv1").input)
    colors = np.broadcast_to(np.array([1.0, 0.5, 0.0], "float32"), (1, 32, 64, 3))
    red, green, blue = VGG_MEAN_RGB
    expected = [0.0 - blue, 127.5 - green, 255.0 - red]
    np.testing.assert_allclose(seen(colors)[0, 0, 0], expected, atol=1e-3)


def test_compact_encoder_sees_about_unit_range():
    model = build_deep3d(TINY)
    seen = keras.Model(model.input, model.get_layer("encoder1_1").input)
    values = seen(picture()).numpy()
    assert -2.0 <= values.min() < -1.8 and 1.8 < values.max() <= 2.0


def test_build_deep3d_learns_a_shift():
    """A few steps on one random picture moved by one pixel bring the loss down."""
    model = build_deep3d(TINY)
    left = picture(batch=2)
    right = np.roll(left, -1, axis=2)
    trainer = keras.Model(model.input, model.output["right"])
    trainer.compile(keras.optimizers.Adam(1e-2), loss="mae", jit_compile=False)
    losses = trainer.fit(left, right, epochs=15, verbose=0).history["loss"]
    assert losses[-1] < 0.8 * losses[0]


def test_build_deep3d_mixed_precision_outputs_float32():
    assert set_precision("bfloat16") == "mixed_bfloat16"
    try:
        outputs = build_deep3d(TINY)(picture())
    finally:
        set_precision("float32")
    assert outputs["probabilities"].dtype == outputs["right"].dtype == tf.float32
    np.testing.assert_allclose(np.sum(outputs["probabilities"], axis=-1), 1.0, atol=1e-5)


def test_set_precision_rejects_unknown():
    with pytest.raises(ValueError, match="precision must be one of auto, float32 or bfloat16"):
        set_precision("float8")


def test_bilinear_doubling_matches_keras():
    x = picture(5, 7, batch=2)
    expected = keras.layers.UpSampling2D(2, interpolation="bilinear")(x)
    np.testing.assert_allclose(BilinearDoubling()(x), expected, atol=1e-6)


def test_bilinear_doubling_of_unknown_size():
    double = tf.function(
        BilinearDoubling(), input_signature=[tf.TensorSpec((None, None, None, 3))], autograph=False
    )
    assert double(picture(5, 7)).shape == (1, 10, 14, 3)


def test_row_position_adds_a_polynomial_of_the_row():
    layer = RowPosition()
    layer.build((None, None, None, 2))
    layer.kernel.assign([[1.0, 0.0], [0.0, 2.0], [0.0, -1.0]])
    row = np.array([-0.75, -0.25, 0.25, 0.75])
    expected = np.stack([row, 2 * row**2 - row**3], -1)[:, None]
    zeros = np.zeros((2, 4, 3, 2), "float32")
    np.testing.assert_allclose(layer(zeros)[1], np.tile(expected, (1, 3, 1)), atol=1e-6)


@pytest.mark.parametrize(
    "fields",
    [{"encoder": "resnet"}, {"height": 100}, {"width": 0}, {"fully_connected": True}],
)
def test_config_rejects_nonsense(fields):
    with pytest.raises(ValueError, match="Received"):
        ModelConfig(**fields)
