"""Training without TensorFlow: the same script, from a pack, with Keras on JAX.

What such a machine needs besides this project: keras, jax, h5py, numpy, opencv-python-headless,
pillow, av and absl-py.
"""

import importlib.util
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from stereo_data import write_data_set

from data_pipeline.stereo_pack import pack_data_set
from deep3d.checkpoint import load_model

ROOT = pathlib.Path(__file__).resolve().parents[1]
PACKAGES = ("keras", "jax", "h5py", "numpy", "opencv-python-headless", "pillow", "av")
# The script as where TensorFlow is not installed.
WITHOUT_TENSORFLOW = """
import runpy, sys
sys.modules.update(tensorflow=None, tensorflow_datasets=None)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
PREDICTION = """
import sys
import numpy as np
from deep3d.checkpoint import load_model
left = np.load(sys.argv[2])
prediction = load_model(sys.argv[1])[0].predict(left, verbose=0)
np.savez(sys.argv[3], **{name: np.asarray(value) for name, value in prediction.items()})
"""


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    pack_data_set(write_data_set(folder, ("train", "validation")), folder / "pack")
    return folder / "pack"


def with_jax(*command):
    environment = os.environ | {"KERAS_BACKEND": "jax", "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)


def train_arguments(pack, workdir):
    return [
        *("train.py", "--config=default", f"--data={pack}", f"--workdir={workdir}"),
        *("--height=32", "--width=64", "--levels_width=64", "--precision=float32"),
        *("--steps=4", "--checkpoint_every=2", "--batch_size=2", "--validation_batches=1"),
    ]


def test_train_from_a_pack_imports_no_tensorflow(pack, tmp_path):
    if importlib.util.find_spec("jax") is None:
        pytest.skip("jax is not installed here; the slow test installs it elsewhere")
    arguments = train_arguments(pack, tmp_path / "run")
    done = with_jax(sys.executable, "-c", WITHOUT_TENSORFLOW, *arguments)
    assert done.returncode == 0, done.stderr
    assert load_model(tmp_path / "run" / "model.h5")[1].width == 64


@pytest.fixture(scope="module")
def without_tensorflow(tmp_path_factory):
    """The interpreter of an environment that has JAX and no TensorFlow."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"

    def install(*packages):
        command = [python, "-m", "pip", "install", "--quiet", *packages]
        return subprocess.run(command, capture_output=True, text=True)

    reached = install("absl-py")
    if reached.returncode:
        pytest.skip(f"no packages can be fetched: {reached.stderr.strip()[-300:]}")
    installed = install(*PACKAGES)
    assert installed.returncode == 0, installed.stderr
    ours = install("--no-deps", "--editable", str(ROOT))
    assert ours.returncode == 0, ours.stderr
    return str(python)


@pytest.mark.slow
def test_train_in_an_environment_without_tensorflow(without_tensorflow, pack, tmp_path):
    missing = with_jax(without_tensorflow, "-c", "import tensorflow")
    assert missing.returncode != 0
    done = with_jax(without_tensorflow, *train_arguments(pack, tmp_path / "run"))
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "run" / "log.csv").read_text().splitlines()) == 3
    # The file is read here, by TensorFlow.
    file = tmp_path / "run" / "model.h5"
    left = np.random.default_rng(0).random((2, 32, 64, 3), np.float32)
    np.save(tmp_path / "left.npy", left)
    output = tmp_path / "prediction.npz"
    predicted = with_jax(
        without_tensorflow, "-c", PREDICTION, str(file), str(tmp_path / "left.npy"), str(output)
    )
    assert predicted.returncode == 0, predicted.stderr
    here = load_model(file)[0].predict(left, verbose=0)
    with np.load(output) as there:
        assert set(there.files) == set(here)
        for name in there.files:
            # Two libraries sum convolutions in another order: 1e-5 measured, in values of 0..1.
            np.testing.assert_allclose(there[name], here[name], atol=1e-4)
            assert there[name].std() > 0.05


@pytest.mark.slow
def test_train_without_tensorflow_resumes(without_tensorflow, pack, tmp_path):
    """Stopped after two steps and started again, it ends with the weights of the unbroken run."""
    for folder, stops in (("unbroken", [4]), ("resumed", [2, 4])):
        for stop in stops:
            arguments = [*train_arguments(pack, tmp_path / folder), f"--stop_at={stop}"]
            done = with_jax(without_tensorflow, *arguments)
            assert done.returncode == 0, done.stderr
    ours, theirs = (
        load_model(tmp_path / folder / "checkpoint.h5")[0] for folder in ("resumed", "unbroken")
    )
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.slow
def test_train_without_tensorflow_asks_for_a_pack(without_tensorflow, tmp_path):
    done = with_jax(without_tensorflow, *train_arguments(tmp_path, tmp_path / "run"))
    assert done.returncode == 2 and "--data must be made by" in done.stderr
