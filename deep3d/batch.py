"""Conversion of many sources, one after the other, and what is said of each."""

import functools
import glob
import json
import os
import pathlib
import sys
from collections.abc import Callable, Sequence

from deep3d.image_file import IMAGE_SUFFIXES

VIDEO_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".m2ts", ".mts"),
    *(".wmv", ".flv", ".3gp", ".ogv"),
)


def all_sources(arguments: Sequence[str]) -> list[pathlib.Path]:
    """The files that several arguments mean, each once; see `sources_of`."""
    sources = [source for argument in arguments for source in sources_of(argument)]
    return list({os.path.abspath(source): source for source in sources}.values())


def sources_of(argument: str) -> list[pathlib.Path]:
    """The files that an argument means.

    Args:
        argument: A file, a pattern such as `films/*.mkv`, or a folder: of videos or, if it has
            none, of pictures. What an earlier run made of them does not count in a folder, nor do
            the posters beside videos.

    Returns:
        Their paths, sorted by name.

    Raises:
        ValueError: If a folder has neither, or nothing matches a pattern.
    """
    path = pathlib.Path(argument)
    if not path.exists() and glob.has_magic(argument):
        found = [pathlib.Path(name) for name in sorted(glob.glob(argument, recursive=True))]
        if not found:
            raise ValueError(f"Nothing matches {argument}.")
        return found
    if not path.is_dir():
        return [path]
    inside = [p for p in sorted(path.iterdir()) if ".3D." not in p.name]
    for suffixes in (VIDEO_SUFFIXES, IMAGE_SUFFIXES):
        found = [p for p in inside if p.suffix.lower() in suffixes]
        if found:
            return found
    raise ValueError(f"The folder {path} has neither videos nor pictures.")


def convert_all(
    sources: Sequence[pathlib.Path], convert_one: Callable, say: "Reporter", stop_at_error: bool
) -> int:
    """Converts every source; a bad one does not stop the rest.

    Args:
        sources: Their paths.
        convert_one: Takes a source, a function that is told of progress and one of what
            will be lost, and returns what the reporter describes.
        say: Tells what came of it.
        stop_at_error: Whether an error is raised instead of told.

    Returns:
        The number of those that failed.

    Raises:
        ValueError: If asked to stop and a source cannot be converted.
        OSError: Likewise.
    """
    failures = 0
    for source in sources:
        with say.progress(source.name) as progress:
            try:
                announce = functools.partial(say.announce, source)
                result = convert_one(source, progress, announce)
            except (ValueError, OSError) as error:
                if stop_at_error:
                    raise
                failures += 1
                say.failed(source, error)
                continue
        say.done(source, result)
    return failures


class Reporter:
    """Tells of every source: a bar and lines for people, or a line of JSON for programs."""

    def __init__(self, quiet: bool, as_json: bool, describe: Callable):
        """Chooses the form.

        Args:
            quiet: Whether only errors are told.
            as_json: Whether there is one JSON object for each source on standard output.
            describe: Takes a source and what came of it, and returns the lines and the JSON object
                that tell of it, such as `describe_conversion`.
        """
        self._quiet, self._as_json, self._describe = quiet, as_json, describe

    def progress(self, name: str) -> "_Progress":
        """A bar for a source, to be used as a context manager and called."""
        return _Progress(name, hidden=self._quiet or self._as_json)

    def announce(self, source: pathlib.Path, losses: tuple[str, ...]):
        """Names before the work what will be lost; JSON has it in the one object of the source."""
        if not (self._quiet or self._as_json):
            print(one_line(f"{source.name}: not kept: {'; '.join(losses)}"), flush=True)

    def failed(self, source: pathlib.Path, error: Exception):
        """Tells of a source that could not be converted."""
        if self._as_json:
            print(json.dumps({"source": str(source), "error": str(error)}), flush=True)
        else:
            print(one_line(f"Error: {error}"), file=sys.stderr, flush=True)

    def done(self, source: pathlib.Path, result):
        """Tells of what was made."""
        lines, facts = self._describe(source, result)
        if self._as_json:
            print(json.dumps(facts), flush=True)
        elif not self._quiet:
            print("\n".join(lines), flush=True)


def describe_conversion(source: pathlib.Path, result) -> tuple[list[str], dict]:
    """What came of a conversion, for `Reporter`.

    Args:
        source: What was converted.
        result: The `ConversionResult`.

    Returns:
        Lines for people, facts for programs.
    """
    outputs = [str(path) for path in (result.output, result.right_output) if path]
    facts = {"source": str(source), "output": outputs[0], "frames": result.frames}
    if result.right_output:
        facts["right_output"] = outputs[1]
    facts |= {"losses": result.losses, "remarks": result.remarks}
    return [*(one_line(f"{source.name}: {remark}") for remark in result.remarks), *outputs], facts


class _Progress:
    """A bar with frames/s, the time left and that of each stage, made with the first frame."""

    def __init__(self, name: str, hidden: bool):
        self.name, self.hidden, self.bar = name, hidden, None

    def __enter__(self):
        return self

    def __call__(self, done: int, expected: int | None, stage_ms: dict[str, float]):
        if self.bar is None:
            from tqdm import tqdm

            options = {"unit": "frame", "initial": done - 1, "dynamic_ncols": True}
            self.bar = tqdm(total=expected, desc=self.name, disable=self.hidden, **options)
        times = ", ".join(f"{stage} {spent:.0f}" for stage, spent in stage_ms.items())
        self.bar.set_postfix_str(f"{times} ms", refresh=False)
        self.bar.update(done - self.bar.n)

    def __exit__(self, *exception):
        if self.bar is not None:
            self.bar.close()


def one_line(text: str) -> str:
    """A text without its line breaks, which names may have."""
    return " ".join(text.split())
