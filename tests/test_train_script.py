import os
import pathlib
import subprocess
import sys

import pytest
from depth_examples import box_example

from data_pipeline.packs.depth_pack import write_pack
from deep3d.checkpoint import load_model

ROOT = pathlib.Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packs") / "boxes"
    write_pack(folder, (box_example(seed) for seed in range(40)))
    return folder


def test_train_on_packs_says_at_which_size_pictures_are_seen(pack, tmp_path):
    """That of the windows, which are whole pictures or composed as if they were."""
    done = subprocess.run(
        [
            *(sys.executable, "train.py", f"--packs={pack}:1", f"--workdir={tmp_path}"),
            *("--window_area=3072", "--right_view=0", "--precision=float32"),
            *("--steps=1", "--checkpoint_every=1", "--batch_size=2", "--validation_batches=1"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    assert load_model(tmp_path / "model.h5")[1].picture_area == 3072
