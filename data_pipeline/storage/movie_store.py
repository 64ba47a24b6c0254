"""The accepted examples of one movie on the disk, and how far the movie has been read.

A movie has a folder with a journal (deep3d.journal). Its first line says which file is read, with
which options and by which versions; a line for every few shots says what became of them and where
the next one begins; the last says how the movie ended. The examples lie beside it in HDF5 files
(row_files.py), whose checksums are in the journal: HDF5 and not TFRecord, because a process that
reads movies then needs no TensorFlow. What is noted is on the disk. A killed run goes on with the
first shot that is not noted, and what it leaves is the same as if it had not been killed.
"""

import dataclasses
import hashlib
import importlib.metadata
import json
import os

import numpy as np

from data_pipeline import schema
from data_pipeline.decisions.film_facts import FilmFacts
from data_pipeline.movie_options import MovieOptions
from data_pipeline.movies.movie import ShotStart, stereo_frames
from data_pipeline.movies.shot import StereoFrame
from data_pipeline.movies.shot_report import ShotReport
from data_pipeline.packs.row_files import FILE_BYTES, file_of_rows, row_bytes
from data_pipeline.storage.picture_hash import picture_hash
from data_pipeline.storage.sources import Source, error_of
from data_pipeline.storage.stored_movies import FORMAT, SHOT, movie_folder
from deep3d.atomic_file import write_bytes
from deep3d.journal import Journal
from deep3d.video import VideoError
from deep3d.video.reading_faults import ReadingFaults

# Seconds of a movie that a killed run may have to read again, beyond the shot that it was in.
STEP_S = 20.0
PACKAGES = ("deep3d", "tensorflow-datasets", "opencv-python-headless", "av", "numpy")
_CARRIED = "carried"


def ingest_movie(
    movie: Source, options: MovieOptions, folder: str | os.PathLike, step_s: float = STEP_S
) -> None:
    """Reads a movie, or what a killed run has left of it, and stores what is accepted.

    Args:
        movie: The movie. Why it cannot be read to its end is noted and not raised.
        options: What is accepted.
        folder: Of all movies; on a disk that every machine sees which reads or assembles them.
        step_s: Seconds of the movie, at least, after which is noted what is done.

    Raises:
        OSError: If the disk is full or cannot be written; the same call goes on afterwards.
        MemoryError: If there is too little memory for it; likewise.
        ValueError: If another process reads the movie.
    """
    path = movie_folder(folder, movie.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    # What was made from another file of this name, or otherwise, is of no use to anybody.
    with Journal(path, task_of(movie, options), movie.name, replace=True) as journal:
        if journal.steps and journal.steps[-1]["next"] is None:
            return
        reading, error = _Reading(journal, step_s), ""
        try:
            frames = stereo_frames(
                movie.path,
                options,
                on_shot=reading.on_shot,
                on_film=reading.on_film,
                on_cut=reading.on_cut,
                on_end=reading.on_end,
                start=reading.start,
            )
            for frame in frames:
                reading.store(frame, movie.name)
        except VideoError as caught:
            error = error_of(movie.path, caught)
        except (OSError, MemoryError):
            raise  # not the movie's fault, so it is read again
        except Exception as caught:  # a film that nobody foresaw must not stop the others
            error = f"{type(caught).__name__}: {caught}"
        reading.finish(None, error)


def task_of(movie: Source, options: MovieOptions) -> dict:
    """What decides about the examples of a movie, as JSON can say it."""
    fingerprint = {"bytes": movie.bytes, "sha256_of_first_mib": movie.sha256_of_first_mib}
    return common_task(options) | {"movie": {"name": movie.name} | fingerprint}


def common_task(options: MovieOptions) -> dict:
    """What decides about the examples of all movies, as JSON can say it."""
    task = {
        "schema_version": schema.VERSION,
        "options": dataclasses.asdict(options),
        "packages": {name: _version(name) for name in PACKAGES},
    }
    return json.loads(json.dumps(task, default=str))


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
        matched=frame.matched,
        swapped_probability=frame.swapped_probability,
        vertical_error=frame.vertical_error,
        color_difference=frame.color_difference,
        before_jpegs=tuple(schema.encode_jpeg(left) for left, _ in frame.before),
        before_right_jpegs=tuple(schema.encode_jpeg(right) for _, right in frame.before),
    )


