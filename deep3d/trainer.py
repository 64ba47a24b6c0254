"""What `fit` trains: a network's outputs, the losses on them, and the optimizer."""

import keras
from keras import ops

from deep3d import distribution
from deep3d.config import Experiment
from deep3d.losses import DisparityLoss, right_view_loss
from deep3d.model import logits_scale
from deep3d.optimization import build_optimizer
from deep3d.pair_changes import change_pairs, mirrored_pair


class Trainer(keras.Model):
    """A functional model that changes its batches, and may learn from both directions.

    Made like any functional model, of left views (batch, h, w, 3 * frames) and a dict of outputs.
    Under every backend of Keras.

    Attributes:
        symmetric: Weight of the same loss in the mirrored direction: a mirrored right view is the
            left view of the mirrored scene, so every pair teaches twice, and the second lesson
            needs no other data. For outputs with "right" alone, and targets that have it.
    """

    symmetric = 0.0

    def train_step(self, *arguments):
        """A step of Keras after `change_pairs`; the batch is the last argument."""
        *state, batch = arguments
        left, targets, weights = keras.utils.unpack_x_y_sample_weight(batch)
        batch = keras.utils.pack_x_y_sample_weight(*change_pairs(left, targets), weights)
        return super().train_step(*state, batch)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The compiled losses, and the error of the left view predicted from the right one."""
        x, y = change_pairs(x, y)  # Keras builds losses with a batch as it comes
        loss = super().compute_loss(x, _asked_for(y, y_pred), y_pred, sample_weight, training)
        if not self.symmetric:
            return loss
        mirrored = mirrored_pair(x, y["right"] if isinstance(y, dict) else y)
        prediction = self(mirrored[0], training=training)["right"]
        return loss + self.symmetric * ops.mean(right_view_loss(mirrored[1], prediction))

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """The compiled metrics."""
        x, y = change_pairs(x, y)  # likewise
        return super().compute_metrics(x, _asked_for(y, y_pred), y_pred, sample_weight)


def _asked_for(targets, outputs):
    """Those of the targets that the network learns; packs have more than every loss needs."""
    if not (isinstance(targets, dict) and isinstance(outputs, dict)):
        return targets
    return {name: targets[name] for name in outputs}


def compile_trainer(model: keras.Model, experiment: Experiment, strategy=None) -> Trainer:
    """The part of a network that is trained, compiled.

    Args:
        model: Network of `build_deep3d`.
        experiment: Its architecture and training.
        strategy: What `distribution.start` returned; the optimizer's and the metrics' variables
            are made under it.

    Returns:
        Model from the left view to what the losses need: the right view, or a dict of "right" and
        "disparity" (the logits); its layers are those of `model`.

    Raises:
        ValueError: If no loss has a weight, or one has that the network cannot have.
    """
    training = experiment.training
    if training.disparity > 0 and not experiment.model.selection:
        raise ValueError("A model without a selection layer has no disparity; set --disparity=0.")
    if training.symmetric > 0 and experiment.model.frames > 1:
        raise ValueError("The symmetric loss needs right views of all frames; set --symmetric=0.")
    outputs, losses, weights = {}, {}, {}
    if training.right_view > 0:
        outputs["right"] = model.output["right"]
        losses["right"], weights["right"] = right_view_loss, training.right_view
    if training.disparity > 0:
        outputs["disparity"] = model.get_layer("logits").output
        losses["disparity"] = DisparityLoss(experiment.model.levels, logits_scale(experiment.model))
        weights["disparity"] = training.disparity
    if not outputs:
        raise ValueError("Either right_view or disparity must have a weight.")
    trainer = Trainer(model.input, outputs, name="trainer")
    trainer.symmetric = training.symmetric
    with distribution.scope(strategy):
        trainer.compile(
            build_optimizer(training),
            loss=losses,
            loss_weights=weights,
            metrics={"right": mae_255} if "right" in outputs else None,
            # By default not the whole step by XLA: its convolutions are half as fast on a CPU as
            # oneDNN's, and the selection layer compiles itself.
            jit_compile=training.xla if keras.backend.backend() == "tensorflow" else "auto",
        )
        trainer.optimizer.build(trainer.trainable_variables)
    return trainer


def mae_255(truth, prediction):
    """The loss of the right view on the scale 0..255, under the name that logs show."""
    return 255.0 * right_view_loss(truth, prediction)
