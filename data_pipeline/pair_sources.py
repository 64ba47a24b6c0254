"""Pairs to evaluate on, from all that the scripts take: data sets, films, folders.

What is given is recognized by its content. Every source is read anew each time that it is iterated
over, and hands on one pair at a time.
"""

import contextlib
import itertools
import os
import pathlib
from collections.abc import Iterable, Iterator

import numpy as np

from data_pipeline.movie import MovieOptions, find_movie_bars, unpack_eyes
from data_pipeline.quality import measure_pair
from data_pipeline.sources import MOVIE_SUFFIXES, Source, find_sources
from deep3d.pairs import FilePairs, Pair
from deep3d.stereo_layouts import FOLDER_LAYOUTS, folder_layout, list_pairs
from deep3d.video import LAYOUTS, ShotDetector, VideoError, VideoReader
from deep3d.wording import either

SHARDS = "shards"
# Neighbouring frames taken at each place of a film, so that flicker can be told from motion.
RUN = 2
# Where in its part of a film a place is looked for, until it shows two views of one scene.
PLACES = (0.5, 0.3, 0.7)
# A frame wider than this, times its height, has two whole views side by side; one narrower than
# the other has two of them below each other. Between them lie the halved ones.
FULL_SIDE_BY_SIDE, FULL_TOP_AND_BOTTOM = 2.9, 1.2
HALF_TOP_AND_BOTTOM_NAMES = ("htab", "half-tab", "half_tab", "hou", "half-ou", "half_ou")


def find_layout(data: str) -> str:
    """How what is given is laid out.

    Args:
        data: Ingested data set, folder of pictures or films, film, or glob pattern of films.

    Returns:
        "shards", "films", or one of `deep3d.stereo_layouts.FOLDER_LAYOUTS`.

    Raises:
        ValueError: If there is nothing.
    """
    path = pathlib.Path(data)
    if (path / "dataset_info.json").exists():
        return SHARDS
    if path.is_dir():
        films = any(file.suffix.lower() in MOVIE_SUFFIXES for file in path.iterdir())
        return "films" if films else folder_layout(path)
    if path.suffix.lower() in MOVIE_SUFFIXES or set("*?[") & set(data):
        return "films"
    raise ValueError(f"There is no folder {data}.")


def open_pairs(
    data: str,
    layout: str = "",
    table: dict[str, dict] | None = None,
    at_most: int | None = None,
    film_frames: int = 20,
    swap_eyes: bool = False,
) -> Iterable[Pair]:
    """Pairs of a folder or of films, not composed yet.

    Args:
        data: As for `find_layout`.
        layout: What `find_layout` returns, or how films are packed; "" finds out.
        table: What is known of pairs by name, as for `deep3d.pairs.FilePairs`.
        at_most: That many pairs or fewer, evenly spread.
        film_frames: As for `FilmPairs`.
        swap_eyes: As for `FilmPairs`.

    Returns:
        The pairs, to be iterated over as often as wanted.

    Raises:
        ValueError: If there are no pairs, a view is missing, or the layout is unknown.
    """
    layout = layout or find_layout(data)
    if layout in FOLDER_LAYOUTS:
        return FilePairs(list_pairs(data, layout), table, at_most)
    if layout == "films" or layout in LAYOUTS:
        packed = "" if layout == "films" else layout
        return FilmPairs(data, film_frames, packed, swap_eyes, at_most)
    known = either((SHARDS, *FOLDER_LAYOUTS, "films", *LAYOUTS))
    raise ValueError(f"layout must be {known}. Received: {layout}")


