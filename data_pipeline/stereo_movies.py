"""3D movies as a TensorFlow Datasets builder: `StereoMovies`.

The builder's config carries the movies of every split and the options; nothing is downloaded. The
result is read with `tfds.builder_from_directory`, which needs none of this code.
"""

import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar

import tensorflow_datasets as tfds

from data_pipeline import schema
from data_pipeline.movie import stereo_frames
from data_pipeline.movie_options import MovieOptions
from data_pipeline.shot import ShotReport, StereoFrame
from deep3d.video import VideoError


@dataclasses.dataclass(frozen=True)
class Movie:
    """A movie file; `name` is its name in the records, unique in the data set."""

    path: str
    name: str


def _ignore_shot(movie: Movie, report: ShotReport) -> None:
    """Default of `StereoMoviesConfig.on_shot`."""


def _raise_error(movie: Movie, error: VideoError | None) -> None:
    """Default of `StereoMoviesConfig.on_end`."""
    if error is not None:
        raise error


@dataclasses.dataclass(eq=False)
class StereoMoviesConfig(tfds.core.BuilderConfig):
    """What to build.

    Attributes:
        splits: The movies of every split.
        options: How the movies are packed and what is accepted.
        on_shot: Called after every shot.
        on_end: Called after every movie with the error that ended it, or None. By default an
            error is raised.
    """

    splits: Mapping[str, Sequence[Movie]] = dataclasses.field(default_factory=dict)
    options: MovieOptions = dataclasses.field(default_factory=MovieOptions)
    on_shot: Callable[[Movie, ShotReport], None] = _ignore_shot
    on_end: Callable[[Movie, VideoError | None], None] = _raise_error


class _LocalInfo(tfds.core.DatasetInfo):
    def initialize_from_bucket(self) -> None:
        """Does nothing: no copy is published, and looking for one leaves an empty folder behind."""


class StereoMovies(tfds.core.GeneratorBasedBuilder):
    """Stereo frames of 3D movies, composed for the disparity levels; see `schema.StereoExample`."""

    VERSION = tfds.core.Version(schema.VERSION)
    # No checksums of downloads: looking for them needs a package (importlib_resources) that
    # tensorflow-datasets 4.9.10 imports without depending on it.
    url_infos: ClassVar[dict] = {}

    def _info(self) -> tfds.core.DatasetInfo:
        return _LocalInfo(
            builder=self,
            description=schema.StereoExample.__doc__,
            features=schema.tfds_features(),
            supervised_keys=("left_jpeg", "right_jpeg"),
        )

    def _split_generators(self, dl_manager) -> dict[str, Iterator]:
        del dl_manager  # the movies are local
        generators = {}
        for split, movies in self.builder_config.splits.items():
            examples = self._generate_examples(movies)
            # The writer refuses a split without examples, after hours of work on the others; so
            # a split is declared only once its first example is there.
            first = next(examples, None)
            if first is not None:
                generators[split] = itertools.chain([first], examples)
        return generators

    def _generate_examples(self, movies: Sequence[Movie]) -> Iterator[tuple[str, dict]]:
        config = self.builder_config
        for movie in movies:
            error = None
            try:
                frames = stereo_frames(
                    movie.path,
                    config.options,
                    on_shot=functools.partial(config.on_shot, movie),
                )
                for frame in frames:
                    yield f"{movie.name}/{frame.pts}", encode_frame(frame, movie.name).as_features()
            except VideoError as caught:
                error = caught
            config.on_end(movie, error)


def encode_frame(frame: StereoFrame, movie: str) -> schema.StereoExample:
    """The stored form of an accepted frame."""
    height, width = frame.left.shape[:2]
    return schema.StereoExample(
        left_jpeg=schema.encode_jpeg(frame.left),
        right_jpeg=schema.encode_jpeg(frame.right),
        movie=movie,
        shot=frame.shot,
        pts=frame.pts,
        time_base_numerator=frame.time_base.numerator,
        time_base_denominator=frame.time_base.denominator,
        width=width,
        height=height,
        composition_width=frame.composition.width,
        composition_shift=frame.composition.shift,
        composition_scale=frame.scale,
        percentile_5=frame.percentile_5,
        percentile_95=frame.percentile_95,
        before_jpegs=tuple(schema.encode_jpeg(left) for left, _ in frame.before),
        before_right_jpegs=tuple(schema.encode_jpeg(right) for _, right in frame.before),
    )


def build(data_dir: str, config: StereoMoviesConfig) -> tfds.core.DatasetBuilder:
    """Writes the data set under `data_dir`, from local files only.

    Args:
        data_dir: Folder for TensorFlow Datasets' own hierarchy; the builder's `data_dir` is
            where the shards are.
        config: What to build.

    Returns:
        The builder, ready to read. A split none of whose frames was accepted is missing.
    """
    builder = StereoMovies(data_dir=data_dir, config=config)
    builder.download_and_prepare(
        download_dir=f"{data_dir}/unused",
        download_config=tfds.download.DownloadConfig(try_download_gcs=False),
    )
    return builder
