"""Extraction by a launcher stores each video once, and says what is missing."""

import numpy as np
import pytest

from tests.fleet.conftest import tiny_pixels
from tests.fleet.here import Fails, Here
from tests.sweeps import tiny
from vadjax.errors import UserError
from vadjax.fleet import extraction
from vadjax.pipeline import stages
from vadjax.pipeline.run import Run
from vadjax.runtime.console import Console
from vadjax.storage.features import FeatureStore


@pytest.fixture
def config(tmp_path):
    return tiny.one_class(tmp_path / "cache", **tiny_pixels())


@pytest.fixture
def written(monkeypatch):
    """Ids of the videos whose rows were written, in order, one for each store."""
    names, write = [], FeatureStore.writing

    def noted(store, video, **more):
        names.append(video.id)
        return write(store, video, **more)

    monkeypatch.setattr(FeatureStore, "writing", noted)
    return names


def extract(config, workdir, launcher, **more):
    spread = extraction.spread_by(launcher, **more)
    stages.run(config, workdir, stage="extract", spread=spread, quiet=True)


def rows(config, workdir):
    run = Run(config, workdir, Console(quiet=True))
    return {
        (n, v.id): store.read(v) for n, store in run.stores.items() for v in run.videos.values()
    }


def test_rows_of_a_launcher_are_those_of_one_process(config, tmp_path, written):
    here = Here(workers=2)
    extract(config, tmp_path / "run", here)
    found = rows(config, tmp_path / "run")
    assert len(here.jobs) > 2 and sorted(written) == sorted(name for _, name in found)

    alone = config.copy_and_resolve_references()
    alone.features.cache_dir = str(tmp_path / "alone")
    stages.run(alone, tmp_path / "other", stage="extract", quiet=True)
    expected = rows(alone, tmp_path / "other")
    assert found.keys() == expected.keys()
    for key, values in expected.items():
        np.testing.assert_array_equal(found[key], values)


def test_a_lost_worker_loses_its_own_videos_and_the_same_command_continues(
    config, tmp_path, written
):
    with pytest.raises(UserError, match=r"(?s)of 7 could not.*RuntimeError: the node was lost"):
        extract(config, tmp_path / "run", Here(lost=(0,)))
    kept = set(written)
    assert 0 < len(kept) < 7
    again = Here()
    extract(config, tmp_path / "run", again)
    sent = [name for _, names, _ in again.jobs for name in names]
    assert not kept & set(sent) and len(set(written)) == 7 and len(sent) == 7 - len(kept)
    extract(config, tmp_path / "run", Fails())  # nothing to do: no machine is asked


def test_a_job_that_is_begun_again_writes_no_video_twice(config, tmp_path, written):
    def twice(*job):
        extraction.extract_job(*job)
        return extraction.extract_job(*job)

    extract(config, tmp_path / "run", Here(workers=3), work=twice)
    assert len(written) == len(rows(config, tmp_path / "run"))


def test_workers_that_write_elsewhere_are_noticed(config, tmp_path):
    with pytest.raises(UserError, match=r"features.cache_dir has to be one folder that all work"):
        extract(config, tmp_path / "run", Here(), work=lambda *job: "")


def test_what_a_worker_says_is_the_reason(config, tmp_path):
    with pytest.raises(UserError, match=r"7 videos of 7 .* such as .*\n  the disk is full"):
        extract(config, tmp_path / "run", Here(), work=lambda *job: "the disk is full")


def test_a_worker_that_does_not_see_a_video_says_so(config, tmp_path):
    said = extraction.extract_job(config, ["test/none"], str(tmp_path))
    assert said.startswith("a worker does not see test/none")
