"""A wrong path is told of before JAX is imported, and so at once."""

import subprocess
import sys

import pytest

COMMANDS = {
    "main": ["--config=configs/ped2_lstm.py", "--config.dataset.data_dir=/nowhere"],
    "main of a checkpoint": [
        "--config=configs/synthetic_lstm.py",
        "--config.features.weights=/nowhere/a.pth",
    ],
    "detect": ["--workdir=/nowhere", "a.mp4"],
    "watch": ["/nowhere.mp4", "--detector=/tmp"],
    "sweep": [
        "--config=configs/sweeps/synthetic_rates.py",
        "--config.dataset.name=ucsd_ped2",
        "--config.dataset.data_dir=/nowhere",
    ],
    "compare": ["/nowhere"],
    "main into a file": ["--config=configs/synthetic_lstm.py", "--workdir=/dev/null/nowhere"],
    "main of a cache that is a file": [
        "--config=configs/synthetic_lstm.py",
        "--config.features.cache_dir=/dev/null",
    ],
    "sweep into a file": ["--config=configs/sweeps/synthetic_rates.py", "--workdir=/dev/null"],
}
CODE = """
import atexit, runpy, sys
atexit.register(lambda: print("jax" in sys.modules))
runpy.run_module("vadjax.%s", run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize("name", COMMANDS)
def test_jax_is_not_imported_for_a_wrong_path(name):
    code = CODE % name.split()[0]
    command = [sys.executable, "-c", code, *COMMANDS[name]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "nowhere" in done.stderr or "/dev/null is a file" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout.splitlines() == ["False"]
