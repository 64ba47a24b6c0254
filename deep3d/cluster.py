"""Several machines that train together: who they are, and waiting until all are there.

TF_CONFIG says who (https://www.tensorflow.org/guide/distributed_training#TF_CONFIG): the addresses
of all workers and which of them this process is. TensorFlow itself waits for a missing worker for
an hour and does not name it. So worker 0, the chief, first listens on its own address; the others
report there; when all have, it tells them to begin, and its port is free for TensorFlow again.
Worker 0 writes what training leaves behind; the others read its checkpoints.
"""

import dataclasses
import json
import os
import socket
import sys
import time

# Written to the chief and back before a number, so that no other server is taken for a chief:
# TensorFlow's own may still be there from before a restart.
GREETING = b"deep3d-worker "
RETRY_S = 0.3
REPORT_S = 2.0  # for a few bytes from somebody who is connected


class ClusterError(ValueError):
    """The workers cannot train together; the message names the address and what to do."""


class WorkerLost(ClusterError):
    """A worker is gone in the middle; all must join again and go on from the last checkpoint."""


@dataclasses.dataclass(frozen=True)
class Cluster:
    """The processes that train together.

    Attributes:
        addresses: "host:port" of each, the chief first.
        index: Which of them this process is.
    """

    addresses: tuple[str, ...]
    index: int


def cluster_of(distribute: str) -> Cluster | None:
    """The machines that train together.

    Args:
        distribute: As in `TrainingConfig`.

    Returns:
        The cluster of TF_CONFIG; None for a machine alone.

    Raises:
        ClusterError: If TF_CONFIG cannot be understood, or is missing where it is needed.
    """
    if distribute not in ("auto", "workers"):
        return None
    cluster = _read(os.environ.get("TF_CONFIG", ""))
    if cluster is None and distribute == "workers":
        raise ClusterError("distribute=workers needs TF_CONFIG with two workers at least.")
    return cluster


def share(distribute: str) -> tuple[int, int]:
    """Which part of every batch this machine draws.

    Args:
        distribute: As in `TrainingConfig`.

    Returns:
        Its number, from 0, and the number of machines.
    """
    cluster = cluster_of(distribute)
    return (cluster.index, len(cluster.addresses)) if cluster else (0, 1)


def join(cluster: Cluster, timeout_s: float):
    """Returns when every worker is there.

    Args:
        cluster: All of them.
        timeout_s: Seconds to wait.

    Raises:
        ClusterError: If one is not there in time; the message has its address.
    """
    deadline = time.monotonic() + timeout_s
    missing = _gather(cluster, deadline) if cluster.index == 0 else _report(cluster, deadline)
    if missing:
        names = ", ".join(f"worker {i} at {cluster.addresses[i]}" for i in missing)
        raise ClusterError(
            f"Not all workers joined within {timeout_s:g} s; missing: {names}. "
            "Start it there, correct TF_CONFIG, or wait longer with --join_timeout_s."
        )


def begin_again():
    """Starts this process anew with its arguments; TensorFlow cannot join twice in one."""
    sys.stderr.flush()
    os.execv(sys.executable, sys.orig_argv)


def _read(text: str) -> Cluster | None:
    """The cluster that TF_CONFIG describes; None if it is empty or names one worker only."""
    if not text:
        return None
    try:
        config = json.loads(text)
        jobs, task = config["cluster"], config["task"]
        chiefs, workers = jobs.get("chief", []), jobs.get("worker", [])
        index = int(task["index"]) + (len(chiefs) if task["type"] == "worker" else 0)
        cluster = Cluster((*chiefs, *workers), index)
        known = set(jobs) <= {"chief", "worker"} and task["type"] in jobs
        ports = [int(address.rpartition(":")[2]) for address in cluster.addresses]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ClusterError(f"TF_CONFIG must be JSON of a cluster and a task. {error!r}") from error
    if not known or not 0 <= index < len(ports) or max(map(len, (ports, chiefs))) < 1:
        raise ClusterError(
            "TF_CONFIG must list chief and worker addresses, and the task must be one of them. "
            f"Received: {text:.300}"
        )
    return cluster if len(ports) > 1 else None


def _gather(cluster: Cluster, deadline: float) -> list[int]:
    """The chief's part; returns the numbers of those that did not report."""
    others = set(range(1, len(cluster.addresses)))
    joined: dict[int, socket.socket] = {}
    try:
        with _listening(cluster.addresses[0]) as server:
            while set(joined) != others and time.monotonic() < deadline:
                _accept(server, joined, others)
                joined = {i: there for i, there in joined.items() if _is_open(there)}
        missing = sorted(others - set(joined))
        for connection in joined.values():
            connection.sendall(GREETING + json.dumps(missing).encode() + b"\n")
        return missing
    finally:
        for connection in joined.values():
            connection.close()


def _report(cluster: Cluster, deadline: float) -> list[int]:
    """The part of the others; returns who is missing, the chief if it never answered."""
    host, _, port = cluster.addresses[0].rpartition(":")
    while (left := deadline - time.monotonic()) > 0:
        try:
            with socket.create_connection((host, int(port)), timeout=left) as connection:
                connection.sendall(GREETING + b"%d\n" % cluster.index)
                answer = _line(connection, left)
            if isinstance(answer, list):
                return answer
        except OSError:  # nobody listens there yet, or the one who did is gone
            pass
        time.sleep(RETRY_S)
    return [0]


def _listening(address: str) -> socket.socket:
    port = int(address.rpartition(":")[2])
    try:
        server = socket.create_server(("", port))
    except OSError as error:
        raise ClusterError(f"The chief cannot listen at {address}: {error}") from error
    server.settimeout(RETRY_S)
    return server


def _accept(server: socket.socket, joined: dict[int, socket.socket], others: set[int]):
    """Takes in one worker that reports; a worker that was restarted replaces itself."""
    try:
        connection, _ = server.accept()
    except TimeoutError:
        return
    index = _line(connection, REPORT_S)
    if index not in others:
        connection.close()
        return
    if index in joined:
        joined.pop(index).close()
    joined[index] = connection


def _is_open(connection: socket.socket) -> bool:
    """Whether the other end still waits; nothing is to be read before it is answered."""
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        connection.setblocking(True)


def _line(connection: socket.socket, timeout_s: float):
    """The JSON value after a greeting; None from one that is silent or does not greet."""
    connection.settimeout(timeout_s)
    data = b""
    try:
        while not data.endswith(b"\n"):
            received = connection.recv(1024)
            data += received
            if not received or not data.startswith(GREETING[: len(data)]) or len(data) > 10_000:
                return None
        return json.loads(data.removeprefix(GREETING))
    except (OSError, ValueError):
        return None
