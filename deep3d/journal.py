"""What a long run has finished so far: a folder of files and a journal with their checksums.

A step counts when its line is in the journal, which is written when all its files are on the disk.
A line has its own checksum, so one that was cut off by a power failure is known, and what follows a
bad line or a bad file is dropped. The first line says what the run makes from what; a run that
would make something else begins anew.
"""

import hashlib
import io
import json
import os
import pathlib
import shutil

import numpy as np

from deep3d.atomic_file import wait_for_disk, write_bytes

try:
    import fcntl
except ImportError:  # Windows: two runs at once are not noticed there
    fcntl = None

_NAME = "journal.jsonl"
_BLOCK = 1 << 20


class Journal:
    """The finished steps of a run. Use as a context manager.

    When the block is left, the folder stays if there are finished steps, unless they were dropped.

    Attributes:
        folder: Where the files are.
        steps: What was said of each finished step.
        dropped: Whether an earlier run was found that made something else.
        damaged: How many steps of the earlier run have to be made again.
    """

    def __init__(self, folder: pathlib.Path, task: dict, name: str, replace: bool = False):
        """Takes up the run that was interrupted, if there is one.

        Args:
            folder: The run's own; it is made if it does not exist.
            task: What the run makes from what, as JSON can say it.
            name: What is made, for messages.
            replace: Whether to drop what an earlier run has finished that made something else.

        Raises:
            ValueError: If another process is at work in the folder, or an earlier run has finished
                steps of something else that are not to be dropped.
            OSError: If the folder cannot be written.
        """
        self.folder, self.steps, self.dropped = pathlib.Path(folder), [], False
        self._name = name
        self.folder.mkdir(exist_ok=True)
        self._file = open(self.folder / _NAME, "a+b")  # noqa: SIM115 - `__exit__` closes it
        try:
            lock(self._file, self._name)
            entries = _good_lines(self._file)
            kept = _good_steps(self.folder, entries[1:]) if entries[:1] == [task] else []
            self.dropped = bool(entries) and entries[:1] != [task]
            self.damaged = 0 if self.dropped else len(entries[1:]) - len(kept)
            if self.dropped and len(entries) > 1 and not replace:
                raise ValueError(
                    f"{name}: was begun with other settings, and {self.folder.name} holds what is "
                    "finished of it; the command of then goes on, --overwrite begins anew."
                )
            self._keep(task, kept)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> "Journal":
        """Returns the journal."""
        return self

    def __exit__(self, *exception) -> None:
        """Removes the folder if nothing in it is finished."""
        self._file.close()
        if not self.steps:
            shutil.rmtree(self.folder)

    def add(self, step: dict, files: dict[str, tuple[int, str]], arrays: dict[str, np.ndarray]):
        """Notes that a step is finished.

        Args:
            step: What is to be known of it, as JSON can say it.
            files: Names in the folder of the files that it made, which are on the disk, with their
                sizes in bytes and SHA-256 checksums.
            arrays: Numbers that are kept with it.

        Raises:
            OSError: If that cannot be written.
        """
        if arrays:
            name, data = f"{len(self.steps):06d}.npz", io.BytesIO()
            np.savez(data, **arrays)
            write_bytes(self.folder / name, data.getvalue())
            checksum = hashlib.sha256(data.getvalue()).hexdigest()
            files = files | {name: (data.getbuffer().nbytes, checksum)}
        wait_for_disk(self.folder)
        entry = {"step": step, "files": {name: list(facts) for name, facts in files.items()}}
        self._append(entry)
        self.steps.append(step)

    def arrays(self, number: int) -> dict[str, np.ndarray]:
        """The numbers that are kept with a step.

        Args:
            number: Of the step.

        Returns:
            Them by name; empty if there were none.
        """
        path = self.folder / f"{number:06d}.npz"
        if not path.exists():
            return {}
        with np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)

    def drop(self):
        """Forgets all steps; their files are removed."""
        task = _good_lines(self._file)[0]
        self._keep(task, [])

    def _keep(self, task, entries):
        """Ends the journal behind the entries and removes the files that no entry made."""
        self.steps = [entry["step"] for entry in entries]
        # What is kept is not written again: a power failure could take it.
        self._file.truncate(sum(len(_line(entry)) for entry in (task, *entries)) if entries else 0)
        if not entries:
            self._append(task)
        known = {_NAME, *(name for entry in entries for name in entry["files"])}
        for path in self.folder.iterdir():
            if path.name not in known:
                path.unlink()

    def _append(self, entry):
        self._file.write(_line(entry))
        self._file.flush()
        os.fsync(self._file.fileno())


def lock(file, name: str):
    """Keeps a file from others until it is closed or the process ends.

    Args:
        file: Open for writing.
        name: What is made, for the message.

    Raises:
        ValueError: If another process has it.
    """
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ValueError(f"{name}: another process is making it") from error


def finished_steps(folder: pathlib.Path) -> list[dict]:
    """What an interrupted run has finished, for those who only look.

    Args:
        folder: The run's own.

    Returns:
        What was said of each step; nothing if there is no journal.

    Raises:
        OSError: If the journal cannot be read.
    """
    path = pathlib.Path(folder) / _NAME
    if not path.exists():
        return []
    with open(path, "rb") as file:
        return [entry["step"] for entry in _good_lines(file)[1:]]


def _line(entry) -> bytes:
    text = json.dumps(entry, sort_keys=True)
    checksum = hashlib.sha256(text.encode()).hexdigest()
    return f"{checksum} {text}\n".encode()


def _good_lines(file) -> list[dict]:
    file.seek(0)
    entries = []
    for line in file:
        text = line.partition(b" ")[2]
        try:
            entry = json.loads(text)
        except ValueError:
            break
        if _line(entry) != line:
            break
        entries.append(entry)
    return entries


def _good_steps(folder, entries) -> list[dict]:
    """The steps up to the first of which a file is missing or is not as it was."""
    for number, entry in enumerate(entries):
        for name, facts in entry["files"].items():
            if _facts(folder / name) != tuple(facts):
                return entries[:number]
    return entries


def _facts(path) -> tuple[int, str] | None:
    """Size and checksum of a file."""
    if not path.is_file():
        return None
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()