class FilmPairs:
    """Frames of stereo films, evenly drawn, two neighbouring ones at a time.

    Places that are black, flat or no stereo are replaced by others nearby, and left out where
    those are no better.

    Args:
        pattern: Film, folder of films, or glob pattern.
        frames: Frames of each film.
        layout: How all are packed; "" goes by the shape of each.
        swap_eyes: Whether the films have the right eye first.
        at_most: Frames of all films together; None is no bound.

    Raises:
        ValueError: If there is no film, or one cannot be read.
    """

    def __init__(
        self,
        pattern: str,
        frames: int = 20,
        layout: str = "",
        swap_eyes: bool = False,
        at_most: int | None = None,
    ):
        self._pattern, self._swap_eyes = pattern, swap_eyes
        self._sources = find_sources([pattern])
        if not self._sources:
            raise ValueError(f"No film was found by {pattern}.")
        broken = next((source for source in self._sources if source.error), None)
        if broken:
            raise ValueError(broken.error)
        self.layouts = [layout or packed_layout(source.path) for source in self._sources]
        if at_most is not None:
            frames = min(frames, max(RUN, at_most // len(self._sources)))
        self._runs = max(1, frames // RUN)

    def __iter__(self) -> Iterator[Pair]:
        """Yields the pairs film by film; ValueError if no film has any."""
        found = False
        for source, layout in zip(self._sources, self.layouts, strict=True):
            options = MovieOptions(layout=layout, swap_eyes=self._swap_eyes)
            for pair in _film_pairs(source, options, self._runs):
                found = True
                yield pair
        if not found:
            raise ValueError(
                f"{self._pattern}: no frame shows two views of one scene. "
                f"Read as {either(sorted(set(self.layouts)))}; --layout says otherwise."
            )


class IngestedPairs:
    """Central windows of an ingested data set, which the ingestion has composed already.

    Args:
        data_dir: Folder written by `python -m data_pipeline.ingest`.
        split: Which of its splits.
        height: Rows of the window.
        width: Columns of the window.
        at_most: That many pairs or fewer, evenly spread.

    Raises:
        ValueError: If the folder holds no data set or the data set lacks the split.
    """

    def __init__(self, data_dir, split: str, height: int, width: int, at_most: int | None = None):
        from data_pipeline.dataset import DatasetConfig, stereo_dataset

        window = DatasetConfig(batch_size=1, crop_height=height, crop_width=width)
        self._data_dir, self._split = data_dir, split
        self._windows = stereo_dataset(data_dir, split, window, training=False)
        self._stride = 1
        if at_most is not None:
            self._stride = max(1, -(-int(self._windows.cardinality()) // at_most))

    def __iter__(self) -> Iterator[Pair]:
        """Yields the pairs in the order of the shards, each with the name of its movie."""
        from data_pipeline.dataset import clear_data_errors

        with clear_data_errors(self._data_dir):
            both = zip(self._windows.as_numpy_iterator(), self._movies(), strict=True)
            for number, (views, movie) in enumerate(both):
                if number % self._stride:
                    continue
                left, right = ((255 * view[0] + 0.5).astype("uint8") for view in views)
                yield Pair(f"{self._split} {number}", left, right, film=movie.decode())

    def _movies(self):
        """Names of the records' movies, in the order of the shards."""
        import tensorflow as tf
        import tensorflow_datasets as tfds

        from data_pipeline.schema import undecoded_images

        info, decoders = tfds.builder_from_directory(self._data_dir).info, undecoded_images()
        paths = [str(path) for path in info.splits[self._split].filepaths]
        movies = tf.data.TFRecordDataset(paths).map(
            lambda record: info.features.deserialize_example(record, decoders=decoders)["movie"]
        )
        return movies.as_numpy_iterator()


def ingested_pairs(
    data_dir, split: str, height: int, width: int, at_most: int | None = None
) -> tuple[IngestedPairs, IngestedPairs | None]:
    """Pairs of a split, and those of validation, by which fixed baselines are chosen.

    Args:
        data_dir: As for `IngestedPairs`.
        split: As for `IngestedPairs`.
        height: As for `IngestedPairs`.
        width: As for `IngestedPairs`.
        at_most: As for `IngestedPairs`, of each.

    Returns:
        Both; None for validation where the data set has none, or it is evaluated itself.

    Raises:
        ValueError: As `IngestedPairs`.
    """
    import tensorflow_datasets as tfds

    pairs = IngestedPairs(data_dir, split, height, width, at_most)
    splits = tfds.builder_from_directory(data_dir).info.splits
    if split == "validation" or "validation" not in splits:
        return pairs, None
    return pairs, IngestedPairs(data_dir, "validation", height, width, at_most)


def packed_layout(path: str | os.PathLike) -> str:
    """How a film is packed, as far as the shape of its frames and its name tell.

    Args:
        path: The film.

    Returns:
        One of `deep3d.video.LAYOUTS`; half_sbs, the usual one, where nothing speaks for another.

    Raises:
        VideoError: If it cannot be opened.
    """
    with VideoReader(path) as reader:
        shape = reader.width / reader.height * float(reader.sample_aspect_ratio)
    if shape >= FULL_SIDE_BY_SIDE:
        return "full_sbs"
    if shape <= FULL_TOP_AND_BOTTOM:
        return "full_tab"
    name = pathlib.Path(path).stem.lower()
    return "half_tab" if any(word in name for word in HALF_TOP_AND_BOTTOM_NAMES) else "half_sbs"


def _film_pairs(source: Source, options: MovieOptions, runs: int) -> Iterator[Pair]:
    bars = find_movie_bars(source.path, options)
    with VideoReader(source.path) as reader:
        duration_s = reader.duration_s or 0.0
    for number in range(runs):
        for share in PLACES:
            start_s = duration_s * (number + share) / runs
            pairs = _run(source, options, bars, start_s)
            if pairs:
                yield from pairs
                break


def _run(source: Source, options: MovieOptions, bars, start_s: float) -> list[Pair]:
    """Neighbouring frames of one shot; none if the first is no stereo picture."""
    detector, pairs = ShotDetector(), []
    # A damaged place in the middle must not keep the rest from being looked at.
    with contextlib.suppress(VideoError), VideoReader(source.path, start_s=start_s) as part:
        for frame in itertools.islice(part, RUN):
            cut = detector.update(frame.image)
            eyes = unpack_eyes(frame.image, options, part.sample_aspect_ratio)
            left, right = (np.ascontiguousarray(bars.crop(view)) for view in eyes)
            if (cut and pairs) or (not pairs and measure_pair(left, right, options.quality).reason):
                break
            name = f"{source.name} {float(frame.time - part.origin):.3f} s"
            pairs.append(Pair(name, left, right, film=source.name, follows=bool(pairs)))
    return pairs
