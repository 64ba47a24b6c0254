"""TensorBoard itself on logs of the project, seen by a browser without a window."""

import http.client
import json
import pathlib
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
ROOT = pathlib.Path(__file__).resolve().parents[1]
LEVELS = DisparityLevels()
RUN = "run/logs"
# Colors that no page has, large in the left view and in the prediction.
LEFT_COLOR, RIGHT_COLOR = (255, 0, 255), (0, 255, 127)
# Of TensorBoard.
SECOND_RUN_COLOR, LATEST_HISTOGRAM_COLOR = (0, 119, 187), (198, 63, 23)


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
        log.histogram("disparity/prediction", np.array([1.0, 3.0, 2.0]), np.arange(4.0), step)
    log.hyperparameters({"training.batch_size": 4})
    log.succeeded()
    log.close()
    baseline = EventLog(folder / "baseline_copy_left")
    baseline.scalar("validation/right_mae_255", 10.0, 0)
    baseline.scalar("validation/right_mae_255", 10.0, 1)
    baseline.close()


@pytest.fixture(scope="module")
def pages():
    """What opens pages and TensorBoard for the pictures in the README."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "benchmarks"))
        import pages

        return pages


@pytest.fixture(scope="module")
def address(pages, tmp_path_factory):
    """Host and port of a TensorBoard that shows the logs."""
    folder = tmp_path_factory.mktemp("logs")
    write_logs(folder / "run" / "logs")
    with pages.tensorboard(folder, {RUN, f"{RUN}/baseline_copy_left"}) as address:
        yield address


@pytest.fixture
def shown(pages, address, tmp_path):
    """Pixels of a tab of TensorBoard in a browser."""
    if pages.browser() is None:
        pytest.skip(f"no browser: install one of {', '.join(pages.BROWSERS)}")

    def shown(tab):
        pages.screenshot(f"http://{address}/#{tab}", tmp_path / "tab.png")
        return cv2.cvtColor(cv2.imread(str(tmp_path / "tab.png")), cv2.COLOR_BGR2RGB)

    return shown


def pixels_of(picture, color):
    return int((np.abs(picture.astype(int) - color) <= 3).all(axis=-1).sum())


def test_tensorboard_shows_the_views(shown):
    picture = shown("images&tagFilter=views")
    # 350 x 64 pixels of each, twice: views and wiggle
    assert pixels_of(picture, LEFT_COLOR) > 15_000
    assert pixels_of(picture, RIGHT_COLOR) > 15_000


def test_tensorboard_shows_the_depth(shown):
    picture = shown("images&tagFilter=depth")
    inferno = cv2.applyColorMap(
        np.array([[int(12 / 15 * 255), int(4 / 15 * 255)]], np.uint8), cv2.COLORMAP_INFERNO
    )
    for color in inferno[0, :, ::-1].astype(int):
        assert pixels_of(picture, color) > 10_000


def test_tensorboard_draws_the_baseline_as_a_line(shown):
    charts = shown("scalars&tagFilter=validation")[:, 350:]  # beside the list of runs
    blue = (np.abs(charts.astype(int) - SECOND_RUN_COLOR) <= 3).all(axis=-1)
    assert blue.sum(axis=1).max() > 200


def test_tensorboard_draws_histograms(shown):
    charts = shown("histograms&tagFilter=disparity")[:, 350:]
    assert pixels_of(charts, LATEST_HISTOGRAM_COLOR) > 5_000


def test_tensorboard_plays_the_wiggle(pages, address):
    query = urllib.parse.urlencode({"run": RUN, "tag": "views/6_wiggle", "sample": 0})
    _, content = pages.get(address, f"/data/plugin/images/images?{query}")
    path = f"/data/plugin/images/individualImage?{json.loads(content)[0]['query']}"
    kind, data = pages.get(address, path)
    assert kind == "image/gif" and data.startswith(b"GIF89a")


def test_tensorboard_has_baseline_and_model_in_one_chart(pages, address):
    _, content = pages.get(address, "/data/plugin/scalars/tags")
    tags = json.loads(content)
    chart = "validation/right_mae_255"
    assert all(chart in tags[run] for run in (RUN, f"{RUN}/baseline_copy_left"))


def test_tensorboard_has_settings_and_final_metrics(pages, address):
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
