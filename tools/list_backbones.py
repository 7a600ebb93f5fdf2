"""List the backbones: `python tools/list_backbones.py [NAME ...] [--measure] [--markdown]`.

Parameters and GFLOP (a multiply-add is two) are for one image of the checkpoint's size, folded,
with classifier, as `vadjax list backbones NAME ...` prints them. --measure adds images/s on this
machine, batch 4, after compilation.
"""

import argparse
import pathlib
import sys
import time

ROOT = pathlib.Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))


def measure(name: str, *, batch: int = 4, seconds: float = 3.0) -> float:
    """Return images/s of a backbone with random weights, as extraction runs it."""
    import numpy as np

    from vadjax import backbones
    from vadjax.features.extractor import Extractor

    backbone = backbones.create(name, weights="random")
    run = Extractor(backbone, taps=("features",), batch_size=batch)
    channels = max(backbone.preprocess.channels, 3)
    images = np.random.default_rng(0).integers(
        0, 256, (run.batch_size, *backbone.preprocess.size, channels), np.uint8
    )
    run(images)["features"].block_until_ready()
    count, start = 0, time.perf_counter()
    while (spent := time.perf_counter() - start) < seconds:
        run(images)["features"].block_until_ready()
        count += run.batch_size
    return count / spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="default: all")
    parser.add_argument("--measure", action="store_true", help="images/s on this machine")
    parser.add_argument("--markdown", action="store_true", help="a Markdown table")
    args = parser.parse_args()
    from vadjax import backbones
    from vadjax.backbones.describe import COLUMNS, describe
    from vadjax.errors import UserError, unknown
    from vadjax.runtime import devices

    devices.setup()
    names = args.names or backbones.list_backbones()
    try:
        for name in names:
            if name not in backbones.list_backbones():
                raise unknown("backbone", name, backbones.list_backbones())
    except UserError as error:
        sys.exit(f"list_backbones: {error}")
    columns = (*COLUMNS[:5], *(["images/s"] if args.measure else []), *COLUMNS[5:])
    widths = (30, 11, 7, 10, 7, *([9] if args.measure else []), 14, 0)
    join = " | " if args.markdown else "  "

    def line(cells) -> str:
        text = join.join(str(c).ljust(w) for c, w in zip(cells, widths, strict=True)).rstrip()
        return f"| {text} |" if args.markdown else text

    print(line(columns))
    if args.markdown:
        print("|" + "---|" * len(columns))
    for name in names:
        row = describe(name)
        if args.measure and backbones.has_weights(name):
            row["images/s"] = f"{measure(name):.1f}"
        print(line([row.get(column, "") for column in columns]), flush=True)


if __name__ == "__main__":
    main()
