"""What has been stored of a movie, read back: what was decided, pictures of its shots, examples.

See movie_store.py for what lies where.
"""

import dataclasses
import hashlib
import os
import pathlib
import re
from collections.abc import Iterator

import numpy as np

from data_pipeline import schema
from data_pipeline.decisions.time_offset import TimeOffsetDecision, combine
from data_pipeline.packs.row_files import RowFile
from deep3d.journal import finished_steps

FORMAT = "deep3d_movie"
SHOT = "shot"  # kind of the arrays that belong to a shot


@dataclasses.dataclass(frozen=True)
class StoredMovie:
    """What is known of a movie that has been read.

    Attributes:
        film: What was decided about it (`FilmFacts`), as JSON can say it; empty if nothing was.
        shots: The report of every shot likewise.
        hashes: `picture_hash` of the left view of every example.
        error: Why it was not read to the end.
        remarks: What had to be put up with while it was read, and what it lacks, in words.
        ended: Whether nothing is left to read.
    """

    film: dict
    shots: list[dict]
    hashes: list[str]
    error: str
    remarks: list[str]
    ended: bool

    @property
    def sampled(self) -> int:
        """Frames looked at."""
        return sum(shot["sampled"] for shot in self.shots)

    @property
    def accepted(self) -> int:
        """Frames stored."""
        return len(self.hashes)


def stored_movie(folder: str | os.PathLike, name: str) -> StoredMovie:
    """What has been noted of a movie.

    Args:
        folder: Of all movies.
        name: Of the movie.
    """
    steps = finished_steps(movie_folder(folder, name))
    shots = [shot for step in steps for shot in step["shots"]]
    hashes = [one for step in steps for one in step["hashes"]]
    error = steps[-1]["error"] if steps else ""
    # Many a shot of such a film does not tell, and is as wrong as those that do.
    if offset := _time_offset(shots):
        error = error or f"the right eye lags by {offset} frames"
        shots, hashes = [_refused(shot, "time_offset") for shot in shots], []
    return StoredMovie(
        film=steps[-1]["film"] if steps else {},
        shots=shots,
        hashes=hashes,
        error=error,
        remarks=steps[-1]["remarks"] if steps else [],
        ended=bool(steps) and steps[-1]["next"] is None,
    )


def stored_pictures(
    folder: str | os.PathLike, name: str
) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    """The arrays that the reports of shots have, which JSON cannot say.

    Args:
        folder: Of all movies.
        name: Of the movie.

    Yields:
        Number of a shot, and its arrays by the names of their fields.
    """
    for path in sorted(movie_folder(folder, name).glob("*.npz")):
        with np.load(path, allow_pickle=False) as arrays:
            by_shot: dict[int, dict[str, np.ndarray]] = {}
            for key in arrays:
                kind, *place = key.split(" ", 2)
                if kind == SHOT:
                    by_shot.setdefault(int(place[0]), {})[place[1]] = arrays[key]
        yield from sorted(by_shot.items())


def stored_examples(folder: str | os.PathLike, name: str) -> Iterator[schema.StereoExample]:
    """The examples of a movie in order of time, with the JPEG bytes as they were stored.

    Args:
        folder: Of all movies.
        name: Of the movie.

    Raises:
        PackError: If a file is damaged.
    """
    for path in sorted(movie_folder(folder, name).glob("*.h5")):
        rows = RowFile(path, schema.StereoExample, FORMAT)
        for number in range(len(rows)):
            yield rows[number]


def movie_folder(folder: str | os.PathLike, name: str) -> pathlib.Path:
    """Where a movie is stored; names may hold what a file system does not take."""
    words = re.sub(r"\W+", "_", name)[:40]
    return pathlib.Path(folder) / f"{words}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def _time_offset(shots: list[dict]) -> int:
    """Frames by which the right eye of a movie lags; 0 where its shots do not agree on any."""
    told = [
        TimeOffsetDecision(shot["time_offset_frames"], shot["time_offset_confidence"])
        for shot in shots
    ]
    return combine(told).frames or 0


def _refused(shot: dict, reason: str) -> dict:
    """The report of a shot none of whose samples is accepted after all."""
    rejected = dict(shot["rejected"])
    if shot["accepted"]:
        rejected[reason] = rejected.get(reason, 0) + shot["accepted"]
    return shot | {"accepted": 0, "rejected": rejected, "reason": max(rejected, key=rejected.get)}
