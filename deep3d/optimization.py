"""The optimizer of a training and how its learning rate moves."""

import keras

from deep3d.config import TrainingConfig


def build_optimizer(training: TrainingConfig) -> keras.optimizers.Optimizer:
    """Adam with decoupled weight decay, warm-up and cosine decay to a hundredth.

    Args:
        training: Rates, steps, decay and averaging.

    Returns:
        The optimizer, not yet built.
    """
    warmup = min(training.warmup_steps, training.steps // 2)
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=training.learning_rate if not warmup else 0.0,
        decay_steps=training.steps - warmup,
        alpha=0.01,
        warmup_target=training.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
    optimizer = keras.optimizers.AdamW(
        rate,
        weight_decay=training.weight_decay,
        clipnorm=1.0,
        use_ema=training.averaging > 0,
        ema_momentum=training.averaging,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta", "row_position"])
    return optimizer
