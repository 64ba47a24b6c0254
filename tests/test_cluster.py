import concurrent.futures
import json
import socket
import time

import pytest

from deep3d import cluster
from deep3d.cluster import Cluster, ClusterError, cluster_of, join, share


@pytest.fixture
def addresses():
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    found = tuple(f"127.0.0.1:{one.getsockname()[1]}" for one in sockets)
    for one in sockets:
        one.close()
    return found


def tf_config(monkeypatch, jobs, kind, index):
    text = json.dumps({"cluster": jobs, "task": {"type": kind, "index": index}})
    monkeypatch.setenv("TF_CONFIG", text)


def test_cluster_of_preset(monkeypatch):
    tf_config(monkeypatch, {"worker": ["a:1", "b:2"]}, "worker", 1)
    assert cluster_of("auto") == Cluster(("a:1", "b:2"), 1)
    assert share("auto") == (1, 2)
    assert cluster_of("none") is None and share("mirrored") == (0, 1)
    tf_config(monkeypatch, {"chief": ["a:1"], "worker": ["b:2", "c:3"]}, "worker", 1)
    assert cluster_of("workers") == Cluster(("a:1", "b:2", "c:3"), 2)
    tf_config(monkeypatch, {"worker": ["a:1"]}, "worker", 0)
    assert cluster_of("auto") is None


@pytest.mark.parametrize(
    ("jobs", "kind", "index"),
    [
        ({"worker": ["a:1", "b:2"]}, "worker", 2),
        ({"worker": ["a:1", "b:2"]}, "ps", 0),
        ({"worker": ["a:1", "b:2"], "ps": ["c:3"]}, "worker", 0),
        ({"worker": ["a:1", "b"]}, "worker", 0),
        ({"worker": "a:1"}, "worker", None),
    ],
)
def test_cluster_of_rejects_nonsense(monkeypatch, jobs, kind, index):
    tf_config(monkeypatch, jobs, kind, index)
    with pytest.raises(ClusterError, match="TF_CONFIG must"):
        cluster_of("auto")


def test_cluster_of_rejects_workers_without_tf_config(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert cluster_of("auto") is None
    with pytest.raises(ClusterError, match="needs TF_CONFIG"):
        cluster_of("workers")


def test_join_waits_for_all(addresses):
    """Whoever comes first waits, and the chief's port is free afterwards."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        first = [pool.submit(join, Cluster(addresses, index), 20.0) for index in (1, 0)]
        time.sleep(0.5)
        assert not any(one.done() for one in first)
        last = pool.submit(join, Cluster(addresses, 2), 20.0)
        for one in (*first, last):
            one.result(timeout=30)
    socket.create_server(("", int(addresses[0].rpartition(":")[2]))).close()


def test_join_rejects_a_missing_worker(addresses):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        chief = pool.submit(join, Cluster(addresses, 0), 2.0)
        worker = pool.submit(join, Cluster(addresses, 1), 10.0)
        for one in (chief, worker):
            with pytest.raises(ClusterError, match=f"missing: worker 2 at {addresses[2]}"):
                one.result(timeout=30)


def test_join_rejects_a_missing_chief(addresses):
    with pytest.raises(ClusterError, match=rf"within 1 s.*worker 0 at {addresses[0]}"):
        join(Cluster(addresses, 2), 1.0)


def test_join_takes_a_restarted_worker_for_one(addresses):
    """A worker that reported and died does not count as there."""
    # Two are awaited: had one died just when it was the last, nobody could have known.
    trio = Cluster(addresses, 0)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        chief = pool.submit(cluster._gather, trio, time.monotonic() + 20.0)
        host, port = addresses[0].split(":")
        for _ in range(100):
            try:
                with socket.create_connection((host, int(port))) as dying:
                    dying.sendall(b"GET / HTTP/1.1\n")  # who does not greet is nobody
                break
            except ConnectionRefusedError:
                time.sleep(0.05)
        with socket.create_connection((host, int(port))) as dying:
            dying.sendall(cluster.GREETING + b"1\n")
        time.sleep(0.5)
        workers = [pool.submit(join, Cluster(addresses, 2), 20.0)]
        time.sleep(0.5)
        assert not chief.done()  # the dead one is still missing
        workers.append(pool.submit(join, Cluster(addresses, 1), 20.0))
        for worker in workers:
            worker.result(timeout=30)
        assert chief.result(timeout=30) == []
