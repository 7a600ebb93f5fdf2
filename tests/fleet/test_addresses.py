"""A run whose videos, features and results lie in an object store."""

import uuid

import numpy as np
import pytest

from tests.fleet.conftest import tiny_pixels
from tests.fleet.here import Here
from tests.sweeps import tiny
from vadjax.data.paths import object_store
from vadjax.fleet import extraction
from vadjax.pipeline import stages
from vadjax.pipeline.run import Run
from vadjax.runtime.console import Console
from vadjax.storage.features import FeatureStore

pytest.importorskip("fsspec", reason="fsspec is not installed (extra stores)")


@pytest.fixture
def bucket(clips):
    """Clips as data set `folder` wants them, three to train and two to test."""
    address = f"memory://bucket/{uuid.uuid4().hex}"
    for number in range(5):
        side = "train" if number < 3 else "test"
        for path in sorted((clips / f"clip{number}").iterdir()):
            object_store.put(path, f"{address}/set/{side}/clip{number}/{path.name}")
    return address


def config(bucket, cache):
    made = tiny.one_class(cache, **tiny_pixels())
    made.dataset.name, made.dataset.data_dir = "folder", f"{bucket}/set"
    made.features.mirror = f"{bucket}/features"
    return made


def rows(config, workdir):
    run = Run(config, workdir, Console(quiet=True))
    return {(name, v): s.read(run.videos[v]) for name, s in run.stores.items() for v in run.videos}


def test_rows_are_extracted_once_for_all_machines(bucket, tmp_path, monkeypatch):
    here, there = config(bucket, tmp_path / "1"), config(bucket, tmp_path / "2")
    stages.run(here, tmp_path / "a", stage="extract", quiet=True)
    expected = rows(here, tmp_path / "a")
    assert len({video for _, video in expected}) == 5

    monkeypatch.setattr(FeatureStore, "writing", None)  # nothing is extracted any more
    stages.run(there, tmp_path / "b", stage="extract", quiet=True)
    found = rows(there, tmp_path / "b")
    assert found.keys() == expected.keys()
    for key, values in expected.items():
        np.testing.assert_array_equal(found[key], values)


def test_workers_that_share_no_folder_share_the_mirror(bucket, tmp_path):
    def elsewhere(config, names, workdir):
        config = config.copy_and_resolve_references()
        config.features.cache_dir = str(tmp_path / "worker")
        return extraction.extract_job(config, names, workdir)

    here = config(bucket, tmp_path / "1")
    spread = extraction.spread_by(Here(workers=2), elsewhere)
    stages.run(here, tmp_path / "a", stage="extract", spread=spread, quiet=True)
    assert len({video for _, video in rows(here, tmp_path / "a")}) == 5
