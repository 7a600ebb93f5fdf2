"""Packs of short clips: the same rows as from files of their own, whole or not there."""

import errno
import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.storage.test_features import put, video
from vadjax.errors import UserError
from vadjax.storage import pack_log, packs
from vadjax.storage.features import FeatureStore


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(packs, "PACK_AT", 5)
    return FeatureStore(tmp_path, {"backbone": "b"})


def again(store):
    return FeatureStore(
        store.folder.parent, {k: v for k, v in store.spec.items() if k != "version"}
    )


def rows_of(number):
    return np.random.default_rng(number).normal(size=(2 + number % 3, 3)).astype(np.float16)


def fill(store, count=12):
    for number in range(count):
        put(store, rows_of(number), name=f"train/{number}")


def test_rows_of_packed_clips_are_those_that_were_stored(store):
    fill(store)
    loose = len([*store.folder.glob("*.npy")])
    assert loose < 5 and len([*(store.folder / "packs").glob("*.bin")]) >= 2
    for opened in (store, again(store)):
        for number in range(12):
            rows = rows_of(number)
            one = video(f"train/{number}", frames=len(rows))
            got = opened.read(one)
            assert opened.holds(one) and isinstance(got, np.memmap) and not got.flags.writeable
            assert got.dtype == np.float16 and opened.meta(one)["num_frames"] == len(rows)
            np.testing.assert_array_equal(got, rows)


def test_rows_of_another_content_or_length_are_not_found_in_a_pack(store):
    fill(store, 6)
    assert not store.holds(video("train/1", frames=3, fingerprint="w"))
    assert not store.holds(video("train/1", frames=7))
    with pytest.raises(UserError, match="no features of train/77"):
        store.read(video("train/77"))


def test_large_files_stay_by_themselves(store, monkeypatch):
    monkeypatch.setattr(packs, "SMALL_BYTES", 1000)
    for number in range(8):
        put(store, np.zeros((4, 500 if number % 2 else 2)), name=f"train/{number}")
    store._packs.pack()
    assert {np.load(path).shape for path in store.folder.glob("*.npy")} == {(4, 500)}
    assert all(store.holds(video(f"train/{n}", frames=4)) for n in range(8))


def test_what_is_written_again_counts_before_what_was_packed(store):
    fill(store, 6)
    put(store, rows_of(0) + 1, name="train/0")
    np.testing.assert_array_equal(again(store).read(video("train/0")), rows_of(0) + 1)
    store._packs.pack()
    assert not [*store.folder.glob("*.npy")]
    np.testing.assert_array_equal(again(store).read(video("train/0")), rows_of(0) + 1)


@pytest.mark.parametrize("kept", [".bin", ".jsonl"])
def test_a_pack_of_which_a_half_is_there_is_not(store, kept):
    fill(store, 6)
    for path in (store.folder / "packs").iterdir():
        if path.suffix in {".bin", ".jsonl"} - {kept}:
            path.unlink()
    assert not again(store).holds(video("train/0", frames=2))
    assert not again(store).holds(video("train/5", frames=4))


def test_a_shortened_pack_gives_no_rows_that_it_does_not_have(store):
    fill(store, 5)
    (pack,) = (store.folder / "packs").glob("*.bin")
    pack.write_bytes(pack.read_bytes()[:200])
    held = [again(store).holds(video(f"train/{n}", frames=len(rows_of(n)))) for n in range(5)]
    assert held.count(True) <= 1


def test_a_damaged_index_is_said(store):
    fill(store, 5)
    (index,) = (store.folder / "packs").glob("*.jsonl")
    index.write_text("{")
    with pytest.raises(UserError, match="damaged"):
        again(store).read(video("train/0"))


@pytest.mark.parametrize("call", ["_write", "unlink"])
def test_packing_that_is_killed_loses_nothing(store, call, monkeypatch):
    """Before the index is there, and while the files are removed."""
    monkeypatch.setattr(packs, "PACK_AT", 100)
    fill(store, 6)
    monkeypatch.setattr(packs, "PACK_AT", 5)

    class Killed(BaseException):
        pass

    def killed(*_, **__):
        raise Killed

    with monkeypatch.context() as broken:
        owner = packs.Packs if call == "_write" else packs.pathlib.Path
        broken.setattr(owner, call, killed)
        with pytest.raises(Killed):
            again(store)._packs.pack()
    opened = again(store)
    for number in range(6):
        np.testing.assert_array_equal(
            opened.read(video(f"train/{number}", frames=len(rows_of(number)))), rows_of(number)
        )


def test_what_another_process_packs_is_found(store):
    fill(store, 3)
    code = (
        "import sys, pathlib; from vadjax.storage.packs import Packs; "
        "Packs(pathlib.Path(sys.argv[1])).pack()"
    )
    subprocess.run([sys.executable, "-c", code, store.folder], check=True, env=os.environ)
    assert not [*store.folder.glob("*.npy")]
    for number in range(3):
        one = video(f"train/{number}", frames=len(rows_of(number)))
        assert store.holds(one)
        np.testing.assert_array_equal(store.read(one), rows_of(number))


def test_a_packed_clip_can_be_had_as_files(store):
    fill(store, 6)
    one = video("train/1", frames=3)
    with store.as_files(store.name(one)) as (array, meta):
        np.testing.assert_array_equal(np.load(array), rows_of(1))
        told = json.loads(meta.read_text())
        assert told["id"] == "train/1" and told["bytes"] == array.stat().st_size
    assert not array.exists()


