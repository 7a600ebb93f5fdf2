"""A temporary file is left over when the process that made it has ended, and not before."""

import os
import subprocess
import sys
import time

from vadjax.runtime import leftovers


def named(folder, owner, *, as_folder=False):
    path = folder / f".tmp-{owner}-ab-x.json"
    path.mkdir() if as_folder else path.write_text("")
    return path


def owner_of(code="pass"):
    """Return the owner's name of a process, which has ended when this returns."""
    text = f"from vadjax.runtime import leftovers; print(leftovers.owner()); {code}"
    return subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_files_and_folders_of_ended_processes_are_removed(tmp_path):
    ended = owner_of()
    file, mine = named(tmp_path, ended), named(tmp_path, leftovers.owner())
    leftovers.remove_left(tmp_path, ".tmp-", "-x.json")
    assert not file.exists() and mine.exists()
    folder = named(tmp_path, ended, as_folder=True)
    (folder / "inside").write_text("")
    leftovers.remove_left(tmp_path, ".tmp-", "-other.json")
    assert folder.exists()
    leftovers.remove_left(tmp_path, ".tmp-")
    assert not folder.exists() and mine.exists()


def test_another_process_that_got_the_number_of_an_ended_one_owns_nothing(tmp_path):
    machine, _, rest = leftovers.owner().rpartition("-")
    pid, started = rest.split(".")
    before = f"{machine}-{pid}.{int(started) - 1}"
    assert leftovers.is_left(named(tmp_path, before), ".tmp-")
    unknown = f"{machine}-{pid}.0"  # where the system does not say when a process began
    assert not leftovers.is_left(named(tmp_path, unknown), ".tmp-")


def test_what_names_no_process_of_this_machine_goes_when_nothing_changes_for_an_hour(tmp_path):
    for owner in ("other-machine.1-123.4", "k3j4"):
        folder = named(tmp_path, owner, as_folder=True)
        inside = folder / "clip.npy"
        inside.write_text("")
        old = time.time() - 2 * leftovers.UNKNOWN_S
        os.utime(folder, (old, old))
        assert not leftovers.is_left(folder, ".tmp-")  # a file in it is young
        os.utime(inside, (old, old))
        assert leftovers.is_left(folder, ".tmp-")
