import dataclasses
import os
import pathlib
import subprocess
import sys
import zipfile
from fractions import Fraction

import cv2
import keras
import numpy as np
import pytest
from video_samples import write_video

from deep3d import model_files
from deep3d.checkpoint import save_model
from deep3d.config import ModelConfig
from deep3d.disparity import DisparityLevels
from deep3d.inference import Predictor
from deep3d.model import build_deep3d
from deep3d.model_files import WEIGHTS, CheckpointError, shipped_models
from deep3d.pretrained import load_model, load_predictor

pytest.importorskip("ai_edge_litert", reason="LiteRT is not installed")
from deep3d.lite_export import export
from deep3d.lite_inference import LitePredictor, is_made_from

ROOT = pathlib.Path(__file__).resolve().parents[1]
CONFIG = ModelConfig(levels=DisparityLevels(minimum=-2, count=4, width=64), height=32, width=64)
# Pixels: the 16-bit weights of a .tflite file have the batch normalisations folded in, and are
# rounded after that. These pictures err by up to 0.003; of 84 photographs and frames of films the
# worst pixel erred by 0.041, and half of the pictures nowhere by more than 0.01.
TOLERANCE = 0.01


def pictures(count, rows, columns):
    """Blobs of all sizes, which make for depth of all kinds."""
    noise = np.random.default_rng(rows).random((count, rows, columns, 3)).astype(np.float32)
    blobs = [cv2.GaussianBlur(picture, (0, 0), 6) for picture in noise]
    return np.stack([cv2.normalize(b, None, 0, 255, cv2.NORM_MINMAX) for b in blobs]).astype("u1")


@pytest.fixture(scope="module", autouse=True)
def precision():
    """32 bits, also where `load_predictor` would choose 16 for Keras, and for later tests."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32")
    yield
    keras.config.set_dtype_policy(policy)


@pytest.fixture(scope="module")
def shipped(precision):
    return load_predictor("default", "litert"), Predictor(*load_model("default"))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A model file and what was made from it."""
    keras.utils.set_random_seed(3)
    path = tmp_path_factory.mktemp("tiny") / "tiny.h5"
    save_model(path, build_deep3d(CONFIG), CONFIG)
    export(path, path.with_suffix(".tflite"))
    return path, path.with_suffix(".tflite")


@pytest.mark.parametrize("name", shipped_models())
def test_shipped_lite_model_is_made_from_its_weights(name):
    path = WEIGHTS / f"{name}.h5"
    assert is_made_from(path.with_suffix(".tflite"), path), "run `make lite-models`"


@pytest.mark.parametrize(("rows", "columns"), [(160, 384), (192, 320), (320, 192), (672, 384)])
def test_disparity_matches_keras(shipped, rows, columns):
    lite, reference = shipped
    assert isinstance(lite, LitePredictor)
    assert dataclasses.asdict(lite.config) == dataclasses.asdict(reference.config)
    batch = pictures(2, rows, columns)
    expected = reference.disparity(batch)
    assert np.ptp(expected) > 1.0
    found = lite.disparity(batch)
    assert found.shape == expected.shape and found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=TOLERANCE)


def test_probabilities_match_keras(shipped):
    lite, reference = shipped
    batch = pictures(2, 160, 384)
    found = lite.probabilities(batch)
    np.testing.assert_allclose(found.sum(axis=-1), 1.0, atol=1e-5)
    np.testing.assert_allclose(found, reference.probabilities(batch), atol=TOLERANCE / 10)


def test_disparity_is_the_same_in_every_batch(tiny):
    predictor, batch = LitePredictor(tiny[1]), pictures(5, 32, 64)
    whole = predictor.disparity(batch)
    predictor.disparity(pictures(1, 64, 64))  # another size between
    for number in range(5):
        np.testing.assert_array_equal(
            predictor.disparity(batch[number : number + 1])[0], whole[number]
        )


def test_is_made_from_rejects_other_weights(tiny, tmp_path):
    other = tmp_path / "other.h5"
    other.write_bytes(tiny[0].read_bytes() + b"\0")
    assert is_made_from(tiny[1], tiny[0])
    assert not is_made_from(tiny[1], other)
    assert not is_made_from(tmp_path / "absent.tflite", other)


def test_lite_predictor_rejects_damaged_file(tiny, tmp_path):
    path = tmp_path / "text.tflite"
    path.write_text("no model")
    with pytest.raises(CheckpointError, match=r"text\.tflite is damaged or no model"):
        LitePredictor(path)
    with zipfile.ZipFile(tiny[1]) as archive, zipfile.ZipFile(path, "w") as empty:
        for name in archive.namelist():
            empty.writestr(name, archive.read(name))
    with pytest.raises(CheckpointError, match=r"text\.tflite is damaged"):
        LitePredictor(path)


def test_export_rejects_other_encoders(tmp_path):
    config = ModelConfig(
        levels=DisparityLevels(count=2, width=32), encoder="vgg16", height=32, width=32
    )
    save_model(tmp_path / "vgg.h5", build_deep3d(config), config)
    with pytest.raises(ValueError, match="must be compact"):
        export(tmp_path / "vgg.h5", tmp_path / "vgg.tflite")
    assert not (tmp_path / "vgg.tflite").exists()


def test_load_predictor_takes_keras_for_models_that_are_not_shipped(tiny):
    predictor = load_predictor(str(tiny[0]))  # though a .tflite file lies beside it
    assert not isinstance(predictor, LitePredictor) and predictor.config == CONFIG
    with pytest.raises(ValueError, match="LiteRT has no version"):
        load_predictor(str(tiny[0]), "litert")
    with pytest.raises(ValueError, match="runtime must be one of"):
        load_predictor("default", "torch")


def test_load_predictor_takes_keras_for_weights_that_were_replaced(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(model_files, "WEIGHTS", tmp_path)
    (tmp_path / "default.h5").write_bytes(tiny[0].read_bytes())
    (tmp_path / "default.tflite").write_bytes(tiny[1].read_bytes())
    assert isinstance(load_predictor(), LitePredictor)
    save_model(tmp_path / "default.h5", build_deep3d(CONFIG), CONFIG)
    assert not isinstance(load_predictor(), LitePredictor)


def test_load_predictor_takes_keras_where_litert_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "deep3d.lite_inference", None)
    monkeypatch.delattr("deep3d.lite_inference")
    assert type(load_predictor()) is Predictor
    with pytest.raises(ValueError, match="LiteRT cannot be imported"):
        load_predictor("default", "litert")


def test_convert_video_does_without_tensorflow(tmp_path):
    film = write_video(tmp_path / "film.mp4", [0, 1, 2], Fraction(1, 25))
    command = [
        *(sys.executable, "-X", "importtime", "convert_video.py", str(film), "--quiet"),
        *("--runtime=litert", f"--output={tmp_path / 'film3d.mp4'}", "--preset=ultrafast"),
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    lines = run.stderr.splitlines()
    imported = {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time")}
    assert "ai_edge_litert.interpreter" in imported
    assert not imported & {"tensorflow", "keras", "h5py"}
    assert all(line.startswith("import time") for line in lines)  # no remarks of LiteRT
    assert (tmp_path / "film3d.mp4").is_file()
