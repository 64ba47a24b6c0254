"""Makes a training data set of 3D movies.

    python -m data_pipeline.ingest --movies='films/*.mkv' --output=data/films --layout=half_sbs

DIR then holds TFRecord shards (read by `data_pipeline.dataset` or `tfds.builder_from_directory`),
`report.csv` with a row for every shot, and `manifest.json` with all that is needed to make the
same data set again. DIR appears only when everything in it is complete.
"""

import collections
import contextlib
import csv
import dataclasses
import importlib.metadata
import io
import json
import os
import pathlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence

from data_pipeline.sources import Source, find_sources
from data_pipeline.splits import SPLITS, split_titles
from deep3d.command_line import (
    UsageError,
    define_flags,
    load_tensorflow,
    override,
    run_script,
)

MANIFEST, REPORT = "manifest.json", "report.csv"
REPORT_COLUMNS = (
    *("movie", "shot", "start_s", "end_s", "layout", "swapped", "accepted", "reason"),
    *("split", "sampled", "rejected", "percentile_5", "percentile_95", "matched"),
    *("composition_width", "composition_shift"),
)


class IngestError(ValueError):
    """The data set cannot be made; the message is for the user."""


@dataclasses.dataclass(frozen=True)
class IngestConfig:
    """The options of the command.

    Attributes:
        movies: 3D movies: a file, a folder or a glob pattern; further ones as plain arguments.
        output: Folder of the data set; must not exist yet.
        layout: half_sbs, full_sbs, half_tab or full_tab.
        swap_eyes: Whether the movies have the right eye first.
        every_s: Seconds between two frames taken from a shot.
        width: Width of the stored views before columns without a partner are cropped.
        minimum_width: Narrower composed views are rejected.
        frames_before: Consecutive frames before each stored one that are stored with it, for
            networks that see several frames.
        validation_share: Share of the titles kept for validation.
        test_share: Share of the titles kept for the test.
        validation_titles: Exactly these titles for validation, separated by commas.
        test_titles: Exactly these titles for the test, separated by commas.
        seed: Another seed draws other titles for validation and test.
        overwrite: Whether an existing data set is replaced.
    """

    movies: str = ""
    output: str = ""
    layout: str = "half_sbs"
    swap_eyes: bool = False
    every_s: float = 0.5
    width: int = 432
    minimum_width: int = 384
    frames_before: int = 0
    validation_share: float = 0.1
    test_share: float = 0.1
    validation_titles: str = ""
    test_titles: str = ""
    seed: int = 0
    overwrite: bool = False


def ingest(
    config: IngestConfig,
    further_movies: Sequence[str] = (),
    say: Callable[[str], None] = lambda line: None,
) -> dict:
    """Makes the data set.

    Args:
        config: What to make, and of what.
        further_movies: Movies besides `config.movies`: files, folders or glob patterns.
        say: Receives a line of text after every movie.

    Returns:
        The manifest.

    Raises:
        IngestError: If there is nothing to read, nothing was accepted, or the output exists.
        ValueError: If an option is out of range.
    """
    options = _movie_options(config)
    output = pathlib.Path(config.output)
    _refuse_to_overwrite(output, config.overwrite)
    sources = _readable_sources(config, [config.movies, *further_movies])
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = tempfile.mkdtemp(prefix=f".{output.name}.", suffix=".partial", dir=output.parent)
    try:
        data_dir, rows = _build(partial, sources, options, say)
        manifest = _manifest(config, options, sources, data_dir)
        _write_report(data_dir / REPORT, rows)
        with (data_dir / MANIFEST).open("w", encoding="utf-8") as file:
            json.dump(manifest, file, indent=2, sort_keys=True, ensure_ascii=False)
        _put_in_place(data_dir, output, pathlib.Path(partial))
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return manifest


def main(arguments: Sequence[str]) -> None:
    """Flags -> config -> one call of `ingest`."""
    config = override(IngestConfig())
    if not (config.movies or arguments) or not config.output:
        raise UsageError("Both --movies and --output must be given.")
    try:
        _movie_options(config)
    except ValueError as error:
        raise UsageError(str(error)) from error
    load_tensorflow()
    manifest = ingest(config, arguments, say=lambda line: print(line, file=sys.stderr, flush=True))
    counts = ", ".join(f"{split} {count}" for split, count in manifest["splits"].items())
    print(f"{config.output}: {counts} frames")


def run() -> None:
    """Entry point of the console script."""
    # Not at import: other scripts define flags of the same names.
    define_flags(IngestConfig)
    run_script(main, __doc__)


def _movie_options(config: IngestConfig):
    from data_pipeline.movie_options import MovieOptions

    return MovieOptions(
        layout=config.layout,
        swap_eyes=config.swap_eyes,
        every_s=config.every_s,
        width=config.width,
        minimum_width=config.minimum_width,
        frames_before=config.frames_before,
    )


