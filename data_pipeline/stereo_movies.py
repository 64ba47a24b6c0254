"""Stereo examples as a TensorFlow Datasets builder: `StereoMovies`.

The builder's config carries the examples of every split; nothing is downloaded, and the JPEG bytes
of the examples are stored as they are. The result is read with `tfds.builder_from_directory`, which
needs none of this code.
"""

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar

import tensorflow as tf
import tensorflow_datasets as tfds

from data_pipeline import schema


@dataclasses.dataclass(eq=False)
class StereoMoviesConfig(tfds.core.BuilderConfig):
    """What to build.

    Attributes:
        splits: The examples of every split, in any order: the shards are the same.
    """

    splits: Mapping[str, Iterable[schema.StereoExample]] = dataclasses.field(default_factory=dict)


class _LocalInfo(tfds.core.DatasetInfo):
    def initialize_from_bucket(self) -> None:
        """Does nothing: no copy is published, and looking for one leaves an empty folder behind."""


class _SameBytes(tfds.core.writer.ExampleWriter):
    """Writes the fields of a record in the order of their names.

    Protocol buffers otherwise order them as chance has it in each process.
    """

    def write(self, path, examples):
        def ordered():
            for key, record in examples:
                yield key, tf.train.Example.FromString(record).SerializeToString(deterministic=True)

        return super().write(path, ordered())


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

    def _example_writer(self) -> tfds.core.writer.ExampleWriter:
        return _SameBytes(self.info.file_format)

    def _split_generators(self, dl_manager) -> dict[str, Iterator]:
        del dl_manager  # the movies are local
        generators = {}
        for split, examples in self.builder_config.splits.items():
            keyed = self._generate_examples(examples)
            # The writer refuses a split without examples; so a split is declared only once its
            # first example is there.
            first = next(keyed, None)
            if first is not None:
                generators[split] = itertools.chain([first], keyed)
        return generators

    def _generate_examples(
        self, examples: Iterable[schema.StereoExample]
    ) -> Iterator[tuple[str, dict]]:
        for example in examples:
            yield f"{example.movie}/{example.pts}", example.as_features()


def build(data_dir: str, config: StereoMoviesConfig) -> tfds.core.DatasetBuilder:
    """Writes the data set under `data_dir`, from local files only.

    Args:
        data_dir: Folder for TensorFlow Datasets' own hierarchy; the builder's `data_dir` is
            where the shards are.
        config: What to build.

    Returns:
        The builder, ready to read. A split without examples is missing.
    """
    builder = StereoMovies(data_dir=data_dir, config=config)
    builder.download_and_prepare(
        download_dir=f"{data_dir}/unused",
        download_config=tfds.download.DownloadConfig(try_download_gcs=False),
    )
    return builder
