"""`tools/bench.py all --quick`: one table, one file a machine, and what counts as slower."""

import copy
import json
import os
import sys

import pytest

from tests.tools.test_bench import ME, ROOT, here, known, reported  # noqa: F401 - fixtures
from tools.benchmarks import doc_tables, machine_record, onednn, others, overview, quick, report
from tools.benchmarks.alternate import load
from vadjax.errors import UserError

QUIET, LOUD = 0.1, 1.8


@pytest.fixture
def suite(known):  # noqa: F811
    """Return what makes a suite's report."""

    def make(rates, *, used=QUIET, peak=10**9, unit="windows", name="scanner"):
        one = reported(known, copy.deepcopy(rates))
        one["results"]["train"]["facts"]["vadjax"]["peak_bytes"] = peak
        return {**one, "others": used, "unit": unit, "suite": name}

    return make


def test_every_suite_has_quick_cases_that_exist():
    sys.path.insert(0, str(ROOT))
    from tools import bench

    names = {name.replace("-", "_") for name in bench.SUITES} - {"all", "docs"}
    assert set(quick.PLAN) == names
    for name in names - set(quick.ALONE):
        module = load(name)
        there = {**module.CASES, **getattr(module, "EXTRA_CASES", {})}
        assert set(quick.PLAN[name]) <= set(there), name


