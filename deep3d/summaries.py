"""TensorBoard while a network is trained: curves, the baselines beside them, and depth in pictures.

Everything in pixels is also given in % of the width, since that is what films are compared by. The
log is written by TensorBoard's own package; TensorFlow is not needed.
"""

import dataclasses
import itertools
import math
import pathlib
import time
from collections.abc import Iterable

import cv2
import keras
import numpy as np

from deep3d import config as config_module
from deep3d.config import Experiment, TrainingConfig
from deep3d.data_clock import DataClock
from deep3d.disparity import DisparityLevels, expected_disparity
from deep3d.event_log import EventLog
from deep3d.layer_graph import layer_graph
from deep3d.validation_baselines import right_view_baselines
from deep3d.validation_pictures import (
    ValidationPairs,
    given_picture_sets,
    picture_sets,
    validation_pairs,
    wiggle_gif,
)

# Pairs of the first validation batch that are drawn.
IMAGES = 4
BASELINES = ("copy_left", "global_shift")
# What their lines stand beside: the metric on 0..255, the loss on 0..1, and where that is all that
# is minimised, the loss in all.
RIGHT_METRIC, RIGHT_LOSS = "mae_255", "right_loss"
# Pictures are drawn again when that costs less than this share of the time since the last ones.
MOST_COST = 0.01
HISTOGRAM_BINS = 60
# Histograms reach this much further than the levels, in % of the width.
HISTOGRAM_MARGIN = 2.0


class DepthSummaries(keras.callbacks.Callback):
    """Writes scalars while training, and pictures of fixed validation pairs after each round.

    `speed/images_per_second` counts whole steps, without validation and checkpoints;
    `speed/data_wait_percent` is the share of that time for which steps waited for a batch;
    `speed/summaries_percent` the share of a round's time that was spent in here. The errors of
    copying the left view and of the best global shift are runs of their own, so that they are
    lines in the charts of the validation error, and of the validation loss where it is that error
    alone.

    Pictures are drawn after the first and the last round, and after any other unless that would
    take more than 1 % of the time since the last ones.

    Args:
        folder: Log folder for TensorBoard.
        network: The network of `build_deep3d` whose layers are trained.
        batches: The validation batches, (left, targets) as training has them. All are read
            once for the baselines, the first pairs are drawn.
        experiment: What is trained; shown as text, and gives the levels.
        first_step: Step at which this run begins.
        clock: Watches the training data, if their wait is to be shown.
    """

    def __init__(
        self,
        folder,
        network: keras.Model,
        batches: Iterable,
        experiment: Experiment,
        first_step: int = 0,
        clock: DataClock | None = None,
    ):
        super().__init__()
        self.folder = pathlib.Path(folder)
        self.network = network
        self.experiment = experiment
        self.step = self.first_step = first_step
        self.clock = clock or DataClock()
        self.log = EventLog(self.folder)
        batches = itertools.islice(batches, experiment.training.validation_batches)
        first = next(batches)
        self.pairs = validation_pairs(*first, IMAGES, experiment.model.levels)
        self.baselines = right_view_baselines(
            itertools.chain([first], batches), experiment.model.levels
        )
        self.baseline_logs = {
            name: EventLog(self.folder / f"baseline_{name}")
            for name in BASELINES
            if name in self.baselines
        }
        self._interval = _Interval()
        self._spent, self._round_begin = 0.0, time.perf_counter()
        self._drawn_at, self._drawing_seconds = -math.inf, 0.0
        self._with_baselines = set()

    def on_train_begin(self, logs=None):
        """Writes what is known beforehand: config, settings, graph, baselines."""
        self.log.text("config", f"```\n{config_module.to_json(self.experiment)}\n```", self.step)
        self.log.hyperparameters(flat(dataclasses.asdict(self.experiment)))
        self.log.graph(layer_graph(self.network))
        if self.baselines:
            self.log.text("baselines", _baseline_text(self.baselines), self.step)
        self.log.flush()
        self._round_begin = time.perf_counter()

    def on_train_batch_begin(self, batch, logs=None):
        """Tells the clock that a batch is wanted."""
        self.clock.step_begins()

    def on_train_batch_end(self, batch, logs=None):
        """Writes the running means of loss and metrics, the learning rate and the speed."""
        self.step += 1
        self._interval.add_step(self.clock.wait())
        if self.step % self.experiment.training.summary_every:
            return
        begin = time.perf_counter()
        for name, value in (logs or {}).items():
            self.log.scalar(f"train/{name}", value, self.step)
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        self.log.scalar("train/learning_rate", rate, self.step)
        for name, value in self._interval.rates(self.experiment.training.batch_size).items():
            self.log.scalar(f"speed/{name}", value, self.step)
        self._interval = _Interval(time.perf_counter())
        self._spent += time.perf_counter() - begin

    def on_test_begin(self, logs=None):
        """Validation is not part of the training's speed."""
        self._interval = _Interval()

    def on_epoch_end(self, epoch, logs=None):
        """Writes validation scalars, baselines, histograms and the pictures."""
        begin = time.perf_counter()
        for name, value in (logs or {}).items():
            if name.startswith("val_"):
                name = name.removeprefix("val_")
                self.log.scalar(f"validation/{name}", value, self.step)
                self._write_baselines(name)
        is_last = epoch + 1 == self.params["epochs"]
        if is_last or MOST_COST * (begin - self._drawn_at) >= self._drawing_seconds:
            self._write_pictures()
        self.log.flush()
        end = time.perf_counter()
        share = (self._spent + end - begin) / (end - self._round_begin)
        self.log.scalar("speed/summaries_percent", 100.0 * share, self.step)
        self._spent, self._round_begin = 0.0, end
        self._interval = _Interval()

    def on_train_end(self, logs=None):
        """Says that the run came to its end, and closes the log."""
        self.log.succeeded()
        for log in (self.log, *self.baseline_logs.values()):
            log.close()

    def _write_baselines(self, name: str):
        """A point of each baseline's line, if the value is one that they have too."""
        unit = right_view_unit(name, self.experiment.training)
        if unit is None:
            return
        # From where the run began, so that there is a line after the first round already.
        steps = [self.step] if name in self._with_baselines else [self.first_step, self.step]
        self._with_baselines.add(name)
        for baseline, log in self.baseline_logs.items():
            for step in steps:
                log.scalar(f"validation/{name}", self.baselines[baseline] / unit, step)
            log.flush()

    def _write_pictures(self):
        """Draws everything; what never changes only the first time."""
        begin = time.perf_counter()
        levels = self.experiment.model.levels
        outputs = self.network.predict_on_batch(self.pairs.left)
        sets = picture_sets(self.pairs, outputs, levels)
        if math.isinf(self._drawn_at):
            sets |= given_picture_sets(self.pairs, levels)
        for name, pictures in sets.items():
            self.log.pictures(name, [_png(p) for p in pictures], self.step)
        gif = wiggle_gif(self.pairs.left[0, ..., :3], np.asarray(outputs["right"])[0])
        about = "Left view and predicted right view of the first pair in turn."
        self.log.pictures("views/6_wiggle", [gif], self.step, about)
        if "probabilities" in outputs:
            self._write_histograms(expected_disparity(outputs["probabilities"], levels))
        self._drawn_at = time.perf_counter()
        self._drawing_seconds = self._drawn_at - begin

    def _write_histograms(self, disparity):
        levels = self.experiment.model.levels
        edges = histogram_edges(levels)
        shown = {"prediction": disparity, "truth": _known(self.pairs)}
        for name, values in shown.items():
            percent = 100.0 * values / levels.width
            self.log.histogram(f"disparity_percent_of_width/{name}", percent, edges, self.step)


