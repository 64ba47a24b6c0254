"""Where a data set is made: a folder beside its place, found again by the command that made it.

`.NAME.partial` lies beside NAME. It remembers what decides about the examples; a command that wants
others does not go on with it. NAME appears in one piece, when everything in it is on the disk.
"""

import contextlib
import json
import os
import pathlib
import shutil
from collections.abc import Callable, Iterator

from deep3d.atomic_file import wait_for_disk, write_bytes
from deep3d.journal import lock

_TASK, _LOCK = "task.json", "lock"


class WorkFolderError(ValueError):
    """The folder belongs to another command; the message is for the user."""


@contextlib.contextmanager
def work_folder(
    output: pathlib.Path, task: dict, anew: bool, say: Callable[[str], None]
) -> Iterator[pathlib.Path]:
    """The folder in which a data set is made; it stays where movies are left in it.

    Args:
        output: Where the data set will be.
        task: What decides about the examples, as JSON can say it.
        anew: Whether the work of a command that wanted something else may be dropped.
        say: Receives a line if it is.

    Yields:
        The folder.

    Raises:
        WorkFolderError: If there is work of a command that wanted something else.
        ValueError: If another process is at work in it.
    """
    folder = output.with_name(f".{output.name}.partial")
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / _LOCK, "a") as locked:
        lock(locked, str(output))
        _claim(folder, task, anew, say)
        try:
            yield folder
        finally:
            if not movies_in(folder).exists():  # there is nothing to go on with
                shutil.rmtree(folder, ignore_errors=True)


def movies_in(folder: pathlib.Path) -> pathlib.Path:
    """Where in the work folder the movies are stored."""
    return folder / "movies"


def empty_folder(folder: pathlib.Path, name: str) -> pathlib.Path:
    """A new folder in the work folder, without what an earlier run left there."""
    new = folder / name
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    return new


def put_in_place(data_dir: pathlib.Path, output: pathlib.Path, folder: pathlib.Path) -> None:
    """Gives a complete folder its final name, in place of an older data set.

    Args:
        data_dir: The complete folder, in the work folder.
        output: Its place.
        folder: The work folder, which takes the older data set and is not removed here.

    Raises:
        OSError: If it cannot be moved.
    """
    for path in (*data_dir.iterdir(), data_dir):
        wait_for_disk(path)
    if output.exists():
        os.replace(output, empty_folder(folder, "replaced") / output.name)
    os.replace(data_dir, output)
    wait_for_disk(output.parent)


def _claim(folder: pathlib.Path, task: dict, anew: bool, say: Callable[[str], None]) -> None:
    path = folder / _TASK
    try:
        earlier = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        earlier = None  # nothing can have been finished without it
    if earlier == task:
        return
    if earlier is not None and movies_in(folder).exists():
        difference = "; ".join(_differences(earlier, task))
        if not anew:
            raise WorkFolderError(
                f"{folder} holds what another command has finished ({difference}); that command "
                "goes on with it, --overwrite begins anew"
            )
        say(f"begins anew: {folder.name} was made with other settings ({difference})")
    for old in folder.iterdir():
        if old.is_dir():
            shutil.rmtree(old)
    write_bytes(path, json.dumps(task, sort_keys=True).encode())


def _differences(earlier, task, name: str = "") -> Iterator[str]:
    """Where two values differ that JSON can say, in words."""
    if isinstance(earlier, dict) and isinstance(task, dict):
        for key in sorted(earlier.keys() | task.keys()):
            yield from _differences(earlier.get(key), task.get(key), key)
    elif earlier != task:
        yield f"{name} {earlier} then, {task} now"
