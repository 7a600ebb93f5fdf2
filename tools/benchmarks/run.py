"""Runs a suite: its cases one after another, into a report."""

import statistics
import sys
import tempfile
from collections.abc import Iterable, Mapping

from tools.benchmarks import alternate, peaks, report, sides
from vadjax.errors import UserError, unknown
from vadjax.storage.environment import environment


def run(
    suite: str, *, case: str = "", rounds: int = 0, dtype: str = "float32", keep_cache: bool = False
) -> dict:
    """Run a suite and return its report; prints results as they are measured.

    Args:
        suite: its name, see `alternate.load`.
        case: one case; "" is all of `CASES`.
        rounds: paired samples of each case; 0 is the suite's default, or 9.
        dtype: one of `precision.CHOICES`.
        keep_cache: use the usual cache of compiled programs, which makes compile times
            meaningless; otherwise every case starts with an empty cache.

    Raises:
        UserError: the case is unknown, or the suite has no such precision.
    """
    module = alternate.load(suite)
    if dtype not in getattr(module, "PRECISIONS", ("float32",)):
        raise UserError(f"suite {suite} knows no {dtype}: it runs in float32 alone.")
    cases = module.CASES
    if case:
        every = {**cases, **getattr(module, "EXTRA_CASES", {})}
        if case not in every:
            raise unknown("case", case, every)
        cases = {case: every[case]}
    found = start(suite, unit=module.UNIT, show=getattr(module, "SHOW", "rates"), dtype=dtype)
    found["rounds"] = rounds = rounds or getattr(module, "ROUNDS", 9)
    found["words"] += [word] if (word := getattr(module, "LEFT_OUT", "")) else []
    for name, wanted in cases.items():
        measure(found, suite, name, wanted, rounds=rounds, keep_cache=keep_cache)
        print_results(found, name)
    return found


def start(suite: str, *, unit: str, show: str, dtype: str) -> dict:
    """Return a report without results, with the machine's peaks."""
    measured = peaks.of_machine(sides.environment(dtype=dtype))
    found = {
        "format": report.FORMAT,
        "suite": suite,
        "unit": unit,
        "show": show,
        "precision": dtype,
        "rounds": 0,
        "environment": environment(measured["device"]),
        "peaks": measured,
        "words": [],
        "results": {},
    }
    print(report.machine(found), flush=True)
    return found


def measure(
    found: dict, suite: str, name: str, wanted: Iterable, *, rounds: int, keep_cache: bool
) -> bool:
    """Measure a case into the report; return success, the reason of a failure is in `words`."""
    there = sides.present(wanted)
    absent = [side for side in wanted if side not in there]
    for side in absent:
        word = f"{side} cannot be imported here and is left out"
        if word not in found["words"]:
            found["words"].append(word)
    with tempfile.TemporaryDirectory(prefix="vadjax-bench-") as folder:
        env = sides.environment(dtype=found["precision"], cache_dir="" if keep_cache else folder)
        try:
            result = alternate.compare(suite, name, there, rounds=rounds, env=env)
        except alternate.EndedEarly as error:
            found["words"].append(f"case {name} failed: {error}")
            print(f"bench: {error}", file=sys.stderr, flush=True)
            return False
    found["results"][name] = result
    return True


def failed(found: Mapping) -> bool:
    """Return whether a case of the report failed."""
    return any(word.startswith("case ") for word in found["words"])


def print_results(found: Mapping, case: str) -> None:
    """Print a line for each side of a case."""
    for row in report.rows(found):
        if row["case"] != case:
            continue
        cells = report.cells(row, found["show"])
        print(": ".join(filter(None, cells[:3])) + (f", ratio {cells[3]}" if cells[3] else ""))
    sys.stdout.flush()


def summary(found: Mapping) -> str:
    """Return a line with the ratios of the best rates, where a suite measures "best"."""
    ratios = [
        result["measured"]["best"]["ratios"]["torch"]["median"]
        for result in found["results"].values()
        if "torch" in result["measured"].get("best", {}).get("ratios", {})
    ]
    if not ratios:
        return ""
    mean = statistics.geometric_mean(ratios)
    least = f"{mean:.2f}, least {min(ratios):.2f}"
    return f"Geometric mean of {len(ratios)} ratios, best against best: {least}."
