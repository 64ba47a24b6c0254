import keras
import numpy as np
import pytest

from deep3d.config import TrainingConfig
from deep3d.optimization import WarmUp, build_optimizer, learning_rate_schedule


def rates(steps, **fields):
    schedule = learning_rate_schedule(TrainingConfig(steps=100, learning_rate=0.5, **fields))
    return [float(schedule(step)) for step in steps]


def test_learning_rate_schedule_cosine_preset():
    found = rates((0, 5, 10, 55, 100), schedule="cosine", warmup_steps=10)
    # half way between the peak and a hundredth of it, 45 of 90 steps after the warm-up
    np.testing.assert_allclose(found, [0.0, 0.25, 0.5, 0.2525, 0.005], rtol=1e-5)


def test_learning_rate_schedule_step_preset():
    fields = {"schedule": "step", "step_every": 40, "step_factor": 0.1}
    found = rates((0, 5, 10, 39, 40, 99), warmup_steps=10, **fields)
    np.testing.assert_allclose(found, [0.0, 0.25, 0.5, 0.5, 0.05, 0.005], rtol=1e-5)
    np.testing.assert_allclose(rates((0, 40), warmup_steps=0, **fields), [0.5, 0.05], rtol=1e-5)


def test_learning_rate_schedule_constant_preset():
    found = rates((0, 1, 4, 99), schedule="constant", warmup_steps=4)
    np.testing.assert_allclose(found, [0.0, 0.125, 0.5, 0.5], rtol=1e-6)


def test_warm_up_round_trip():
    schedule = WarmUp(keras.optimizers.schedules.ExponentialDecay(0.5, 2, 0.1, staircase=True), 4)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    assert [float(again(step)) for step in range(6)] == [float(schedule(s)) for s in range(6)]


def moved(gradients, **fields):
    """A weight of 1 after a step for each gradient."""
    fields = {"optimizer": "sgd", "schedule": "constant", "warmup_steps": 0} | fields
    optimizer = build_optimizer(TrainingConfig(learning_rate=0.5, **fields))
    weight = keras.Variable([1.0], name="kernel")
    optimizer.build([weight])
    for gradient in gradients:
        optimizer.apply([keras.ops.convert_to_tensor([gradient])])
    return float(weight.numpy()[0])


def test_build_optimizer_sgd_with_momentum_preset():
    # velocity -0.05, then 0.9 * -0.05 - 0.05
    assert moved([0.1, 0.1], momentum=0.9) == pytest.approx(1 - 0.05 - 0.095, abs=1e-6)


def test_build_optimizer_accumulates_the_mean():
    fields = {"momentum": 0.0, "accumulate": 2}
    assert moved([0.1], **fields) == 1.0
    assert moved([0.1, 0.3], **fields) == pytest.approx(1 - 0.5 * 0.2, abs=1e-6)


def test_build_optimizer_clips_unless_told_not_to():
    assert moved([8.0], momentum=0.0) == pytest.approx(0.5, abs=1e-6)
    assert moved([8.0], momentum=0.0, clip_norm=0.0) == pytest.approx(-3.0, abs=1e-6)


@pytest.mark.parametrize(
    "fields",
    [
        {"optimizer": "lion"},
        {"schedule": "linear"},
        {"accumulate": 0},
        {"steps": 0},
        {"checkpoint_every": 0},
        {"summary_every": 0},
        {"patience": -1},
        {"symmetric": 1.0, "right_view": 0.0},
    ],
)
def test_training_config_rejects(fields):
    with pytest.raises(ValueError, match="Received"):
        TrainingConfig(**fields)
