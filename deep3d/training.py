"""Training: Keras `fit` on right views and disparity, resumable and watched.

The paper's loss, the mean absolute error of the predicted right view, and where the data have it
the error of disparity (losses.py). Progress is cut into rounds of `checkpoint_every` steps; after
each round the network is validated, its pictures go to TensorBoard and a checkpoint with the
optimizer's state is written. The data are addressed by step, so a killed run that starts again
sees the pictures that it would have seen.
"""

import dataclasses
import importlib.util
import pathlib
from collections.abc import Callable

import keras

from deep3d import checkpoint, vgg
from deep3d import config as config_module
from deep3d.callbacks import (
    CHECKPOINT_NAME,
    MODEL_NAME,
    SaveCheckpoints,
    StopOnNaN,
    TrainingError,
)
from deep3d.config import Experiment
from deep3d.data_clock import DataClock
from deep3d.losses import DisparityLoss, right_view_loss
from deep3d.model import build_deep3d, logits_scale, set_precision
from deep3d.model_files import model_path
from deep3d.optimization import build_optimizer
from deep3d.summaries import DepthSummaries
from deep3d.symmetric import SymmetricTrainer

LOG_NAME = "log.csv"


@dataclasses.dataclass(frozen=True)
class TrainingResult:
    """What a training run ended with.

    Attributes:
        model: The network with its last weights.
        history: The values that Keras logged, by name, one for each round of this run.
        model_path: File with the weights of the best validation so far.
    """

    model: keras.Model
    history: dict
    model_path: pathlib.Path


def train(
    experiment: Experiment,
    training_batches: Callable[[int], object],
    validation_batches: Callable[[], object],
    workdir,
    verbose: int = 1,
) -> TrainingResult:
    """Trains a network, from its last checkpoint in `workdir` if there is one.

    Args:
        experiment: Architecture and training.
        training_batches: Takes the step to begin at, returns an endless `tf.data.Dataset` (or
            `keras.utils.PyDataset`) of batches (left, targets). The left views are (batch,
            height, width, 3) float32 in [0, 1]; the targets are the right views, or a dict of
            "right" and "disparity" as `losses` takes them.
        validation_batches: Returns a finite one of such batches, in fixed order.
        workdir: Folder for config, checkpoint, best model and TensorBoard logs.
        verbose: As in `keras.Model.fit`.

    Returns:
        The model and what was logged.

    Raises:
        TrainingError: If the loss is not finite, or the steps do not fill whole rounds.
        CheckpointError: If the checkpoint belongs to another architecture.
    """
    training = experiment.training
    round_steps = min(training.checkpoint_every, training.steps)
    last_step = min(training.stop_at or training.steps, training.steps)
    if training.steps % round_steps or last_step % round_steps:
        raise TrainingError(
            "steps and stop_at must be multiples of checkpoint_every. "
            f"Received: {training.steps}, {training.stop_at} and {training.checkpoint_every}"
        )
    workdir = pathlib.Path(workdir)
    workdir.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(training.seed)
    set_precision(training.precision)
    model = build_deep3d(experiment.model)
    trainer = compile_trainer(model, experiment)
    path = workdir / CHECKPOINT_NAME
    first_step = 0
    if path.exists():
        first_step = checkpoint.restore(path, model, experiment.model, trainer.optimizer)
    elif training.start_from:
        checkpoint.restore(model_path(training.start_from), model, experiment.model)
    elif training.vgg_weights:
        vgg.load_imagenet_weights(model, training.vgg_weights)
    (workdir / "config.json").write_text(config_module.to_json(experiment), encoding="utf-8")
    clock = DataClock()
    history = trainer.fit(
        clock.watch(training_batches(first_step)),
        validation_data=validation_batches(),
        initial_epoch=first_step // round_steps,
        epochs=last_step // round_steps,
        steps_per_epoch=round_steps,
        callbacks=[
            StopOnNaN(),
            keras.callbacks.CSVLogger(workdir / LOG_NAME, append=first_step > 0),
            *_summaries(workdir / "logs", model, validation_batches, experiment, first_step, clock),
            # Before the averaged weights are taken out again after validation.
            SaveCheckpoints(workdir, model, experiment, first_step, round_steps),
            *([keras.callbacks.SwapEMAWeights()] if training.averaging else []),
            *([_early_stopping(training.patience)] if training.patience else []),
        ],
        shuffle=False,  # the batches come shuffled
        verbose=verbose,
    )
    return TrainingResult(model, history.history, workdir / MODEL_NAME)


def _early_stopping(patience: int) -> keras.callbacks.Callback:
    return keras.callbacks.EarlyStopping("val_loss", patience=patience, mode="min")


def _summaries(folder, model, validation_batches, experiment, first_step: int, clock) -> list:
    """Pictures and curves, where TensorBoard is installed."""
    if importlib.util.find_spec("tensorboard") is None:
        return []
    batches = validation_batches()
    return [DepthSummaries(folder, model, batches, experiment, first_step, clock)]


def compile_trainer(model: keras.Model, experiment: Experiment) -> keras.Model:
    """The part of a network that is trained, compiled.

    Args:
        model: Network of `build_deep3d`.
        experiment: Its architecture and training.

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
    if training.symmetric > 0:
        trainer = SymmetricTrainer(model.input, outputs, name="trainer")
        trainer.symmetric = training.symmetric
    else:
        trainer = keras.Model(model.input, outputs, name="trainer")
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
