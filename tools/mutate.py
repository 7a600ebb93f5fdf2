"""Put faults into lines that carry figures, one at a time, and see whether the tests notice.

    python tools/mutate.py                 # all of tools/faults
    python tools/mutate.py events motion   # those whose file or tests hold one of the words

Works in a temporary copy. First the named tests run without a fault: what fails then proves
nothing. Exit status 1 where a fault is missed.
"""

import argparse
import importlib
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import NoReturn

import pytest
from faults import MUTATIONS, Mutation

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIBRARIES = ("cv2", "hypothesis", "jax", "numpy", "scipy.stats", "sklearn.metrics", "flax.linen")
COPIED = (
    "vadjax",
    "tests",
    "configs",
    "experiments",
    "examples",
    "docs",
    "tools",
    "pyproject.toml",
)


def main() -> int:
    """Run the chosen faults; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("words", nargs="*", help="only entries whose file, text or tests hold one")
    parser.add_argument("--trust", action="store_true", help="do not run the tests without a fault")
    parser.add_argument("--timeout", type=float, default=300, help="seconds for the tests of one")
    given = parser.parse_args()
    chosen = [m for m in MUTATIONS if not given.words or any(w in " ".join(m) for w in given.words)]
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads of a library do not survive a fork
    for name in LIBRARIES:
        importlib.import_module(name)
    if stale := [fault for m in chosen if (fault := fault_of(m, ROOT))]:
        print("\n".join(stale))
        return 2
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder)
        for name in COPIED:
            place = ROOT / name
            if place.is_dir():
                shutil.copytree(place, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            elif place.is_file():
                shutil.copy(place, copy / name)
        broken = set() if given.trust else _broken(copy, chosen, given.timeout)
        missed = [m for m in chosen if not caught(copy, m, broken, given.timeout)]
    print(f"{len(chosen) - len(missed)} of {len(chosen)} faults are noticed by the tests")
    return int(bool(missed))


def fault_of(mutation: Mutation, root: pathlib.Path) -> str:
    """Say why an entry does not fit the files any more; "" where it does.

    Args:
        mutation: the entry.
        root: of the repository.

    Returns:
        A sentence.
    """
    path = root / mutation.file
    count = path.read_text(encoding="utf-8").count(mutation.text) if path.is_file() else 0
    if count != 1:
        return f"{mutation.file}: stands there {count} times, not once: {mutation.text!r}"
    lost = [t for t in mutation.tests.split() if not (root / t.partition("::")[0]).is_file()]
    return f"{mutation.file}: no such tests: {', '.join(lost)}" if lost else ""


def _broken(copy: pathlib.Path, chosen: Sequence[Mutation], timeout: float) -> set[str]:
    """Run all tests without a fault, say how each fared, and return those that do not pass."""
    broken = set()
    for tests in dict.fromkeys(m.tests for m in chosen):
        start = time.monotonic()
        outcome = run(copy, tests, timeout)
        print(f"without a fault: {tests}: {outcome}, {time.monotonic() - start:.0f} s", flush=True)
        if outcome != "passed":
            broken.add(tests)
    return broken


def caught(copy: pathlib.Path, mutation: Mutation, broken: set[str], timeout: float) -> bool:
    """Put one fault in, run its tests, take it out; print a line of the table.

    Args:
        copy: of the repository.
        mutation: the fault.
        broken: tests that fail without a fault.
        timeout: seconds.

    Returns:
        Whether the tests noticed.
    """
    path = copy / mutation.file
    before, start = path.read_text(encoding="utf-8"), time.monotonic()
    if mutation.tests in broken:
        outcome = "the tests fail without it"
    else:
        path.write_text(before.replace(mutation.text, mutation.fault), encoding="utf-8")
        outcome = run(copy, mutation.tests, timeout)
        path.write_text(before, encoding="utf-8")
    noticed = outcome == "failed"
    line = f"| {'caught' if noticed else 'MISSED'} | {outcome} | {time.monotonic() - start:.0f} s |"
    print(f"{line} {mutation.file} | `{mutation.fault.strip()}` |", flush=True)
    return noticed


def run(copy: pathlib.Path, tests: str, timeout: float) -> str:
    """Run tests up to the first failure, the slow ones where the others notice nothing.

    Args:
        copy: of the repository.
        tests: arguments of pytest.
        timeout: seconds.

    Returns:
        "passed", "failed", "too slow", or pytest's status where it could not run them.
    """
    outcome = _forked(copy, "not slow", tests, timeout)
    return _forked(copy, "slow", tests, timeout) if outcome == "passed" else outcome


def _forked(copy: pathlib.Path, marker: str, tests: str, timeout: float) -> str:
    child = os.fork()
    if not child:
        _run_here(copy, ["-q", "-x", "-p", "no:cacheprovider", "-m", marker, *tests.split()])
    status, ends = None, time.monotonic() + timeout
    while status is None:
        done, raw = os.waitpid(child, os.WNOHANG)
        status = os.waitstatus_to_exitcode(raw) if done else None
        if status is None and time.monotonic() > ends:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "too slow"
        time.sleep(0.05)
    # 5: there are none of this marker.
    return {0: "passed", 1: "failed", 5: "passed"}.get(status, f"pytest ended with {status}")


def _run_here(copy: pathlib.Path, args: list[str]) -> NoReturn:
    """Run pytest in this process, a fork that has the libraries but nothing of vadjax, and end."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    os.chdir(copy)
    os.environ["PYTHONPATH"] = str(copy)
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(copy))
    os._exit(int(pytest.main(args)))


if __name__ == "__main__":
    sys.exit(main())
