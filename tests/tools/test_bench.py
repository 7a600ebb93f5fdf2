"""The logic of tools/bench.py; nothing here depends on how fast the machine is."""

import copy
import csv
import json
import os
import pathlib
import subprocess
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec

import vadjax
from tools.benchmarks import (
    alternate,
    curve_plot,
    curves,
    end_to_end,
    facts,
    peaks,
    precision,
    regressions,
    report,
    run,
    scanner,
    sides,
    write,
)
from tools.benchmarks.cost import Cost, count
from vadjax.errors import UserError

ROOT = pathlib.Path(__file__).parents[2]


# The stub suite that the processes of `alternate` import: this module.


def _stub(rate: float, note: str):
    def setup():
        def sample():
            sample.runs += 1
            return {"first": rate, "second": 2 * rate + sample.runs}

        sample.runs, sample.note = 0, note
        sample.cost = lambda: Cost(10.0, 4.0)
        return sample

    return setup


def _failing():
    raise RuntimeError("the stub fails")


UNIT = "things"
CASES = {
    "stub": {"vadjax": _stub(6.0, "ours"), "json": _stub(3.0, ""), "no_such_package": _failing},
    "fails": {"vadjax": _failing},
}
ME = "tests.tools.test_bench"


@pytest.fixture
def here(monkeypatch):
    """Let the processes of the sides find this module, as `tools/bench.py` finds its own."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture(scope="module")
def known() -> dict:
    """Return what a report says of the machine, made up."""
    device = {"backend": "cpu", "device": "cpu", "num_devices": 1, "cpu_count": 2}
    versions = {"processor": "a processor", "python": "3.11", "versions": {"jax": "0"}}
    return {
        "format": report.FORMAT,
        "suite": "scanner",
        "unit": "windows",
        "show": "rates",
        "precision": "float32",
        "rounds": 3,
        "environment": {**device, **versions, "commit": None},
        "peaks": {
            "matmul_flop_per_s": 1000.0,
            "matmul_dtype": "float32",
            "memory_bytes_per_s": 500.0,
            "device": device,
        },
        "words": [],
        "results": {},
    }


def reported(known, rates: dict, *, ours: dict | None = None) -> dict:
    """Return a report of the case "train"."""
    side_facts = {side: {"first_s": 1.0, "peak_bytes": 10**9} for side in rates}
    side_facts["vadjax"].update(ours or {})
    ratios = {s: alternate.ratio(rates["vadjax"], rates[s]) for s in rates if s != "vadjax"}
    result = {
        "notes": dict.fromkeys(rates, ""),
        "facts": side_facts,
        "measured": {"": {"rates": rates, "ratios": ratios}},
    }
    return {**copy.deepcopy(known), "results": {"train": result}}


# Processes that take turns.


def test_sides_take_turns_in_processes_of_their_own(known, here):
    found = copy.deepcopy(known)
    assert run.measure(found, ME, "stub", CASES["stub"], rounds=2, keep_cache=False)
    result = found["results"]["stub"]
    assert result["measured"]["first"]["rates"] == {"vadjax": [6.0, 6.0], "json": [3.0, 3.0]}
    # The first run, number 1, is not counted.
    assert result["measured"]["second"]["rates"]["vadjax"] == [14.0, 15.0]
    assert result["measured"]["first"]["ratios"]["json"]["rounds"] == [2.0, 2.0]
    assert result["notes"] == {"vadjax": "ours", "json": ""}
    known_of = result["facts"]["vadjax"]
    assert known_of["flop"] == 10 and known_of["bytes"] == 4
    assert known_of["compile_s"] == 0  # the stub compiles nothing
    assert known_of["peak_bytes"] > 1e7 and known_of["first_s"] > 0
    assert found["words"] == ["no_such_package cannot be imported here and is left out"]


def test_a_side_that_fails_is_a_failed_case_and_no_end(known, here, capfd):
    found = copy.deepcopy(known)
    assert not run.measure(found, ME, "fails", CASES["fails"], rounds=1, keep_cache=True)
    assert run.failed(found) and not found["results"]
    assert "the stub fails" in capfd.readouterr().err


def test_unknown_case_and_precision_say_what_there_is():
    with pytest.raises(UserError, match="choose one of fails, stub"):
        run.run(ME, case="stubb")
    with pytest.raises(UserError, match="knows no bfloat16"):
        run.run(ME, dtype="bfloat16")


def test_bench_answers_a_wrong_compare_file_in_a_line(tmp_path):
    wrong = tmp_path / "wrong.json"
    wrong.write_text("{}")
    command = [sys.executable, "tools/bench.py", "end-to-end", f"--compare={wrong}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "is no report of tools/bench.py" in done.stderr


def test_environment_of_the_sides(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    env = sides.environment(dtype="bfloat16", cache_dir="/somewhere")
    assert env["KERAS_BACKEND"] == "torch" and env["JAX_COMPILATION_CACHE_DIR"] == "/somewhere"
    monkeypatch.setenv(precision.VARIABLE, env[precision.VARIABLE])
    assert precision.dtype() == "bfloat16" and precision.keras_policy() == "mixed_bfloat16"
    assert sides.present(["vadjax", "json", "no_such_package"]) == ["vadjax", "json"]


# Cost: XLA's analysis with loops counted out.


def test_loops_count_as_often_as_they_turn():
    x, w = jnp.ones((8, 64)), jnp.ones((64, 64))
    product = 2 * 8 * 64 * 64

    def inner(x):
        return jax.lax.scan(lambda c, _: (c @ w, None), x, None, length=5)[0]

    def outer(x):
        return jax.lax.map(lambda row: inner(x) + row, jnp.arange(3.0))

    assert count(lambda x: x @ w, x).flop == product
    assert count(inner, x).flop == pytest.approx(5 * product, rel=0.01)
    assert count(outer, x).flop == pytest.approx(15 * product, rel=0.01)
    moved = 5 * 4 * (2 * 8 * 64 + 64 * 64)  # XLA may copy the carry beside
    assert moved <= count(inner, x).bytes < 1.5 * moved
    for unroll in (2, 5):  # a body of two turns and one beside it; no loop at all

        def some(x, unroll=unroll):
            return jax.lax.scan(lambda c, _: (c @ w, None), x, None, length=5, unroll=unroll)[0]

        assert count(some, x).flop == pytest.approx(5 * product, rel=0.01)


def test_a_loop_of_unknown_length_is_refused():
    with pytest.raises(ValueError, match="while loop"):
        count(lambda x: jax.lax.while_loop(lambda c: c < 9, lambda c: c + x, x), 1.0)


def test_all_devices_of_a_shard_map_count():
    mesh = jax.make_mesh((1,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    x = jnp.ones((4, 8, 8))

    def share(x):  # the scan's body speaks of the mesh's axis
        return jax.lax.map(lambda m: m @ m + jax.lax.axis_index("data"), x)

    split = PartitionSpec("data")
    mapped = jax.shard_map(share, mesh=mesh, in_specs=split, out_specs=split, check_vma=False)
    assert count(mapped, x).flop == pytest.approx(4 * 2 * 8**3, rel=0.15)  # additions beside


def products(windows: int, rows: int, *, length: int, width: int, units: int) -> tuple[int, int]:
    """Return the FLOP of an LSTM's projection and of its recurrence, by the book."""
    return 2 * rows * width * 4 * units, 2 * windows * length * units * 4 * units


