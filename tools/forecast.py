"""Estimate the throughput of GPUs that are not available: `python tools/forecast.py JSON`.

The unit is detectors per hour: LSTM 32 on windows 10 x 1280, batch 32, trained on Ped2. JSON is a
file that `python tools/bench.py population --out=DIR` wrote (one of `curves` may be added). It has
the cost of a training window and the best share of the matmul peak, which the high bound assumes.
`tools/benchmarks/cards.py` has the model of a GPU and its two bounds. In the low bound a window
moves the bytes that XLA counts, which for a gather may be the whole array; in the high bound a step
reads and writes a member's state and its batch once. The time of a run besides training
(`--host_s`, or `--sweep`) is added in the low bound, as in vadjax with one process; in the high
bound it is overlapped, and divided among `--processes`.
"""

import argparse
import json
import pathlib
import sys
from collections.abc import Mapping, Sequence

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from tools.benchmarks import population, report
from tools.benchmarks.cards import CARDS, HIGH, LOW, Card, Work, device_s, member_bytes, per_hour
from vadjax.errors import UserError
from vadjax.sweeps import budget

PODS = (8, 64, 256)
FRAMES = 4560  # of Ped2, test clips among them
HEADINGS = (
    "machine",
    "members at a time",
    "detectors/hour, training alone",
    "with scoring and evaluation",
    "bottleneck of training: low; high",
)


def measured(reports: Sequence[Mapping]) -> tuple[float, float, float]:
    """Return FLOP and bytes of a training window, and the best share of the matmul peak.

    Raises:
        UserError: no report has results of populations.
    """
    rows = [
        row
        for found in reports
        if found.get("format") == report.FORMAT and found["suite"] in ("population", "curves")
        for row in report.rows(found)
        if row["side"] == "vadjax" and "members" in row["case"] and row["flop_per_s"] is not None
    ]
    if not rows:
        raise UserError("no results of members; give files of bench.py population --out=DIR.")
    best = max(rows, key=lambda row: row["matmul_share"])
    flop, moved = (best[key] / best["per_s"] for key in ("flop_per_s", "bytes_per_s"))
    return flop, moved, min(best["matmul_share"], 1.0)


def host_s(sweep: pathlib.Path) -> float:
    """Return the seconds per run besides extraction, compilation and training.

    They are counted from the start of the last command on the folder (when sweep.json was written)
    to its last metrics.json. Planning and reading the data are included, so that the estimate is
    too high for few runs.

    Raises:
        UserError: runs are missing, the last command made none, or several processes made them.
    """
    try:
        start = (sweep / "sweep.json").stat().st_mtime
        names = json.loads((sweep / "sweep.json").read_text("utf-8"))["runs"]
        runs = [sweep / "runs" / name for name in names]
        ends = {run: (run / "metrics.json").stat().st_mtime for run in runs}
        made = [run for run, end in ends.items() if end >= start]
        timings = [json.loads((run / "timing.json").read_text("utf-8")) for run in made]
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{sweep} is not a finished sweep: {error}") from None
    spent = 0.0
    for t in timings:
        spent += t.get("train_epochs_s", 0) + t.get("train_compile_s", 0)
        spent += t.get("extract_frames", 0) / t.get("extract_frames_per_s", 1)
    left = max((ends[run] for run in made), default=start) - start - spent
    if left <= 0:
        raise UserError(
            f"{sweep}: its last command made no run, for all were done already, or several "
            "processes made them. Give --host_s, or a sweep that one command has made."
        )
    return left / len(made)


def two(rate: float) -> str:
    """Format a rate with two significant digits.

    >>> two(72_000.0), two(15_381.2)
    ('72,000', '15,000')
    """
    return f"{int(float(f'{rate:.1e}')):,}"


def cells(card: Card, low: Work, high: Work, *, members: int, share: float, args) -> list[list]:
    """Return the rows of a GPU, alone and in pods.

    Args:
        card: the GPU.
        low: work in the low bound.
        high: work in the high bound.
        members: trained at a time.
        share: of the matmul peak in the high bound.
        args: the command's arguments.

    Returns:
        Cells for `HEADINGS`.
    """
    ways = ((low, LOW, 1), (high, HIGH._replace(flop_share=share), args.processes))
    alone, both, limits = [], [], []
    for work, bound, processes in ways:
        device, limit = device_s(card, work, bound, members=members)
        alone.append(per_hour(device, 0, overlap=True))
        both.append(per_hour(device, args.host_s / processes, overlap=bound.overlap))
        limits.append(limit)
    rows = []
    for count in (1, *PODS):
        kept = 1 if count == 1 else args.pod_share
        name = card.name if count == 1 else f"{count} x {card.name}"
        rates = (f"{two(a * count * kept)} to {two(b * count)}" for a, b in (alone, both))
        rows.append([name, f"{members * count:,}", *rates, "; ".join(limits)])
    return rows


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("reports", nargs="+", type=pathlib.Path, metavar="JSON")
    host = parser.add_mutually_exclusive_group(required=True)
    host.add_argument("--host_s", type=float, help="seconds of a run besides its training")
    host.add_argument("--sweep", type=pathlib.Path, help="a finished sweep to take them from")
    parser.add_argument("--processes", type=int, default=1, help="per GPU, high bound")
    parser.add_argument("--windows", type=int, default=1955, help="training windows per epoch")
    parser.add_argument("--held_out", type=int, default=150, help="validation windows per epoch")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--kernels", type=int, default=5_361, help="per epoch; kernels.py")
    parser.add_argument("--pod_share", type=float, default=0.8, help="of N GPUs, low bound")
    args = parser.parse_args()
    if missing := [str(path) for path in args.reports if not path.is_file()]:
        raise UserError(f"{missing[0]} does not exist; tools/bench.py curves --out=DIR writes it.")
    flop, moved, share = measured([json.loads(path.read_text("utf-8")) for path in args.reports])
    if args.sweep:
        args.host_s = host_s(args.sweep)
    state, batch = member_bytes()
    least = 2 * (state + batch) / population.SHAPE.batch
    windows = args.windows + args.held_out / 2  # held out: forward, half of the products
    low = Work(flop, max(moved, least), windows, args.kernels, args.epochs)
    body = []
    for card in CARDS:
        features = 4 * FRAMES * population.SHAPE.width
        fits = budget.max_members(state + 2 * batch, features, devices=1, limit=int(card.memory))
        options = {"members": fits, "share": share, "args": args}
        body += cells(card, low, low._replace(bytes=least), **options)
    print(
        f"Estimated, not measured. A training window: {report.si(flop)}FLOP, {report.si(least)}B to"
    )
    print(f"{report.si(moved)}B; products at 10 % of float32's peak to {share:.0%} of TF32's;")
    print(f"{args.host_s * 1e3:.0f} ms per run besides training.\n")
    print("\n".join(report.table(HEADINGS, body)))


if __name__ == "__main__":
    try:
        main()
    except (UserError, OSError, ValueError) as error:
        sys.exit(f"forecast: {error}")
