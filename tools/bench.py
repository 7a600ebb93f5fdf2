"""Measure vadjax beside PyTorch and Keras: `python tools/bench.py SUITE [--rounds=9] [--out=DIR]`.

Each side has a process of its own, and they alternate. The result is the median and the spread of
the ratio within a round, since machines drift. Packages that cannot be imported (torch: `make
parity`; Keras: the extra `bench`) are left out. `curves` measures vadjax alone over one size,
`many` evaluates large test sets, `clips` stores and audits short ones, `memory` has the largest
memory of each stage by the length of a video, and `copies` the search for copied clips.
`all --quick` measures a case or two of each in ten minutes, beside what docs/benchmarks/ holds of
this machine: `--record` writes it there, `--check` fails where something is slower. `docs` writes
the tables of docs/benchmarks.md from there.
"""

import argparse
import pathlib
import sys

ROOT = pathlib.Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tools.benchmarks import (  # noqa: E402
    copies,
    curve_plot,
    curves,
    doc_tables,
    extract,
    machine_record,
    many,
    memory,
    overview,
    precision,
    quick,
    regressions,
    report,
    run,
    short_clips,
    write,
)
from vadjax.errors import UserError  # noqa: E402
from vadjax.storage.files import write_json  # noqa: E402

SUITES = (
    "scanner",
    "population",
    "chunked",
    "backbones",
    "autoencoder",
    "video",
    "cam",
    "images",
    "extract",
    "evaluate",
    "end-to-end",
    "compile",
    "tables",
    "curves",
    "memory",
    "copies",
    "many",
    "clips",
    "all",
    "docs",
)


def main() -> None:
    """Run a suite, print its table, write its files, compare it with an older report."""
    args = _arguments()
    if args.suite == "docs":
        doc_tables.write_page()
        return
    if args.suite == "all":
        sys.exit(_all(args))
    if args.suite == "copies":
        print("\n" + copies.markdown(copies.run()))
        print("\n" + copies.long_markdown(copies.long()))
        return
    if args.suite == "many":
        if args.stream:
            print("\n" + many.stream_markdown(args.stream, many.stream(args.stream)))
        else:
            print("\n" + many.markdown(many.run()))
        return
    if args.suite == "clips":
        print("\n" + short_clips.markdown(args.clips, short_clips.run(args.clips)))
        return
    if args.suite == "extract" and args.trace:
        print("\n" + extract.trace())
        return
    if args.suite == "memory":
        folder = pathlib.Path(args.folder) if args.folder else None
        found = memory.run(
            [int(length) for length in args.lengths.split(",")],
            train=args.train_frames,
            folder=folder,
            side=args.side,
            backbone=args.backbone,
            config=args.config,
        )
        print("\n" + memory.markdown(found))
        return
    old = regressions.read(pathlib.Path(args.compare)) if args.compare else None
    common = {"rounds": args.rounds, "dtype": args.precision, "keep_cache": args.keep_cache}
    if args.suite == "curves":
        found = curves.run(axis=args.axis, seconds=args.seconds, **common)
    else:
        found = run.run(args.suite.replace("-", "_"), case=args.case, **common)
    print("\n" + (curves.markdown(found) if args.suite == "curves" else report.markdown(found)))
    if line := run.summary(found):
        print(line)
    if args.json:
        write_json(pathlib.Path(args.json), found)
    if args.out:
        for path in write.write(found, pathlib.Path(args.out)):
            print(f"written: {path}")
    if args.plot:
        curve_plot.draw(found, pathlib.Path(args.plot))
    slower = _compare(old, found) if old else False
    sys.exit(slower or run.failed(found))


def _all(args: argparse.Namespace) -> bool:
    """Measure every suite, print one table; return whether something is lost."""
    found = quick.measure(seconds=args.seconds, plan=quick.some(args.case))
    suites = found["suites"]
    if not suites:
        raise UserError("nothing was measured; see the messages above.")
    environment = next(iter(suites.values()))["environment"]
    before = machine_record.read(environment)
    head = f"{report.machine({'environment': environment})} {found['seconds']:.0f} s in all."
    rows = report.table(overview.HEADINGS, overview.summary(suites, before))
    print("\n".join(["", head, "", *rows, ""]))
    for suite, one in suites.items():
        if machine_record.busy(one):
            print(f"{suite}: the machine was busy (others used {one['others']:.1f} cores)")
    for name, why in found["left_out"].items():
        print(f"{name}: not measured, {why}")
    lost = overview.losses(suites, before)
    for line in lost:
        print(f"SLOWER OR LARGER  {line}")
    if args.check and not before:
        print("nothing is committed of this machine: --record writes it")
    if args.record:
        print(f"written: {machine_record.write(found)}")
        doc_tables.write_page()
    return args.check and bool(lost)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("suite", choices=SUITES)
    parser.add_argument("--rounds", type=int, default=0, help="paired samples of each case")
    parser.add_argument("--case", default="", help="one case; of all: SUITE,SUITE")
    parser.add_argument("--precision", choices=precision.CHOICES, default="float32")
    parser.add_argument("--out", default="", help="folder for json, markdown and csv")
    parser.add_argument("--json", default="", help="write the json here")
    parser.add_argument("--compare", default="", metavar="OLD.json", help="exit 1 if slower")
    parser.add_argument(
        "--keep_cache", action="store_true", help="use the usual cache of compiled programs"
    )
    axes = ", ".join(curves.AXES)
    parser.add_argument("--axis", default="", help=f"curves: one axis, of {axes}")
    parser.add_argument("--seconds", type=float, default=0, help="all and curves: in which it ends")
    parser.add_argument("--quick", action="store_true", help="all: small cases, few rounds")
    parser.add_argument("--record", action="store_true", help="all: writes docs/benchmarks/")
    parser.add_argument("--check", action="store_true", help="all: exit 1 if slower than there")
    parser.add_argument("--plot", default="", help="curves: plot, .svg or .png")
    lengths = ",".join(map(str, memory.LENGTHS))
    parser.add_argument("--lengths", default=lengths, help="memory: frames of the test video")
    parser.add_argument("--train_frames", type=int, default=4000, help="memory: frames to train on")
    parser.add_argument(
        "--side", type=int, default=32, help="memory: pixels of the network's input"
    )
    parser.add_argument(
        "--backbone", default="tf_efficientnet_lite0", help="memory: network, of random weights"
    )
    parser.add_argument("--config", default="folder_lstm", help="memory: or folder_scene")
    parser.add_argument("--folder", default="", help="memory: keeps videos, features and runs")
    parser.add_argument("--clips", type=int, default=100_000, help="clips: so many short ones")
    parser.add_argument("--trace", action="store_true", help="extract: how busy each stage is")
    parser.add_argument("--stream", type=int, default=0, help="many: so many clips, as a stream")
    args = parser.parse_args()
    if args.plot and args.suite != "curves":
        parser.error("--plot is for curves")
    if args.suite == "all" and not args.quick:
        parser.error("all needs --quick; the suites in full are run one by one")
    args.seconds = args.seconds or {"all": quick.SECONDS}.get(args.suite, 900)
    return args


def _compare(old: dict, new: dict) -> bool:
    found = regressions.changes(old, new)
    for change in found:
        print(change)
    for case in regressions.missing(old, new):
        print(f"{case}: not measured this time")
    return any(change.slower for change in found)


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"bench: {error}")
