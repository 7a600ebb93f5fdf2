"""Training on one core and on two: equal bits with one thread, as docs/reproducibility.md says."""

import hashlib
import os
import subprocess
import sys

import pytest

TRAIN = """
import os, sys
os.sched_setaffinity(0, {int(core) for core in sys.argv[1].split(",")})
from vadjax.runtime import devices
if sys.argv[2] == "one":
    devices.one_thread()
devices.setup(sys.argv[3])
import pathlib
import jax, numpy as np
from tests.training import tiny
from vadjax.training.fit import fit
rows = np.random.default_rng(0).normal(size=(600, 256)).astype(np.float32)
weights = np.random.default_rng(1).normal(size=(256, 96)).astype(np.float32)
assert len(jax.devices()) == (1 if sys.argv[2] == "one" else len(os.sched_getaffinity(0)))
step = jax.jit(jax.grad(lambda w: jax.numpy.square(jax.numpy.tanh(rows @ w)).mean()))
for _ in range(20):
    weights = weights - 0.1 * step(weights)
sys.stdout.buffer.write(np.asarray(weights).tobytes())
result = fit(tiny.Tiny(), tiny.Predict(), tiny.data(), tiny.config(epochs=3),
             workdir=pathlib.Path(sys.argv[3]) / sys.argv[1])
for leaf in jax.tree.leaves(result.variables):
    sys.stdout.buffer.write(np.asarray(leaf).tobytes())
"""


def trained(cores, threads, folder):
    environment = {k: v for k, v in os.environ.items() if k not in ("NPROC", "XLA_FLAGS")}
    environment.pop("JAX_NUM_CPU_DEVICES", None)
    command = [sys.executable, "-c", TRAIN, ",".join(map(str, cores)), threads, str(folder)]
    done = subprocess.run(command, capture_output=True, check=True, env=environment)
    return hashlib.sha256(done.stdout).hexdigest()


@pytest.mark.slow
def test_one_thread_gives_the_same_bits_on_one_core_and_on_two(tmp_path):
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        pytest.skip("one core: nothing to compare")
    one = trained(cores[:1], "one", tmp_path / "a")
    assert trained(cores[:2], "one", tmp_path / "b") == one
    assert trained(cores[:2], "all", tmp_path / "c") == trained(cores[:2], "all", tmp_path / "d")