@pytest.mark.parametrize("batches", ["windows", pytest.param("runs", marks=pytest.mark.slow)])
def test_flop_of_training_an_lstm_are_those_of_the_book(batches):
    from tools.benchmarks import epochs

    shape = scanner.Shape(units=(256,), length=6, width=128, batch=64, steps=2)
    config = epochs.config_of("classify", units=shape.units)
    config.train.batch_size, config.train.batches = shape.batch, batches
    arrays = scanner.data(shape, contiguous=batches == "runs")
    assert arrays[2].shape == (128, 6)
    sample = epochs.sample_of(config, *arrays)
    assert sample() > 0
    cost = sample.cost()
    sizes = {"length": 6, "width": 128, "units": 256}
    # A run of 64 windows at stride 1 projects 69 rows. One window is held out, alone or in a run.
    rows, held_out = (64 * 6, 1) if batches == "windows" else (64 + 6 - 1, 64)
    projection, recurrence = products(64, rows, **sizes)
    # Forward, and a product for each factor backward; the features need no gradient.
    book = shape.steps * (2 * projection + 3 * recurrence) + sum(products(held_out, 6, **sizes))
    # Beside it stand the gates and Adam.
    assert book < cost.flop * 128 < 1.04 * book
    assert cost.bytes > 4 * 128


# Compilation, memory, peaks.


def test_compilation_is_seen():
    watch = facts.Watch(compiles=True)
    shape = int(time.time()) % 1000 + 2  # not compiled before
    before = watch.compile_s()
    jax.jit(lambda x: jnp.sin(x) @ x.T)(np.ones((shape, 3)))
    assert watch.compile_s() > before
    assert facts.covered([(0, 2), (1, 3), (5, 6)]) == 4


