"""Several devices and several processes: the same weights as one, and what goes wrong."""

import signal

import numpy as np
import pytest
from training_runs import LIMIT_S, assert_same, finish, free_addresses, processes

OPTIONS = {
    "steps": 4,
    "checkpoint_every": 2,
    "batch_size": 4,
    "averaging": 0.5,
    "weight_decay": 0.01,
    "summary_every": 1,
}


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """What one process with the whole batch ends with."""
    workdir = tmp_path_factory.mktemp("alone")
    with processes() as start:
        finish(start(workdir, OPTIONS))
    return workdir


# Sums over a batch in another order differ by about 1e-7. Adam divides by the size of the gradient,
# so where that is nearly nothing a weight may move by a share of 4 steps at a rate of 1e-3.
TOLERANCE = 2e-5


@pytest.mark.slow
def test_train_two_workers_match_one(alone, tmp_path):
    addresses = free_addresses(2)
    with processes() as start:
        workers = [start(tmp_path, OPTIONS, addresses, index) for index in (1, 0)]
        for worker in workers:
            finish(worker)
    assert_same(tmp_path, alone, TOLERANCE)
    # losses are those of the whole batch, and the chief alone writes them
    ours, theirs = (
        np.loadtxt(folder / "log.csv", delimiter=",", skiprows=1) for folder in (tmp_path, alone)
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    assert len(list((tmp_path / "logs").glob("events*"))) == 1


@pytest.mark.slow
def test_train_mirrored_matches_one(alone, tmp_path):
    with processes() as start:
        finish(start(tmp_path, OPTIONS | {"distribute": "mirrored", "devices": 2}))
    assert_same(tmp_path, alone, TOLERANCE)


@pytest.mark.slow
@pytest.mark.parametrize("killed", [0, 1])
def test_train_goes_on_after_a_worker_is_killed(alone, tmp_path, killed):
    """One worker is killed in the second round and started again; the other joins it."""
    addresses = free_addresses(2)
    with processes() as start:
        survivor = start(tmp_path, OPTIONS, addresses, 1 - killed)
        victim = start(tmp_path, OPTIONS | {"kill_after": 3}, addresses, killed)
        victim.communicate(timeout=LIMIT_S)
        assert victim.returncode == -signal.SIGKILL
        finish(start(tmp_path, OPTIONS, addresses, killed))
        assert "A worker is gone" in finish(survivor)
    assert_same(tmp_path, alone, TOLERANCE)
