import keras
import numpy as np
import pytest

from deep3d.disparity import DisparityLevels
from deep3d.losses import DisparityLoss, right_view_loss

LEVELS = DisparityLevels(minimum=-2.0, step=1.0, count=5, width=64)


def softmax(logits):
    shares = np.exp(logits - logits.max(-1, keepdims=True))
    return shares / shares.sum(-1, keepdims=True)


def random_case(scale, seed=0):
    rng = np.random.default_rng(seed)
    truth = np.stack([rng.uniform(-2, 2, (2, 6, 10)), rng.uniform(0, 1, (2, 6, 10))], -1)
    logits = rng.normal(size=(2, 6 // scale, 10 // scale, 5))
    return truth.astype("float32"), logits.astype("float32")


@pytest.mark.parametrize("scale", [1, 2])
def test_disparity_loss_matches_reference(scale):
    truth, logits = random_case(scale)
    expected = []
    for item in range(2):
        total = weight = 0.0
        for y in range(6 // scale):
            for x in range(10 // scale):
                block = truth[item, y * scale : (y + 1) * scale, x * scale : (x + 1) * scale]
                trust = block[..., 1].mean()
                disparity = (block[..., 0] * block[..., 1]).sum() / block[..., 1].sum()
                position = disparity + 2.0
                low = int(min(position, 3.999))
                shares = softmax(logits[item, y, x])
                share = position - low
                crossed = -(1 - share) * np.log(shares[low]) - share * np.log(shares[low + 1])
                missed = abs(shares @ np.arange(5) - position)
                total += trust * (crossed + 0.5 * missed)
                weight += trust
        expected.append(total / weight)
    loss = DisparityLoss(LEVELS, scale)
    np.testing.assert_allclose(loss.call(truth, logits), expected, rtol=1e-3)


def test_disparity_loss_ignores_untrusted():
    truth, logits = random_case(1)
    truth[:, :3, :, 1] = 0.0
    changed = truth.copy()
    changed[:, :3, :, 0] = 1.5
    loss = DisparityLoss(LEVELS)
    np.testing.assert_allclose(loss.call(truth, logits), loss.call(changed, logits), rtol=1e-6)
    changed[:, 3:, :, 0] = 1.5
    assert np.abs(loss.call(truth, logits) - loss.call(changed, logits)).min() > 0.01


def test_disparity_loss_of_nothing_is_zero():
    truth, logits = random_case(2)
    truth[..., 1] = 0.0
    np.testing.assert_allclose(DisparityLoss(LEVELS, 2).call(truth, logits), 0.0, atol=1e-6)


def test_disparity_loss_round_trip():
    loss = DisparityLoss(LEVELS, 2, 0.25)
    again = DisparityLoss(**loss.get_config())
    truth, logits = random_case(2)
    np.testing.assert_array_equal(loss.call(truth, logits), again.call(truth, logits))


def test_right_view_loss_preset():
    truth = np.zeros((1, 2, 2, 4), "float32")
    prediction = np.zeros((1, 2, 2, 3), "float32")
    prediction[0, 0] = 0.3  # half of the pixels wrong
    truth[..., 3] = 1.0
    np.testing.assert_allclose(right_view_loss(truth, prediction), [0.15], rtol=1e-3)
    truth[0, 1, :, 3] = 0.0  # the right ones are unknown
    np.testing.assert_allclose(right_view_loss(truth, prediction), [0.3], rtol=1e-3)
    np.testing.assert_allclose(right_view_loss(truth[..., :3], prediction), [0.15], rtol=1e-6)


def test_right_view_loss_gradient_is_zero_where_unknown():
    prediction = keras.Variable(np.full((1, 2, 2, 3), 0.5, "float32"))
    truth = np.zeros((1, 2, 2, 4), "float32")
    truth[0, 0, :, 3] = 1.0
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = right_view_loss(truth, prediction.value)
    gradient = tape.gradient(loss, prediction.value).numpy()
    assert (gradient[0, 0] > 0).all() and not gradient[0, 1].any()
