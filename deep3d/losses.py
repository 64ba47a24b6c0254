"""What training minimises: the error of the right view, and of disparity where it is known.

Targets carry their trust in the last channel, so that what nobody knows teaches nothing.
"""

import keras
from keras import ops

from deep3d.disparity import DisparityLevels


def right_view_loss(truth, prediction):
    """Mean absolute error of the right view, the paper's loss, where the truth is known.

    Args:
        truth: (batch, h, w, 3) in [0, 1], or (batch, h, w, 4) with the weight of each pixel last.
        prediction: (batch, h, w, 3).

    Returns:
        (batch,) means over the known pixels.
    """
    error = ops.mean(ops.abs(truth[..., :3] - prediction), axis=-1)
    if truth.shape[-1] == 3:
        return ops.mean(error, axis=(1, 2))
    return _weighted_mean(error, truth[..., 3])


@keras.saving.register_keras_serializable(package="deep3d")
class DisparityLoss(keras.losses.Loss):
    """Cross-entropy of the levels, and absolute error of their expectation.

    A disparity between two levels is a target of two parts, in proportion to their nearness. The
    cross-entropy lets the network say that it hesitates between near and far; the error of the
    expectation, which the converter shows, keeps that from becoming a habit.

    Args:
        levels: The disparity levels.
        scale: Pixels of the target along each side of a pixel of the logits.
        expectation: Weight of the absolute error, in levels, against the cross-entropy.
        name: Name in logs.

    Call arguments:
        truth: (batch, h, w, 2): disparity in pixels and its trust in 0..1.
        logits: (batch, h / scale, w / scale, channels).

    Returns:
        (batch,) values.
    """

    def __init__(
        self,
        levels: DisparityLevels,
        scale: int = 1,
        expectation: float = 0.5,
        name: str = "disparity",
    ):
        super().__init__(name=name)
        self.levels = levels
        self.scale = scale
        self.expectation = expectation

    def call(self, truth, logits):
        """Both terms, averaged over the trusted pixels."""
        position, trust = self._target(truth)
        logits = ops.cast(logits, "float32")[..., int(self.levels.empty) :]
        log_share = ops.log_softmax(logits, axis=-1)
        number = ops.arange(self.levels.count, dtype="float32")
        target = ops.relu(1.0 - ops.abs(position[..., None] - number))
        crossed = -ops.sum(target * log_share, axis=-1)
        expected = ops.sum(ops.exp(log_share) * number, axis=-1)
        return _weighted_mean(crossed + self.expectation * ops.abs(expected - position), trust)

    def _target(self, truth):
        """Position among the levels, 0..count - 1, and trust, at the resolution of the logits."""
        disparity, trust = truth[..., :1], truth[..., 1:]
        if self.scale > 1:
            share = ops.average_pool(trust, self.scale, self.scale)
            disparity = ops.average_pool(disparity * trust, self.scale, self.scale)
            disparity = disparity / (share + 1e-6)
            trust = share
        position = (disparity[..., 0] - self.levels.minimum) / self.levels.step
        return ops.clip(position, 0.0, self.levels.count - 1.0), trust[..., 0]

    def get_config(self):
        """Every argument of the constructor."""
        return {
            "levels": self.levels,
            "scale": self.scale,
            "expectation": self.expectation,
            "name": self.name,
        }


def _weighted_mean(values, weights):
    """Means over rows and columns, (batch, h, w) -> (batch,)."""
    total = ops.sum(values * weights, axis=(1, 2))
    return total / (ops.sum(weights, axis=(1, 2)) + 1e-3)
