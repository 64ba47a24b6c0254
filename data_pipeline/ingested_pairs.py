"""Pairs to evaluate on from ingested data sets, as shards or packed into HDF5 files.

What is compared is the central window of each example, which the ingestion has composed already.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np

from data_pipeline.dataset_config import DatasetConfig
from data_pipeline.stereo_pack import StereoPack, pack_splits
from deep3d.pairs import Pair

SHARDS, PACK = "shards", "pack"


class ShardPairs:
    """Pairs of an ingested data set.

    Args:
        data_dir: Folder written by `python -m data_pipeline.ingest`.
        split: Which of its splits.
        window: How many pixels, and how many frames at most; fewer are had where the data set
            stores fewer.
        at_most: That many pairs or fewer, evenly spread.

    Raises:
        ValueError: If the folder holds no data set or the data set lacks the split.
    """

    def __init__(self, data_dir, split: str, window: DatasetConfig, at_most: int | None = None):
        from data_pipeline.dataset import read_examples, stereo_dataset

        self._data_dir, self._split = data_dir, split
        if window.frames > 1:
            window = _with_stored_frames(window, next(read_examples(data_dir, split)))
        self._windows = stereo_dataset(data_dir, split, window, training=False)
        self._stride = _stride(int(self._windows.cardinality()), at_most)

    def __iter__(self) -> Iterator[Pair]:
        """Yields the pairs in the order of the shards, each with the name of its movie."""
        from data_pipeline.dataset import clear_data_errors, read_examples

        with clear_data_errors(self._data_dir):
            examples = read_examples(self._data_dir, self._split)
            both = zip(self._windows.as_numpy_iterator(), examples, strict=True)
            for number, (views, example) in enumerate(both):
                if number % self._stride == 0:
                    yield _pair(f"{self._split} {number}", views, example.movie)


class PackPairs:
    """Pairs of a data set that was packed.

    Args:
        folder: Written by `python -m data_pipeline.stereo_pack`.
        split: As for `ShardPairs`.
        window: As for `ShardPairs`.
        at_most: As for `ShardPairs`.

    Raises:
        ValueError: If the folder is no pack, is damaged, or lacks the split.
    """

    def __init__(self, folder, split: str, window: DatasetConfig, at_most: int | None = None):
        from data_pipeline.stereo_sequence import StereoSequence

        self._split, self._examples = split, StereoPack(folder, split)
        window = _with_stored_frames(window, self._examples[0])
        self._windows = StereoSequence(folder, split, window, training=False)
        self._stride = _stride(len(self._examples), at_most)

    def __iter__(self) -> Iterator[Pair]:
        """Yields the pairs in stored order, each with the name of its movie."""
        for number in range(0, len(self._examples), self._stride):
            movie = self._examples[number].movie
            yield _pair(f"{self._split} {number}", self._windows[number], movie)


def ingested_pairs(
    data: str,
    layout: str,
    split: str,
    size: tuple[int, int],
    at_most: int | None = None,
    frames: int = 1,
) -> tuple[ShardPairs | PackPairs, ShardPairs | PackPairs | None]:
    """Pairs of a split, and those of validation, by which fixed baselines are chosen.

    Args:
        data: Ingested data set or pack.
        layout: Which of them: "shards" or "pack".
        split: As for `ShardPairs`.
        size: Rows and columns of the window.
        at_most: As for `ShardPairs`, of each.
        frames: How many frames a model sees.

    Returns:
        Both; None for validation where the data set has none, or it is evaluated itself.

    Raises:
        ValueError: As `ShardPairs` and `PackPairs`.
    """
    window = DatasetConfig(1, *size, frames=frames)
    source, splits = PackPairs, pack_splits
    if layout == SHARDS:
        from data_pipeline.dataset import split_names

        source, splits = ShardPairs, split_names
    pairs = source(data, split, window, at_most)
    if split == "validation" or "validation" not in splits(data):
        return pairs, None
    one_frame = dataclasses.replace(window, frames=1)
    return pairs, source(data, "validation", one_frame, at_most)


def _with_stored_frames(window: DatasetConfig, example) -> DatasetConfig:
    """The window with no more frames than an example stores; all store as many."""
    stored = 1 + len(example.before_jpegs)
    return dataclasses.replace(window, frames=min(window.frames, stored))


def _stride(count: int, at_most: int | None) -> int:
    return 1 if at_most is None else max(1, -(-count // at_most))


def _pair(name: str, views: tuple[np.ndarray, np.ndarray], movie: str) -> Pair:
    """A pair from a batch of one, left views (1, h, w, 3 * frames), right view (1, h, w, 3)."""
    stacked, right = ((255 * view[0] + 0.5).astype(np.uint8) for view in views)
    frames = stacked.shape[2] // 3
    left = [np.ascontiguousarray(view) for view in np.split(stacked, frames, axis=2)]
    # At the beginning of a shot the ingestion repeats the earliest, which makes no frame known.
    while len(left) > 1 and np.array_equal(left[-1], left[-2]):
        left.pop()
    return Pair(name, left[0], right, film=movie, before=tuple(left[1:]))