def test_peak_memory_keeps_what_was_held(here):
    script = (
        "import numpy; from tools.benchmarks import facts; held = numpy.ones(25_000_000); del held;"
        "print(facts.peak_bytes())"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert 200e6 < int(done.stdout) < 500e6  # the array takes 200 MB


def test_peaks_are_measured():
    found = peaks.measure(side=64, elements=1 << 12)
    assert found["matmul_flop_per_s"] > 0 and found["memory_bytes_per_s"] > 0
    assert found["device"]["backend"] == jax.default_backend()


# Reports.


def test_rows_know_rates_ratios_and_shares(known):
    rates = {"vadjax": [10.0, 12.0, 11.0], "torch": [5.0, 6.0, 5.5]}
    found = reported(known, rates, ours={"flop": 20.0, "bytes": 5.0, "compile_s": 2.0})
    ours, theirs = report.rows(found)
    assert ours["per_s"] == 11 and (ours["per_s_min"], ours["per_s_max"]) == (10, 12)
    assert ours["flop_per_s"] == 220 and ours["matmul_share"] == 0.22
    assert ours["bytes_per_s"] == 55 and ours["memory_share"] == 0.11
    assert ours["vadjax_ratio"] is None and theirs["vadjax_ratio"] == 2
    assert theirs["flop_per_s"] is None and theirs["compile_s"] is None


def test_files_are_named_and_agree(known, tmp_path):
    found = reported(known, {"vadjax": [10.0, 12.0], "torch": [5.0, 6.0]})
    paths = write.write({**found, "precision": "bfloat16"}, tmp_path / "new")
    names = [
        f"scanner-cpu-bfloat16-{vadjax.__version__}.{ending}" for ending in ("json", "md", "csv")
    ]
    assert [path.name for path in paths] == names
    read = json.loads(paths[0].read_text())
    assert read["results"]["train"]["measured"][""]["rates"]["vadjax"] == [10.0, 12.0]
    rows = list(csv.DictReader(paths[2].open()))
    assert [row["side"] for row in rows] == ["vadjax", "torch"]
    assert float(rows[1]["vadjax_ratio"]) == 2
    text = paths[1].read_text()
    assert "| train | torch | 5.5 windows/s [5.0, 6.0] | 2.00 [2.00, 2.00] |" in text


def test_slow_units_are_shown_in_seconds(known):
    rates = {"vadjax": [0.01, 0.02, 0.04]}
    table = {"nothing cached": {"wall": 90.0, "train": 5.0}, "cached, median": {"wall": 50.0}}
    text = report.markdown(reported(known, rates, ours={"seconds": table}))
    assert "50.0 s [25.0, 100.0]" in text
    assert "| wall | 90.0 | 50.0 |" in text and "| train | 5.0 |  |" in text


def test_whole_runs_keep_the_first_apart(monkeypatch):
    wall = iter([90.0, 50.0, 52.0, 60.0])

    def main(command, **_):  # stands in for `python -m vadjax.main`
        (workdir,) = [word.split("=")[1] for word in command if word.startswith("--workdir")]
        pathlib.Path(workdir).mkdir()
        now[0] += (seconds := next(wall))
        timing = {"train_s": seconds / 10, "extract_frames": 7}
        (pathlib.Path(workdir) / "timing.json").write_text(json.dumps(timing))
        return subprocess.CompletedProcess(command, 0)

    now = [0.0]
    monkeypatch.setattr(end_to_end.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(end_to_end.subprocess, "run", main)
    sample = end_to_end.run_main("synthetic_lstm")
    assert [sample() for _ in range(4)] == [1 / 90, 1 / 50, 1 / 52, 1 / 60]
    assert sample.seconds == {
        "nothing cached": {"wall": 90.0, "train": 9.0},
        "cached, median": {"wall": 52.0, "train": 5.2},
    }


# Regressions.


def test_a_loss_beyond_the_noise_is_seen_and_one_within_is_not(known):
    quiet = [1.00, 1.01, 0.99, 1.00, 1.02]
    loud = [1.00, 1.40, 0.70, 1.10, 0.80]

    def slower(old, new):
        (change,) = regressions.changes(
            reported(known, {"vadjax": old}), reported(known, {"vadjax": new})
        )
        return change.slower

    less = [0.9 * rate for rate in quiet]
    assert slower(quiet, less)
    assert not slower(less, quiet)
    assert not slower(quiet, quiet)
    assert not slower(loud, [0.9 * rate for rate in loud])
    assert slower([2.0, 2.0], [1.9, 1.9])  # no noise at all
    assert not slower([2.0], [1.0])  # one round has no spread


def test_the_ratio_goes_before_the_rate(known):
    old = reported(known, {"vadjax": [10.0, 10.1, 9.9], "torch": [5.0, 5.0, 5.0]})
    drifted = reported(known, {"vadjax": [5.0, 5.1, 4.9], "torch": [2.5, 2.5, 2.5]})
    (change,) = regressions.changes(old, drifted)
    assert change.name == "train, vadjax / torch" and not change.slower
    alone = reported(known, {"vadjax": [5.0, 5.1, 4.9]})
    (change,) = regressions.changes(old, alone)
    assert change.name == "train, vadjax's rate" and change.slower


def test_what_cannot_be_compared_is_refused(known, tmp_path):
    old = reported(known, {"vadjax": [1.0, 1.1]})
    with pytest.raises(UserError, match="precision: float32 there, bfloat16 here"):
        regressions.changes(old, {**old, "precision": "bfloat16"})
    gpu = copy.deepcopy(old)
    gpu["environment"]["device"] = "NVIDIA H100"
    with pytest.raises(UserError, match="device: cpu there, NVIDIA H100 here"):
        regressions.changes(old, gpu)
    other = {**old, "results": {"score": old["results"]["train"]}}
    with pytest.raises(UserError, match="share no case"):
        regressions.changes(old, other)
    assert regressions.missing(old, other) == ["train"]
    with pytest.raises(UserError, match="cannot be read"):
        regressions.read(tmp_path / "none.json")
    write.write(old, tmp_path)
    assert regressions.read(tmp_path / f"scanner-cpu-float32-{vadjax.__version__}.json") == old


# Curves.


def walked(known, axis: str, *, seconds_of, budget: float, devices: int = 4, monkeypatch) -> list:
    """Return the values that `curves.walk` measures when a point takes `seconds_of(value)`."""
    now, seen, found = [0.0], [], {**copy.deepcopy(known), "suite": "curves"}

    def measure(found, suite, case, wanted, *, rounds, keep_cache):
        seen.append(int(case.removeprefix(f"{axis} ")))
        now[0] += (seconds := seconds_of(seen[-1])) or 0
        if seconds is None:
            return False
        rates = [float(seen[-1])] * 2
        result = reported(known, {"vadjax": rates})["results"]["train"]
        found["results"][case] = result
        return True

    monkeypatch.setattr(curves.time, "perf_counter", lambda: now[0])
    curves.walk(found, axis, budget=budget, devices=devices, keep_cache=False, measure=measure)
    return seen, found


def test_an_axis_ends_with_its_time_its_devices_or_its_memory(known, monkeypatch):
    def walk(axis, **options):
        return walked(known, axis, monkeypatch=monkeypatch, **options)

    # 16 members took 16 s: 32 would take 32, and 31 of 40 s are spent.
    seen, found = walk("members", seconds_of=float, budget=40)
    assert seen == [1, 2, 4, 8, 16]
    assert found["words"] == ["members: ended before 32, its 40 s were spent"]
    assert walk("devices", seconds_of=float, budget=999, devices=4)[0] == [1, 2, 4]
    seen, found = walk("members", seconds_of=lambda v: 1 if v < 8 else None, budget=999)
    assert seen == [1, 2, 4, 8] and [v for v, _ in curves.points(found, "members")] == [1, 2, 4]


def test_curves_are_printed_and_drawn(known, tmp_path, monkeypatch):
    _, found = walked(known, "members", seconds_of=float, budget=40, monkeypatch=monkeypatch)
    text = curves.markdown(found)
    assert "| members | training windows/s, median [rounds] |" in text
    assert "| 16 | 16.0 windows/s [16.0, 16.0] |" in text
    assert "Full at 16 members" in text and "devices" not in text.split("\n", 3)[3].split("Full")[0]
    curve_plot.draw(found, tmp_path / "curves.svg")
    assert "<svg" in (tmp_path / "curves.svg").read_text()
    with pytest.raises(UserError, match="nothing to draw"):
        curve_plot.draw({**found, "results": {}}, tmp_path / "none.svg")


def test_short_clips_are_stored_read_back_and_audited(capsys):
    from tools.benchmarks import short_clips

    found = short_clips.run(20)
    assert [part for part, *_ in found][-1] == "audit" and all(row[1] > 0 for row in found)
    assert "18 test windows, clean" in capsys.readouterr().out  # 2 clips of 16 - 8 + 1
    assert f"{sum(row[1] for row in found):.1f}" in short_clips.markdown(20, found)


def test_every_suite_holds_cases_of_ours():
    sys.path.insert(0, str(ROOT))
    from tools import bench

    for name in set(bench.SUITES) - {"all", "docs", "many", "memory", "copies", "clips"}:
        module = alternate.load(name.replace("-", "_"))
        assert module.CASES and module.UNIT and all("vadjax" in c for c in module.CASES.values())
    assert "train contiguous" in alternate.load("scanner").CASES
    assert os.environ.get("VADJAX_PED2") or list(alternate.load("end_to_end").CASES) == [
        "synthetic"
    ]


def test_large_test_sets_are_evaluated(capsys):
    from tools.benchmarks import many

    ((num, frames, held, seconds, peak, spent),) = many.run(((12, 40, 9),))
    assert (num, frames, held) == (12, 40, 9) and 0 < seconds < 60 and peak > 1e7 and spent > 0
    assert "| 12 | 40 | 9 |" in many.markdown([(12, 40, 9, 0.1, 1e8, 0.1)])
