"""Batches of stereo pairs from a pack, for `keras.Model.fit` under any backend.

What `dataset.py` does with TensorFlow, done with NumPy and OpenCV: the same windows, mirroring and
changes of color in distribution, not the same random numbers. A training batch is a function of
(pack, config, step) and of nothing else: the order is a permutation made of the seed and the
epoch, and what is done to a pair follows from the seed and its running number.
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

# The red, green and blue shares of brightness (ITU-R BT.601).
LUMA = np.array([0.299, 0.587, 0.114])
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
    """Batches `(left, right)` of a pack; see `data_pipeline.dataset.stereo_dataset`.

    Left views are (batch, height, width, 3 * frames) float32 in [0, 1], the current one first;
    right views (batch, height, width, 3).

    Args:
        folder: A pack.
        split: "train", "validation" or "test".
        config: How to draw; the defaults when None.
        start_step: Number of batches to leave out at the beginning.
        steps: At most so many batches; None for all there are, which in training never end.
        training: True for shuffled and augmented batches; False for one pass in stored order
            through central windows, whose last batch may be smaller.
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

    def _batch(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        first = step * self._config.batch_size
        last = first + self._config.batch_size
        if not self._training:
            last = min(last, len(self._pack))
        pairs = [self._pair(number) for number in range(first, last)]
        left, right = (np.stack(views) for views in zip(*pairs, strict=True))
        return left, right

    def _shuffled(self, epoch: int) -> np.ndarray:
        return np.random.default_rng([self._config.seed, epoch]).permutation(len(self._pack))

    def _pair(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Left views, (h, w, 3 * frames), and the right view of a running number."""
        config = self._config
        if not self._training:
            views = self._window(self._pack[number], CENTRAL)
            views = views.astype(np.float32) / np.float32(255.0)
        else:
            epoch, place = divmod(number, len(self._pack))
            # Three numbers, so that no pair's seed is that of an epoch's order.
            random = np.random.default_rng([config.seed, number, 1]).random(RANDOM_NUMBERS)
            flipped = config.mirrored(random)
            example = self._pack[int(self._order(epoch)[place])]
            views = change_colors(
                self._window(example, random[:2], flipped), **config.color_change(random[3:])
            )
        return np.concatenate(views[:-1], axis=-1), views[-1]

    def _window(
        self, example: StereoExample, where: np.ndarray, flipped: bool = False
    ) -> np.ndarray:
        """One window of all views, (frames + 1, h, w, 3) uint8, the right view last.

        Args:
            example: The encoded views.
            where: Shares in [0, 1) that choose the row and the column, the same in all views.
            flipped: Whether to mirror the views and exchange the eyes; see `augmentation.mirror`.
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
        for data in _encoded_views(example, config.frames, flipped):
            view = cv2.cvtColor(decode_picture(data, cv2.IMREAD_COLOR, name), cv2.COLOR_BGR2RGB)
            if view.shape[:2] != (example.height, example.width):
                raise PackError(f"A picture of {name} has another size than is stored with it.")
            views.append(view[top : top + rows, left : left + width])
        window = np.stack(views)
        above = (height - rows) // 2
        window = np.pad(window, ((0, 0), (above, height - rows - above), (0, 0), (0, 0)), "reflect")
        return np.ascontiguousarray(window[:, :, ::-1]) if flipped else window


def change_colors(
    views: np.ndarray,
    brightness: float = 0.0,
    contrast: float = 1.0,
    saturation: float = 1.0,
    gamma: float = 1.0,
    cast: np.ndarray | float = 1.0,
) -> np.ndarray:
    """Changes the colors of all views by one function; see `augmentation.change_colors`.

    Args:
        views: (n, h, w, 3) uint8.
        brightness: Offset.
        contrast: Factor around mid-gray.
        saturation: Factor; 0 is gray.
        gamma: Exponent.
        cast: (3,) factors of red, green and blue.

    Returns:
        (n, h, w, 3) float32 in [0, 1].
    """
    curve = (np.arange(256) / 255.0) ** gamma
    matrix = (saturation * np.eye(3) + (1.0 - saturation) * LUMA) * (cast * contrast)
    # The rows of the saturation matrix sum to 1, so the offset passes through it unchanged.
    offset = np.full((3, 1), 0.5 - 0.5 * contrast + brightness)
    picture = cv2.LUT(views.reshape(-1, views.shape[2], 3), curve.astype(np.float32))
    changed = cv2.transform(picture, np.hstack([matrix, offset]).astype(np.float32))
    return np.clip(changed, 0.0, 1.0, out=changed).reshape(views.shape)


def _encoded_views(example: StereoExample, frames: int, flipped: bool) -> list[bytes]:
    """Left views, the current one first, and the right view; the eyes exchanged if flipped."""
    eyes = [
        (example.left_jpeg, *example.before_jpegs),
        (example.right_jpeg, *example.before_right_jpegs),
    ]
    left, right = reversed(eyes) if flipped else eyes
    return [*left[:frames], right[0]]
