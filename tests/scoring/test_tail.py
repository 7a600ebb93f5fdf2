"""Tails of normal values against closed forms and scipy, and the check that chooses."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import expon, genpareto, kstest

from vadjax.scoring.fusion import Surprise, check_tail
from vadjax.scoring.tail import HEAVIEST, Tail, check, exponential, pareto


@pytest.mark.parametrize("shape", [0.0, 0.1, 0.4])
def test_the_survival_and_density_are_those_of_scipy(shape):
    over, tail = np.array([0.0, 0.3, 2.0, 50.0]), Tail(shape, 1.7)
    other = genpareto(shape, scale=1.7)
    np.testing.assert_allclose(tail.decades(over), -np.log10(other.sf(over)), rtol=1e-9)
    np.testing.assert_allclose(tail.log_density(over), other.logpdf(over), rtol=1e-9)
    assert tail.decades(np.array([-3.0])) == 0


@pytest.mark.parametrize("shape", [0.15, 0.35])
def test_the_fit_finds_shape_and_scale(shape):
    over = genpareto(shape, scale=2.5).rvs(40_000, random_state=0)
    found = pareto(over)
    assert found.shape == pytest.approx(shape, abs=0.03)
    assert found.scale == pytest.approx(2.5, rel=0.03)
    of_scipy = genpareto.fit(over, floc=0)
    assert found.shape == pytest.approx(of_scipy[0], abs=0.03)
    assert found.scale == pytest.approx(of_scipy[2], rel=0.03)


def test_the_weighted_moments_by_a_loop():
    over = genpareto(0.3).rvs(60, random_state=3)
    ordered = sorted(over)
    mean = sum(ordered) / 60
    weighted = sum(x * (59 - k) / 59 for k, x in enumerate(ordered)) / 60
    shape = 2 - mean / (mean - 2 * weighted)
    found = pareto(over)
    assert found == pytest.approx(Tail(shape, mean * (1 - shape)))
    assert found.scale == pytest.approx(2 * mean * weighted / (mean - 2 * weighted))  # their form


def test_short_light_and_very_heavy_tails():
    light = 1 - np.random.default_rng(0).random(4000)  # of shape -1: an end that nothing exceeds
    assert pareto(light) == exponential(light) == Tail(0.0, light.mean())
    few = genpareto(0.4).rvs(19, random_state=0)
    assert pareto(few) == exponential(few)
    assert pareto(np.ones(50)) == exponential(np.ones(50)) == Tail(0.0, 1.0)
    assert pareto(genpareto(3).rvs(5000, random_state=0)).shape == HEAVIEST
    assert exponential(np.zeros(0)) == Tail(0.0, 1.0)


def clips(kind, number=12, seed=0):
    rng = np.random.default_rng(seed)
    return [kind.rvs(rng.integers(20, 60), random_state=rng) for _ in range(number)]


def test_the_check_is_a_loop_over_clips_left_out():
    drawn = clips(genpareto(0.4, scale=2))
    gains, shares = [], {pareto: [], exponential: []}
    for number, clip in enumerate(drawn):
        others = np.concatenate(drawn[:number] + drawn[number + 1 :])
        likelihood = {}
        for fit in shares:
            tail = fit(others)
            other = genpareto(tail.shape, scale=tail.scale)
            likelihood[fit] = other.logpdf(clip).sum()
            shares[fit] += [*other.sf(clip)]
        gains.append(likelihood[pareto] - likelihood[exponential])
    total = sum(map(len, drawn))
    found = check([*drawn, np.zeros(0)])
    assert found.gain == pytest.approx(sum(gains) / total)
    assert found.error == pytest.approx(np.std(gains, ddof=1) * np.sqrt(12) / total)
    wanted = [kstest(shares[fit], "uniform").statistic for fit in (exponential, pareto)]
    assert found.misfit == pytest.approx(wanted)


def errors_apart(drawn):
    """By how many standard errors the Pareto tail is better on clips left out, by scipy."""
    gains = []
    for number, clip in enumerate(drawn):
        others = np.concatenate(drawn[:number] + drawn[number + 1 :])
        heavy = pareto(others)
        pair = genpareto(heavy.shape, scale=heavy.scale), expon(scale=others.mean())
        gains.append(pair[0].logpdf(clip).sum() - pair[1].logpdf(clip).sum())
    return sum(gains) / (np.std(gains, ddof=1) * np.sqrt(len(gains)))


@pytest.mark.parametrize(("errors", "taken"), [(1.98, False), (2.02, True)])
def test_the_check_wants_two_standard_errors_and_no_more(errors, taken):
    """The same draws are made heavier until the Pareto tail is as much better as wanted."""
    shares = np.random.default_rng(0).random((20, 60))

    def drawn(shape):
        return [*genpareto(shape).ppf(shares)]

    shape = brentq(lambda shape: errors_apart(drawn(shape)) - errors, 0.1, 0.3)
    found = check(drawn(shape))
    assert found.pareto is taken and (found.shape > 0) is taken
    assert found.gain / found.error == pytest.approx(errors, abs=0.001)


def test_the_check_takes_the_tail_that_made_the_values():
    heavy = check(clips(genpareto(0.45), number=30))
    assert heavy.pareto and 0.2 < heavy.shape <= HEAVIEST and heavy.misfit[1] < heavy.misfit[0]
    light = check(clips(expon(), number=30))
    assert not light.pareto and light.shape == 0.0
    assert not check([]).pareto and not check([np.ones(50)]).pareto


def test_surprises_have_the_tail_that_is_asked_for():
    rng = np.random.default_rng(1)
    normal = [genpareto(0.4).rvs(2000, random_state=rng) for _ in range(12)]
    at = np.array([5.0, 40.0])
    wanted = -genpareto(0.4).logsf(at) / np.log(10)
    heavy, by_check = Surprise.fit(normal, "pareto"), Surprise.fit(normal, "checked")
    np.testing.assert_allclose(heavy(at), wanted, rtol=0.1)
    np.testing.assert_array_equal(by_check(at), heavy(at))
    assert Surprise.fit(normal)(at)[1] > 1.3 * wanted[1] and check_tail(normal).pareto
    plain = [expon().rvs(2000, random_state=rng) for _ in range(12)]
    np.testing.assert_array_equal(Surprise.fit(plain, "checked")(at), Surprise.fit(plain)(at))
    assert Surprise.fit(plain, "checked").shape == 0.0
