"""The rates that small tests show, of clips whose rates are known."""

import importlib.util
import pathlib

import numpy as np

FILE = pathlib.Path(__file__).parents[2] / "experiments" / "thresholds" / "run.py"


def module():
    spec = importlib.util.spec_from_file_location("thresholds_run", FILE)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def test_small_tests_scatter_about_the_rate_that_was_asked():
    rng, run = np.random.default_rng(0), module()
    alike = [rng.exponential(size=1000) for _ in range(16)]
    many = run.rates_of_such_tests(alike, [900] * 8, draws=40)
    few = run.rates_of_such_tests(alike, [5] * 8, draws=40)
    assert abs(many.mean() - run.RATE) < 0.004 and abs(few.mean() - run.RATE) < 0.01
    assert np.mean(many == 0) == 0 and np.mean(few == 0) > 0.5
    assert many.std() < 0.005 < few.std()


def test_stretches_are_of_clips_that_gave_no_threshold():
    """Each clip is above all others somewhere: a threshold of the others is exceeded."""
    steps = [np.r_[np.zeros(99), float(n)] for n in range(1, 9)]
    steps = [clip + np.linspace(0, 1e-3, 100) for clip in steps]
    found = module().rates_of_such_tests(steps, [100] * 3, draws=60)
    assert 0 < found.mean() < 0.02 and found.max() <= 0.01 + 1e-12
