"""Files that appear under their name only when they are complete.

A run that is killed leaves the old file, or none, and never half of a new one.
"""

import contextlib
import os
import pathlib
from collections.abc import Iterator


@contextlib.contextmanager
def replaced_when_complete(path) -> Iterator[pathlib.Path]:
    """A temporary path beside the target, which takes the target's place at the end.

    What was written to the temporary path is on the disk before it is renamed. If the block
    raises, the temporary file is removed and the target stays as it was.

    Args:
        path: The target; its folder must exist.

    Yields:
        The path to write to, in the same folder.

    Raises:
        OSError: If the block wrote nothing there, or the target cannot be replaced.
    """
    path = pathlib.Path(path)
    temporary = path.with_name(f".{path.name}.part")
    try:
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path, data: bytes):
    """Writes a whole file at once.

    Args:
        path: The target; its folder must exist.
        data: The content.

    Raises:
        OSError: If the file cannot be written.
    """
    with replaced_when_complete(path) as temporary:
        temporary.write_bytes(data)


def wait_for_disk(path):
    """Returns when a file, or which files a folder has, is on the disk.

    Args:
        path: Of the file or folder.

    Raises:
        OSError: If it cannot be written.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
