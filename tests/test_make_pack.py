import subprocess
import sys

import numpy as np
import pytest

from data_pipeline.packs.depth_pack import decode, read_pack
from data_pipeline.scenes.synthetic_stills import synthetic_examples


def make_pack(*arguments):
    command = [sys.executable, "-m", "data_pipeline.make_pack", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_make_pack_writes_what_the_source_has(tmp_path):
    done = make_pack("--source=synthetic", "--seed=8", "--scenes=1", f"--output={tmp_path}/pack")
    assert done.returncode == 0, done.stderr
    assert "3 pictures" in done.stderr
    stored = [decode(row) for row in read_pack(tmp_path / "pack")]
    for ours, theirs in zip(stored, synthetic_examples(8, 1), strict=True):
        assert (ours.name, ours.group, ours.content) == (theirs.name, theirs.group, theirs.content)
        assert np.abs(ours.left.astype(int) - theirs.left).mean() < 6  # JPEG
    again = make_pack("--source=synthetic", "--scenes=1", f"--output={tmp_path}/pack")
    assert again.returncode == 1 and "is there already" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--source=rgbd"], 2, "--output must be given"),
        (["--source=rgbd", "--output=x"], 2, "--folder must be given"),
        (["--source=spam", "--output=x"], 2, "spam"),
        (["--source=rendered", "--folder=/nonexistent", "--output={tmp}/x"], 1, "holds no truth"),
    ],
)
def test_make_pack_rejects_nonsense(arguments, code, words, tmp_path):
    done = make_pack(*(argument.format(tmp=tmp_path) for argument in arguments))
    assert done.returncode == code and words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.glob("x*"))
