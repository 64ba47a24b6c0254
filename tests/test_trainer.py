import keras
import numpy as np
import pytest

from deep3d.losses import right_view_loss
from deep3d.pair_changes import change_pairs
from deep3d.trainer import Trainer

RNG = np.random.default_rng(2)
LEFT, RIGHT = RNG.random((2, 2, 3, 5, 3)).astype("float32")


def trainer(symmetric=0.0):
    """A "network" of one number: its right view is the left one, brighter."""
    keras.utils.set_random_seed(0)
    left = keras.Input((3, 5, 3))
    right = keras.layers.Conv2D(3, 1, use_bias=False, name="right")(left)
    model = Trainer(left, {"right": right})
    model.symmetric = symmetric
    model.compile("sgd", loss={"right": right_view_loss}, jit_compile=False)
    kernel = np.eye(3, dtype="float32")[None, None]
    model.set_weights([0.5 * kernel])
    return model


@pytest.mark.parametrize("as_dict", [False, True])
def test_trainer_adds_the_mirrored_loss(as_dict):
    forward = np.abs(RIGHT - 0.5 * LEFT).mean()
    backward = np.abs(LEFT - 0.5 * RIGHT).mean()
    targets = {"right": RIGHT} if as_dict else RIGHT
    for weight in (0.0, 0.25):
        loss = trainer(weight).evaluate(LEFT, targets, verbose=0)
        np.testing.assert_allclose(loss, forward + weight * backward, rtol=1e-5)


def test_trainer_leaves_alone_what_no_output_learns():
    """Packs have disparity, too, where only the right view is learned from."""
    more = {"right": RIGHT, "disparity": np.zeros((2, 3, 5, 2), np.float32)}
    expected = trainer().fit(LEFT, {"right": RIGHT}, epochs=2, verbose=0).history
    history = trainer().fit(LEFT, more, validation_data=(LEFT, more), epochs=2, verbose=0).history
    np.testing.assert_allclose(history["loss"], expected["loss"], rtol=1e-6)


def test_trainer_learns_from_the_mirrored_loss():
    model = trainer(3.0)
    before = model.evaluate(LEFT, RIGHT, verbose=0)
    model.fit(LEFT, RIGHT, epochs=20, verbose=0)
    assert model.evaluate(LEFT, RIGHT, verbose=0) < before


@pytest.mark.parametrize("symmetric", [0.0, 0.5])
def test_trainer_learns_from_changed_pairs(symmetric):
    """From 8-bit windows and their changes as from the pairs that these make."""
    left, right = np.uint8(255 * LEFT), np.uint8(255 * RIGHT)
    changes = {"mirrored": np.array([True, False]), "contrast": np.float32([0.6, 0.9])}
    targets = {"right": right, "changes": changes}
    ready = [np.asarray(view) for view in keras.tree.flatten(change_pairs(left, targets))]
    one, other = trainer(symmetric), trainer(symmetric)
    for _ in range(3):
        loss = one.train_on_batch(left, targets)
        np.testing.assert_allclose(loss, other.train_on_batch(*ready), rtol=1e-5)
    np.testing.assert_allclose(one.get_weights()[0], other.get_weights()[0], rtol=1e-5)
    assert np.abs(one.get_weights()[0] - trainer().get_weights()[0]).max() > 1e-3
