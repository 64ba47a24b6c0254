import keras
import numpy as np
import pytest

from deep3d.losses import right_view_loss
from deep3d.symmetric import SymmetricTrainer, mirrored_pair

RNG = np.random.default_rng(2)
LEFT, RIGHT = RNG.random((2, 2, 3, 5, 3)).astype("float32")


def trainer(symmetric):
    """A "network" of one number: its right view is the left one, brighter."""
    keras.utils.set_random_seed(0)
    left = keras.Input((3, 5, 3))
    right = keras.layers.Conv2D(3, 1, use_bias=False, name="right")(left)
    model = SymmetricTrainer(left, {"right": right})
    model.symmetric = symmetric
    model.compile("sgd", loss={"right": right_view_loss}, jit_compile=False)
    kernel = np.eye(3, dtype="float32")[None, None]
    model.set_weights([0.5 * kernel])
    return model


def test_mirrored_pair_of_a_shifted_picture():
    """Disparity keeps its sign in the mirror: right(x) = left(x + d) holds there, too."""
    ramp = np.tile(np.arange(12.0, dtype="float32")[:, None], (1, 3, 1, 3))
    wide = np.broadcast_to(ramp[:, :, :, :], (1, 3, 12, 3))
    left, right = wide[:, :, 2:10], wide[:, :, 4:12]  # right(x) = left(x + 2)
    new_left, new_right = (np.asarray(view) for view in mirrored_pair(left, right))
    np.testing.assert_array_equal(new_right[:, :, :-2], new_left[:, :, 2:])


@pytest.mark.parametrize("as_dict", [False, True])
def test_symmetric_trainer_adds_the_mirrored_loss(as_dict):
    forward = np.abs(RIGHT - 0.5 * LEFT).mean()
    backward = np.abs(LEFT - 0.5 * RIGHT).mean()
    targets = {"right": RIGHT} if as_dict else RIGHT
    for weight in (0.0, 0.25):
        loss = trainer(weight).evaluate(LEFT, targets, verbose=0)
        np.testing.assert_allclose(loss, forward + weight * backward, rtol=1e-5)


def test_symmetric_trainer_learns_from_the_mirrored_loss():
    model = trainer(3.0)
    before = model.evaluate(LEFT, RIGHT, verbose=0)
    model.fit(LEFT, RIGHT, epochs=20, verbose=0)
    assert model.evaluate(LEFT, RIGHT, verbose=0) < before
