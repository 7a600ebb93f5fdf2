"""One process at a time writes to a folder."""

import fcntl
import subprocess
import sys

import pytest

from vadjax.errors import UserError
from vadjax.storage.lock import NAME, locked

HOLD = """
import pathlib, sys, time
from vadjax.storage.lock import locked
with locked(pathlib.Path(sys.argv[1]), flag="--out"):
    print("in", flush=True)
    time.sleep(60)
"""


def test_a_second_process_is_refused_and_the_lock_ends_with_its_process(tmp_path):
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout.readline() == "in\n"
        said = rf"another process .pid {child.pid}. works in .*; wait for it, or give another --out"
        with pytest.raises(UserError, match=said), locked(tmp_path, flag="--out"):
            pass
    finally:
        child.kill()
        child.wait()
    with locked(tmp_path, flag="--out"):
        pass


def test_a_block_that_fails_leaves_no_folder_that_was_made_for_it(tmp_path):
    out = tmp_path / "a" / "b"
    for keep, left in ((False, []), (True, ["a"])):
        with pytest.raises(KeyError), locked(out, flag="--out", keep=lambda _, keep=keep: keep):
            raise KeyError
        assert [path.name for path in tmp_path.iterdir()] == left
    with pytest.raises(KeyError), locked(tmp_path / "c", flag="--out", keep=lambda _: False):
        (tmp_path / "c" / "result").write_text("")
        raise KeyError
    assert (tmp_path / "c" / "result").exists()


def test_a_lock_whose_file_its_holder_removes_meanwhile_is_taken_again(tmp_path, monkeypatch):
    """Else two processes would each hold the lock of a file, one of which is gone."""
    real, calls = fcntl.flock, []

    def flock(file, how):
        calls.append(how)
        if len(calls) == 1:
            (tmp_path / NAME).unlink()
        return real(file, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    with locked(tmp_path, flag="--out"):
        assert (tmp_path / NAME).exists() and len(calls) == 2


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "x").write_text("")
    said = pytest.raises(UserError, match="x is a file; give --out=FOLDER")
    with said, locked(tmp_path / "x", flag="--out"):
        pass