def right_view_unit(name: str, training: TrainingConfig) -> float | None:
    """The unit in which a value of the validation gives the error of the right view.

    Args:
        name: As Keras logs it, "mae_255" or "right_loss" or "loss".
        training: What is minimised.

    Returns:
        On the scale 0..255; None if the value is another, or has other errors in it.
    """
    if name.endswith(RIGHT_METRIC):
        return 1.0
    if name.endswith(RIGHT_LOSS):
        return 255.0
    if name == "loss" and training.right_view and not (training.disparity or training.symmetric):
        return 255.0 / training.right_view
    return None


def histogram_edges(levels: DisparityLevels) -> np.ndarray:
    """The bins of both histograms in % of the width: the levels' range and 2 % on either side."""
    low, high = (100.0 * end / levels.width for end in (min(levels.values), max(levels.values)))
    return np.linspace(low - HISTOGRAM_MARGIN, high + HISTOGRAM_MARGIN, HISTOGRAM_BINS + 1)


def flat(settings: dict, prefix: str = "") -> dict[str, object]:
    """Nested settings by dotted names, {"model": {"width": 64}} -> {"model.width": 64}."""
    result = {}
    for name, value in settings.items():
        nested = isinstance(value, dict)
        result |= flat(value, f"{prefix}{name}.") if nested else {f"{prefix}{name}": value}
    return result


class _Interval:
    """Steps since a moment: how fast they were, and how long they waited for data."""

    def __init__(self, begin: float | None = None):
        self.begin, self.steps, self.waits = begin, 0, []

    def add_step(self, wait: float | None):
        if self.begin is None:  # the first step after a pause only says when counting begins
            self.begin = time.perf_counter()
            return
        self.steps += 1
        self.waits.append(math.nan if wait is None else wait)

    def rates(self, batch_size: int) -> dict[str, float]:
        """Images per second and, if all steps were watched, the share of time that they waited."""
        if not self.steps:
            return {}
        seconds = time.perf_counter() - self.begin
        rates = {"images_per_second": self.steps * batch_size / seconds}
        if not math.isnan(sum(self.waits)):
            rates["data_wait_percent"] = 100.0 * sum(self.waits) / seconds
        return rates


def _known(pairs: ValidationPairs) -> np.ndarray:
    return np.zeros(0) if pairs.truth is None else pairs.truth[np.isfinite(pairs.truth)]


def _baseline_text(found: dict) -> str:
    return (
        f"Copying the left view errs by {found['copy_left']:.3f}, moving it by "
        f"{found['global_shift_px']:+.1f} px, the best shift for all validation pairs, by "
        f"{found['global_shift']:.3f} (mean absolute error, 0..255)."
    )


def _png(picture: np.ndarray) -> bytes:
    is_gray = np.ptp(picture, axis=-1).max() == 0  # a third of the size
    shown = picture[..., 0] if is_gray else cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".png", shown)
    return data.tobytes()
