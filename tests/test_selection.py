import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from deep3d.selection import SelectionLayer, select, shift_columns

FRACTIONAL = (-2.5, -1.0, 0.0, 0.25, 3.0)
ONE_SIDED = (1.5, 2.0, 4.75)
PORT_2017 = tuple(range(-16, 0))
ORIGINAL = tuple(-j for j in range(-15, 17))


def reference(left, probabilities, disparities, padding, empty=False):
    """The formula, one pixel at a time."""
    batch, height, width, _ = left.shape
    right = np.zeros(left.shape, np.float64)
    for b, y, x in np.ndindex(batch, height, width):
        for k, disparity in enumerate(disparities):
            position = x + disparity
            whole = math.floor(position)
            for column, weight in ((whole, 1 - (position - whole)), (whole + 1, position - whole)):
                if padding == "edge":
                    column = min(max(column, 0), width - 1)
                elif column < 0:
                    column = -column
                elif column >= width:
                    column = 2 * (width - 1) - column
                if weight:
                    p = probabilities[b, y, x, k + int(empty)]
                    right[b, y, x] += p * weight * left[b, y, column]
    return right


def random_inputs(levels, shape=(2, 3, 37), seed=0):
    rng = np.random.default_rng(seed)
    left = rng.random((*shape, 3), dtype="float32")
    return left, rng.dirichlet(np.ones(levels), shape).astype("float32")


@pytest.mark.parametrize("padding", ["edge", "reflect"])
@pytest.mark.parametrize("disparities", [FRACTIONAL, ONE_SIDED, PORT_2017, (-3, -1), (0, 2)])
def test_select_matches_reference(disparities, padding):
    left, probabilities = random_inputs(len(disparities))
    result = select(left, probabilities, disparities, padding)
    np.testing.assert_allclose(
        result, reference(left, probabilities, disparities, padding), atol=1e-5
    )


def test_select_reproduces_2017_port():
    """16 levels, d = -16..-1, reflect padding: out(x) = sum_k p_k left(x + d_k)."""
    left, probabilities = random_inputs(16)
    padded = np.pad(left, ((0, 0), (0, 0), (16, 0), (0, 0)), mode="reflect")
    stack = np.stack([padded[:, :, 16 + d : 16 + d + 37] for d in range(-16, 0)], axis=-1)
    expected = (stack * probabilities[..., np.newaxis, :]).sum(axis=-1)
    np.testing.assert_allclose(
        select(left, probabilities, PORT_2017, "reflect"), expected, atol=1e-5
    )


def test_select_reproduces_original_labels():
    """An empty channel, then j = -15..16 with out(x) = sum_j p_j left(x - j), edges repeated."""
    left, probabilities = random_inputs(33)
    expected = np.zeros(left.shape)
    for channel, j in enumerate(range(-15, 17), start=1):
        columns = np.clip(np.arange(37) - j, 0, 36)
        expected += probabilities[..., channel : channel + 1] * left[:, :, columns]
    result = select(left, probabilities, ORIGINAL, "edge", empty=True)
    np.testing.assert_allclose(result, expected, atol=1e-5)
    assert float(np.max(result)) < 0.99  # the empty label takes its share of the light


@pytest.mark.parametrize("padding", ["edge", "reflect"])
@pytest.mark.parametrize("disparities", [FRACTIONAL, ONE_SIDED, (-4.0, -1.5)])
def test_select_gradient(disparities, padding):
    """Against the formula's own Jacobian, which is linear in either input."""
    shape = (1, 2, 9)
    left, probabilities = (
        tf.constant(x) for x in random_inputs(len(disparities), shape=shape, seed=3)
    )
    upstream = np.random.default_rng(4).normal(size=left.shape)
    with tf.GradientTape() as tape:
        tape.watch([left, probabilities])
        loss = tf.reduce_sum(select(left, probabilities, disparities, padding) * upstream)
    of_left, of_probabilities = tape.gradient(loss, [left, probabilities])
    for values, gradient, at in (
        (left.numpy(), of_left.numpy(), 0),
        (probabilities.numpy(), of_probabilities.numpy(), 1),
    ):
        expected = np.zeros(values.shape)
        for index in np.ndindex(values.shape):
            unit = np.zeros(values.shape)
            unit[index] = 1.0
            inputs = [left.numpy(), probabilities.numpy()]
            inputs[at] = unit
            expected[index] = (reference(*inputs, disparities, padding) * upstream).sum()
        np.testing.assert_allclose(gradient, expected, atol=1e-4)


