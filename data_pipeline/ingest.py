"""Makes a training data set of 3D movies.

    python -m data_pipeline.ingest --movies='films/*.mkv' --output=data/films --workers=2
    python -m data_pipeline.ingest --manifest=manifest.json --movies=films --output=data/again
    python -m data_pipeline.ingest --verify=data/films [--repair --movies=films]

DIR then holds TFRecord shards (read by `data_pipeline.dataset` or `tfds.builder_from_directory`),
`report.csv` with a row for every shot, and `manifest.json` with all that is needed to make the
same data set again. DIR appears only when everything in it is complete. Until then the work lies in
`.DIR.partial`, and the same command goes on where one was interrupted.
"""

import dataclasses
import pathlib
import sys
from collections.abc import Mapping, Sequence

from data_pipeline.ingest_config import IngestConfig, IngestError, movie_options
from data_pipeline.storage import reproduction
from data_pipeline.storage.assembly import title_hashes
from data_pipeline.storage.beam_workers import RUNNERS, load_beam
from data_pipeline.storage.data_set import Say, make_data_set, refuse_to_overwrite
from data_pipeline.storage.movie_splits import check_lists, choose_splits
from data_pipeline.storage.sources import Source, find_sources
from deep3d.command_line import UsageError, define_flags, override, run_script
from deep3d.wording import either


@dataclasses.dataclass(frozen=True)
class ManifestConfig:
    """What is done with a data set that was made before.

    Attributes:
        manifest: Makes the data set of this manifest again: options and splits come from it.
        verify: Checks the files of this data set against its manifest.
        repair: With --verify: makes damaged files again, from --movies or from where they were.
    """

    manifest: str = ""
    verify: str = ""
    repair: bool = False


def ingest(
    config: IngestConfig,
    further_movies: Sequence[str] = (),
    say: Say = lambda line: None,
) -> dict:
    """Makes the data set, or goes on with what an interrupted call has left of it.

    The same movies and options give the same shards, whatever the number of workers, the order of
    the files and the interruptions.

    Args:
        config: What to make, and of what.
        further_movies: Movies besides `config.movies`: files, folders or glob patterns.
        say: Receives a line of text after every movie.

    Returns:
        The manifest.

    Raises:
        IngestError: If there is nothing to read, nothing was accepted, the output exists, or the
            disk is full.
        ValueError: If an option is out of range.
    """
    options = movie_options(config)
    refuse_to_overwrite(config)
    sources = _sources([config.movies, *further_movies])
    check_lists(config, [source.title for source in sources if not source.error])

    def split(entries: list[dict], folder: pathlib.Path) -> list[dict]:
        splits = choose_splits(config, title_hashes(entries, folder))
        for entry in entries:
            entry["split"] = splits.of_title[entry["title"]] if entry["accepted"] else ""
        for pair in splits.joined:
            say(f"one split for {' and '.join(pair['titles'])}: {pair['alike']} pictures are alike")
        return splits.joined

    return make_data_set(config, options, sources, split, say)


def main(arguments: Sequence[str]) -> int | None:
    """Flags -> config -> one call."""
    config, given = override(IngestConfig()), override(ManifestConfig())
    patterns = [pattern for pattern in (config.movies, *arguments) if pattern]
    _check_usage(config, given, patterns)
    if config.runner:
        load_beam()  # said before anything is read
    if given.verify or given.manifest:
        if given.verify:
            return reproduction.verify(given.verify, given.repair, config, patterns, _say)
        return reproduction.reproduce(given.manifest, config, patterns, _say)
    manifest = ingest(config, arguments, _say)
    _say_counts(config.output, manifest["splits"])
    return None


def run() -> None:
    """Entry point of the console script."""
    # Not at import: other scripts define flags of the same names.
    define_flags(IngestConfig)
    define_flags(ManifestConfig)
    run_script(main, __doc__)


def _check_usage(config: IngestConfig, given: ManifestConfig, patterns: list[str]) -> None:
    if given.repair and not given.verify:
        raise UsageError("--repair needs --verify=DIR")
    if given.verify and given.manifest:
        raise UsageError("Either --verify or --manifest may be given")
    if not given.verify and not (patterns and config.output):
        raise UsageError("Both --movies and --output must be given.")
    if config.runner and config.runner not in RUNNERS:
        raise UsageError(f"--runner must be {either(RUNNERS)}. Received: {config.runner}")
    if config.runner_options and not config.runner:
        raise UsageError("--runner_options need --runner")
    if config.workers < 1:
        raise UsageError(f"--workers must be at least 1. Received: {config.workers}")
    try:
        movie_options(config)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _sources(patterns: Sequence[str]) -> list[Source]:
    patterns = [pattern for pattern in patterns if pattern]
    sources = find_sources(patterns)
    if not sources:
        raise IngestError(f"no movie found by {', '.join(patterns)}")
    if all(source.error for source in sources):
        raise IngestError(f"no movie can be read: {sources[0].error}")
    return sources


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _say_counts(output: str, counts: Mapping[str, int]) -> None:
    words = ", ".join(f"{split} {count}" for split, count in counts.items())
    print(f"{output}: {words} frames")


if __name__ == "__main__":
    run()
