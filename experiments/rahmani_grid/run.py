"""The published grid with the available weights: sweeps, workbooks, table, plot.

python experiments/rahmani_grid/run.py --ped2=DIR --avenue=DIR --weights=DIR [--dry_run]

One sweep of configs/sweeps/rahmani_grid.py for each data set and backbone, under
`<workdir>/<data set>-<backbone>`; each can be stopped and resumed. Then it writes the workbooks
with the published values (--published_csv), results.csv, table.md and auc.svg.
"""

import argparse
import dataclasses
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(HERE)]

import figures  # noqa: E402
import rows  # noqa: E402

from vadjax.errors import UserError  # noqa: E402

CONFIG = "configs/sweeps/rahmani_grid.py"
# name -> (stem of the weights file, "" for that of a Python package; stage that the file ends with)
BACKBONES = {
    "tf_efficientnet_lite0": ("", ""),
    "mobilenetv2_100": ("mobilenetv2_100", ""),
    "resnet18": ("resnet18_stem_to_layer3", "stage3"),
    "resnet50": ("resnet50_stem_to_layer2", "stage2"),
}
COPIES = "copies"


@dataclasses.dataclass(frozen=True)
class Part:
    """One sweep.

    Attributes:
        dataset, backbone: their names in vadjax.
        copies: published_shuffled alone, with the notebooks' copies of abnormal frames.
    """

    dataset: str
    backbone: str
    copies: bool = False

    @property
    def name(self) -> str:
        """Of its folder."""
        return "-".join([self.dataset, self.backbone, *([COPIES] if self.copies else [])])

    def argument(self, data_dir: str, *, weights: str, seeds: int, cache_dir: str) -> str:
        """Return what follows the config's colon."""
        found = [f"{self.dataset}={data_dir}", f"backbones={self.backbone}", f"seeds={seeds}"]
        stem, last = BACKBONES[self.backbone]
        if stem:
            found.append(f"features.weights={pathlib.Path(weights) / stem}.safetensors")
        if last:
            found.append(f"features.last_stage={last}")
        if self.copies:
            found += ["protocols=published_shuffled", "augment=rahmani_compat"]
        if cache_dir:
            found.append(f"features.cache_dir={cache_dir}")
        return ",".join(found)


def parts(datasets: list[str], backbones: list[str]) -> list[Part]:
    """Return the sweeps, the most important first."""
    plain = [Part(d, b) for d in datasets for b in backbones]
    return plain + [Part(d, b, copies=True) for d in datasets for b in backbones]


def sweep(part: Part, args) -> int:
    """Execute the pending runs of a sweep; return its exit status."""
    argument = part.argument(
        getattr(args, part.dataset.removeprefix("ucsd_")),
        weights=args.weights,
        seeds=args.seeds,
        cache_dir=args.cache_dir,
    )
    command = [sys.executable, "-m", "vadjax.sweep", f"--config={CONFIG}:{argument}"]
    command.append(f"--workdir={args.workdir / part.name}")
    return subprocess.run(command + ["--dry_run"] * args.dry_run, cwd=ROOT).returncode


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--ped2", default="", help="UCSD Ped2; left out if not given")
    parser.add_argument("--avenue", default="", help="CUHK Avenue, likewise")
    parser.add_argument("--weights", default="", help="folder with the files of BACKBONES")
    parser.add_argument("--backbones", default=",".join(BACKBONES))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--workdir", type=pathlib.Path, default=pathlib.Path("runs/rahmani_grid"))
    parser.add_argument("--cache_dir", default="")
    parser.add_argument("--published_csv", type=pathlib.Path, help="the published 480 figures")
    parser.add_argument("--no_copies", action="store_true", help="no copies of abnormal frames")
    parser.add_argument("--stage", choices=("all", "sweep", "write"), default="all")
    parser.add_argument("--dry_run", action="store_true")
    args = parser.parse_args()
    given = {"ucsd_ped2": args.ped2, "avenue": args.avenue}
    datasets = [name for name, folder in given.items() if folder]
    for folder in filter(None, (*given.values(), args.weights)):
        if not pathlib.Path(folder).is_dir():
            parser.error(f"{folder} is no folder")
    if unknown := {*args.backbones.split(",")} - {*BACKBONES}:
        parser.error(f"no weights are listed for {min(unknown)}; have {', '.join(BACKBONES)}")
    status = 0
    if args.stage != "write":
        if not datasets:
            parser.error("give --ped2=DIR or --avenue=DIR")
        for part in parts(datasets, args.backbones.split(",")):
            if part.copies and args.no_copies:
                continue
            status = sweep(part, args) or status
    if args.stage != "sweep" and not args.dry_run:
        published = rows.read_published_csv(args.published_csv) if args.published_csv else []
        try:
            found = rows.tables(args.workdir, published)
        except UserError as error:
            sys.exit(f"nothing to write for {args.workdir}: {error}")
        rows.export(found, HERE / "workbooks")
        made = rows.rows_of(found)
        rows.write_csv(HERE / "results.csv", made)
        lines = [*rows.summary(made), "", *rows.markdown(made)]
        (HERE / "table.md").write_text("\n".join(lines) + "\n")
        figures.draw(made, HERE / "auc.svg", name=rows.data_of)
    sys.exit(status)


if __name__ == "__main__":
    main()
