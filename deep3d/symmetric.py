"""Learning in both directions: a mirrored right view is a left view.

Seen in a mirror the eyes change places, so the mirrored right view is the left view of the mirrored
scene, and its right view is the mirrored left one. Every pair therefore teaches twice, and the
second lesson needs no other data.
"""

import keras
from keras import ops

from deep3d.losses import right_view_loss


class SymmetricTrainer(keras.Model):
    """A functional model whose loss counts the mirrored direction, too.

    Made like any functional model, of a left view (batch, h, w, 3) and a dict of outputs with
    "right"; the targets are the right view or a dict of it. Under every backend of Keras.

    Attributes:
        symmetric: Weight of the mirrored direction.
    """

    symmetric = 0.0

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The compiled losses, and the error of the left view predicted from the right one."""
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        mirrored = mirrored_pair(x, y["right"] if isinstance(y, dict) else y)
        prediction = self(mirrored[0], training=training)["right"]
        return loss + self.symmetric * ops.mean(right_view_loss(mirrored[1], prediction))


def mirrored_pair(left, right):
    """The pair that a mirror shows.

    Args:
        left: (batch, h, w, 3) left views.
        right: (batch, h, w, 3 or more) right views, colors first.

    Returns:
        The left and the right views, (batch, h, w, 3), of the mirrored scenes.
    """
    return ops.flip(right[..., :3], axis=2), ops.flip(left, axis=2)
