"""The list of faults that the tests must notice fits the files as they are."""

import importlib.util
import pathlib
import subprocess
import sys

import pytest

TOOLS = pathlib.Path(__file__).parent.parent / "tools"


def load(name, path):
    spec = importlib.util.spec_from_file_location(name, TOOLS / path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


faults, mutate = load("faults", "faults/__init__.py"), load("mutate", "mutate.py")


@pytest.mark.parametrize("mutation", faults.MUTATIONS, ids=lambda m: f"{m.file}-{m.fault[:30]}")
def test_every_entry_matches_one_place(mutation):
    assert mutate.fault_of(mutation, mutate.ROOT) == ""
    assert mutation.text != mutation.fault


def test_there_are_sixty_different_faults():
    assert len(set(faults.MUTATIONS)) == len(faults.MUTATIONS) >= 60


def test_an_entry_that_no_longer_matches_is_named(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\nx = 1\n")
    (tmp_path / "test_a.py").write_text("")
    entry = faults.Mutation("a.py", "x = 1", "x = 2", "test_a.py")
    assert "stands there 2 times" in mutate.fault_of(entry, tmp_path)
    assert "stands there 0 times" in mutate.fault_of(entry._replace(text="y"), tmp_path)
    (tmp_path / "a.py").write_text("x = 1\n")
    assert mutate.fault_of(entry, tmp_path) == ""
    assert "no such tests: b.py" in mutate.fault_of(entry._replace(tests="b.py"), tmp_path)


TRIED = """
import pathlib, sys
sys.path.insert(0, sys.argv[1])
import faults, mutate
folder = pathlib.Path(sys.argv[2])
entry = faults.Mutation("a.py", "x = 1", "x = 2", "test_a.py")
assert mutate.caught(folder, entry, set(), 60)
assert not mutate.caught(folder, entry._replace(text="y = 1", fault="y = 2"), set(), 60)
assert not mutate.caught(folder, entry, {"test_a.py"}, 60)
"""


def test_a_fault_is_caught_or_missed_by_the_tests_that_are_named(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\ny = 1\n")
    (tmp_path / "test_a.py").write_text("import a\ndef test(): assert a.x == 1\n")
    command = [sys.executable, "-c", TRIED, str(TOOLS), str(tmp_path)]  # a fork of JAX may hang
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.py").read_text() == "x = 1\ny = 1\n"
    assert done.stdout.count("MISSED") == 2