def _refuse_to_overwrite(output: pathlib.Path, overwrite: bool) -> None:
    if not output.exists() or (output.is_dir() and not any(output.iterdir())):
        return
    if not overwrite:
        raise IngestError(f"{output} exists; give another --output or add --overwrite")
    if not (output / MANIFEST).is_file():
        raise IngestError(f"{output} is not a data set made by this command; not overwritten")


def _readable_sources(config: IngestConfig, patterns: Sequence[str]) -> list[Source]:
    """All movies; those that can be read with their splits.

    A file that cannot be read must not take the place of the only validation movie.
    """
    patterns = [pattern for pattern in patterns if pattern]
    sources = find_sources(patterns)
    if not sources:
        raise IngestError(f"no movie found by {', '.join(patterns)}")
    readable = [source for source in sources if not source.error]
    if not readable:
        raise IngestError(f"no movie can be read: {sources[0].error}")
    splits = split_titles(
        [source.title for source in readable],
        config.validation_share,
        config.test_share,
        config.seed,
        _listed(config.validation_titles),
        _listed(config.test_titles),
    )
    for source in readable:
        source.split = splits[source.title]
    return sources


def _listed(titles: str) -> list[str]:
    return [title for title in map(str.strip, titles.split(",")) if title]


def _build(partial: str, sources: list[Source], options, say):
    """Shards under `partial`; their folder and the rows of the report."""
    # TensorFlow is loaded here, after everything that can be refused without it.
    from absl import logging

    logging.set_verbosity(logging.ERROR)
    import tensorflow_datasets as tfds

    from data_pipeline.stereo_movies import Movie, StereoMoviesConfig, build

    tfds.disable_progress_bar()
    by_name = {source.name: source for source in sources}
    rows: list[dict] = []

    def on_shot(movie, report):
        source = by_name[movie.name]
        source.shots += 1
        source.sampled += report.sampled
        source.accepted += report.accepted
        rows.append(_report_row(source, report, options))

    def on_end(movie, error):
        finish(by_name[movie.name], str(error or ""))

    def finish(source, error):
        source.error = error
        say(_movie_line(source))
        if error:
            rows.append({"movie": source.name, "split": source.split, "reason": f"error: {error}"})

    for source in sources:
        if not source.split:
            finish(source, source.error)
    tfds_config = StereoMoviesConfig(
        name="movies",
        splits={
            split: [Movie(s.path, s.name) for s in sources if s.split == split] for split in SPLITS
        },
        options=options,
        on_shot=on_shot,
        on_end=on_end,
    )
    # TensorFlow Datasets announces downloads on standard output, and there are none.
    with contextlib.redirect_stdout(io.StringIO()):
        builder = build(partial, tfds_config)
    if not any(source.accepted for source in sources if source.split == "train"):
        raise IngestError(f"no frame was accepted for training ({_refusals(rows)})")
    return pathlib.Path(builder.data_dir), rows


def _refusals(rows: list[dict]) -> str:
    """How often each reason occurs in the report, the most frequent first."""
    counts: collections.Counter[str] = collections.Counter()
    for row in rows:
        if row["reason"].startswith("error: "):
            counts["error"] += 1
        for reason, count in (pair.split(":") for pair in row.get("rejected", "").split()):
            counts[reason] += int(count)
    return ", ".join(f"{reason} {count}" for reason, count in counts.most_common()) or "no frames"


def _movie_line(source: Source) -> str:
    if not source.split:
        return f"{source.name}: error: {source.error}"
    line = (
        f"{source.name}: {source.accepted} of {source.sampled} frames accepted, "
        f"{source.shots} shots ({source.split})"
    )
    return f"{line}; error: {source.error}" if source.error else line


def _report_row(source: Source, report, options) -> dict:
    row = {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in dataclasses.asdict(report).items()
    }
    counts = " ".join(f"{reason}:{count}" for reason, count in sorted(report.rejected.items()))
    return row | {
        "movie": source.name,
        "split": source.split,
        "layout": options.layout,
        "swapped": options.swap_eyes,
        "rejected": counts,
    }


def _write_report(path: pathlib.Path, rows: list[dict]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, REPORT_COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows)


def _manifest(config, options, sources: list[Source], data_dir: pathlib.Path) -> dict:
    import tensorflow_datasets as tfds

    from data_pipeline import schema

    splits = tfds.builder_from_directory(data_dir).info.splits
    packages = ("deep3d", "tensorflow-datasets", "opencv-python-headless", "av", "numpy")
    return {
        "schema_version": schema.VERSION,
        "config": dataclasses.asdict(config),
        "options": dataclasses.asdict(options),
        "movies": [dataclasses.asdict(source) for source in sources],
        "splits": {name: split.num_examples for name, split in splits.items()},
        "packages": {name: _version(name) for name in packages},
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _put_in_place(data_dir: pathlib.Path, output: pathlib.Path, partial: pathlib.Path) -> None:
    """Gives a complete folder its final name; an older data set under it is removed."""
    for path in data_dir.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    if output.exists():
        os.replace(output, partial / "replaced")
    os.replace(data_dir, output)


if __name__ == "__main__":
    run()