def test_select_gradient_empty_label_is_zero():
    left, probabilities = (tf.constant(x) for x in random_inputs(3))
    with tf.GradientTape() as tape:
        tape.watch(probabilities)
        loss = tf.reduce_sum(select(left, probabilities, (-1.0, 2.0), empty=True))
    gradient = tape.gradient(loss, probabilities).numpy()
    assert np.all(gradient[..., 0] == 0) and np.any(gradient[..., 1:] != 0)


def test_select_under_xla_with_unknown_size():
    signature = (tf.TensorSpec((None, None, None, 3)), tf.TensorSpec((None, None, None, 5)))
    compiled = tf.function(
        lambda left, p: select(left, p, FRACTIONAL), input_signature=signature, jit_compile=True
    )
    for width in (11, 24):
        left, probabilities = random_inputs(5, shape=(1, 2, width))
        np.testing.assert_allclose(
            compiled(left, probabilities),
            reference(left, probabilities, FRACTIONAL, "edge"),
            atol=1e-5,
        )


def test_select_builds_no_stack():
    """No tensor in forward or backward graph is larger than the padded image."""
    disparities = tuple(range(-8, 8))

    @tf.function
    def gradient(left, probabilities):
        with tf.GradientTape() as tape:
            tape.watch([left, probabilities])
            loss = tf.reduce_sum(select(left, probabilities, disparities))
        return tape.gradient(loss, [left, probabilities])

    graph = gradient.get_concrete_function(
        tf.TensorSpec((1, 10, 100, 3)), tf.TensorSpec((1, 10, 100, 16))
    ).graph
    sizes = [t.shape.num_elements() or 0 for op in graph.get_operations() for t in op.outputs]
    assert max(sizes) <= 10 * (100 + 2 * 15) * 16  # the distribution, padded; not 3 times it


def test_layer_is_float32_in_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        layer = SelectionLayer(FRACTIONAL)
    finally:
        keras.config.set_dtype_policy("float32")
    left, probabilities = random_inputs(5)
    result = layer([left, tf.cast(probabilities, tf.bfloat16)])
    assert result.dtype == "float32"
    rounded = tf.cast(tf.cast(probabilities, tf.bfloat16), tf.float32).numpy()
    np.testing.assert_allclose(result, reference(left, rounded, FRACTIONAL, "edge"), atol=1e-5)


def test_layer_round_trip():
    layer = SelectionLayer((-1.5, 2.0), padding="reflect", empty=True)
    copy = SelectionLayer.from_config(layer.get_config())
    assert copy.get_config() == layer.get_config()
    left, probabilities = random_inputs(3)
    np.testing.assert_array_equal(copy([left, probabilities]), layer([left, probabilities]))


def test_layer_gradient_flows_when_compiled():
    left, probabilities = random_inputs(5)
    layer = SelectionLayer(FRACTIONAL)
    probabilities = tf.constant(probabilities)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(probabilities)
        by_layer = tf.reduce_sum(layer([left, probabilities]) ** 2)
        by_function = tf.reduce_sum(select(left, probabilities, FRACTIONAL) ** 2)
    np.testing.assert_allclose(
        tape.gradient(by_layer, probabilities),
        tape.gradient(by_function, probabilities),
        atol=1e-5,
    )


def test_shift_columns_preset():
    ramp = np.arange(6, dtype="float32").reshape(1, 1, 6, 1)
    np.testing.assert_allclose(
        np.ravel(shift_columns(ramp, 1.5)), [1.5, 2.5, 3.5, 4.5, 5.0, 5.0], atol=1e-6
    )
    np.testing.assert_allclose(
        np.ravel(shift_columns(ramp, -2.0, "reflect")), [2, 1, 0, 1, 2, 3], atol=1e-6
    )


def test_select_rejects_other_channels():
    left, probabilities = random_inputs(4)
    with pytest.raises(ValueError, match="must have 5 channels"):
        select(left, probabilities, FRACTIONAL)


def test_select_rejects_unknown_padding():
    left, probabilities = random_inputs(5)
    with pytest.raises(ValueError, match="padding must be one of"):
        select(left, probabilities, FRACTIONAL, "wrap")


def test_select_rejects_reflect_beyond_image():
    left, probabilities = random_inputs(2, shape=(1, 2, 4))
    with pytest.raises(ValueError, match="smaller than the image width"):
        select(left, probabilities, (-4.0, 0.0), "reflect")


def test_layer_rejects_single_level():
    with pytest.raises(ValueError, match="At least two"):
        SelectionLayer((1.0,))
