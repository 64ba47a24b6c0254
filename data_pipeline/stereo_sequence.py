"""Batches of stereo pairs from a pack, for `keras.Model.fit` under any backend.

What `dataset.py` does with TensorFlow, done with NumPy and OpenCV: the same windows and changes in
distribution, not the same random numbers. A training batch is a function of (pack, config, step)
and of nothing else: the order is a permutation made of the seed and the epoch, and what is done to
a pair follows from the seed and its running number.
"""

import functools
import os

import cv2
import numpy as np

from data_pipeline.dataset_config import (
    RANDOM_NUMBERS,
    TOO_NARROW,
    DataError,
    DatasetConfig,
    check_frames,
)
from data_pipeline.packs.encoded_pictures import decode_picture
from data_pipeline.packs.row_files import PackError
from data_pipeline.packs.step_sequence import StepSequence, clear_sequence_errors
from data_pipeline.schema import StereoExample
from data_pipeline.stereo_pack import StereoPack

CENTRAL = np.array([0.5, 0.5])


def pack_batches(folder: str | os.PathLike, config: DatasetConfig, validation_steps: int) -> tuple:
    """What `deep3d.training.train` draws from.

    Args:
        folder: A pack.
        config: How to draw.
        validation_steps: At most so many batches are validated on.

    Returns:
        Two functions, of the first step to the training batches and of nothing to the validation
        batches; and the context in which to read them, which keeps the words of their errors.

    Raises:
        DataError: If the pack lacks the splits or stores fewer frames.
        PackError: If a file is missing or damaged.
    """
    held_out = StereoSequence(folder, "validation", config, steps=validation_steps, training=False)
    sequences = [held_out]

    def train_from(step: int) -> StereoSequence:
        sequences.append(StereoSequence(folder, "train", config, step, ahead=os.cpu_count() or 1))
        return sequences[-1]

    return (train_from, lambda: held_out), clear_sequence_errors(sequences)


class StereoSequence(StepSequence):
    """Batches of a pack, as `data_pipeline.dataset.stereo_dataset` gives them of a data set.

    Args:
        folder: A pack.
        split: "train", "validation" or "test".
        config: How to draw; the defaults when None.
        start_step: Number of batches to leave out at the beginning.
        steps: At most so many batches; None for all there are, which in training never end.
        training: True for shuffled random windows with changes to make; False for one pass in
            stored order through central windows, whose last batch may be smaller.
        ahead: Batches that are drawn ahead, each by a thread.

    Raises:
        DataError: If the folder is no pack, lacks the split, stores fewer frames than wanted, or
            (when a batch is drawn) narrower ones.
        PackError: If a file is missing or damaged; also when a batch is drawn.
        ValueError: If `start_step` is negative.
    """

    def __init__(
        self,
        folder: str | os.PathLike,
        split: str,
        config: DatasetConfig | None = None,
        start_step: int = 0,
        steps: int | None = None,
        training: bool = True,
        ahead: int = 0,
    ):
        if start_step < 0:
            raise ValueError(f"start_step must not be negative. Received: {start_step}")
        self._folder, self._pack = folder, StereoPack(folder, split)
        self._config, self._training = config or DatasetConfig(), training
        check_frames(self._config.frames, 1 + len(self._pack[0].before_jpegs), folder)
        # Batches reach from one epoch into the next.
        self._order = functools.lru_cache(2)(self._shuffled)
        if not training:
            left = max(0, -(-len(self._pack) // self._config.batch_size) - start_step)
            steps = left if steps is None else min(left, steps)
        super().__init__(self._batch, start_step, steps, ahead)

    def _batch(self, step: int) -> tuple:
        first = step * self._config.batch_size
        numbers = range(first, first + self._config.batch_size)
        if self._training:
            return self._training_batch(numbers)
        windows = [self._window(self._pack[k], CENTRAL) for k in numbers if k < len(self._pack)]
        return _left_and_right(np.stack(windows).astype(np.float32) / np.float32(255.0))

    def _training_batch(self, numbers: range) -> tuple[np.ndarray, dict]:
        """Windows and changes of pairs of these running numbers."""
        # Three numbers, so that no pair's seed is that of an epoch's order.
        seeds = ([self._config.seed, number, 1] for number in numbers)
        random = [np.random.default_rng(seed).random(RANDOM_NUMBERS, np.float32) for seed in seeds]
        changes = self._config.changes(np.stack(random))
        windows = [
            self._window(self._example(number), where[:2], exchanged)
            for number, where, exchanged in zip(numbers, random, changes["mirrored"], strict=True)
        ]
        left, right = _left_and_right(np.stack(windows))
        return left, {"right": right, "changes": changes}

    def _example(self, number: int) -> StereoExample:
        epoch, place = divmod(number, len(self._pack))
        return self._pack[int(self._order(epoch)[place])]

    def _shuffled(self, epoch: int) -> np.ndarray:
        return np.random.default_rng([self._config.seed, epoch]).permutation(len(self._pack))

    def _window(
        self, example: StereoExample, where: np.ndarray, exchanged: bool = False
    ) -> np.ndarray:
        """One window of all views, (frames + 1, h, w, 3) uint8, the right view last.

        Args:
            example: The encoded views.
            where: Shares in [0, 1) that choose the row and the column, the same in all views.
            exchanged: Whether to exchange the eyes.
        """
        config = self._config
        if config.whole_frames and not self._training:
            height, width = example.height, example.width
        else:
            height, width = config.crop_height, config.crop_width
        if width > example.width:
            raise DataError(f"{self._folder}: {TOO_NARROW}; crop less or ingest wider")
        rows = min(height, example.height)
        top = int(where[0] * (example.height - rows + 1))
        left = int(where[1] * (example.width - width + 1))
        name = f"{example.movie} {example.pts} in {self._folder}"
        views = []
        for data in _encoded_views(example, config.frames, exchanged):
            view = cv2.cvtColor(decode_picture(data, cv2.IMREAD_COLOR, name), cv2.COLOR_BGR2RGB)
            if view.shape[:2] != (example.height, example.width):
                raise PackError(f"A picture of {name} has another size than is stored with it.")
            views.append(view[top : top + rows, left : left + width])
        window = np.stack(views)
        above = (height - rows) // 2
        return np.pad(window, ((0, 0), (above, height - rows - above), (0, 0), (0, 0)), "reflect")


def _left_and_right(windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Windows (batch, frames + 1, h, w, 3) as (batch, h, w, 3 * frames) and (batch, h, w, 3)."""
    return np.concatenate(list(windows[:, :-1].swapaxes(0, 1)), axis=-1), windows[:, -1]


def _encoded_views(example: StereoExample, frames: int, exchanged: bool) -> list[bytes]:
    """Left views, the current one first, and the right view; with the eyes exchanged if wanted."""
    eyes = [
        (example.left_jpeg, *example.before_jpegs),
        (example.right_jpeg, *example.before_right_jpegs),
    ]
    left, right = reversed(eyes) if exchanged else eyes
    return [*left[:frames], right[0]]
