"""Videos on a Ray cluster, one of whose nodes is killed, and in a SLURM array."""

import contextlib
import os
import pathlib
import signal
import threading
import time

import pytest

from tests.fleet.conftest import tiny_pixels
from tests.launchers import fake_slurm, local_cluster
from tests.sweeps import tiny
from vadjax.fleet import extraction
from vadjax.pipeline import stages
from vadjax.pipeline.extract import missing_of
from vadjax.pipeline.run import Run
from vadjax.runtime.console import Console
from vadjax.storage.features import FeatureStore

ROOT = pathlib.Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def noting(seen, after):
    """Return a job that notes each array it has stored and where, and then calls `after`."""

    def work(*job):
        writing = FeatureStore.writing

        @contextlib.contextmanager
        def noted(store, video, **more):
            with writing(store, video, **more) as append:
                yield append
            with seen.open("a") as file:
                file.write(f"{store.fingerprint} {video.id} {after(None)}\n")
            after(video.id)

        FeatureStore.writing = noted
        try:
            return extraction.extract_job(*job)
        finally:
            FeatureStore.writing = writing

    return work


def stored(seen, config, workdir):
    """Return where each array was stored; each was once, and none is missing."""
    run = Run(config, workdir, Console(quiet=True))
    lines = [line.split() for line in seen.read_text().splitlines()]
    keys = [tuple(line[:2]) for line in lines]
    assert len(keys) == len(set(keys)) == len(run.stores) * len(run.videos)
    assert not missing_of(run, list(run.videos.values()))
    return [line[2] for line in lines]


@pytest.mark.filterwarnings("ignore:os.fork")  # Ray starts its nodes from here
def test_ray_loses_no_video_and_reads_none_twice_when_a_node_is_killed(tmp_path, monkeypatch):
    ray = pytest.importorskip("ray", reason="Ray is not installed (extra sweep)")
    from vadjax.launchers.ray import RayLauncher

    seen, killed = tmp_path / "seen", tmp_path / "killed"

    def after(name):
        if name is None:
            return ray.get_runtime_context().get_node_id()
        until = time.monotonic() + 600
        while not killed.exists() and time.monotonic() < until:
            time.sleep(0.1)  # so that both nodes are at work when one dies
        return name

    def kill(cluster, node):
        until = time.monotonic() + 600
        while time.monotonic() < until:
            if seen.exists() and node.node_id in seen.read_text():
                cluster.remove_node(node, allow_graceful=False)
                return killed.touch()
            time.sleep(0.1)

    config = tiny.one_class(tmp_path / "cache", **tiny_pixels())
    with local_cluster.two_nodes(monkeypatch, ROOT) as (cluster, node):
        killer = threading.Thread(target=kill, args=(cluster, node))
        killer.start()
        spread = extraction.spread_by(RayLauncher(), noting(seen, after))
        stages.run(config, tmp_path / "run", stage="extract", spread=spread, quiet=True)
        killer.join()
    assert killed.exists()
    nodes = stored(seen, config, tmp_path / "run")
    assert len(set(nodes)) == 2 and 0 < nodes.count(node.node_id) < len(nodes)


def test_slurm_loses_no_video_and_reads_none_twice_when_a_task_is_killed(tmp_path, monkeypatch):
    pytest.importorskip("submitit", reason="submitit is not installed (extra sweep)")
    from submitit.slurm.slurm import SlurmJob

    from vadjax.launchers.slurm import SlurmLauncher

    monkeypatch.setattr(SlurmJob.watcher, "_delay_s", 0.2)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    submitted = fake_slurm.install(tmp_path / "slurm", monkeypatch)
    seen, killed = tmp_path / "seen", tmp_path / "killed"

    def after(name):
        if name == "test/02" and not killed.exists():
            killed.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return "here"

    config = tiny.one_class(tmp_path / "cache", **tiny_pixels())
    launcher = SlurmLauncher(tmp_path / "jobs", max_jobs=1)
    monkeypatch.setattr(extraction, "PER_WORKER", 2)
    spread = extraction.spread_by(launcher, noting(seen, after))
    stages.run(config, tmp_path / "run", stage="extract", spread=spread, quiet=True)
    stored(seen, config, tmp_path / "run")
    assert killed.exists() and len(list(submitted.glob("*.job"))) == 2
