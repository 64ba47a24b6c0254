import os
import pathlib
import subprocess
import sys

import pytest
from depth_examples import box_example

from data_pipeline.packs.depth_pack import write_pack
from deep3d.checkpoint import load_model

ROOT = pathlib.Path(__file__).resolve().parents[1]


def run(*arguments):
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packs") / "boxes"
    write_pack(folder, (box_example(seed) for seed in range(40)))
    return folder


def train_on_pack(pack, workdir, *arguments):
    done = run(
        *("train.py", f"--packs={pack}:1", f"--workdir={workdir}", *arguments),
        *("--window_area=3072", "--right_view=0", "--precision=float32"),
        *("--steps=1", "--checkpoint_every=1", "--batch_size=2", "--validation_batches=1"),
    )
    assert done.returncode == 0, done.stderr


def test_train_on_packs(pack, tmp_path):
    """The file says at which size pictures are seen: that of the windows, as if they were whole."""
    train_on_pack(pack, tmp_path / "plain")
    assert load_model(tmp_path / "plain" / "model.h5")[1].picture_area == 3072
    train_on_pack(pack, tmp_path / "disturbed", "--disturbed")
    logs = (tmp_path / name / "log.csv" for name in ("plain", "disturbed"))
    losses = [float(log.read_text().split()[1].split(",")[1]) for log in logs]
    assert abs(losses[0] - losses[1]) > 1e-3, "other pictures"


@pytest.mark.parametrize(
    ("argument", "meant"),
    [
        ("--precision=bflot16", "bfloat16"),
        ("--start_from=defualt", "default"),
        ("--encoder=compct", "compact"),
        ("--optimizer=adm", "adam"),
        ("--schedule=cosin", "cosine"),
        ("--distribute=miror", "mirrored"),
        ("--config=vgg61", "vgg16"),
    ],
)
def test_train_says_what_a_flag_may_have_meant(argument, meant, tmp_path):
    """With the exit code of wrong usage, before TensorFlow is imported or anything written."""
    done = run(
        *("-X", "importtime", "train.py", f"--data={tmp_path}", f"--workdir={tmp_path / 'run'}"),
        argument,
    )
    said = [line for line in done.stderr.splitlines() if not line.startswith("import time:")]
    value = argument.partition("=")[2]
    assert done.returncode == 2
    assert len(said) == 1 and said[0].endswith(
        f"Received: '{value}'. Did you mean {meant}? See --help."
    )
    assert "tensorflow" not in done.stderr and "keras" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_train_names_weights_that_are_not_there(tmp_path):
    weights, workdir = tmp_path / "vgg.h5", tmp_path / "run"
    done = run("train.py", f"--data={tmp_path}", f"--workdir={workdir}", f"--vgg_weights={weights}")
    assert done.returncode == 2
    assert done.stderr == f"--vgg_weights: there is no file {weights}. See --help.\n"
    assert not workdir.exists()


def test_train_needs_no_start_where_there_is_a_checkpoint(tmp_path):
    """A run that goes on does not read what it started from, which may be gone."""
    (tmp_path / "checkpoint_previous.h5").touch()
    done = run("train.py", f"--data={tmp_path}", f"--workdir={tmp_path}", "--start_from=gone.h5")
    assert done.returncode == 1 and "gone.h5" not in done.stderr
