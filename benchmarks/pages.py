"""Pages in a browser without a window, and TensorBoard for it to look at."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
TENSORBOARD_S = 120  # it may take so long to start, and to read its logs


def browser() -> str | None:
    """Path of a browser, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def screenshot(address: str, path: pathlib.Path, size: tuple[int, int] = (1500, 1900)) -> None:
    """What a browser without a window shows of a page after ten seconds of the page's own time.

    Args:
        address: Of the page.
        path: PNG file to write.
        size: Width and height of the window in pixels.

    Raises:
        subprocess.SubprocessError: If the browser fails.
        FileNotFoundError: If it leaves no picture.
    """
    with tempfile.TemporaryDirectory() as home:
        flags_of_it = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        flags_of_it += [f"--window-size={size[0]},{size[1]}", "--virtual-time-budget=10000"]
        flags_of_it += [f"--user-data-dir={home}/profile", f"--screenshot={path.resolve()}"]
        subprocess.run(
            [browser(), *flags_of_it, address],
            check=True,
            capture_output=True,
            timeout=180,
            env={**os.environ, "HOME": home},
        )
    if not path.is_file():
        raise FileNotFoundError(f"The browser left no {path}.")


@contextlib.contextmanager
def tensorboard(folder: pathlib.Path, runs: set[str]) -> Iterator[str]:
    """Runs TensorBoard for as long as the block lasts.

    Args:
        folder: The logs.
        runs: Names of runs that it must have read before the block begins.

    Yields:
        Host and port.

    Raises:
        RuntimeError: If TensorBoard ends or does not read the runs in time.
    """
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", folder.name]
    command += ["--host", "localhost", "--port", "0", "--load_fast=false"]
    with (
        tempfile.TemporaryFile("w+b") as words,
        subprocess.Popen(command, stderr=words, cwd=folder.parent) as server,
    ):
        try:
            yield _listening(server, words, runs)
        finally:
            server.terminate()


def get(address: str, path: str) -> tuple[str | None, bytes]:
    """Content type and content of what a local server has under a path."""
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.getheader("Content-Type"), answer.read()


def _listening(server, words, runs: set[str]) -> str:
    begin = time.monotonic()
    while time.monotonic() < begin + TENSORBOARD_S and server.poll() is None:
        found = re.search(rb"http://(localhost:\d+)/", _said(words))
        if found and runs <= set(json.loads(get(found[1].decode(), "/data/runs")[1])):
            return found[1].decode()
        time.sleep(0.3)
    raise RuntimeError(f"TensorBoard does not show its logs: {_said(words)[-500:]!r}")


def _said(words) -> bytes:
    """What the server has written; its place in the file, which is shared, stays."""
    return os.pread(words.fileno(), 1 << 20, 0)
