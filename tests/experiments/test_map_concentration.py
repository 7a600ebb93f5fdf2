"""experiments/map_concentration: its measures against closed forms and a hand-made case."""

import importlib.util
import pathlib

import numpy as np
import pytest

PATH = pathlib.Path(__file__).parents[2] / "experiments" / "map_concentration" / "run.py"


@pytest.fixture(scope="module")
def measures():
    spec = importlib.util.spec_from_file_location("map_concentration", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_concentration_of_maps_with_known_values(measures):
    """10 x 10 cells: even, one cell, half of the mass on 10 cells, none."""
    even, one, half, none = (np.zeros((10, 10)) for _ in range(4))
    even[:] = 3.0
    one[4, 5] = 2.0
    half[:] = 0.5 / 90
    half[0] = 0.05
    top, entropy = measures.concentration(np.stack([even, one, half, none]))
    np.testing.assert_allclose(top[:3], [0.1, 1.0, 0.5])
    # Half a bit of choice, then which of 10 and of 90 cells.
    expected = (np.log(2) + 0.5 * np.log(10) + 0.5 * np.log(90)) / np.log(100)
    np.testing.assert_allclose(entropy[:3], [1.0, 0.0, expected], atol=1e-12)
    assert np.isnan(top[3]) and np.isnan(entropy[3])


def test_clips_are_compared_with_themselves(measures):
    """A clip whose level differs says nothing; a clip of one class is left out."""
    rng = np.random.default_rng(0)
    labels = {"a": np.repeat([0, 1], 60), "b": np.repeat([1, 0], 60), "c": np.ones(60, int)}
    level = {"a": 0.2, "b": 0.7, "c": 9.0}
    noise = {name: rng.normal(0, 0.01, len(own)) for name, own in labels.items()}
    values = {n: level[n] + 0.05 * labels[n] + noise[n] for n in labels}
    values["a"][3] = np.nan
    found = measures.within_clips(values, labels)
    assert set(found["clips"]) == {"a", "b"} and found["clips_above_0"] == 2
    assert found["difference"] == pytest.approx(0.05, abs=0.004)
    low, high = found["ci95_within_clips"]
    assert low < 0.05 < high and high - low < 0.02
    same = measures.within_clips({n: level[n] + noise[n] for n in labels}, labels)
    low, high = same["ci95_within_clips"]
    assert low < 0 < high
