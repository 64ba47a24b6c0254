"""A training repeats itself to the last bit, also when it was killed at any step."""

import random
import signal

import numpy as np
import pytest
import tensorflow as tf
from training_runs import LIMIT_S, assert_same, finish, processes

OPTIONS = {
    "steps": 200,
    "checkpoint_every": 20,
    "batch_size": 2,
    "averaging": 0.9,
    "weight_decay": 0.01,
    "disparity": 0.0,
    "summary_every": 1,
    "deterministic": True,
}


def losses(workdir) -> np.ndarray:
    """The running mean of the loss after each step, as TensorBoard has it."""
    values = {}
    for path in sorted((workdir / "logs").glob("events*")):
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                if value.tag == "train/loss":
                    values[event.step] = float(tf.make_ndarray(value.tensor))
    return np.array([values[step] for step in range(1, 201)])


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("unbroken")
    with processes() as start:
        finish(start(workdir, OPTIONS))
    return workdir


@pytest.mark.slow
def test_train_repeats_itself(unbroken, tmp_path):
    with processes() as start:
        finish(start(tmp_path, OPTIONS))
    np.testing.assert_array_equal(losses(tmp_path), losses(unbroken))
    assert_same(tmp_path, unbroken, tolerance=0)


def kill_and_resume(workdir, options):
    """Kills a run after a random step, and starts it again."""
    step = random.SystemRandom().randrange(1, options["steps"])
    print("killed after step", step)  # shown if this fails
    with processes() as start:
        killed = start(workdir, options | {"kill_after": step})
        killed.communicate(timeout=LIMIT_S)
        assert killed.returncode == -signal.SIGKILL
        finish(start(workdir, options))


@pytest.mark.slow
def test_train_killed_at_any_step_ends_the_same(unbroken, tmp_path):
    kill_and_resume(tmp_path, OPTIONS)
    assert_same(tmp_path, unbroken, tolerance=0)


@pytest.mark.slow
def test_train_killed_inside_an_accumulation_ends_the_same(tmp_path):
    """Every other checkpoint is written between the two batches that move the weights once."""
    options = OPTIONS | {
        "steps": 30,
        "checkpoint_every": 3,
        "accumulate": 2,
        "optimizer": "sgd",
        "schedule": "step",
        "step_every": 7,
    }
    with processes() as start:
        finish(start(tmp_path / "unbroken", options))
    kill_and_resume(tmp_path / "killed", options)
    assert_same(tmp_path / "killed", tmp_path / "unbroken", tolerance=0)
