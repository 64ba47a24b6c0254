"""What watches a training: it stops at a loss that is not finite and saves after every round."""

import pathlib

import keras
import numpy as np

from deep3d import checkpoint
from deep3d.atomic_file import write_bytes
from deep3d.config import Experiment

CHECKPOINT_NAME = "checkpoint.h5"
MODEL_NAME = "model.h5"


class TrainingError(ValueError):
    """Training cannot go on; the message says where it stopped and what to change."""


class StopOnNaN(keras.callbacks.Callback):
    """Ends training at the first loss that is not finite, before a checkpoint can hold it."""

    def on_train_batch_end(self, batch, logs=None):
        """Checks the running loss, which one NaN makes NaN."""
        if not np.isfinite(logs["loss"]):
            raise TrainingError(
                f"The loss is {logs['loss']} after step {int(self.model.optimizer.iterations)}. "
                "The last checkpoint is sound; resume from it with a lower --learning_rate or "
                "with --precision=float32."
            )


class SaveCheckpoints(keras.callbacks.Callback):
    """Writes the checkpoint after each round, and the model when its validation is the best.

    The best value survives a restart in `best.txt` beside the model.

    Args:
        workdir: Folder for the files.
        network: The network whose layers are trained.
        experiment: What is being trained.
        first_step: Step at which this run began.
        round_steps: Steps in a round.
    """

    def __init__(
        self,
        workdir,
        network: keras.Model,
        experiment: Experiment,
        first_step: int,
        round_steps: int,
    ):
        super().__init__()
        self.workdir = pathlib.Path(workdir)
        self.network = network
        self.config = experiment.model
        self.round_steps = round_steps
        self.best_path = self.workdir / "best.txt"
        resumed = first_step and self.best_path.exists()
        self.best = float(self.best_path.read_text()) if resumed else float("inf")

    def on_test_end(self, logs=None):
        """Saves the model, with the averaged weights in it, if it is the best so far."""
        if logs["loss"] >= self.best:
            return
        self.best = logs["loss"]
        checkpoint.save_model(self.workdir / MODEL_NAME, self.network, self.config)
        write_bytes(self.best_path, repr(float(self.best)).encode())

    def on_epoch_end(self, epoch, logs=None):
        """Saves what a resumed run needs."""
        checkpoint.save_model(
            self.workdir / CHECKPOINT_NAME,
            self.network,
            self.config,
            optimizer=self.model.optimizer,
            step=(epoch + 1) * self.round_steps,
        )
