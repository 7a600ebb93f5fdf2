"""The store: whole videos or none, and never those of another video or spec."""

import dataclasses
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from vadjax.data.frames.on_demand import ArrayFrames
from vadjax.data.images.frames import ImageFrames
from vadjax.data.video import Video
from vadjax.errors import UserError
from vadjax.storage.features import FeatureStore

ODD = ["test/a b", "test/a%20b", "test/a/b", "test/a-b", "test/ä", "test/a\u0308", "test/A b"]
ODD += ["test/" + "long" * 500, "test/" + "/deep" * 200, "test/\udcff.avi", "test/-x", "test/a:x"]


@pytest.fixture
def store(tmp_path):
    return FeatureStore(tmp_path, {"backbone": "b", "size": (2, 3)})


class Blank(ArrayFrames):
    """Frames without pixels."""

    def __init__(self, count):
        self._num_frames, self.files, self._signature = count, (), None

    changed = False


def video(name="test/01", *, frames=2, fingerprint="v"):
    return Video(name, "test", Blank(frames), fingerprint=fingerprint)


def put(store, rows, *args, **kwargs):
    store.write(video(*args, frames=len(rows), **kwargs), rows)


def test_round_trip_is_exact_and_memory_mapped(store):
    rows = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float16)
    put(store, rows)
    got = store.read(video(frames=7))
    assert isinstance(got, np.memmap) and got.dtype == np.float16
    np.testing.assert_array_equal(got, rows)
    assert store.holds(video(frames=7))
    assert store.meta(video(frames=7))["num_frames"] == 7


@pytest.mark.parametrize("other", [{"fingerprint": "w"}, {"frames": 6}, {"name": "test/02"}])
@pytest.mark.parametrize("opened", [False, True])
def test_rows_of_another_video_are_never_read(store, other, opened):
    """Another content of the files, another length, another id: also once the rows are open."""
    put(store, np.ones((7, 3)))
    if opened:
        store.read(video(frames=7))
    another = video(**{"frames": 7, **other})
    assert not store.holds(another)
    for read in (store.read, store.meta):
        with pytest.raises(UserError, match=r"no features of test/0|belongs to test/01"):
            read(another)


def test_videos_of_one_name_have_rows_of_their_own_in_either_order(store):
    for fingerprint, value in (("v", 1), ("w", 2)):
        put(store, np.full((2, 3), value), fingerprint=fingerprint)
    fresh = FeatureStore(store.folder.parent, {"backbone": "b", "size": (2, 3)})
    for fingerprint, value in (("w", 2), ("v", 1)):
        assert fresh.read(video(fingerprint=fingerprint))[0, 0] == value


def test_metadata_of_another_video_under_this_name_is_refused(store):
    put(store, np.ones((2, 3)))
    path = next(store.folder.glob("test-01-*.json"))
    path.write_text(path.read_text().replace('"v"', '"w"'))
    assert not store.holds(video())
    with pytest.raises(UserError, match="belongs to test/01 of 2 frames"):
        store.read(video())


def test_a_video_without_a_fingerprint_is_refused(store):
    with pytest.raises(UserError, match="test/01 has no fingerprint"):
        put(store, np.ones((2, 3)), fingerprint="")


@pytest.mark.parametrize("kept", [False, True], ids=["new times", "size and mtime kept"])
def test_rows_of_files_that_changed_while_they_were_read_are_not_kept(store, tmp_path, kept):
    file = tmp_path / "1.png"
    file.write_bytes(b"before")
    known = video(frames=1)
    opened = dataclasses.replace(known, frames=ImageFrames([file]))
    store.write(opened, np.ones((1, 3)))
    times = file.stat().st_atime_ns, file.stat().st_mtime_ns
    file.write_bytes(b"behind")
    if kept:
        os.utime(file, ns=times)
    with pytest.raises(UserError, match="changed while it was read"):
        store.write(dataclasses.replace(opened, fingerprint="x"), np.ones((1, 3)))
    assert not store.holds(dataclasses.replace(opened, fingerprint="x"))


WRITER = """
import pathlib, sys
import numpy as np
from tests.storage.test_features import video
from vadjax.storage.features import FeatureStore
store = FeatureStore(pathlib.Path(sys.argv[1]), {})
for round in range(40):
    for n in range(4):
        own = video(f"test/{n}", fingerprint=sys.argv[2])
        store.write(own, np.full((2, 3), float(sys.argv[3])))
        store = FeatureStore(pathlib.Path(sys.argv[1]), {})
        assert store.holds(own) and (store.read(own) == float(sys.argv[3])).all()
"""


def test_two_processes_write_videos_of_the_same_names_at_the_same_time(tmp_path):
    """Two write what is called the same and is not, and a third writes what one of them does."""
    jobs = [("v", "1"), ("w", "2"), ("w", "2")]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), *job], stderr=subprocess.PIPE
        )
        for job in jobs
    ]
    for process in running:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said.decode()


