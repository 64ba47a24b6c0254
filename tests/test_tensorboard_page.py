"""TensorBoard itself on logs of the project, seen by a browser without a window."""

import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import urllib.parse

import cv2
import numpy as np
import pytest

from deep3d.disparity import DisparityLevels
from deep3d.event_log import EventLog
from deep3d.summaries import _png
from deep3d.validation_pictures import (
    given_picture_sets,
    picture_sets,
    validation_pairs,
    wiggle_gif,
)

pytestmark = pytest.mark.slow  # starting TensorBoard and the browser takes half a minute
LEVELS = DisparityLevels()
RUN = "run/logs"
# Colors that no page has, large in the left view and in the prediction.
LEFT_COLOR, RIGHT_COLOR = (255, 0, 255), (0, 255, 127)


def write_logs(folder):
    left = np.zeros((1, 160, 384, 3), "float32")
    left[:, 10:80] = np.array(LEFT_COLOR) / 255.0
    right = np.zeros_like(left)
    right[:, 10:80] = np.array(RIGHT_COLOR) / 255.0
    probabilities = np.zeros((1, 160, 384, 16), "float32")
    probabilities[:, :80, :, 12] = 1.0
    probabilities[:, 80:, :, 4] = 1.0
    pairs = validation_pairs(left, left.copy(), 1, LEVELS)
    log = EventLog(folder)
    sets = given_picture_sets(pairs, LEVELS)
    sets |= picture_sets(pairs, {"right": right, "probabilities": probabilities}, LEVELS)
    for name, pictures in sets.items():
        log.pictures(name, [_png(picture) for picture in pictures], 1)
    log.pictures("views/6_wiggle", [wiggle_gif(left[0], right[0])], 1)
    for step in (0, 1):
        log.scalar("validation/right_mae_255", 9.0 - step, step)
    log.hyperparameters({"training.batch_size": 4})
    log.succeeded()
    log.close()
    baseline = EventLog(folder / "baseline_copy_left")
    baseline.scalar("validation/right_mae_255", 10.0, 0)
    baseline.scalar("validation/right_mae_255", 10.0, 1)
    baseline.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Host and port of a TensorBoard that shows the logs."""
    folder = tmp_path_factory.mktemp("logs")
    write_logs(folder / "run" / "logs")
    words = folder / "tensorboard.txt"
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder)]
    command += ["--host", "localhost", "--port", "0", "--load_fast=false"]
    with words.open("wb") as output, subprocess.Popen(command, stderr=output) as server:
        try:
            yield _listening(server, words)
        finally:
            server.terminate()


def _listening(server, words: pathlib.Path, seconds=120):
    for _ in range(10 * seconds):
        found = re.search(r"http://(localhost:\d+)/", words.read_text(errors="replace"))
        if found:
            _wait_for_logs(found[1], seconds)
            return found[1]
        assert server.poll() is None, words.read_text(errors="replace")
        time.sleep(0.1)
    raise TimeoutError(words.read_text(errors="replace"))


def _wait_for_logs(address, seconds):
    for _ in range(seconds):
        if "baseline_copy_left" in get(address, "/data/runs")[1].decode():
            return
        time.sleep(1)
    raise TimeoutError("TensorBoard has not read the logs")


def get(address, path):
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.getheader("Content-Type"), answer.read()


@pytest.fixture(scope="module")
def browser():
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        pytest.skip("neither chromium nor google-chrome is installed")
    return found


def screenshot(browser, address, tab, path, size=(1500, 1900)):
    """What the browser shows of a tab when the page has had ten seconds of its own time."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    options += [f"--window-size={size[0]},{size[1]}", "--virtual-time-budget=10000"]
    options += [f"--user-data-dir={path.parent / 'profile'}", f"--screenshot={path}"]
    subprocess.run(
        [browser, *options, f"http://{address}/#{tab}"],
        check=True,
        capture_output=True,
        timeout=180,
        env={**os.environ, "HOME": str(path.parent)},
    )
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


def pixels_of(picture, color):
    return int((np.abs(picture.astype(int) - color) <= 3).all(axis=-1).sum())


def test_tensorboard_shows_the_views(address, browser, tmp_path):
    picture = screenshot(browser, address, "images&tagFilter=views", tmp_path / "images.png")
    # 350 x 64 pixels of each, twice: views and wiggle
    assert pixels_of(picture, LEFT_COLOR) > 15_000
    assert pixels_of(picture, RIGHT_COLOR) > 15_000


def test_tensorboard_shows_the_depth(address, browser, tmp_path):
    picture = screenshot(browser, address, "images&tagFilter=depth", tmp_path / "depth.png")
    inferno = cv2.applyColorMap(
        np.array([[int(12 / 15 * 255), int(4 / 15 * 255)]], np.uint8), cv2.COLORMAP_INFERNO
    )
    for color in inferno[0, :, ::-1].astype(int):
        assert pixels_of(picture, color) > 10_000


def test_tensorboard_plays_the_wiggle(address):
    query = urllib.parse.urlencode({"run": RUN, "tag": "views/6_wiggle", "sample": 0})
    _, content = get(address, f"/data/plugin/images/images?{query}")
    path = f"/data/plugin/images/individualImage?{json.loads(content)[0]['query']}"
    kind, data = get(address, path)
    assert kind == "image/gif" and data.startswith(b"GIF89a")


def test_tensorboard_has_baseline_and_model_in_one_chart(address):
    _, content = get(address, "/data/plugin/scalars/tags")
    tags = json.loads(content)
    chart = "validation/right_mae_255"
    assert all(chart in tags[run] for run in (RUN, f"{RUN}/baseline_copy_left"))


def test_tensorboard_has_settings_and_final_metrics(address):
    connection = http.client.HTTPConnection(address, timeout=30)
    request = {
        "startIndex": 0,
        "sliceSize": 5,
        "allowedStatuses": ["STATUS_SUCCESS"],
        "colParams": [{"metric": {"group": "", "tag": "validation/right_mae_255"}}],
    }
    connection.request("POST", "/data/plugin/hparams/session_groups", json.dumps(request))
    (group,) = json.loads(connection.getresponse().read())["sessionGroups"]
    assert group["hparams"] == {"training.batch_size": 4.0}
    values = {(m["name"]["group"], m["name"]["tag"]): m["value"] for m in group["metricValues"]}
    assert values["", "validation/right_mae_255"] == 8.0
