"""One process at a time writes to a folder."""

import subprocess
import sys
import threading

import pytest

from vadjax.errors import UserError
from vadjax.storage.lock import locked

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


def test_never_two_at_a_time_though_the_first_removes_its_folder(tmp_path):
    """Whoever fails removes the lock's file while others wait to take it."""
    inside, worst, refused = [], [], []

    def work(number):
        for _ in range(150):
            try:
                with locked(tmp_path / "out", flag="--out", keep=lambda _: False):
                    inside.append(number)
                    worst.append(len(inside))
                    inside.remove(number)
                    raise KeyError
            except KeyError:
                pass
            except UserError:
                refused.append(number)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(worst) == 1


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "x").write_text("")
    said = pytest.raises(UserError, match="x is a file; give --out=FOLDER")
    with said, locked(tmp_path / "x", flag="--out"):
        pass
