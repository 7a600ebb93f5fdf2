"""tools/fuzz.py reads damaged files with every reader, and finds what goes wrong."""

import subprocess
import sys

import pytest

from tools.fuzzing import readers, run


def test_changes_are_the_same_for_the_same_number():
    seeds = readers.READERS["labels .m"].seeds()
    make = lambda n: run.mutated(seeds, run._rng("labels .m", 0, 0, n))  # noqa: E731
    assert [make(n) for n in range(20)] == [make(n) for n in range(20)]
    assert len({make(n) for n in range(20)}) > 15


@pytest.mark.parametrize("name", readers.READERS)
def test_whole_files_are_read(tmp_path, name):
    reader = readers.READERS[name]
    path = tmp_path / reader.name
    path.parent.mkdir(exist_ok=True)
    for beside, make in reader.beside.items():
        (tmp_path / beside).write_bytes(make()[0])
    if name == "labels .npy":  # the last one is a .npz under a wrong name
        seeds = reader.seeds()[:-1]
    elif name.endswith(".mat"):  # the last one is of version 4, without cells
        seeds = reader.seeds()[:2]
    else:
        seeds = reader.seeds()
    if name == "labels.csv":
        seeds = seeds[:1] + seeds[2:]
    for data in seeds:
        path.write_bytes(data)
        reader.read(path)


@pytest.mark.slow
def test_a_short_run_finds_nothing():
    command = [sys.executable, "tools/fuzz.py", "--seconds=20", "--seed=1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 findings" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("raise KeyError('x')", "KeyError"),
        ("import os; os.kill(os.getpid(), 11)", "ended with -11"),
        ("bytearray(2 << 30)", "MB"),
    ],
)
def test_faults_are_found(monkeypatch, code, text):
    broken = readers.READERS["labels .m"]._replace(read=lambda path: exec(code))
    monkeypatch.setitem(readers.READERS, "labels .m", broken)
    _, findings = run.fuzz(["labels .m"], seconds=120, inputs=1)
    assert findings and text in findings[0]
