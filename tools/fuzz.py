"""Damage files at random and read them: every reader of vadjax ends in a message or a value.

  python tools/fuzz.py --seconds=120 --seed=0
  python tools/fuzz.py --inputs=1000000 --workers=2 --keep=/tmp/findings
  python tools/fuzz.py --list

Each input is a small whole file (tools/fuzzing/corpus.py) with bytes, numbers or values changed.
A finding is an exception that is no UserError, a process that dies, more than 5 s of one core, or
more than 1 GB. Readers get equal shares of the time. An input is made again by its reader, seed and
number: --reader=NAME --only=NUMBER. Ends with status 1 where anything was found.
"""

import argparse
import pathlib
import sys

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1])]

from tools.fuzzing.readers import READERS  # noqa: E402
from tools.fuzzing.run import fuzz  # noqa: E402


def main() -> None:
    """Read the flags, fuzz, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--inputs", type=int, default=0, help="end after so many; 0: by time")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--reader", action="append", help="one reader; may be repeated")
    parser.add_argument("--only", type=int, help="the one input of this number, of one reader")
    parser.add_argument("--keep", type=pathlib.Path, help="folder for inputs that were found")
    parser.add_argument("--list", action="store_true", help="print the names of the readers")
    args = parser.parse_args()
    if args.list:
        print("\n".join(READERS))
        return
    wrong = [name for name in args.reader or () if name not in READERS]
    if wrong:
        parser.error(f"unknown reader {wrong[0]}; one of {', '.join(READERS)}")
    done, findings = fuzz(
        args.reader or list(READERS),
        seconds=args.seconds if not args.inputs else float("inf"),
        inputs=args.inputs,
        seed=args.seed,
        workers=args.workers,
        only=args.only,
        keep=args.keep,
    )
    for name, count in done.items():
        print(f"{name:24}{count:>10,}")
    print(f"{sum(done.values()):,} inputs, {len(findings)} findings")
    for finding in findings[:50]:
        print(f"  {finding}")
    sys.exit(bool(findings))


if __name__ == "__main__":
    main()
