"""Every suite in ten minutes: `python tools/bench.py all --quick`.

A case or two of each suite, small, in few rounds. What does not fit into the time is named, not
measured. Suites without sides (`many`, `memory`, `copies`, `clips`) become reports as well: a unit
is one evaluation, stage, search or part, and its peak memory is that of its process.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping

from tools.benchmarks import alternate, copies, many, memory, peaks, report, run, short_clips, sides
from tools.benchmarks.others import Others
from vadjax.errors import unknown
from vadjax.storage.environment import environment

SECONDS = 600.0
ROUNDS = 3
# Suite -> its cases; what says most of vadjax comes first, should the time not suffice.
PLAN: dict[str, tuple[str, ...]] = {
    "scanner": ("score LSTM 32, quick", "train contiguous, quick"),
    "population": ("4 members",),
    "backbones": ("tf_efficientnet_lite0",),
    "extract": ("extract, quick",),
    "evaluate": ("bootstrap",),
    "many": ("1,000 clips of 200 frames", "20,000 clips as a stream"),
    "end_to_end": ("synthetic, quick",),
    "autoencoder": ("dense",),
    "chunked": ("lstm, quick",),
    "video": ("score 2-D",),
    "cam": ("tf_efficientnet_lite0, quick",),
    "images": ("patchcore",),
    "copies": ("100 clips",),
    "clips": ("1,000 clips of 16 frames",),
    "tables": ("tables of 1,000 runs",),
    "compile": ("score LSTM 32",),
    "curves": ("videos 100",),
    "memory": ("2,000 frames",),
}
ONE_ROUND = ("end_to_end", "compile", "tables")  # a round of theirs takes long
NEEDS = {"extract": "VADJAX_PED2"}


def some(names: str) -> dict[str, tuple[str, ...]]:
    """Return the plan of suites that are named, with commas between; "" is all of them.

    Raises:
        UserError: one is unknown.
    """
    wanted = [name.strip().replace("-", "_") for name in names.split(",") if name.strip()]
    for name in wanted:
        if name not in PLAN:
            raise unknown("suite", name, PLAN)
    return {name: PLAN[name] for name in wanted or PLAN}


def measure(*, seconds: float = SECONDS, plan: Mapping[str, tuple[str, ...]] = PLAN) -> dict:
    """Measure the suites of a plan.

    Args:
        seconds: after which no further case begins.
        plan: suite -> cases.

    Returns:
        {"suites": {suite: a report, with "others": how many cores other processes used while it
        was measured, the most of its cases}, "left_out": {suite, or suite and case: why},
        "seconds": spent}.
    """
    start = time.perf_counter()
    measured = peaks.of_machine(sides.environment(dtype="float32"))
    found: dict = {"suites": {}, "left_out": {}}
    for suite, cases in plan.items():
        variable = NEEDS.get(suite, "")
        if variable and not os.environ.get(variable):
            found["left_out"][suite] = f"{variable} names no folder"
            continue
        for case in cases:
            spent = time.perf_counter() - start
            if spent > seconds:
                found["left_out"][f"{suite}, {case}"] = f"the {seconds:.0f} s were spent"
                continue
            others = Others()
            print(f"[{spent:.0f} s] {suite}, {case}", flush=True)
            one = _one(suite, case, measured)
            if run.failed(one):
                found["left_out"][f"{suite}, {case}"] = one["words"][-1]
                continue
            one["others"] = round(others.cores(), 2)
            kept = found["suites"].setdefault(suite, one)
            kept["results"] |= one["results"]
            kept["others"] = max(kept["others"], one["others"])
    found["seconds"] = time.perf_counter() - start
    return found


def _one(suite: str, case: str, measured: Mapping) -> dict:
    if suite in ALONE:
        return ALONE[suite](case, measured)
    module = alternate.load(suite)
    wanted = {**module.CASES, **getattr(module, "EXTRA_CASES", {})}[case]
    one = blank(suite, measured, unit=module.UNIT, show=getattr(module, "SHOW", "rates"))
    one["rounds"] = 1 if suite in ONE_ROUND else ROUNDS
    if run.measure(one, suite, case, wanted, rounds=one["rounds"], keep_cache=False):
        run.print_results(one, case)
    return one


def blank(suite: str, measured: Mapping, *, unit: str, show: str) -> dict:
    """Return a report without results.

    Args:
        suite: its name.
        measured: the machine's peaks.
        unit: of the rates.
        show: "rates" or "seconds".

    Returns:
        See `report`.
    """
    return {
        "format": report.FORMAT,
        "suite": suite,
        "unit": unit,
        "show": show,
        "precision": "float32",
        "rounds": 1,
        "environment": environment(measured["device"]),
        "peaks": dict(measured),
        "words": [],
        "results": {},
    }


def of_seconds(seconds: float, peak_bytes: float) -> dict:
    """Return a result of a suite without sides: one round of ours, and its memory."""
    rates = {"vadjax": [1 / seconds]}
    return {
        "notes": {"vadjax": ""},
        "facts": {"vadjax": {"peak_bytes": int(peak_bytes)}},
        "measured": {"": {"rates": rates, "ratios": {}}},
    }


def _many(case: str, measured: Mapping) -> dict:
    one = blank("many", measured, unit="evaluations", show="seconds")
    if case.endswith("stream"):
        seconds, _, size, _ = many.stream(20_000)
    else:
        ((*_, seconds, size, _),) = many.run(((1_000, 200, 200),))
    one["results"][case] = of_seconds(seconds, size)
    return one


def _copies(case: str, measured: Mapping) -> dict:
    one = blank("copies", measured, unit="searches", show="seconds")
    found = copies.run((100,))[100]
    one["results"][case] = of_seconds(found["seconds"], 1e6 * found["peak"])
    return one


def _clips(case: str, measured: Mapping) -> dict:
    one = blank("clips", measured, unit="parts", show="seconds")
    for part, seconds, _, size in short_clips.run(1_000):
        one["results"][f"{case}, {part}"] = of_seconds(seconds, 2**20 * size)
    return one


def _memory(case: str, measured: Mapping) -> dict:
    one = blank("memory", measured, unit="stages", show="seconds")
    stages = ("extract", "train", "score", "evaluate", "report")
    try:
        (found,) = memory.run([2000], train=400, backbone="pixels", stages=stages).values()
    except RuntimeError as error:
        one["words"].append(f"case {case} failed: {error}")
        print(f"bench: {error}", file=sys.stderr, flush=True)
        return one
    for stage, (size, seconds) in found.items():
        one["results"][f"{case}, {stage}"] = of_seconds(seconds, size)
    return one


ALONE: dict[str, Callable[[str, Mapping], dict]] = {
    "many": _many,
    "copies": _copies,
    "clips": _clips,
    "memory": _memory,
}