def test_what_counts_as_busy_is_the_work_of_others(monkeypatch, tmp_path):
    tick, now = os.sysconf("SC_CLK_TCK"), [100.0, 50.0, 7.0]  # all that worked, ours, the clock
    stat = tmp_path / "stat"

    def tell():
        work = int(now[0] * tick)
        stat.write_text(f"cpu  {work} 0 0 99999 5 0 0 0 0 0\ncpu0 1 2 3 4 5 6 7\n")

    tell()
    monkeypatch.setattr(others, "_STAT", stat)
    monkeypatch.setattr(others.os, "times", lambda: (now[1] - 4, 1.0, 2.0, 1.0, now[2]))
    monkeypatch.setattr(others.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(others.time, "monotonic", lambda: now[2])
    counted = others.Others()
    now[:] = 125.0, 60.0, 17.0  # 25 s of work in 10 s, 10 of which are ours
    tell()
    assert counted.cores() == pytest.approx(1.5, abs=0.01)
    now[1] = 75.0  # all of it ours
    assert counted.cores() == 0.0
    monkeypatch.setattr(others, "_STAT", tmp_path / "none")
    monkeypatch.setattr(others.os, "getloadavg", lambda: (1.6, 1.0, 1.0))
    assert counted.cores() == pytest.approx(0.6)


def test_suites_are_chosen_by_name():
    assert list(quick.some("cam, end-to-end")) == ["cam", "end_to_end"]
    assert quick.some("") == quick.PLAN
    with pytest.raises(UserError, match="choose one of autoencoder, backbones"):
        quick.some("cams")


def test_a_plan_is_measured_and_what_is_left_out_is_named(known, here, monkeypatch):  # noqa: F811
    monkeypatch.setattr(quick.peaks, "of_machine", lambda env: known["peaks"])
    monkeypatch.delenv("VADJAX_PED2", raising=False)
    plan = {ME: ("stub", "fails"), "extract": ("extract, quick",)}
    found = quick.measure(plan=plan)
    assert list(found["suites"]) == [ME] and list(found["suites"][ME]["results"]) == ["stub"]
    assert found["left_out"]["extract"] == "VADJAX_PED2 names no folder"
    assert "failed" in found["left_out"][f"{ME}, fails"]
    assert 0 <= found["suites"][ME]["others"] <= (os.cpu_count() or 1)
    table = overview.summary(found["suites"], {})
    assert [row[1] for row in table] == ["stub, first", "stub, second"]
    assert table[0][3].startswith("json: 2.00") and table[0][4:] == ["", ""]
    late = quick.measure(plan={ME: ("stub",)}, seconds=-1)
    assert not late["suites"] and "were spent" in late["left_out"][f"{ME}, stub"]


def test_a_record_keeps_what_was_not_measured_again(suite, tmp_path):
    first = suite({"vadjax": [10.0, 10.1], "torch": [5.0, 5.0]})
    path = machine_record.write({"suites": {"scanner": first}}, tmp_path)
    assert path.name == "cpu-a_processor-2_cores.json"
    other = copy.deepcopy(first)
    other["results"] = {"score": first["results"]["train"]}
    machine_record.write({"suites": {"scanner": other, "cam": first}}, tmp_path)
    read = machine_record.read(first["environment"], tmp_path)
    assert list(read) == ["scanner", "cam"] and list(read["scanner"]["results"]) == [
        "train",
        "score",
    ]
    assert machine_record.read({**first["environment"], "cpu_count": 64}, tmp_path) == {}
    path.write_text("{}")
    with pytest.raises(UserError, match=r"no record of tools/bench\.py all"):
        machine_record.read(first["environment"], tmp_path)


def test_the_table_shows_this_and_the_last_figures(suite):
    old = {"scanner": suite({"vadjax": [20.0, 20.0], "torch": [5.0, 5.0]})}
    new = {"scanner": suite({"vadjax": [10.0, 10.0], "torch": [5.0, 5.0]})}
    ((name, case, rate, ratio, last, factor),) = overview.summary(new, old)
    assert (name, case, factor) == ("scanner", "train", "0.50")
    assert rate.startswith("10.0 windows/s") and ratio == "torch: 2.00 [2.00, 2.00]"
    assert last == "4.00 [4.00, 4.00]"
    ((*_, why, last, factor),) = overview.summary(
        {"scanner": suite({"vadjax": [8.0, 8.0]})}, {"scanner": suite({"vadjax": [4.0, 4.0]})}
    )
    assert why == "no peer" and last.startswith("4.0 windows/s") and factor == "2.00"


def test_a_ratio_that_is_lost_fails_everywhere_and_a_rate_on_an_idle_machine(suite):
    def lost(old, new, **how):
        return overview.losses({"s": suite(new, **how)}, {"s": suite(old)})

    quick_ones, slow_ones = [10.0, 10.1, 9.9], [6.0, 6.1, 5.9]
    torch = {"torch": [5.0, 5.0, 5.0]}
    assert lost({"vadjax": quick_ones, **torch}, {"vadjax": slow_ones, **torch}, used=LOUD)
    assert not lost({"vadjax": slow_ones, **torch}, {"vadjax": quick_ones, **torch})
    # A tenth is within what days differ by; scatter hides a loss.
    assert not lost({"vadjax": quick_ones, **torch}, {"vadjax": [9.0, 9.1, 8.9], **torch})
    assert not lost({"vadjax": quick_ones, **torch}, {"vadjax": [20.0, 2.0, 6.0], **torch})
    assert lost({"vadjax": quick_ones}, {"vadjax": slow_ones})
    assert not lost({"vadjax": quick_ones}, {"vadjax": slow_ones}, used=LOUD)
    assert lost({"vadjax": [10.0]}, {"vadjax": [4.0]}) and not lost(
        {"vadjax": [10.0]}, {"vadjax": [6.0]}
    )


def test_memory_that_grows_fails_where_a_suite_measures_it(suite):
    rates = {"vadjax": [1.0]}
    old = {"memory": suite(rates, unit="stages", used=LOUD)}
    more = {"memory": suite(rates, unit="stages", used=LOUD, peak=13 * 10**8)}
    assert overview.losses(more, old) == ["memory: train: 1300 MB, 1000 committed"]
    assert not overview.losses(old, more)
    assert not overview.losses({"scanner": suite(rates, peak=10**10)}, {"scanner": suite(rates)})


def test_busy_machines_are_marked_in_the_tables(suite, tmp_path):
    found = {"a": suite({"vadjax": [1.0]}), "b": suite({"vadjax": [1.0]}, used=LOUD)}
    machine_record.write({"suites": found}, tmp_path)
    text = doc_tables.page(f"before\n{doc_tables.BEGIN}old{doc_tables.END}\nafter", tmp_path)
    assert text.startswith("before") and text.endswith("after") and "old" not in text
    assert "- a: idle (others used 0.1 of 2 cores), 3 rounds" in text
    assert "- b: **busy with other work** (others used 1.8 of 2 cores)" in text
    assert doc_tables.page(text, tmp_path) == text
    with pytest.raises(UserError, match="lost the marks"):
        doc_tables.page("nothing", tmp_path)


def test_the_page_holds_the_tables_of_the_committed_files():
    """Else: python tools/bench.py docs."""
    text = doc_tables.PAGE.read_text(encoding="utf-8")
    assert doc_tables.page(text) == text


def test_committed_records_name_their_machine_and_its_load():
    for path in machine_record.FOLDER.glob("*.json"):
        assert path.stat().st_size < 500_000
        for one in machine_record.suites_of(path).values():
            assert machine_record.name_of(one["environment"]) == path.stem
            assert one["others"] >= 0 and one["environment"]["versions"]["jax"]
            assert one["format"] == report.FORMAT and json.dumps(one)


def test_calls_of_libraries_are_read_from_a_program():
    text = 'custom-call(a), custom_call_target="__onednn$matmul" fusion(b), "__ynn_fusion" x'
    assert onednn.calls_in(text) == ["__onednn$matmul", "__ynn_fusion"]
    assert onednn.calls_in("dot(a, b)") == []
