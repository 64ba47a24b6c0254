"""Pages in a real browser, without a window and without a network."""

import html
import json
import pathlib
import re
import shutil
import subprocess

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def found_by(script: str, page: pathlib.Path, *flags: str) -> tuple[dict, str]:
    """Runs a script at the end of a page; skips where there is no browser.

    Args:
        script: Leaves JSON in `document.documentElement.dataset.found`.
        page: The page, to which the script is added.
        *flags: More flags of the browser.

    Returns:
        What the script left, and what the browser said on standard error.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip(f"no browser: install one of {', '.join(BROWSERS)}")
    page.write_text(page.read_text().replace("</body>", f"<script>{script}</script></body>"))
    done = subprocess.run(
        [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            *("--virtual-time-budget=3000", f"--user-data-dir={page.parent / 'profile'}"),
            *(*flags, page.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    told = re.search(r'data-found="([^"]*)"', done.stdout)
    assert told, done.stderr[-500:]
    return json.loads(html.unescape(told[1])), done.stderr
