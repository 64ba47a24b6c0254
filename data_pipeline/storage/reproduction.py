"""Data sets made again from their manifest: as a whole, or the files of them that are damaged."""

import dataclasses
import pathlib
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence

from data_pipeline import schema
from data_pipeline.ingest_config import IngestConfig, IngestError
from data_pipeline.ingest_report.report_table import report_table
from data_pipeline.movie_options import MovieOptions
from data_pipeline.storage.assembly import assemble
from data_pipeline.storage.data_set import Say, make_data_set, read_all, refuse_to_overwrite
from data_pipeline.storage.movie_store import common_task
from data_pipeline.storage.sources import Source, find_sources
from data_pipeline.storage.stored_files import (
    REPORT,
    ManifestError,
    damaged_files,
    read_manifest,
)
from data_pipeline.storage.work_folder import work_folder
from deep3d.atomic_file import replaced_when_complete, write_bytes

# What is decided for one run and not for the data.
_OF_THE_RUN = ("movies", "output", "overwrite", "workers", "runner", "runner_options")


def reproduce(path: str, config: IngestConfig, patterns: Sequence[str], say: Say) -> int:
    """Makes the data set of a manifest again.

    Args:
        path: The manifest, or a folder that has it.
        config: Output and who reads; all else comes from the manifest.
        patterns: Where the movies are: files, folders or glob patterns. Names do not matter.
        say: Receives lines of text.

    Returns:
        0 if the shards are the same as then, 1 if not.

    Raises:
        ManifestError: If the manifest is damaged or of another version.
        IngestError: If movies are missing or not the same, or as `ingest`.
    """
    manifest = read_manifest(path)
    options, then = options_of(manifest), manifest["config"]
    refuse_to_overwrite(config)
    fields = {field.name for field in dataclasses.fields(config)} - set(_OF_THE_RUN)
    config = dataclasses.replace(config, **{name: then[name] for name in fields & then.keys()})
    sources = _same_movies(manifest["movies"], patterns)
    _say_versions(manifest, options, say)
    splits = _splits_of(manifest["movies"])

    def split(entries: list[dict], folder: pathlib.Path) -> list[dict]:
        _set_splits(entries, splits)
        return manifest.get("joined_titles", [])

    made = make_data_set(config, options, sources, split, say)
    return _compare(manifest["files"], made["files"], config.output, say)


def verify(
    data_dir: str, repair: bool, config: IngestConfig, patterns: Sequence[str], say: Say
) -> int:
    """Checks the files of a data set, and makes damaged ones again.

    Args:
        data_dir: Its folder.
        repair: Whether to make them again.
        config: Who reads the movies for that.
        patterns: Where the movies are; where they were then if empty.
        say: Receives a line for every damaged file.

    Returns:
        0 if every file is as it was made, 1 if not.

    Raises:
        ManifestError: If there is no manifest.
        IngestError: If a damaged file cannot be made again.
    """
    manifest = read_manifest(data_dir)
    damaged = damaged_files(data_dir, manifest)
    for name, words in damaged.items():
        say(f"{pathlib.Path(data_dir) / name}: {words}")
    if not damaged:
        say(f"{data_dir}: {len(manifest['files'])} files are as they were made")
        return 0
    if not repair:
        say("--repair makes them again from the movies")
        return 1
    _repair(pathlib.Path(data_dir), manifest, list(damaged), config, patterns, say)
    say(f"{data_dir}: {len(damaged)} files made again, equal to the first")
    return 0


def options_of(manifest: Mapping) -> MovieOptions:
    """The options with which the movies of a manifest were read.

    Raises:
        ManifestError: If this version has other options, or other records.
    """
    if manifest.get("schema_version") != schema.VERSION:
        raise ManifestError(
            f"the manifest is of records {manifest.get('schema_version')}, "
            f"and this version makes {schema.VERSION}"
        )
    try:
        return _from_json(MovieOptions(), manifest["options"])
    except (TypeError, ValueError) as error:
        raise ManifestError(
            f"the manifest has options unknown to this version ({error})"
        ) from error


