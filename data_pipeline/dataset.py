"""Batches of stereo pairs from an ingested data set, for training and for evaluation.

Training batches are a function of (data, config, step) and of nothing else: the order of the
records follows from the seed and the epoch, window and changes of a pair from the seed and its
running number. A run that is stopped and started again at step k therefore sees what the unbroken
run would have seen, and `start_step` gets there without decoding an image.
"""

import contextlib
import pathlib
from collections.abc import Iterator

import tensorflow as tf

from data_pipeline import schema
from data_pipeline.dataset_config import (
    RANDOM_NUMBERS,
    TOO_NARROW,
    DataError,
    DatasetConfig,
    check_frames,
)
from data_pipeline.storage.stored_files import cut_files
from deep3d.wording import either


def stereo_dataset(
    data_dir: str | pathlib.Path,
    split: str,
    config: DatasetConfig | None = None,
    start_step: int = 0,
    training: bool = True,
    share: tuple[int, int] = (0, 1),
) -> tf.data.Dataset:
    """Batches `(left, targets)` of an ingested data set.

    Args:
        data_dir: Folder written by `python -m data_pipeline.ingest`.
        split: "train", "validation" or "test".
        config: How to draw; the defaults when None.
        start_step: Number of batches to leave out at the beginning.
        training: True for an endless, shuffled stream of random windows with changes to make;
            False for one pass in a fixed order through central windows.
        share: Number of a machine and of machines, which must divide `batch_size`: each gets its
            part of every batch, and in evaluation, too, whole batches only.

    Returns:
        Dataset of left views, (batch, height, width, 3 * frames), the current one first, then
        those before it, the latest first; and of targets. In evaluation both are float32 in [0, 1],
        the targets are the right views, (batch, height, width, 3), and the last batch may be
        smaller. In training every batch is full and still 8-bit, and the targets are a dict of
        "right" and "changes"; `deep3d.pair_changes.change_pairs` is then the first thing to do.
        Read it under `clear_data_errors`.

    Raises:
        DataError: If the folder holds no data set, or the data set lacks the split or stores
            fewer frames.
        ValueError: If `start_step` is negative.
    """
    config = config or DatasetConfig()
    if start_step < 0:
        raise ValueError(f"start_step must not be negative. Received: {start_step}")
    builder = _open_builder(data_dir, split)
    check_frames(config.frames, _stored_frames(builder, split), data_dir)
    count = builder.info.splits[split].num_examples
    first = start_step * config.batch_size
    if training:
        records = _shuffled_records(builder, split, config, first)
    else:
        records = tf.data.TFRecordDataset(_shards(builder, split)).skip(first)
        count = max(0, count - first)
    decode = _decoder(builder.info.features, config, training)
    finish = _training_batch if training else _plain_batch
    # The running number goes with the still encoded record: it seeds window and changes.
    machine, machines = share
    pairs = (
        records.enumerate(start=first)
        .shard(machines, machine)
        .map(decode, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    )
    whole = training or machines > 1
    # Windows stay 8-bit until they are a batch: TensorFlow's cost of an operation is paid once.
    batches = pairs.batch(config.batch_size // machines, drop_remainder=whole)
    batches = batches.map(finish, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    steps = tf.data.INFINITE_CARDINALITY if training else -(-count // config.batch_size)
    if machines > 1 and not training:
        steps = count // config.batch_size
        batches = batches.take(steps)
    return batches.apply(tf.data.experimental.assert_cardinality(steps)).prefetch(tf.data.AUTOTUNE)


def read_examples(data_dir: str | pathlib.Path, split: str) -> Iterator[schema.StereoExample]:
    """The examples of an ingested data set as they are stored, with encoded views.

    Args:
        data_dir: Folder written by `python -m data_pipeline.ingest`.
        split: "train", "validation" or "test".

    Yields:
        The examples in stored order.

    Raises:
        DataError: If the folder holds no data set, lacks the split, or is damaged.
    """
    builder = _open_builder(data_dir, split)
    decoders = schema.undecoded_images(builder.info.features)
    with clear_data_errors(data_dir):
        for record in tf.data.TFRecordDataset(_shards(builder, split)):
            features = builder.info.features.deserialize_example(record, decoders=decoders)
            yield schema.StereoExample.from_features(features)


def split_names(data_dir: str | pathlib.Path) -> list[str]:
    """The splits that an ingested data set has.

    Raises:
        DataError: If the folder holds no data set.
    """
    return list(_builder(data_dir).info.splits)


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


def _builder(data_dir):
    """The TensorFlow Datasets reader of a folder."""
    import tensorflow_datasets as tfds

    if not (pathlib.Path(data_dir) / "dataset_info.json").is_file():
        raise DataError(
            "data_dir must hold a data set; make one with "
            f"`python -m data_pipeline.ingest --movies=... --output={data_dir}`. "
            f"Received: {data_dir}"
        )
    if cut := cut_files(data_dir):
        name, words = next(iter(cut.items()))
        raise DataError(_damaged(data_dir, f"{name} {words}"))
    try:
        return tfds.builder_from_directory(data_dir)
    except Exception as error:  # the library documents no errors of reading its own files
        raise DataError(_damaged(data_dir, error)) from error


def _open_builder(data_dir, split: str):
    """The reader of a folder that holds the split."""
    builder = _builder(data_dir)
    if split not in builder.info.splits:
        raise DataError(
            f"split must be one of {either(sorted(builder.info.splits))}, which {data_dir} holds. "
            f"Received: {split}"
        )
    return builder


def _stored_frames(builder, split: str) -> int:
    """Left views in each example, of which the first tells of all."""
    if "before_jpegs" not in builder.info.features:
        return 1
    with clear_data_errors(builder.data_dir):
        record = next(iter(tf.data.TFRecordDataset(_shards(builder, split))))
        decoders = schema.undecoded_images(builder.info.features)
        example = builder.info.features.deserialize_example(record, decoders=decoders)
        return 1 + len(example["before_jpegs"])


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
    """Function (running number, record) -> (views, changes), views as `_windows` says."""
    features = schema.views_alone(features, config.frames)
    decoders = schema.undecoded_images(features)

    def decode(number, record):
        example = features.deserialize_example(record, decoders=decoders)
        if not training:
            return _windows(_encoded_views(example, config.frames), example, config), ()
        seed = tf.stack([tf.cast(config.seed, tf.int64), number])
        random = tf.random.stateless_uniform([RANDOM_NUMBERS], seed)
        changes = config.changes(random)
        encoded = tf.cond(
            changes["mirrored"],
            lambda: _encoded_views(example, config.frames, exchanged=True),
            lambda: _encoded_views(example, config.frames),
        )
        return _windows(encoded, example, config, random[:2]), changes

    return decode


def _encoded_views(example, frames: int, exchanged: bool = False) -> list[tf.Tensor]:
    """Left views, the current one first, and the right view; with the eyes exchanged if wanted."""
    left, before, right = "left_jpeg", "before_jpegs", "right_jpeg"
    if exchanged:
        left, before, right = right, "before_right_jpegs", left
    earlier = tf.unstack(example[before][: frames - 1], num=frames - 1) if frames > 1 else []
    return [example[left], *earlier, example[right]]


def _windows(encoded, example, config: DatasetConfig, where=None) -> tuple[tf.Tensor, ...]:
    """Decodes one window of all views.

    Args:
        encoded: The views, JPEG.
        example: Holds their height and width.
        config: Holds the size of the window.
        where: Shares in [0, 1) that choose the row and the column, the same in all views; the
            central window, or whole frames, when None.

    Returns:
        As many views, (h, w, 3) uint8. They are not stacked: that would copy them.
    """
    stored = tf.cast(tf.stack([example["height"], example["width"]]), tf.int32)
    if config.whole_frames and where is None:
        return tuple(_decode(view, tf.concat([[0, 0], stored], 0)) for view in encoded)
    size = tf.stack([tf.minimum(stored[0], config.crop_height), config.crop_width])
    room = stored - size + 1
    wide_enough = tf.raw_ops.Assert(condition=room[1] > 0, data=[TOO_NARROW])
    with tf.control_dependencies([wide_enough]):
        where = (0.5, 0.5) if where is None else where
        corner = tf.cast(where * tf.cast(room, tf.float32), tf.int32)
    window = tf.concat([corner, size], 0)
    views = [_decode(view, window) for view in encoded]
    views = tf.cond(
        size[0] < config.crop_height,
        lambda: [_extend_rows(view, config.crop_height) for view in views],
        lambda: views,
    )
    shape = (config.crop_height, config.crop_width, 3)
    return tuple(tf.ensure_shape(view, shape) for view in views)


def _extend_rows(view: tf.Tensor, height: int) -> tf.Tensor:
    """Continues a view (rows, w, 3) of fewer rows to `height` by reflection above and below.

    Scaling up instead would change the disparity.
    """
    rows = tf.shape(view)[0]
    # 0 1 2 3 is continued to ... 2 1 0 1 2 3 2 1 ...: distance from 0 in a wave of this period.
    period = tf.maximum(2 * (rows - 1), 1)
    index = tf.math.floormod(tf.range(height) - (height - rows) // 2, period)
    return tf.gather(view, tf.minimum(index, period - index))


def _training_batch(views, changes):
    *left, right = views
    return tf.concat(left, axis=-1), {"right": right, "changes": changes}


def _plain_batch(views, _):
    *left, right = (tf.image.convert_image_dtype(view, tf.float32) for view in views)
    return tf.concat(left, axis=-1), right


def _decode(view, window) -> tf.Tensor:
    """A window (row, column, height, width) of a JPEG, (height, width, 3) uint8."""
    return tf.io.decode_and_crop_jpeg(view, window, channels=3, dct_method="INTEGER_ACCURATE")


def _damaged(data_dir, error: Exception | str) -> str:
    reason = str(error).split("\n")[0].split(" [Op:")[0].split("} ")[-1]
    return (
        f"The data set in {data_dir} is damaged or incomplete ({reason}); "
        f"`python -m data_pipeline.ingest --verify={data_dir} --repair` makes damaged files again."
    )
