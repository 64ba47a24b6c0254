"""Training: Keras `fit` on right views and disparity, resumable and watched.

The paper's loss, the mean absolute error of the predicted right view, and where the data have it
the error of disparity (losses.py). Progress is cut into rounds of `checkpoint_every` steps; after
each round the network is validated, its pictures go to TensorBoard and a checkpoint with the
optimizer's state is written. The data are addressed by step, so a killed run that starts again
sees the pictures that it would have seen. Several devices share each batch (distribution.py).
"""

import contextlib
import dataclasses
import importlib.util
import os
import pathlib
import warnings
from collections.abc import Callable

import keras
import numpy as np

from deep3d import checkpoint, distribution, vgg
from deep3d import config as config_module
from deep3d.callbacks import MODEL_NAME, BadLoss, SaveCheckpoints, StopOnBadLoss, TrainingError
from deep3d.checkpoint import ArchitectureError, CheckpointError, Progress
from deep3d.config import Experiment, TrainingConfig
from deep3d.data_clock import DataClock
from deep3d.model import build_deep3d, set_precision
from deep3d.model_files import DAMAGED_NAME, checkpoints, model_path
from deep3d.pair_changes import change_pairs
from deep3d.summaries import DepthSummaries
from deep3d.trainer import compile_trainer

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
    strategy=None,
) -> TrainingResult:
    """Trains a network, from its last checkpoint in `workdir` if there is one.

    Args:
        experiment: Architecture and training.
        training_batches: Takes the step to begin at, returns an endless `tf.data.Dataset` (or
            `keras.utils.PyDataset`) of batches (left, targets). The left views are (batch,
            height, width, 3) float32 in [0, 1]; the targets are the right views, or a dict of
            "right" and "disparity" as `losses` takes them; or what `pair_changes.change_pairs`
            makes such a batch of. Of several machines each gives its own share of every batch, all
            of equal size.
        validation_batches: Returns a finite one of such batches, without changes to make, in fixed
            order, equally many on every machine.
        workdir: Folder for config, checkpoint, best model and TensorBoard logs; machines that
            train together share it, and the chief alone writes there.
        verbose: As in `keras.Model.fit`.
        strategy: What `distribution.start` returned; None for one device.

    Returns:
        The model and what was logged.

    Raises:
        TrainingError: If the loss is not finite or explodes, or the steps do not fill whole
            rounds, or a batch cannot be shared by the devices.
        CheckpointError: If the checkpoint belongs to another architecture, or neither it nor the
            one before can be read, or it cannot be written.
        WorkerLost: If another machine is gone; call again in a new process to join it again.
    """
    training = experiment.training
    _check_devices(training, strategy)
    round_steps, last_step = _rounds(training)
    workdir = pathlib.Path(workdir)
    workdir.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(training.seed)
    set_precision(training.precision)
    with distribution.scope(strategy):
        model = build_deep3d(experiment.model)
    model = distribution.outside(strategy, model)
    trainer = compile_trainer(model, experiment, strategy)
    with _clear_errors(training_batches, training.seed, workdir, strategy):
        progress = _begin(workdir, model, experiment, trainer.optimizer)
        distribution.check_same_step(progress.step, strategy)
        validation = _counted(distribution.divisible(validation_batches(), strategy))
        distribution.replicate(trainer, strategy, validation)
        if training.patience and progress.stale >= training.patience:
            last_step = progress.step  # patience has ended this training before
        clock = DataClock()
        history = trainer.fit(
            clock.watch(training_batches(progress.step)),
            validation_data=validation,
            initial_epoch=progress.step // round_steps,
            epochs=last_step // round_steps,
            steps_per_epoch=round_steps,
            callbacks=_callbacks(workdir, model, experiment, progress, validation, clock, strategy),
            shuffle=False,  # the batches come shuffled
            verbose=verbose,
        )
        # Nobody leaves before the chief is done.
        distribution.check_same_step(last_step, strategy)
    return TrainingResult(model, history.history, workdir / MODEL_NAME)


def _check_devices(training: TrainingConfig, strategy):
    if strategy and (training.accumulate > 1 or training.xla):
        raise TrainingError(
            "accumulate and xla do not go with several devices; they are for one. "
            f"Received: accumulate={training.accumulate}, xla={training.xla}"
        )
    devices = strategy.num_replicas_in_sync if strategy else 1
    if training.batch_size % devices:
        raise TrainingError(
            f"batch_size must be a multiple of the number of devices, {devices}, which share each "
            f"batch. Received: {training.batch_size}"
        )