class _Reading:
    """What has been read of a movie since the last line of its journal."""

    def __init__(self, journal: Journal, step_s: float):
        self._journal, self._step_s = journal, step_s
        self.start = _start(journal)
        self._film: dict = {}
        self._remarks: list[str] = []
        self._begin()

    def _begin(self):
        self._shots: list[dict] = []
        self._hashes: list[str] = []
        self._arrays: dict[str, np.ndarray] = {}
        self._files: dict[str, tuple[int, str]] = {}
        self._rows: list[schema.StereoExample] = []
        self._held_bytes = 0

    def store(self, frame: StereoFrame, movie: str):
        example = encode_frame(frame, movie)
        self._rows.append(example)
        self._hashes.append(picture_hash(frame.left))
        self._held_bytes += row_bytes(example)
        if self._held_bytes >= FILE_BYTES:
            self._write_rows()

    def on_film(self, film: FilmFacts):
        self._film = _plain(dataclasses.asdict(film))

    def on_shot(self, report: ShotReport):
        plain, arrays = _divided(dataclasses.asdict(report))
        self._shots.append(plain)
        names = {f"{SHOT} {report.shot} {name}": array for name, array in arrays.items()}
        self._arrays |= names

    def on_cut(self, start: ShotStart):
        if self._shots[-1]["end_s"] - self._shots[0]["start_s"] >= self._step_s:
            self.finish(start)

    def on_end(self, remarks: list[str]):
        self._remarks = remarks

    def finish(self, start: ShotStart | None, error: str = ""):
        """Notes all that was read; `start` is None where the movie ends."""
        self._write_rows()
        following = None
        if start is not None:
            faults = dataclasses.asdict(start.faults)
            following = {"shot": start.shot, "pts": start.pts, "faults": faults}
            self._arrays |= {f"{_CARRIED} {name}": one for name, one in start.carried.items()}
        step = {
            "film": self._film,
            "shots": self._shots,
            "hashes": self._hashes,
            "next": following,
            "error": error,
            "remarks": self._remarks,
        }
        self._journal.add(step, self._files, self._arrays)
        self._begin()

    def _write_rows(self):
        if not self._rows:
            return
        data = file_of_rows(self._rows, FORMAT)
        name = f"{len(self._journal.steps):06d}-{len(self._files):03d}.h5"
        write_bytes(self._journal.folder / name, data)
        self._files[name] = (len(data), hashlib.sha256(data).hexdigest())
        self._rows, self._held_bytes = [], 0


def _start(journal: Journal) -> ShotStart | None:
    """Where an interrupted run goes on."""
    if not journal.steps:
        return None
    arrays = journal.arrays(len(journal.steps) - 1)
    kinds = {name: name.split(" ", 1) for name in arrays}
    carried = {key: arrays[name] for name, (kind, key) in kinds.items() if kind == _CARRIED}
    following = journal.steps[-1]["next"]
    faults = ReadingFaults(**following["faults"])
    return ShotStart(following["shot"], following["pts"], faults, carried)


def _divided(report: dict) -> tuple[dict, dict[str, np.ndarray]]:
    """What of a report JSON can say, and its arrays."""
    arrays = {name: value for name, value in report.items() if isinstance(value, np.ndarray)}
    plain = {name: _plain(value) for name, value in report.items() if name not in arrays}
    return plain, arrays


def _plain(value):
    """A value as JSON can say it; what was not measured is null."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return value if isinstance(value, (str, int, bool, type(None))) else str(value)


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
