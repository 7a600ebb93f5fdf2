"""Measure vadjax beside its peers: `python tools/bench.py scanner|extract [--rounds=9]`.

Each side has a process of its own and they take turns; what counts is the ratio of one round,
its median and its spread, since machines drift. Without torch (`make parity` installs it) vadjax
is measured alone.
"""

import argparse
import importlib.util
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tools.benchmarks.alternate import compare  # noqa: E402
from vadjax.storage import workdir  # noqa: E402

SUITES = ("scanner", "extract")


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
    for case, sides in suite.CASES.items():
        if args.case and args.case != case:
            continue
        there = [s for s in sides if s == "vadjax" or importlib.util.find_spec(s)]
        result = results[case] = compare(args.suite, case, there, rounds=args.rounds)
        for side, rates in result["rates"].items():
            note = f" ({result['notes'][side]})" if result["notes"][side] else ""
            low, middle, high = min(rates), sorted(rates)[len(rates) // 2], max(rates)
            print(f"{case}: {side}{note}: {middle:.1f}/s [{low:.1f}, {high:.1f}]")
        if r := result["ratio"]:
            print(
                f"{case}: vadjax / {there[1]} = {r['median']:.2f}, rounds {r['min']:.2f} to "
                f"{r['max']:.2f}, 95 % of the median {r['ci95'][0]:.2f} to {r['ci95'][1]:.2f}"
            )
    if args.json:
        report = {"environment": environment, "results": results}
        pathlib.Path(args.json).write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
