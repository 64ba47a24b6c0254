import json
import pathlib
import subprocess
import sys

import cv2
import keras
import numpy as np
import pytest

from deep3d import checkpoint
from deep3d.config import ModelConfig
from deep3d.disparity import DisparityLevels
from deep3d.model import build_deep3d

ROOT = pathlib.Path(__file__).resolve().parents[1]
CONFIG = ModelConfig(levels=DisparityLevels(minimum=-4, count=8, width=96), height=32, width=96)


def run(*arguments, python=()):
    return subprocess.run(
        [sys.executable, *python, str(ROOT / "eval.py"), *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    keras.utils.set_random_seed(0)
    path = tmp_path_factory.mktemp("model") / "tiny.h5"
    checkpoint.save_model(path, build_deep3d(CONFIG), CONFIG)
    return path


@pytest.fixture
def pairs_folder(tmp_path):
    for number in range(3):
        noise = np.random.default_rng(number).random((60, 160, 3))
        wide = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2), None, 0, 255, cv2.NORM_MINMAX)
        (tmp_path / "data" / f"pair{number}").mkdir(parents=True)
        for name, start in (("left", 20), ("right", 22 + number)):
            path = tmp_path / "data" / f"pair{number}" / f"{name}.png"
            cv2.imwrite(str(path), wide[:, start : start + 120].astype(np.uint8))
    return tmp_path / "data"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "--data must be given"),
        (("--data=x", "y"), 2, "only flags"),
        (("--data={tmp}/absent",), 1, "There is no folder"),
        (("--data={tmp}",), 1, "no stereo pairs"),
        (("--data={data}", "--classes={tmp}/absent.csv"), 1, "absent.csv"),
        (("--data={data}", "--max_items=0"), 2, "max_items"),
    ],
)
def test_eval_complains_before_tensorflow_is_loaded(
    arguments, code, message, tmp_path, pairs_folder
):
    (tmp_path / "empty").mkdir()
    places = {"tmp": tmp_path / "empty", "data": pairs_folder}
    done = run(*(a.format(**places) for a in arguments), python=("-X", "importtime"))
    said = [line for line in done.stderr.splitlines() if not line.startswith("import time:")]
    assert done.returncode == code
    assert len(said) == 1 and message in said[0]
    assert "tensorflow" not in done.stderr
    assert "keras" not in done.stderr


def test_eval_folder_of_pairs(model_file, pairs_folder, tmp_path):
    (pairs_folder / "index.csv").write_text("name,content\npair0,film\npair2,film\n")
    done = run(
        f"--data={pairs_folder}", f"--model={model_file}", f"--output={tmp_path}", "--max_items=2"
    )
    assert (done.returncode, done.stderr) == (0, "")
    result = json.loads((tmp_path / "eval.json").read_text())
    assert [item["name"] for item in result["per_item"]] == ["pair0", "pair2"]
    assert {"copy_left", "model", "model_affine"} <= {row["name"] for row in result["rows"]}
    assert result["classes"][0]["content"] == "film"
    assert done.stdout == (tmp_path / "eval.txt").read_text()
    assert (tmp_path / "eval.html").read_text().count("<img") == 10
