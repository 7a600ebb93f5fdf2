"""The store: whole videos or none, and never those of another video or spec."""

import json
import subprocess
import sys

import numpy as np
import pytest

from vadjax.errors import UserError
from vadjax.storage.features import FeatureStore


@pytest.fixture
def store(tmp_path):
    return FeatureStore(tmp_path, {"backbone": "b", "size": (2, 3)})


def put(store, rows, name="test/01", video="v"):
    store.write(name, rows, video_fingerprint=video, num_frames=len(rows))


def test_round_trip_is_exact_and_memory_mapped(store):
    rows = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float16)
    put(store, rows)
    got = store.read("test/01")
    assert isinstance(got, np.memmap) and got.dtype == np.float16
    np.testing.assert_array_equal(got, rows)
    assert store.holds("test/01", "v") and not store.holds("test/01", "w")
    assert store.meta("test/01")["num_frames"] == 7


MANY = """
import pathlib, resource, sys
import numpy as np
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
from vadjax.storage.features import FeatureStore
store = FeatureStore(pathlib.Path(sys.argv[1]), {})
names = [f"test/{n}" for n in range(80)]
for name in names:
    store.write(name, np.ones((2, 3)), video_fingerprint="v", num_frames=2)
assert sum(rows.sum() for rows in [store.read(name) for name in names]) == 480
"""


def test_more_videos_than_files_that_a_process_may_open_at_first(tmp_path):
    """Shells grant 1,024 files; UCF-Crime has 1,900 videos, and each has two maps."""
    done = subprocess.run([sys.executable, "-c", MANY, str(tmp_path)], capture_output=True)
    assert done.returncode == 0, done.stderr


def test_ids_with_odd_characters_do_not_meet(store):
    for i, name in enumerate(["test/a b", "test/a%20b", "test/a/b", "test/ä"]):
        put(store, np.full((2, 1), i), name)
    assert [store.read(n)[0, 0] for n in ["test/a b", "test/a%20b", "test/a/b", "test/ä"]] == [
        0,
        1,
        2,
        3,
    ]


def test_another_spec_is_another_folder(tmp_path, store):
    other = FeatureStore(tmp_path, {"backbone": "b", "size": (2, 4)})
    again = FeatureStore(tmp_path, {"size": [2, 3], "backbone": "b"})
    put(store, np.zeros((2, 1)))
    assert not other.holds("test/01", "v") and again.holds("test/01", "v")
    assert json.loads((store.folder / "spec.json").read_text())["backbone"] == "b"


def test_an_array_without_its_seal_is_not_there(store):
    put(store, np.zeros((2, 1)))
    next(store.folder.glob("*01.json")).unlink()
    assert not store.holds("test/01", "v")
    with pytest.raises(UserError, match="run --stage=extract"):
        store.read("test/01")


def test_a_shortened_array_is_not_there(store):
    put(store, np.zeros((200, 4)))
    array = next(store.folder.glob("*.npy"))
    array.write_bytes(array.read_bytes()[:-8])
    assert not store.holds("test/01", "v")
    with pytest.raises(UserError, match="damaged"):
        store.read("test/01")


def test_a_write_that_breaks_leaves_the_old_array_unsealed_and_no_litter(store, monkeypatch):
    put(store, np.zeros((2, 1)), video="old")
    monkeypatch.setattr(np, "save", lambda *a, **k: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(UserError, match="disk is full"):
        put(store, np.ones((2, 1)), video="new")
    assert not store.holds("test/01", "old") and not store.holds("test/01", "new")
    assert not list(store.folder.glob(".tmp-*"))


def test_rows_need_not_be_frames(store):
    with pytest.raises(UserError, match="3 rows, but 48 frames"):
        store.write("a", np.zeros((3, 10, 4)), video_fingerprint="v", num_frames=48)
    store.write(
        "a",
        np.zeros((3, 10, 4)),
        video_fingerprint="v",
        num_frames=48,
        row_start=np.arange(3) * 16,
        row_stop=np.arange(1, 4) * 16,
        source_id="s",
    )
    assert store.meta("a")["row_stop"] == [16, 32, 48] and store.meta("a")["source_id"] == "s"
