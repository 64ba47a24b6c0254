"""Batches of stereo pairs from an ingested data set, for training and for evaluation.

Training batches are a function of (data, config, step) and of nothing else: the order of the
records follows from the seed and the epoch, the augmentation of a pair from the seed and its
running number. A run that is stopped and started again at step k therefore sees what the unbroken
run would have seen, and `start_step` gets there without decoding an image.
"""

import contextlib
import dataclasses
import pathlib
from collections.abc import Iterator

import tensorflow as tf

from data_pipeline import schema
from data_pipeline.augmentation import change_colors, extend_rows, flip_pair
from deep3d.wording import either

# Random numbers that one pair takes: row, column, flip, brightness, contrast, saturation, gamma
# and the three colors of the cast.
RANDOM_NUMBERS = 10
TOO_NARROW = "a stored frame is narrower than crop_width"


class DataError(ValueError):
    """The data set cannot be read; the message names the folder and what to do."""


@dataclasses.dataclass(frozen=True)
class DatasetConfig:
    """How pairs are drawn from a data set.

    Attributes:
        batch_size: Pairs per batch.
        crop_height: Rows of the window; lower frames are continued by reflection.
        crop_width: Columns of the window; no stored frame may be narrower.
        seed: Seed of order and augmentation.
        shuffle_block: Encoded pairs that are held and shuffled at a time, about 80 kB each.
        flip: Whether half of the pairs are mirrored (which exchanges the eyes).
        brightness: Largest offset of the colors, in [0, 1] units.
        contrast: Largest relative change of contrast around mid-gray.
        saturation: Largest relative change of saturation.
        gamma: Largest change of the logarithm of gamma.
        color_cast: Largest relative change of a single color.
        whole_frames: In evaluation, whole frames instead of the central window; `batch_size`
            must then be 1, because sizes differ.
    """

    batch_size: int = 16
    crop_height: int = 160
    crop_width: int = 384
    seed: int = 0
    shuffle_block: int = 1024
    flip: bool = True
    brightness: float = 0.08
    contrast: float = 0.2
    saturation: float = 0.25
    gamma: float = 0.2
    color_cast: float = 0.06
    whole_frames: bool = False

    def __post_init__(self):
        for name in ("batch_size", "crop_height", "crop_width", "shuffle_block"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1. Received: {getattr(self, name)}")
        if self.whole_frames and self.batch_size != 1:
            raise ValueError(f"batch_size must be 1 with whole frames. Received: {self.batch_size}")


def stereo_dataset(
    data_dir: str | pathlib.Path,
    split: str,
    config: DatasetConfig | None = None,
    start_step: int = 0,
    training: bool = True,
) -> tf.data.Dataset:
    """Batches `(left, right)` of an ingested data set.

    Args:
        data_dir: Folder written by `python -m data_pipeline.ingest`.
        split: "train", "validation" or "test".
        config: How to draw; the defaults when None.
        start_step: Number of batches to leave out at the beginning.
        training: True for an endless, shuffled and augmented stream; False for one pass in a
            fixed order, without augmentation.

    Returns:
        Dataset of two float32 tensors (batch, height, width, 3) in [0, 1]. In training every
        batch is full; in evaluation the last may be smaller. Read it under `clear_data_errors`.

    Raises:
        DataError: If the folder holds no data set or the data set lacks the split.
        ValueError: If `start_step` is negative.
    """
    config = config or DatasetConfig()
    if start_step < 0:
        raise ValueError(f"start_step must not be negative. Received: {start_step}")
    builder = _open_builder(data_dir, split)
    count = builder.info.splits[split].num_examples
    first = start_step * config.batch_size
    if training:
        records = _shuffled_records(builder, split, config, first)
    else:
        records = tf.data.TFRecordDataset(_shards(builder, split)).skip(first)
        count = max(0, count - first)
    decode = _decoder(builder.info.features, config, training)
    # The running number goes with the still encoded record: it seeds the augmentation.
    pairs = records.enumerate(start=first).map(
        decode, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
    )
    batches = pairs.batch(config.batch_size, drop_remainder=training)
    steps = tf.data.INFINITE_CARDINALITY if training else -(-count // config.batch_size)
    return batches.apply(tf.data.experimental.assert_cardinality(steps)).prefetch(tf.data.AUTOTUNE)


@contextlib.contextmanager
def clear_data_errors(data_dir: str | pathlib.Path) -> Iterator[None]:
    """Turns TensorFlow's errors about damaged records into a `DataError`.

    Args:
        data_dir: The folder that is read inside the `with` block.

    Raises:
        DataError: In place of `tf.errors.DataLossError`, and of errors from undecodable images.
    """
    try:
        yield
    except (tf.errors.DataLossError, tf.errors.NotFoundError) as error:
        raise DataError(_damaged(data_dir, error)) from error
    except tf.errors.InvalidArgumentError as error:
        text = str(error).lower()
        if TOO_NARROW in text:
            raise DataError(f"{data_dir}: {TOO_NARROW}; crop less or ingest wider") from error
        if not any(word in text for word in ("jpeg", "image data", "parse example")):
            raise
        raise DataError(_damaged(data_dir, error)) from error


def _open_builder(data_dir, split: str):
    """The TensorFlow Datasets reader of a folder that holds the split."""
    import tensorflow_datasets as tfds

    if not (pathlib.Path(data_dir) / "dataset_info.json").is_file():
        raise DataError(
            "data_dir must hold a data set; make one with "
            f"`python -m data_pipeline.ingest --movies=... --output={data_dir}`. "
            f"Received: {data_dir}"
        )
    try:
        builder = tfds.builder_from_directory(data_dir)
    except Exception as error:  # the library documents no errors of reading its own files
        raise DataError(_damaged(data_dir, error)) from error
    if split not in builder.info.splits:
        raise DataError(
            f"split must be one of {either(sorted(builder.info.splits))}, which {data_dir} holds. "
            f"Received: {split}"
        )
    return builder


def _shards(builder, split: str) -> list[str]:
    return [str(path) for path in builder.info.splits[split].filepaths]


def _shuffled_records(builder, split: str, config: DatasetConfig, first: int) -> tf.data.Dataset:
    """Endless encoded records from number `first` on, in an order made of seed and epoch only.

    Whole epochs are left out unread. Within an epoch the shards are shuffled and then blocks of
    records; on disk the records of all movies of a split are mixed already. `Dataset.shuffle`
    would also depend on TensorFlow's global seed.
    """
    shards, block = _shards(builder, split), config.shuffle_block
    count = builder.info.splits[split].num_examples

    def one_epoch(epoch):
        order = tf.random.experimental.stateless_shuffle(shards, seed=[config.seed, epoch])
        blocks = tf.data.TFRecordDataset(order).batch(block).enumerate()
        return blocks.flat_map(
            lambda number, records: tf.data.Dataset.from_tensor_slices(
                tf.random.experimental.stateless_shuffle(
                    # Distinct from the seeds of the shards and of the other epochs' blocks.
                    records,
                    seed=[config.seed + 1, epoch * (count // block + 1) + number],
                )
            )
        )

    epochs = tf.data.Dataset.counter(start=first // count)
    return epochs.flat_map(one_epoch).skip(first % count)


def _decoder(features, config: DatasetConfig, training: bool):
    """Function (running number, record) -> (left, right), float32 in [0, 1]."""
    decoders = schema.undecoded_images()

    def decode(number, record):
        example = features.deserialize_example(record, decoders=decoders)
        seed = tf.stack([tf.cast(config.seed, tf.int64), number])
        random = tf.random.stateless_uniform([RANDOM_NUMBERS], seed)
        if config.whole_frames and not training:
            pair = _decode_window(example, example["height"], example["width"])
        else:
            where = random[:2] if training else tf.constant([0.5, 0.5])
            pair = _decode_window(example, config.crop_height, config.crop_width, where)
            pair = extend_rows(pair, config.crop_height)
            pair = tf.ensure_shape(pair, (2, config.crop_height, config.crop_width, 3))
        if training and config.flip:
            pair = tf.cond(random[2] < 0.5, lambda: flip_pair(pair), lambda: pair)
        pair = tf.image.convert_image_dtype(pair, tf.float32)
        if training:
            pair = _randomly_colored(pair, random[3:], config)
        return pair[0], pair[1]

    return decode


def _decode_window(example, height, width, where=(0.0, 0.0)) -> tf.Tensor:
    """Decodes one window of both views, (2, <= height, width, 3) uint8.

    `where` in [0, 1) chooses the row and the column, the same in both eyes.
    """
    height = tf.minimum(tf.cast(height, tf.int32), tf.cast(example["height"], tf.int32))
    width = tf.cast(width, tf.int32)
    stored_width = tf.cast(example["width"], tf.int32)
    rows = tf.cast(example["height"], tf.int32) - height + 1
    columns = stored_width - width + 1
    top, left = (
        tf.cast(tf.floor(share * tf.cast(room, tf.float32)), tf.int32)
        for share, room in zip(
            tf.unstack(tf.convert_to_tensor(where)), (rows, columns), strict=True
        )
    )
    wide_enough = tf.debugging.assert_positive(columns, message=TOO_NARROW)
    with tf.control_dependencies([wide_enough]):
        window = tf.stack([top, left, height, width])
    return tf.stack(
        [
            tf.io.decode_and_crop_jpeg(
                example[view], window, channels=3, dct_method="INTEGER_ACCURATE"
            )
            for view in ("left_jpeg", "right_jpeg")
        ]
    )


def _randomly_colored(pair: tf.Tensor, random: tf.Tensor, config: DatasetConfig) -> tf.Tensor:
    """Changes the colors of one pair by the last seven of its numbers in [0, 1)."""
    change = 2.0 * random - 1.0  # [-1, 1)
    return change_colors(
        pair,
        brightness=config.brightness * change[0],
        contrast=1.0 + config.contrast * change[1],
        saturation=1.0 + config.saturation * change[2],
        gamma=tf.exp(config.gamma * change[3]),
        cast=1.0 + config.color_cast * change[4:7],
    )


def _damaged(data_dir, error: Exception) -> str:
    reason = str(error).split("\n")[0].split(" [Op:")[0].split("} ")[-1]
    return (
        f"The data set in {data_dir} is damaged or incomplete ({reason}); "
        "run data_pipeline.ingest again with --overwrite, or restore the folder from a copy."
    )
