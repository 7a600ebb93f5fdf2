"""A Ray cluster of two nodes on this machine, one core each."""

import contextlib
import time
import types

import pytest


@contextlib.contextmanager
def two_nodes(monkeypatch, root):
    """Start it and connect; yield (the cluster, its second node)."""
    ray = pytest.importorskip("ray", reason="Ray is not installed (extra sweep)")
    from ray._private import node
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("PYTHONPATH", str(root))
    monkeypatch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    # Ray gives each part of a node seconds to start; a busy machine may need ten times as many.
    for name in ("agent_register_timeout_ms", "gcs_server_request_timeout_seconds"):
        monkeypatch.setenv(f"RAY_{name}", "600000" if name.endswith("ms") else "600")
    monkeypatch.setenv("RAY_worker_register_timeout_seconds", "600")
    slow = {**vars(time), "monotonic": lambda: time.monotonic() / 10}
    monkeypatch.setattr(node, "time", types.SimpleNamespace(**slow))
    try:
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    except Exception as error:  # its raylet ends by itself when its agent takes more than 15 s
        pytest.skip(f"Ray cannot start a node here, on a machine that is busy perhaps: {error}")
    try:
        second = cluster.add_node(num_cpus=1)
        ray.init(address=cluster.address, log_to_driver=False)
        yield cluster, second
    finally:
        ray.shutdown()
        cluster.shutdown()