def test_rows_that_are_written_again_while_a_pack_is_made_are_kept(store, monkeypatch):
    fill(store, 3)
    write = packs.Packs._write

    def slow(self, found):
        put(store, rows_of(0) + 1, name="train/0")  # there is no pack to add it to yet
        write(self, found)

    monkeypatch.setattr(packs.Packs, "_write", slow)
    again(store)._packs.pack()
    np.testing.assert_array_equal(again(store).read(video("train/0")), rows_of(0) + 1)
    assert {path.suffix for path in store.folder.glob("train-0*")} == {".npy", ".json"}


def test_a_pack_that_leaves_the_time_of_the_folder_as_it_was_is_found(store, monkeypatch):
    monkeypatch.setattr(packs, "_TICK_NS", 10**12)  # however long the next lines take here
    fill(store, 5)
    folder, other = store.folder / "packs", again(store)
    now = folder.stat().st_mtime_ns
    assert other.holds(video("train/0")) and not other.holds(video("train/7", frames=3))
    put(store, rows_of(7), name="train/7")
    store._packs.pack()
    os.utime(folder, ns=(now, now))
    assert other.holds(video("train/7", frames=len(rows_of(7))))


def log_of(store):
    (pack,) = (store.folder / "packs").glob("*-*.bin")
    return pack


def test_where_there_are_packs_small_clips_have_no_files_of_their_own(store, monkeypatch):
    fill(store, 9)
    assert not [*store.folder.glob("*.npy")] and len(log_of(store).read_bytes()) % 64 == 0
    monkeypatch.setattr(packs, "SMALL_BYTES", 1000)
    put(store, np.zeros((4, 500)), name="train/large")
    assert len([*store.folder.glob("*.npy")]) == 1
    with pytest.raises(UserError, match="2 rows, but 3 frames"):
        store.write(video("train/short", frames=3), rows_of(0))
    assert not again(store).holds(video("train/short", frames=3))


def test_what_a_process_adds_is_found_by_those_that_run(store):
    fill(store, 6)
    other = again(store)
    assert other.holds(video("train/5", frames=4))
    time.sleep(0.2)  # the folder stays as it is from now on
    assert not other.holds(video("train/6", frames=2))
    fill(store, 8)
    for opened in (other, store):
        np.testing.assert_array_equal(opened.read(video("train/7", frames=3)), rows_of(7))


def test_processes_add_to_packs_of_their_own(store):
    fill(store, 6)
    code = (
        "import sys, pathlib; from tests.storage import test_packs as t; "
        "from vadjax.storage.features import FeatureStore; "
        "s = FeatureStore(pathlib.Path(sys.argv[1]), {'backbone': 'b'}); "
        "[t.put(s, t.rows_of(n), name=f'train/{n}') for n in range(int(sys.argv[2]), 40, 2)]"
    )
    command = [sys.executable, "-c", code, store.folder.parent]
    both = [subprocess.Popen([*command, str(first)], env=os.environ) for first in (20, 21)]
    assert [each.wait() for each in both] == [0, 0]
    assert len([*(store.folder / "packs").glob("*-*.bin")]) == 3
    for number in range(20, 40):
        rows = rows_of(number)
        got = store.read(video(f"train/{number}", frames=len(rows)))
        np.testing.assert_array_equal(got, rows)


@pytest.mark.parametrize("cut", [1, 20])
def test_a_line_that_was_being_written_is_not_there(store, cut):
    fill(store, 7)
    index = log_of(store).with_suffix(".jsonl")
    index.write_bytes(index.read_bytes()[:-cut])
    opened = again(store)
    assert opened.holds(video("train/5", frames=4))
    assert not opened.holds(video("train/6", frames=2))


def test_bytes_that_a_failure_of_power_has_lost_are_told(store):
    fill(store, 7)
    with log_of(store).open("r+b") as file:
        file.seek(-70, os.SEEK_END)
        file.write(bytes(16))
    with pytest.raises(UserError, match=r"is damaged \(not what was written\)"):
        again(store).read(video("train/6", frames=2))


def test_a_full_disk_leaves_a_pack_to_which_more_can_be_added(store, monkeypatch):
    fill(store, 6)
    write = os.pwrite

    def full(file, content, at):
        if len(content) > 20:
            write(file, content[:20], at)
        raise OSError(errno.ENOSPC, "full")

    def fails(after):
        calls = []

        def call(*arguments):
            calls.append(1)
            return (full if len(calls) > after else write)(*arguments)

        return call

    for after in (0, 1):  # of the array, of the line
        with monkeypatch.context() as broken:
            broken.setattr(os, "pwrite", fails(after))
            with pytest.raises(UserError, match="the disk is full"):
                put(store, rows_of(6), name="train/6")
        assert not again(store).holds(video("train/6", frames=2))
    put(store, rows_of(7), name="train/7")
    for number in (5, 7):
        rows = rows_of(number)
        got = again(store).read(video(f"train/{number}", frames=len(rows)))
        np.testing.assert_array_equal(got, rows)


def test_packs_of_many_clips_are_several(store, monkeypatch):
    monkeypatch.setattr(pack_log, "CLIPS", 3)
    fill(store, 12)
    assert len([*(store.folder / "packs").glob("*-*.bin")]) == 3
    for number in range(12):
        rows = rows_of(number)
        np.testing.assert_array_equal(
            again(store).read(video(f"train/{number}", frames=len(rows))), rows
        )