MANY = """
import pathlib, resource, sys
import numpy as np
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
from tests.storage.test_features import video
from vadjax.storage.features import FeatureStore
store = FeatureStore(pathlib.Path(sys.argv[1]), {})
videos = [video(f"test/{n}") for n in range(80)]
for one in videos:
    store.write(one, np.ones((2, 3)))
assert sum(rows.sum() for rows in [store.read(one) for one in videos]) == 480
"""


def test_more_videos_than_files_that_a_process_may_open_at_first(tmp_path):
    """Shells grant 1,024 files; UCF-Crime has 1,900 videos, and each has two maps."""
    done = subprocess.run([sys.executable, "-c", MANY, str(tmp_path)], capture_output=True)
    assert done.returncode == 0, done.stderr


def test_ids_with_odd_characters_do_not_meet(store):
    for i, name in enumerate(ODD):
        put(store, np.full((2, 1), i), name)
    assert [store.read(video(name))[0, 0] for name in ODD] == list(range(len(ODD)))
    names = [path.name for path in store.folder.iterdir()]
    assert max(map(len, names)) < 70 and all(name.isascii() for name in names)
    assert len({name.lower() for name in names}) == len(names)


def test_another_spec_is_another_folder(tmp_path, store):
    other = FeatureStore(tmp_path, {"backbone": "b", "size": (2, 4)})
    again = FeatureStore(tmp_path, {"size": [2, 3], "backbone": "b"})
    put(store, np.zeros((2, 1)))
    assert not other.holds(video()) and again.holds(video())
    assert json.loads((store.folder / "spec.json").read_text())["backbone"] == "b"


def test_an_array_without_its_metadata_is_not_there(store):
    put(store, np.zeros((2, 1)))
    next(store.folder.glob("test-01-*.json")).unlink()
    assert not store.holds(video())
    with pytest.raises(UserError, match="run --stage=extract"):
        store.read(video())


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"id": 1}', "null"])
def test_damaged_metadata_is_said(store, text):
    put(store, np.zeros((2, 1)))
    next(store.folder.glob("test-01-*.json")).write_text(text)
    assert not store.holds(video())
    with pytest.raises(UserError, match=r"json is damaged|remove it and run again"):
        store.read(video())


def test_a_shortened_array_is_not_there(store):
    put(store, np.zeros((200, 4)))
    array = next(store.folder.glob("*.npy"))
    array.write_bytes(array.read_bytes()[:-8])
    assert not store.holds(video(frames=200))
    with pytest.raises(UserError, match="damaged"):
        store.read(video(frames=200))


def test_a_write_that_breaks_leaves_no_rows_and_no_temporary_file(store, monkeypatch):
    put(store, np.zeros((2, 1)), fingerprint="old")
    full = lambda *_: (_ for _ in ()).throw(OSError(28, "full"))  # noqa: E731
    monkeypatch.setattr("vadjax.storage.row_file.RowFile.append", full)
    with pytest.raises(UserError, match="disk is full"):
        put(store, np.ones((2, 1)), fingerprint="new")
    assert store.holds(video(fingerprint="old")) and not store.holds(video(fingerprint="new"))
    assert not list(store.folder.glob(".tmp-*"))


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_rows_that_come_one_by_one_make_the_file_of_all(store, dtype, tmp_path):
    rows = np.random.default_rng(0).normal(size=(7, 2, 3)).astype(dtype)
    with store.writing(video("a", frames=7), source_id="b") as append:
        for start in (0, 3, 4):
            assert not store.holds(video("a", frames=7))
            append(rows[start : {0: 3, 3: 4, 4: 7}[start]])
    found = store.read(video("a", frames=7))
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, rows)
    np.save(tmp_path / "whole.npy", rows)
    [array] = store.folder.glob("*.npy")
    assert array.read_bytes() == (tmp_path / "whole.npy").read_bytes()


def test_too_few_rows_or_others_are_not_kept(store):
    with (
        pytest.raises(UserError, match="1 rows, but 2 frames"),
        store.writing(video("a", frames=2)) as append,
    ):
        append(np.zeros((1, 3)))
    with (
        pytest.raises(ValueError, match="behind rows"),
        store.writing(video("a", frames=2)) as append,
    ):
        append(np.zeros((1, 3)))
        append(np.zeros((1, 4)))
    assert not list(store.folder.glob("*.npy"))


def test_rows_need_not_be_frames(store):
    long = video("a", frames=48)
    with pytest.raises(UserError, match="3 rows, but 48 frames"):
        store.write(long, np.zeros((3, 10, 4)))
    store.write(
        long,
        np.zeros((3, 10, 4)),
        row_start=np.arange(3) * 16,
        row_stop=np.arange(1, 4) * 16,
        source_id="s",
    )
    assert store.meta(long)["row_stop"] == [16, 32, 48] and store.meta(long)["source_id"] == "s"
