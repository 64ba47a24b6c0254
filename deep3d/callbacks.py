"""What watches a training: it stops at a bad loss, saves after every round, and ends in time."""

import dataclasses
import os
import pathlib

import keras
import numpy as np

from deep3d import checkpoint
from deep3d.checkpoint import Progress
from deep3d.config import Experiment
from deep3d.model_files import CHECKPOINT_NAME, PREVIOUS_NAME

MODEL_NAME = "model.h5"


class TrainingError(ValueError):
    """Training cannot go on; the message says where it stopped and what to change."""


class BadLoss(TrainingError):
    """The loss is not finite or has exploded.

    Args:
        what: What is wrong with the loss.
        step: Number of the step, from 0, whose batch it came from.
    """

    def __init__(self, what: str, step: int):
        super().__init__(f"{what} after step {step + 1}.")
        self.step = step


class StopOnBadLoss(keras.callbacks.Callback):
    """Ends training at a loss that is not finite or has exploded, before a checkpoint can hold it.

    Args:
        first_step: Step at which this run begins.
        largest_rise: Multiple of the first batch's loss that counts as exploded; 0 for none.
    """

    def __init__(self, first_step: int = 0, largest_rise: float = 0.0):
        super().__init__()
        self.step = first_step
        self.largest_rise = largest_rise
        self.first_loss = None
        self.total = 0.0  # of this round's losses

    def on_epoch_begin(self, epoch, logs=None):
        """Begins a round, in which Keras logs the mean so far."""
        self.total = 0.0

    def on_train_batch_end(self, batch, logs=None):
        """Checks the loss of this batch, which it takes out of the running mean."""
        total = float(logs["loss"]) * (batch + 1)
        loss = total - self.total
        if not np.isfinite(loss):
            raise BadLoss(f"The loss is {loss}", self.step)
        if self.first_loss is None:
            self.first_loss = abs(loss)
        if self.largest_rise and loss > self.largest_rise * self.first_loss > 0:
            raise BadLoss(
                f"The loss has risen to {loss:.4g} from {self.first_loss:.4g}, more than "
                f"--largest_rise={self.largest_rise:g} times,",
                self.step,
            )
        self.total = total
        self.step += 1


class SaveCheckpoints(keras.callbacks.Callback):
    """Writes the checkpoint after each round, and the model when its validation is the best.

    The checkpoint before the last is kept, in case the last is damaged. Training ends after
    `patience` rounds without a better validation, which the checkpoint counts.

    Args:
        workdir: Folder for the files; None for a process that counts and writes nothing.
        network: The network whose layers are trained.
        experiment: What is being trained.
        progress: How far it was when this run began.
        round_steps: Steps in a round.
    """

    def __init__(
        self,
        workdir,
        network: keras.Model,
        experiment: Experiment,
        progress: Progress,
        round_steps: int,
    ):
        super().__init__()
        self.workdir = None if workdir is None else pathlib.Path(workdir)
        self.network = network
        self.config = experiment.model
        self.patience = experiment.training.patience
        self.progress = progress
        self.round_steps = round_steps

    def on_test_end(self, logs=None):
        """Saves the model, with the averaged weights in it, if it is the best so far."""
        best = float(logs["loss"])
        if best >= self.progress.best:
            self.progress = dataclasses.replace(self.progress, stale=self.progress.stale + 1)
            return
        self.progress = dataclasses.replace(self.progress, best=best, stale=0)
        if self.workdir:
            checkpoint.save_model(self.workdir / MODEL_NAME, self.network, self.config)

    def on_epoch_end(self, epoch, logs=None):
        """Saves what a resumed run needs."""
        step = (epoch + 1) * self.round_steps
        self.progress = dataclasses.replace(self.progress, step=step)
        if self.workdir:
            self._save()
        self.model.stop_training |= bool(self.patience and self.progress.stale >= self.patience)

    def _save(self):
        path, new = self.workdir / CHECKPOINT_NAME, self.workdir / f"new_{CHECKPOINT_NAME}"
        # Complete before the two others move, so that there is always one.
        checkpoint.save_model(
            new,
            self.network,
            self.config,
            optimizer=self.model.optimizer,
            progress=self.progress,
        )
        if path.exists():
            os.replace(path, self.workdir / PREVIOUS_NAME)
        os.replace(new, path)
