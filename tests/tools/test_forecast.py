"""The arithmetic of tools/forecast.py, by cases that can be done by hand."""

import argparse
import json
import os

import jax
import jax.numpy as jnp
import pytest

from tools import forecast
from tools.benchmarks import cards
from tools.benchmarks.cards import Bound, Card, Work
from tools.benchmarks.kernels import kernels
from vadjax.errors import UserError

CARD = Card("stub", float32=10.0, tf32=100.0, bandwidth=1000.0, memory=80e9)
WORK = Work(flop=5.0, bytes=400.0, windows=100.0, kernels=50.0, epochs=2)  # 1000 FLOP, 80 kB
PLAIN = Bound(0.5, 0.25, launch_s=1.0, tensor=False, overlap=False)


@pytest.mark.parametrize(
    ("bound", "members", "seconds", "most"),
    [
        (PLAIN, 1, 320 + 100, "memory"),  # 80000 / (.25 * 1000), 2 * 50 launches
        (PLAIN, 100, 320 + 1, "memory"),
        (PLAIN._replace(overlap=True), 100, 320, "memory"),
        (PLAIN._replace(overlap=True, launch_s=10.0), 1, 1000, "launches"),
        (PLAIN._replace(byte_share=1.0), 1, 200 + 100, "products"),  # 1000 / (.5 * 10)
        (PLAIN._replace(byte_share=1.0, tensor=True), 1, 80 + 100, "launches"),
    ],
)
def test_seconds_are_those_of_what_binds(bound, members, seconds, most):
    assert cards.device_s(CARD, WORK, bound, members=members) == (pytest.approx(seconds), most)


def test_host_is_added_or_hidden():
    assert cards.per_hour(1.0, 3.0, overlap=False) == 900
    assert cards.per_hour(1.0, 3.0, overlap=True) == 1200
    assert cards.per_hour(1.0, 0.5, overlap=True) == 3600


def test_low_is_below_high_on_every_card():
    for card in cards.CARDS:
        low, _ = cards.device_s(card, WORK, cards.LOW, members=8)
        high, _ = cards.device_s(card, WORK, cards.HIGH, members=8)
        assert low > high


def test_rows_of_a_pod_are_multiples():
    args = argparse.Namespace(host_s=0.0, processes=1, pod_share=0.5)
    work = WORK._replace(flop=0.0, bytes=0.0, epochs=1, kernels=3.6e6)
    one, pod, *_ = forecast.cells(CARD, work, work, members=10, share=1.0, args=args)
    # low: 3.6e6 launches of 10 us, 3.6 s a member; high: of 2 us, .72 s
    assert one == ["stub", "10", "1,000 to 5,000", "1,000 to 5,000", "launches; launches"]
    assert pod[:3] == ["8 x stub", "80", "4,000 to 40,000"]


def _report(**changes) -> dict:
    rates = {"rates": {"vadjax": [50.0], "torch": [20.0]}, "ratios": {}}
    facts = {"peak_bytes": 1}
    case = {
        "measured": {"": rates},
        "facts": {"vadjax": {**facts, "flop": 7.0, "bytes": 3.0}, "torch": facts},
        "notes": {"vadjax": "", "torch": ""},
    }
    peaks = {"matmul_flop_per_s": 1000.0, "memory_bytes_per_s": 600.0}
    found = {"format": 1, "suite": "population", "unit": "windows", "peaks": peaks}
    return {**found, "results": {"4 members": case}, **changes}


def test_costs_and_share_are_read_from_a_report():
    assert forecast.measured([_report()]) == pytest.approx((7.0, 3.0, 0.35))
    with pytest.raises(UserError, match=r"bench\.py population"):
        forecast.measured([_report(suite="cam")])


def test_host_seconds_are_what_a_sweep_did_not_train(tmp_path):
    (tmp_path / "sweep.json").write_text('{"runs": {"old": {}, "a": {}, "b": {}}}')
    os.utime(tmp_path / "sweep.json", (1000, 1000))
    extracted = {"extract_frames": 40, "extract_frames_per_s": 20}
    for name, end, more in (("old", 900, {}), ("a", 1006, extracted), ("b", 1012, {})):
        run = tmp_path / "runs" / name
        run.mkdir(parents=True)
        timing = {"train_epochs_s": 3.0, "train_compile_s": 1.0, **more}
        (run / "timing.json").write_text(json.dumps(timing))
        (run / "metrics.json").write_text("{}")
        os.utime(run / "metrics.json", (end, end))
    assert forecast.host_s(tmp_path) == pytest.approx((12 - 4 - 4 - 2) / 2)
    os.utime(tmp_path / "sweep.json", (2000, 2000))
    with pytest.raises(UserError, match="its last command made no run"):
        forecast.host_s(tmp_path)
    with pytest.raises(UserError, match="not a finished sweep"):
        forecast.host_s(tmp_path / "none")
    (tmp_path / "runs" / "b" / "metrics.json").unlink()
    with pytest.raises(UserError, match="not a finished sweep"):
        forecast.host_s(tmp_path)


def test_state_and_batch_of_a_member():
    state, batch = cards.member_bytes()
    parameters = 128 * (1280 + 32 + 1) + 32 + 1
    assert batch == 32 * 10 * 1280 * 4
    # parameters, their best, Adam's two moments and the gradients, and a few scalars
    assert 5 * 4 * parameters <= state < 5 * 4 * parameters + 1000


def test_kernels_count_every_turn_of_a_loop():
    text = """
%body (p: (s32[], f32[4])) -> (s32[], f32[4]) {
  %p = (s32[], f32[4]{0}) parameter(0)
  %x = f32[4]{0} get-tuple-element(%p), index=1
  %y = f32[4]{0} fusion(%x), kind=kLoop, calls=%f
  %z = f32[4]{0} call(%y), to_apply=%two
  ROOT %t = (s32[], f32[4]{0}) tuple(%x, %z)
}

%two (p: f32[4]) -> f32[4] {
  %p = f32[4]{0} parameter(0)
  %a = f32[4]{0} copy(%p)
  ROOT %b = f32[4]{0} sort(%a), dimensions={0}
}

ENTRY %main (p: f32[4]) -> f32[4] {
  %p = f32[4]{0} parameter(0)
  %w = (s32[], f32[4]{0}) while(%p), condition=%c, body=%body, config={"known_trip_count":{"n":"7"}}
  %d = f32[4]{0} dot(%p, %p)
  ROOT %r = f32[4]{0} get-tuple-element(%w), index=1
}
"""
    assert kernels(text) == 7 * (1 + 2) + 1
    with pytest.raises(ValueError, match="turns are not known"):
        kernels(text.replace("known_trip_count", "other"))


def test_kernels_of_a_compiled_scan_grow_with_its_turns():
    def count(turns: int) -> int:
        def run(x):
            return jax.lax.scan(lambda c, _: (jnp.sin(c) @ c, None), x, None, length=turns)[0]

        return kernels(jax.jit(run).lower(jnp.ones((8, 8))).compile().as_text())

    assert count(300) - count(200) == count(200) - count(100) >= 100
