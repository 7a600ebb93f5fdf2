"""The index in the cache: made once, never stale, never half-written."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from tests.data import layouts
from vadjax import data
from vadjax.data.builders.folder import Folder
from vadjax.data.indexing import index
from vadjax.errors import UserError

ROOT = pathlib.Path(__file__).parents[3]


@pytest.fixture
def clips(tmp_path):
    root = tmp_path / "mine"
    for name in ("a", "b", "c"):
        layouts.write_images(root / name, 4)
    return root


@pytest.fixture
def scans(monkeypatch):
    """Count how often a data set is looked at."""
    done, scan = [], Folder.scan
    monkeypatch.setattr(Folder, "scan", lambda self: done.append(1) or scan(self))
    return done


def load(root, cache_dir):
    return data.load(layouts.config("folder", root), cache_dir=cache_dir)


def snapshot(root):
    return {p: p.stat().st_mtime_ns for p in root.rglob("*")}


def test_made_once_and_data_dir_untouched(tmp_path, clips, scans):
    before = snapshot(clips)
    first, again = load(clips, tmp_path / "cache"), load(clips, tmp_path / "cache")
    assert len(scans) == 1 and snapshot(clips) == before
    assert first.deviations == again.deviations and first.metadata == again.metadata
    for a, b in zip(first.train + first.test, again.train + again.test, strict=True):
        assert (a.id, a.fingerprint, a.frames.paths) == (b.id, b.fingerprint, b.frames.paths)
        np.testing.assert_array_equal(list(a.frames), list(b.frames))
    assert not any("incomplete" in p.name for p in (tmp_path / "cache").rglob("*"))


def test_a_repaired_download_is_looked_at_again(tmp_path, clips, scans):
    path = clips / "b" / "002.tif"
    good = path.read_bytes()
    path.write_bytes(good[:-50])
    broken = load(clips, tmp_path / "cache")
    path.write_bytes(good)
    repaired = load(clips, tmp_path / "cache")
    assert [v.substituted for v in broken.train] == [(), (1,)]
    assert [v.substituted for v in repaired.train] == [(), ()]
    prints = [[v.fingerprint for v in d.train] for d in (broken, repaired)]
    assert prints[0][0] == prints[1][0] and prints[0][1] != prints[1][1]
    layouts.write_images(clips / "d", 4)
    assert len(load(clips, tmp_path / "cache").train) == 3
    assert len(scans) == 3


def test_a_file_replaced_by_one_of_its_size_and_time_is_looked_at_again(tmp_path, clips, scans):
    path = clips / "b" / "002.tif"
    first, stat = load(clips, tmp_path / "cache"), path.stat()
    content = bytearray(path.read_bytes())
    content[-1] ^= 1  # a pixel
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    second = load(clips, tmp_path / "cache")
    same = [a.fingerprint == b.fingerprint for a, b in zip(first.train, second.train, strict=True)]
    assert len(scans) == 2 and same == [True, False]


def test_strays_change_nothing(tmp_path, clips, scans):
    load(clips, tmp_path / "cache")
    layouts.strew(clips)
    load(clips, tmp_path / "cache")
    assert len(scans) == 1


def test_another_folder_has_its_own_index(tmp_path, clips, scans):
    first = load(clips, tmp_path / "cache")
    moved = load(clips.rename(tmp_path / "moved"), tmp_path / "cache")
    assert len(scans) == 2
    assert [v.fingerprint for v in moved.train] == [v.fingerprint for v in first.train]
    assert moved.train[0].frames.paths[0].startswith(str(tmp_path / "moved"))


def test_a_relative_data_dir_is_kept_absolute(tmp_path, clips, scans, monkeypatch):
    monkeypatch.chdir(tmp_path)
    load("mine", tmp_path / "cache")
    monkeypatch.chdir("/")
    dataset = load(clips, tmp_path / "cache")
    assert len(scans) == 1
    np.testing.assert_array_equal(dataset.train[0].frames[2], layouts.picture(2))


def test_a_failed_look_leaves_no_index(tmp_path, clips, scans):
    (clips / "b" / "002.tif").write_bytes(layouts.LFS_POINTER)
    for _ in range(2):
        with pytest.raises(UserError, match=r"Git-LFS pointer"):
            load(clips, tmp_path / "cache")
    assert len(scans) == 2 and not list(tmp_path.glob("cache/**/*.array_record*"))


def test_a_write_that_is_cut_short_leaves_no_index(tmp_path, clips, monkeypatch):
    def stop(self, split):
        yield 0, {}
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(index.VideoIndex, "_generate_examples", stop)
        with pytest.raises(BaseException):  # noqa: B017 (tfds decides which)
            load(clips, tmp_path / "cache")
    assert len(load(clips, tmp_path / "cache").train) == 2


def test_a_second_process_may_be_quicker(tmp_path, clips, monkeypatch):
    write, cache = index.VideoIndex._write, tmp_path / "cache"

    def late(self):
        monkeypatch.setattr(index.VideoIndex, "_write", write)
        load(clips, cache)
        write(self)

    monkeypatch.setattr(index.VideoIndex, "_write", late)
    assert len(load(clips, cache).train) == 2


def test_a_cache_that_cannot_be_written(tmp_path, clips):
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(
        UserError, match=r"cannot be written .*; free space, or choose another folder"
    ):
        load(clips, tmp_path / "cache")


def test_a_full_disk(tmp_path, clips, monkeypatch):
    def full(self, **_):
        raise RuntimeError("Failed to finalize writing: No space left on device")

    monkeypatch.setattr(index.VideoIndex, "download_and_prepare", full)
    with pytest.raises(UserError, match=r"cannot be written \(.*No space left on device\)"):
        load(clips, tmp_path / "cache")


def test_unknown_data_set():
    with pytest.raises(UserError, match=r"dataset 'ucsd_ped3' unknown; .*Did you mean 'ucsd_ped"):
        data.load(layouts.config("ucsd_ped3", ""), cache_dir="cache")
    with pytest.raises(UserError, match=r"dataset\.data_dir is not set"):
        data.load(layouts.config("ucsd_ped2", ""), cache_dir="cache")


def test_the_package_is_light_and_works_without_tensorflow():
    code = (
        "import sys; from vadjax import data; assert data.DATASETS;"
        "heavy = {'cv2', 'tensorflow_datasets', 'scipy', 'numpy'} & set(sys.modules);"
        "assert not heavy, heavy;"
        "[data.builder(name) for name in data.DATASETS];"
        "assert not {'tensorflow_datasets', 'jax', 'scipy'} & set(sys.modules);"
        "from vadjax.data.indexing import index;"
        "assert not {'tensorflow', 'jax'} & set(sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
