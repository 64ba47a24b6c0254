"""A data set from movies that have been read: splits, shards, report and manifest.

Nothing is decoded or encoded: the JPEG bytes of the movies' own files go into the shards.
"""

import base64
import contextlib
import dataclasses
import errno
import io
import json
import math
import pathlib
from collections.abc import Iterator, Mapping, Sequence

from data_pipeline.ingest_report.ingest_page import FilmRow, write_page
from data_pipeline.ingest_report.report_table import report_table
from data_pipeline.ingest_report.thresholds import limits_of, thresholds_in_force
from data_pipeline.movie_options import MovieOptions
from data_pipeline.schema import StereoExample
from data_pipeline.storage.movie_store import common_task
from data_pipeline.storage.sources import Source
from data_pipeline.storage.splits import SPLITS
from data_pipeline.storage.stored_files import MANIFEST, PAGE, REPORT, files_of
from data_pipeline.storage.stored_movies import (
    StoredMovie,
    stored_examples,
    stored_movie,
    stored_pictures,
)
from data_pipeline.storage.work_folder import empty_folder, movies_in
from deep3d.command_line import load_tensorflow


def movie_entry(source: Source, folder: pathlib.Path, failure: str) -> dict:
    """What the manifest says of a movie, without its split.

    Args:
        source: The movie.
        folder: Work folder.
        failure: Why nothing of it can be used; "" if it can.
    """
    stored = stored_movie(movies_in(folder), source.name)
    if failure or not stored.ended:
        stored = StoredMovie({}, [], [], failure, [], False)
    return dataclasses.asdict(source) | {
        "split": "",
        "sampled": stored.sampled,
        "accepted": stored.accepted,
        "error": stored.error,
        "remarks": stored.remarks,
        "film": stored.film,
        "shots": stored.shots,
    }


def title_hashes(entries: Sequence[dict], folder: pathlib.Path) -> dict[str, list[str]]:
    """The hashes of the accepted pictures of every title."""
    hashes: dict[str, list[str]] = {}
    for entry in entries:
        if entry["accepted"]:
            stored = stored_movie(movies_in(folder), entry["name"])
            hashes.setdefault(entry["title"], []).extend(stored.hashes)
    return hashes


def assemble(
    entries: Sequence[dict], folder: pathlib.Path, options: MovieOptions, said: Mapping
) -> tuple[pathlib.Path, dict]:
    """Makes the data set in the work folder.

    Args:
        entries: The movies with their splits, as the manifest has them.
        folder: Work folder.
        options: With which the movies were read.
        said: What else the manifest is to say.

    Returns:
        The complete folder and its manifest.

    Raises:
        OSError: If there is no space left.
    """
    data_dir, counts = _write_shards(entries, folder)
    (data_dir / REPORT).write_text(report_table(entries), encoding="utf-8", newline="")
    films = [_film_row(entry, folder) for entry in entries]
    write_page(data_dir / PAGE, films, thresholds_in_force(options, limits_of(options)))
    manifest = {
        **common_task(options),
        **said,
        "movies": list(entries),
        "splits": counts,
        "files": files_of(data_dir),
    }
    text = json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False)
    (data_dir / MANIFEST).write_text(text, encoding="utf-8")
    return data_dir, manifest


def _film_row(entry: Mapping, folder: pathlib.Path) -> FilmRow:
    """A movie as the page shows it, with the pictures of its shots."""
    pictures = {
        shot: base64.b64encode(arrays["picture"].tobytes()).decode("ascii")
        for shot, arrays in stored_pictures(movies_in(folder), entry["name"])
    }
    return FilmRow(
        name=entry["name"],
        split=entry["split"],
        error=entry["error"],
        remarks=entry["remarks"],
        facts=entry["film"],
        duration_s=max((shot["end_s"] for shot in entry["shots"]), default=math.nan),
        shots=[shot | {"picture": pictures.get(shot["shot"], "")} for shot in entry["shots"]],
    )


def _write_shards(entries: Sequence[dict], folder: pathlib.Path) -> tuple[pathlib.Path, dict]:
    # TensorFlow is loaded here, after everything that can be done without it.
    load_tensorflow()
    from absl import logging

    logging.set_verbosity(logging.ERROR)
    import tensorflow_datasets as tfds

    from data_pipeline.stereo_movies import StereoMoviesConfig, build

    tfds.disable_progress_bar()
    movies = movies_in(folder)
    splits = {split: _Examples(movies, _names(entries, split)) for split in SPLITS}
    config = StereoMoviesConfig(name="movies", splits=splits)
    # TensorFlow Datasets announces downloads on standard output, and there are none.
    with contextlib.redirect_stdout(io.StringIO()), _disk_errors():
        builder = build(str(empty_folder(folder, "shards")), config)
    counts = {name: split.num_examples for name, split in builder.info.splits.items()}
    return pathlib.Path(builder.data_dir), counts


def _names(entries: Sequence[dict], split: str) -> list[str]:
    return [entry["name"] for entry in entries if entry["split"] == split]


@dataclasses.dataclass(frozen=True)
class _Examples:
    """The examples of some movies; none is held."""

    folder: pathlib.Path
    names: Sequence[str]

    def __iter__(self) -> Iterator[StereoExample]:
        for name in self.names:
            yield from stored_examples(self.folder, name)


@contextlib.contextmanager
def _disk_errors() -> Iterator[None]:
    """Turns TensorFlow's word for a full disk into Python's."""
    import tensorflow as tf

    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise OSError(errno.ENOSPC, str(error).split("\n")[0]) from error
