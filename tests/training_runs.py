"""Trainings in processes of their own (training_process.py), and what they leave behind."""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys

import h5py
import numpy as np

SCRIPT = pathlib.Path(__file__).with_name("training_process.py")
# Far more than is needed, for busy machines; a process that lives so long is killed.
LIMIT_S = 1800


@contextlib.contextmanager
def processes():
    """Starts trainings; whatever still runs at the end is killed."""
    running = []

    def start(workdir, options, addresses=(), index=0):
        environment = {k: v for k, v in os.environ.items() if k != "TF_CONFIG"}
        environment |= {"CUDA_VISIBLE_DEVICES": "-1", "OMP_NUM_THREADS": "1"}
        environment["PYTHONPATH"] = os.pathsep.join(
            [str(SCRIPT.parents[1]), environment.get("PYTHONPATH", "")]
        )
        if addresses:
            task = {"type": "worker", "index": index}
            cluster = {"cluster": {"worker": list(addresses)}, "task": task}
            environment["TF_CONFIG"] = json.dumps(cluster)
        command = [sys.executable, str(SCRIPT), str(workdir), json.dumps(options)]
        running.append(
            subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        )
        return running[-1]

    try:
        yield start
    finally:
        for process in running:
            if process.poll() is None:
                process.kill()
            process.communicate()


def finish(process) -> str:
    """Standard error of a process that must end well."""
    _, errors = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0, errors[-3000:]
    return errors


def free_addresses(count):
    with contextlib.ExitStack() as stack:
        sockets = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)
        ]
        return [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]


def variables(path) -> dict:
    """All values of a checkpoint, the optimizer's and the averages as well."""
    values = {}
    with h5py.File(path) as file:
        file.visititems(
            lambda name, item: (
                values.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None
            )
        )
    return values


def assert_same(workdir, other, tolerance):
    ours, theirs = (variables(folder / "checkpoint.h5") for folder in (workdir, other))
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        np.testing.assert_allclose(value, theirs[name], atol=tolerance, rtol=0, err_msg=name)
