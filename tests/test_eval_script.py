import dataclasses
import json
import pathlib
import subprocess
import sys

import cv2
import keras
import numpy as np
import pytest
from stereo_data import write_data_set
from stereo_films import street_views, two_planes, write_film

from data_pipeline.stereo_pack import pack_data_set
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
        (("--data={data}", "--layout=kitti"), 1, "does not have the layout of kitti"),
        (("--data={data}", "--layout=kiti"), 2, "'kiti'. Did you mean kitti? See --help."),
        (("--data={data}", "--model=defualt"), 2, "'defualt'. Did you mean default? See"),
        (("--data={data}", "--compare=defualt"), 2, "'defualt'. Did you mean default? See"),
        (("--data={data}", "--model={tmp}/absent.h5"), 2, "absent.h5'. See --help."),
        (("--data={tmp}/*.mkv",), 1, "No film was found by"),
        (("--data={kitti}",), 1, "image_3/000000_10.png is missing"),
        (("--data={data}", "--classes={tmp}/absent.csv"), 1, "absent.csv"),
        (("--data={data}", "--max_items=0"), 2, "max_items"),
        (("--data={data}", "--validation={tmp}/absent"), 1, "There is no folder"),
        (("--data={data}", "--eyes=both"), 2, "eyes"),
    ],
)
def test_eval_complains_before_tensorflow_is_loaded(
    arguments, code, message, tmp_path, pairs_folder
):
    (tmp_path / "empty").mkdir()
    (tmp_path / "kitti" / "image_2").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "kitti/image_2/000000_10.png"), np.zeros((9, 9), np.uint8))
    places = {"tmp": tmp_path / "empty", "data": pairs_folder, "kitti": tmp_path / "kitti"}
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
    assert result["evaluated"]["layout"] == "folders"
    assert (tmp_path / "eval.html").read_text().count("<img") == 18
    assert r"\bottomrule" in (tmp_path / "eval.tex").read_text()


def evaluated(model_file, output, *arguments):
    """The result of an evaluation, of films in two runs of two frames, that has nothing to say."""
    model = f"--model={model_file}", f"--output={output}"
    done = run(*model, "--film_frames=4", "--eyes=left_first", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads((output / "eval.json").read_text())


def test_eval_film(model_file, tmp_path):
    """Of a film that is no data set, in runs of two frames."""
    pairs = [two_planes(3, -2, 3, step=k) for k in range(16)]
    write_film(tmp_path / "a.mkv", pairs)
    result = evaluated(model_file, tmp_path / "out", f"--data={tmp_path}/*.mkv")
    assert [item["name"].split()[0] for item in result["per_item"]] == ["a"] * 4
    assert result["evaluated"]["layout"] == "films"
    assert result["evaluated"]["films"].startswith("pairs from 2 of 2 places")


def test_eval_film_with_exchanged_eyes(model_file, tmp_path):
    """Scores as the film does whose eyes are in order, and is said to be another."""
    pairs = street_views()
    write_film(tmp_path / "a.mkv", pairs)
    write_film(tmp_path / "b.mkv", [pair[::-1] for pair in pairs])
    rows = []
    for name, line in (("a", ""), ("b", "2 of 2 places, the eyes exchanged at 2")):
        output = f"--output={tmp_path / name}"
        done = run(
            f"--data={tmp_path / name}.mkv", f"--model={model_file}", output, "--film_frames=4"
        )
        assert done.returncode == 0 and line in done.stderr
        assert done.stderr.count("\n") == bool(line)
        result = json.loads((tmp_path / name / "eval.json").read_text())
        rows.append({row["name"]: row for row in result["rows"]})
    for row in ("copy_left", "global_shift", "oracle", "model"):
        assert rows[1][row]["mae"] == pytest.approx(rows[0][row]["mae"], rel=0.15)
    for row in ("vertical_ramp", "model"):
        wrong = [scored[row]["ordinal_error"] for scored in rows]
        assert wrong[1] == pytest.approx(wrong[0], abs=0.1)


def test_eval_validation_chooses_the_fixed_baselines(model_file, pairs_folder, tmp_path):
    """A folder of planes, by a film with more of its far plane than of its near one."""
    write_film(tmp_path / "a.mkv", [two_planes(3, -2, 3, step=k) for k in range(16)])
    chosen = {}
    for data, validation in (("data", ""), ("a.mkv", ""), ("data", "a.mkv"), ("data", "data")):
        named = [f"--validation={tmp_path / validation}"] if validation else []
        result = evaluated(model_file, tmp_path / "out", f"--data={tmp_path / data}", *named)
        chosen[data, validation] = result["baselines"]
        assert result["evaluated"].get("validation", "").endswith(validation)
    assert "themselves" in chosen["data", ""]["chosen_on"]
    assert chosen["data", "a.mkv"]["chosen_on"] == "validation pairs"
    shifts = {key: one["global_shift_px"] for key, one in chosen.items()}
    assert shifts["data", "a.mkv"] == shifts["a.mkv", ""] != shifts["data", ""]
    assert shifts["data", "data"] == shifts["data", ""]


def test_eval_validation_of_a_data_set_is_its_split(model_file, pairs_folder, tmp_path):
    both = write_data_set(tmp_path / "both", ("test", "validation"))
    done = run(
        f"--data={pairs_folder}", f"--validation={both}", f"--model={model_file}", "--max_items=2"
    )
    assert (done.returncode, done.stderr) == (0, "")
    alone = write_data_set(tmp_path / "alone", ("test",))
    done = run(f"--data={pairs_folder}", f"--validation={alone}", f"--model={model_file}")
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "validation" in done.stderr


def test_eval_pack_with_models_of_several_frames(model_file, tmp_path):
    """The models see other numbers of frames of the same pairs; the data set stores two."""
    data = write_data_set(tmp_path / "data", ("test",), frames_before=1)
    pack_data_set(data, tmp_path / "pack")
    config = dataclasses.replace(CONFIG, encoder="vgg11", channel_divisor=16, frames=3)
    checkpoint.save_model(tmp_path / "three.h5", build_deep3d(config), config)
    done = run(
        f"--data={tmp_path / 'pack'}",
        f"--model={model_file}",
        f"--compare={tmp_path / 'three.h5'}",
        f"--output={tmp_path / 'out'}",
        "--max_items=3",
    )
    assert (done.returncode, done.stderr) == (0, "")
    result = json.loads((tmp_path / "out" / "eval.json").read_text())
    assert result["evaluated"]["layout"] == "pack"
    assert [item["name"] for item in result["per_item"]] == ["test 0", "test 7", "test 14"]
    assert result["comparison"]["pairs"] == 3


def test_eval_pair_of_unequal_sizes(model_file, pairs_folder):
    cv2.imwrite(str(pairs_folder / "pair1" / "left.png"), np.zeros((60, 119, 3), np.uint8))
    done = run(f"--data={pairs_folder}", f"--model={model_file}")
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "Pair pair1: both views must have one size" in done.stderr
