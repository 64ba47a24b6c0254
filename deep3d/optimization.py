"""The optimizer of a training and how its learning rate moves."""

import keras
from keras import ops

from deep3d.config import TrainingConfig


def build_optimizer(training: TrainingConfig) -> keras.optimizers.Optimizer:
    """Adam or gradient descent with momentum, with decoupled weight decay.

    Args:
        training: Rates, schedule, decay, averaging and accumulation.

    Returns:
        The optimizer, not yet built. It counts batches, also where only every `accumulate`-th
        moves the weights.
    """
    options = {
        "weight_decay": training.weight_decay,
        "clipnorm": training.clip_norm or None,
        "use_ema": training.averaging > 0,
        "ema_momentum": training.averaging,
        "gradient_accumulation_steps": training.accumulate if training.accumulate > 1 else None,
    }
    rate = learning_rate_schedule(training)
    if training.optimizer == "sgd":
        optimizer = keras.optimizers.SGD(rate, momentum=training.momentum, **options)
    else:
        optimizer = keras.optimizers.AdamW(rate, **options)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta", "row_position"])
    return optimizer


def learning_rate_schedule(
    training: TrainingConfig,
) -> keras.optimizers.schedules.LearningRateSchedule:
    """The learning rate as a function of the step, see `TrainingConfig.schedule`.

    Args:
        training: Peak rate, schedule and warm-up, which takes half of the steps at most.

    Returns:
        Schedule of Keras, called with the number of batches seen.
    """
    schedules = keras.optimizers.schedules
    warmup = min(training.warmup_steps, training.steps // 2)
    if training.schedule == "cosine":
        return schedules.CosineDecay(
            initial_learning_rate=training.learning_rate if not warmup else 0.0,
            decay_steps=training.steps - warmup,
            alpha=0.01,
            warmup_target=training.learning_rate if warmup else None,
            warmup_steps=warmup,
        )
    factor = training.step_factor if training.schedule == "step" else 1.0
    falling = schedules.ExponentialDecay(
        training.learning_rate, training.step_every, factor, staircase=True
    )
    return WarmUp(falling, warmup) if warmup else falling


@keras.saving.register_keras_serializable(package="deep3d")
class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
    """Another schedule, whose rate rises from 0 in proportion over the first steps.

    Args:
        schedule: The other schedule; it counts from step 0, too.
        steps: Steps of the rise, at least 1.
    """

    def __init__(self, schedule: keras.optimizers.schedules.LearningRateSchedule, steps: int):
        self.schedule = schedule
        self.steps = steps

    def __call__(self, step):
        """The rate at a step."""
        share = ops.minimum(ops.cast(step, "float32") / self.steps, 1.0)
        return share * self.schedule(step)

    def get_config(self):
        """Every argument of the constructor."""
        return {
            "schedule": keras.saving.serialize_keras_object(self.schedule),
            "steps": self.steps,
        }

    @classmethod
    def from_config(cls, config):
        """The inverse of `get_config`."""
        schedule = keras.saving.deserialize_keras_object(config["schedule"])
        return cls(schedule, config["steps"])
