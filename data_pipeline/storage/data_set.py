"""From movies to a data set in its place: reading, splitting, assembling, and going on later."""

import collections
import contextlib
import dataclasses
import errno
import pathlib
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence

from data_pipeline.ingest_config import IngestConfig, IngestError
from data_pipeline.movie_options import MovieOptions
from data_pipeline.storage.assembly import assemble, movie_entry
from data_pipeline.storage.beam_workers import read_movies_on_beam
from data_pipeline.storage.movie_store import common_task
from data_pipeline.storage.movie_workers import read_movies
from data_pipeline.storage.sources import Source
from data_pipeline.storage.stored_files import MANIFEST
from data_pipeline.storage.work_folder import movies_in, put_in_place, work_folder

Say = Callable[[str], None]


def make_data_set(
    config: IngestConfig,
    options: MovieOptions,
    sources: Sequence[Source],
    split: Callable[[list[dict], pathlib.Path], list[dict]],
    say: Say,
) -> dict:
    """Reads movies and puts the data set of them in its place.

    Args:
        config: The output, and who reads.
        options: What is accepted.
        sources: The movies.
        split: Sets the split of every movie and returns what the manifest says of joined titles.
        say: Receives a line of text after every movie.

    Returns:
        The manifest.

    Raises:
        IngestError: As `ingest`.
    """
    output = pathlib.Path(config.output)
    task = common_task(options)
    with _way_to_go_on(output), work_folder(output, task, config.overwrite, say) as folder:
        entries = read_all(config, options, sources, folder, say)
        if not any(entry["accepted"] for entry in entries):
            shutil.rmtree(movies_in(folder))  # another try ends in the same way
            raise IngestError(f"no frame was accepted for training ({_refusals(entries)})")
        joined = split(entries, folder)
        said = {"config": dataclasses.asdict(config), "joined_titles": joined}
        data_dir, manifest = assemble(entries, folder, options, said)
        put_in_place(data_dir, output, folder)
        shutil.rmtree(movies_in(folder))
    return manifest


def read_all(
    config: IngestConfig,
    options: MovieOptions,
    sources: Sequence[Source],
    folder: pathlib.Path,
    say: Say,
) -> list[dict]:
    """Reads movies into a work folder.

    Args:
        config: Who reads.
        options: What is accepted.
        sources: The movies.
        folder: Work folder.
        say: Receives a line of text after every movie.

    Returns:
        What the manifest says of them, in the order of the sources.
    """
    entries: dict[str, dict] = {}

    def done(source: Source, failure: str):
        entry = entries[source.name] = movie_entry(source, folder, failure)
        say(_movie_line(entry))

    for source in sources:
        if source.error:
            done(source, source.error)
    readable = [source for source in sources if not source.error]
    movies = movies_in(folder)
    if config.runner:
        given = config.workers, config.runner, config.runner_options
        read_movies_on_beam(readable, options, movies, *given)
        for source in readable:
            done(source, "")
    else:
        for source, failure in read_movies(readable, options, movies, config.workers):
            done(source, failure)
    return [entries[source.name] for source in sources]


def refuse_to_overwrite(config: IngestConfig) -> None:
    """Refuses an output that exists and is not to be replaced, or is no data set.

    Raises:
        IngestError: If it does.
    """
    output = pathlib.Path(config.output)
    if not output.exists() or (output.is_dir() and not any(output.iterdir())):
        return
    if not config.overwrite:
        raise IngestError(f"{output} exists; give another --output or add --overwrite")
    if not (output / MANIFEST).is_file():
        raise IngestError(f"{output} is not a data set made by this command; not overwritten")


@contextlib.contextmanager
def _way_to_go_on(output: pathlib.Path) -> Iterator[None]:
    """Says after an interruption and on a full disk that nothing is lost."""
    folder = output.with_name(f".{output.name}.partial")
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt("The same command goes on where this one stopped.") from interrupt
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise IngestError(
            f"no space left on the device of {folder}; the same command goes on when there is"
        ) from error


def _movie_line(entry: Mapping) -> str:
    if not entry["shots"]:
        return f"{entry['name']}: error: {entry['error']}"
    counts = f"{entry['accepted']} of {entry['sampled']} frames accepted"
    line = f"{entry['name']}: {counts}, {len(entry['shots'])} shots"
    if entry["error"]:
        line += f"; error: {entry['error']}"
    return f"{line}; remarks: {', '.join(entry['remarks'])}" if entry["remarks"] else line


def _refusals(entries: Sequence[dict]) -> str:
    """How often each reason occurs, the most frequent first."""
    counts: collections.Counter[str] = collections.Counter()
    for entry in entries:
        counts["error"] += bool(entry["error"])
        for shot in entry["shots"]:
            counts.update(shot["rejected"])
    words = [f"{reason} {count}" for reason, count in counts.most_common() if count]
    return ", ".join(words) or "no frames"
