"""Measure vadjax beside its peers: `python tools/bench.py SUITE [--rounds=9]`.

Each side has a process of its own and they take turns; what counts is the ratio of one round,
its median and its spread, since machines drift. Without torch (`make parity` installs it) vadjax
is measured alone.
"""

import argparse
import importlib.util
import json
import pathlib
import statistics
import sys

ROOT = pathlib.Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tools.benchmarks.alternate import compare  # noqa: E402
from vadjax.storage import workdir  # noqa: E402

SUITES = ("scanner", "population", "extract", "backbones", "evaluate", "cam")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("suite", choices=SUITES)
    parser.add_argument("--rounds", type=int, default=9, help="paired samples of each case")
    parser.add_argument("--case", default="", help="one case alone")
    parser.add_argument("--json", default="", help="also write the result here")
    args = parser.parse_args()
    suite = importlib.import_module(f"tools.benchmarks.{args.suite}")
    environment = workdir.environment({})
    print(f"{environment['processor']}, {environment['platform']}, {environment['versions']}")
    results = {}
    cases = suite.CASES
    if args.case:
        every = {**cases, **getattr(suite, "EXTRA_CASES", {})}
        if args.case not in every:
            sys.exit(f"bench: case {args.case!r} unknown; choose one of {', '.join(every)}")
        cases = {args.case: every[args.case]}
    for case, sides in cases.items():
        there = [s for s in sides if s == "vadjax" or importlib.util.find_spec(s)]
        result = results[case] = compare(args.suite, case, there, rounds=args.rounds)
        for side, note in result["notes"].items():
            if note:
                print(f"{case}: {side}: {note}")
        for what, measured in result["measured"].items():
            label = f"{case}, {what}" if what else case
            for side, rates in measured["rates"].items():
                low, middle, high = min(rates), statistics.median(rates), max(rates)
                print(f"{label}: {side}: {middle:.1f}/s [{low:.1f}, {high:.1f}]")
            if r := measured["ratio"]:
                print(
                    f"{label}: vadjax / {there[1]} = {r['median']:.2f}, rounds {r['min']:.2f} to "
                    f"{r['max']:.2f}, 95 % of the median {r['ci95'][0]:.2f} to {r['ci95'][1]:.2f}",
                    flush=True,
                )
    if ratios := [
        result["measured"]["best"]["ratio"]["median"]
        for result in results.values()
        if "best" in result["measured"] and result["measured"]["best"]["ratio"]
    ]:
        print(
            f"geometric mean of {len(ratios)} ratios, best against best: "
            f"{statistics.geometric_mean(ratios):.2f}, least {min(ratios):.2f}"
        )
    if args.json:
        report = {"environment": environment, "results": results}
        pathlib.Path(args.json).write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