def _from_json(default, values: Mapping):
    """A copy of a dataclass with the values that JSON says, nested ones likewise."""
    changes = {}
    for name, value in values.items():
        usual = getattr(default, name, None)
        if dataclasses.is_dataclass(usual):
            value = _from_json(usual, value)
        elif isinstance(value, list):
            value = tuple(value)
        changes[name] = value
    return dataclasses.replace(default, **changes)


def _same_movies(movies: Iterable[Mapping], patterns: Sequence[str]) -> list[Source]:
    """The movies of a manifest where they lie now, under the names of then."""
    found = {source.fingerprint: source for source in find_sources(patterns)}
    names = {source.name for source in found.values()}
    sources, faults = [], []
    for movie in movies:
        source = found.get((movie["bytes"], movie["sha256_of_first_mib"]))
        if source is not None:
            kept = {name: movie[name] for name in ("name", "title")}
            sources.append(dataclasses.replace(source, **kept))
        elif movie["accepted"]:  # nothing is missed of the others
            word = "is another file" if movie["name"] in names else "is missing"
            faults.append(f"{movie['name']} {word}")
    if faults:
        raise IngestError(f"these are not the movies of the manifest: {', '.join(faults)}")
    return sources


def _splits_of(movies: Iterable[Mapping]) -> dict[str, str]:
    return {movie["name"]: movie["split"] for movie in movies}


def _set_splits(entries: Iterable[dict], splits: Mapping[str, str]) -> None:
    for entry in entries:
        entry["split"] = splits[entry["name"]] if entry["accepted"] else ""


def _say_versions(manifest: Mapping, options: MovieOptions, say: Say) -> None:
    then, now = manifest.get("packages", {}), common_task(options)["packages"]
    others = [
        f"{name} {then[name]}, here {now[name]}"
        for name in now
        if then.get(name, now[name]) != now[name]
    ]
    if others:
        say(f"Made with other packages, so the shards may differ: {'; '.join(others)}")


def _compare(then: Mapping, now: Mapping, output: str, say: Say) -> int:
    different = sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))
    if different:
        say(f"{output}: differs from the manifest in {', '.join(different)}")
        return 1
    say(f"{output}: all {len(now)} files are identical to those of the manifest")
    return 0


def _repair(
    data_dir: pathlib.Path,
    manifest: Mapping,
    damaged: list[str],
    config: IngestConfig,
    patterns: Sequence[str],
    say: Say,
) -> None:
    if REPORT in damaged:
        write_bytes(data_dir / REPORT, report_table(manifest["movies"]).encode())
        damaged = list(damaged_files(data_dir, manifest))
    if not damaged:
        return
    options = options_of(manifest)
    movies = _needed(manifest["movies"], damaged)
    sources = _same_movies(movies, patterns or [movie["path"] for movie in movies])
    _say_versions(manifest, options, say)
    with work_folder(data_dir, common_task(options), config.overwrite, say) as folder:
        entries = read_all(config, options, sources, folder, say)
        _set_splits(entries, _splits_of(movies))
        made, again = assemble(entries, folder, options, {})
        for name in damaged:
            if again["files"].get(name) != manifest["files"][name]:
                raise IngestError(f"{data_dir / name} cannot be made as it was; see --manifest")
        for name in damaged:
            with replaced_when_complete(data_dir / name) as temporary:
                shutil.copyfile(made / name, temporary)
        shutil.rmtree(folder / "movies")
    if left := damaged_files(data_dir, manifest):
        raise IngestError(f"{data_dir} is still damaged: {', '.join(left)}")


def _needed(movies: Sequence[Mapping], damaged: Iterable[str]) -> list[Mapping]:
    """The movies of the splits that damaged shards belong to; all of them for other files."""
    splits = set()
    for name in damaged:
        shard = re.search(r"-(\w+)\.tfrecord-\d+-of-\d+$", name)
        if not shard:
            return list(movies)
        splits.add(shard[1])
    return [movie for movie in movies if movie["split"] in splits]