def _counted(batches):
    """Validation batches of known number.

    Where Keras does not know it, a graph counts the rows of a batch after the last one as well
    (their number is a constant in it), and the loss comes out too small.
    """
    if isinstance(batches, keras.utils.PyDataset):
        count = batches.num_batches
    else:
        import tensorflow as tf

        count = int(batches.cardinality())
        if count == tf.data.UNKNOWN_CARDINALITY:
            count = sum(1 for _ in batches)
            batches = batches.apply(tf.data.experimental.assert_cardinality(count))
    if count is None or count < 1:
        raise TrainingError(
            "There must be validation data for one whole batch at least, and an end to them; give "
            "more titles to validation, or a smaller --batch_size. "
            f"Received: {count or 'no'} batches"
        )
    return batches


def _rounds(training: TrainingConfig) -> tuple[int, int]:
    """Steps of a round, and the step at which this run ends."""
    round_steps = min(training.checkpoint_every, training.steps)
    last_step = min(training.stop_at or training.steps, training.steps)
    if training.steps % round_steps or last_step % round_steps:
        raise TrainingError(
            "steps and stop_at must be multiples of checkpoint_every. "
            f"Received: {training.steps}, {training.stop_at} and {training.checkpoint_every}"
        )
    return round_steps, last_step


def _begin(workdir: pathlib.Path, model: keras.Model, experiment: Experiment, optimizer):
    """Reads the newest sound checkpoint, or the weights that a new run begins with."""
    training = experiment.training
    paths = checkpoints(workdir)
    for path in paths:
        try:
            return checkpoint.restore(path, model, experiment.model, optimizer)
        except ArchitectureError:
            raise
        except CheckpointError as error:
            if path == paths[-1]:
                raise
            reason = str(error).removesuffix(".")
            warnings.warn(f"{reason}. Going on from {paths[-1]}.", stacklevel=2)
            # Else the next round would keep it in the place of the sound one; machines that share
            # the folder all come here.
            with contextlib.suppress(FileNotFoundError):
                os.replace(path, workdir / DAMAGED_NAME)
    if training.start_from:
        checkpoint.restore(model_path(training.start_from), model, experiment.model)
    elif training.vgg_weights:
        vgg.load_imagenet_weights(model, training.vgg_weights)
    return Progress()


def _callbacks(
    workdir, model, experiment: Experiment, progress: Progress, validation, clock, strategy
):
    """What watches the training; files are the chief's."""
    training = experiment.training
    round_steps, _ = _rounds(training)
    chief = distribution.is_chief(training, strategy)
    watching = [StopOnBadLoss(progress.step, training.largest_rise)]
    if chief:
        text = config_module.to_json(experiment)
        (workdir / "config.json").write_text(text, encoding="utf-8")
        watching.append(keras.callbacks.CSVLogger(workdir / LOG_NAME, append=progress.step > 0))
        watching += _summaries(workdir / "logs", model, validation, experiment, progress, clock)
    # Before the averaged weights are taken out again after validation.
    watching.append(
        SaveCheckpoints(workdir if chief else None, model, experiment, progress, round_steps)
    )
    if training.averaging:
        watching.append(keras.callbacks.SwapEMAWeights())
    return watching


@contextlib.contextmanager
def _clear_errors(training_batches, seed: int, workdir: pathlib.Path, strategy):
    """Says what to do about a bad loss and what was in its batch, and that a worker is lost."""
    try:
        with distribution.lost_workers() if strategy else contextlib.nullcontext():
            yield
    except BadLoss as error:
        left, targets = change_pairs(*next(iter(training_batches(error.step))))
        arrays = {"left": left} | (targets if isinstance(targets, dict) else {"right": targets})
        contents = ", ".join(f"{name} {_contents(array)}" for name, array in arrays.items())
        if checkpoints(workdir):
            advice = "The last checkpoint is sound; resume from it"
        else:
            advice = "There is no checkpoint yet; begin again"
        raise TrainingError(
            f"{error} {advice} with a lower --learning_rate or with --precision=float32. "
            f"The batch is number {error.step}, from 0, of seed {seed}; it holds {contents}"
        ) from error


def _contents(array) -> str:
    values = np.asarray(array)
    bad = int(np.count_nonzero(~np.isfinite(values)))
    finite = values[np.isfinite(values)]
    span = f"{finite.min():.4g}..{finite.max():.4g}" if finite.size else "nothing"
    return span + (f" and {bad} values that are not finite" if bad else "")


def _summaries(folder, model, batches, experiment, progress: Progress, clock) -> list:
    """Pictures and curves, where TensorBoard is installed."""
    if importlib.util.find_spec("tensorboard") is None:
        return []
    return [DepthSummaries(folder, model, batches, experiment, progress.step, clock)]
