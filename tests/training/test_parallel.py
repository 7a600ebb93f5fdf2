"""One, two and four devices, `shard_map` and `pmap`: the same training."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).parents[2]
PROGRAM = """
import sys, pathlib, unittest.mock
import jax, numpy as np
jax.config.update("jax_num_cpu_devices", 4)
from tests.training import tiny
from vadjax.training.fit import fit
out = pathlib.Path(sys.argv[1])
for mode in ("shard_map", "pmap"):
    for count in (1, 2, 4):
        name = f"{mode}{count}"  # batches of 7 are padded to 8 on several devices
        config = tiny.config(epochs=3, parallel=mode, num_devices=count, batch_size=7)
        result = fit(tiny.Tiny(), tiny.Predict(), tiny.data(), config, workdir=out / name)
        np.savez(out / f"{name}.npz", **result.variables["params"],
                 losses=[(r["train_loss"], r["select_loss"]) for r in result.history])
# A model whose state is gathered over devices.
from tests.models import build
from vadjax.models.objectives.motion import Motion
goal = Motion()
for count in (1, 2):
    model = build.model("appearance_to_flow", task=goal, feature_shape=(3, 4, 7), channels=(6, 6))
    config = tiny.config(epochs=3, num_devices=count, batch_size=7)
    data = tiny.data(width=3 * 4 * 7)
    data = data._replace(clips=[clip.reshape(-1, 3, 4, 7) for clip in data.clips])
    result = fit(model, goal, data, config, workdir=out / f"motion{count}")
    np.savez(out / f"motion{count}.npz", largest=result.variables["calibration"]["largest"],
             output=result.variables["params"]["output"]["kernel"])
# Rows in chunks, each device's share of a batch for itself.
for mode in ("shard_map", "pmap"):
    config = tiny.config(epochs=3, parallel=mode, num_devices=2, batch_size=7)
    data = tiny.data()
    with unittest.mock.patch("vadjax.training.budget.budget_bytes", lambda train: data.nbytes // 2):
        result = fit(tiny.Tiny(), tiny.Predict(), data, config, workdir=out / f"{mode}chunked")
    np.savez(out / f"{mode}2chunked.npz", **result.variables["params"],
             losses=[(r["train_loss"], r["select_loss"]) for r in result.history])
# A checkpoint of pmap on two devices goes on with shard_map on one.
config = tiny.config(epochs=4, num_devices=1, batch_size=7)
result = fit(tiny.Tiny(), tiny.Predict(), tiny.data(), config, workdir=out / "pmap2")
assert [r["epoch"] for r in result.history] == [1, 2, 3, 4]
"""


pytestmark = pytest.mark.slow  # a process with four devices trains eight times


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    out = tmp_path_factory.mktemp("parallel")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(out)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return {path.stem: dict(np.load(path)) for path in out.glob("*.npz")}


@pytest.mark.parametrize("mode", ["shard_map", "pmap"])
@pytest.mark.parametrize("count", [2, 4])
def test_several_devices_equal_one(results, mode, count):
    one, several = results[f"{mode}1"], results[f"{mode}{count}"]
    for key in one:  # dropout is on: the examples' keys do not know of devices
        np.testing.assert_allclose(several[key], one[key], atol=1e-5)


@pytest.mark.parametrize("mode", ["shard_map", "pmap"])
def test_chunks_on_two_devices_equal_resident_data(results, mode):
    for key, value in results[f"{mode}2"].items():
        np.testing.assert_array_equal(results[f"{mode}2chunked"][key], value)


def test_two_devices_gather_the_appearance_to_flows_state(results):
    one, two = results["motion1"], results["motion2"]
    for key in one:
        assert np.abs(one[key]).max() > 0.01
        np.testing.assert_allclose(two[key], one[key], atol=1e-5)


@pytest.mark.parametrize("count", [1, 2, 4])
def test_pmap_equals_shard_map(results, count):
    for key, value in results[f"shard_map{count}"].items():
        np.testing.assert_allclose(results[f"pmap{count}"][key], value, atol=1e-6)
