"""The movie files that a data set is made of: found, named, told apart and tried."""

import collections
import dataclasses
import glob
import hashlib
import os
import pathlib
from collections.abc import Iterable

from data_pipeline.storage.splits import title_of
from deep3d.video import VideoError, VideoReader
from deep3d.video.errors import reason

MOVIE_SUFFIXES = (".mkv", ".mp4", ".m4v", ".mov", ".avi", ".ts", ".m2ts", ".webm")
# Enough of a file to tell it from others without reading a whole disk.
FINGERPRINT_BYTES = 1 << 20


@dataclasses.dataclass(frozen=True)
class Source:
    """A movie file.

    Attributes:
        name: Its name in the records, unique in the data set.
        path: The file.
        title: What decides about its split; parts and releases of a movie share it.
        bytes: Size of the file.
        sha256_of_first_mib: To recognize the file by.
        error: Why it cannot be read.
    """

    name: str
    path: str
    title: str
    bytes: int
    sha256_of_first_mib: str
    error: str = ""

    @property
    def fingerprint(self) -> tuple[int, str]:
        """What a copy of the file has in common with it, wherever it lies."""
        return self.bytes, self.sha256_of_first_mib


def find_sources(patterns: Iterable[str]) -> list[Source]:
    """The movies that files, folders and glob patterns stand for, sorted, each once.

    Args:
        patterns: A name that exists is no pattern, whatever characters it contains.

    Returns:
        The movies, with an error where one cannot be opened; empty where nothing was found.

    Raises:
        ValueError: If two movies in folders of one name have the same name.
    """
    paths = _movie_paths(patterns)
    stems = collections.Counter(path.stem for path in paths)
    sources = []
    for path in paths:
        # Movies of equal name are told apart by their folders.
        name = path.stem if stems[path.stem] == 1 else f"{path.parent.name}/{path.stem}"
        sources.append(_inspect(path, name))
    for name, count in collections.Counter(source.name for source in sources).items():
        if count > 1:
            raise ValueError(f"{count} movies are called {name}; rename them or their folders")
    return sources


def error_of(path: str | pathlib.PurePath, error: VideoError) -> str:
    """What is wrong with a movie, without its folder, which concerns nobody who has the data."""
    return str(error).replace(str(path), pathlib.PurePath(path).name)


def _inspect(path: pathlib.Path, name: str) -> Source:
    size, beginning, error = 0, b"", ""
    try:
        with path.open("rb") as file:
            beginning, size = file.read(FINGERPRINT_BYTES), os.fstat(file.fileno()).st_size
        VideoReader(path).close()
    except VideoError as caught:
        error = error_of(path, caught)
    except OSError as caught:
        error = f"{path.name}: cannot be read ({reason(caught)})"
    digest = hashlib.sha256(beginning).hexdigest()
    return Source(name, str(path), title_of(path), size, digest, error)


def _movie_paths(patterns: Iterable[str]) -> list[pathlib.Path]:
    found = {}
    for pattern in patterns:
        path = pathlib.Path(pattern).expanduser()
        if path.is_dir():
            candidates = [p for p in path.iterdir() if p.suffix.lower() in MOVIE_SUFFIXES]
        elif path.exists():
            candidates = [path]
        else:
            candidates = [pathlib.Path(name) for name in glob.glob(str(path), recursive=True)]
        for candidate in candidates:
            if candidate.is_file():
                found.setdefault(candidate.resolve(), candidate)
    return sorted(found.values())
