"""Write the features of a run to .npy files, to be read without its videos.

vadjax export-features --workdir=DIR --out=DIR [--form=videos|classes|published|chunks]

  vadjax export-features --workdir=runs/ped2 --out=ped2_features
  vadjax export-features --workdir=runs/ped2 --out=ped2_pair --form=classes

--workdir=DIR    a run whose features are extracted (vadjax train CONFIG --stage=extract)
--out=DIR        an empty folder, or that of an earlier export, which is replaced
--form=videos    a file [rows, d] for each clip: train/01.npy, test/01.npy ...
--form=classes   normal_features_BACKBONE.npy and anomaly_features_BACKBONE.npy: all normal
                 and all abnormal rows
--form=published the same two below DIR/features/DATASET/, with features_BACKBONE.json and a
                 text that lists the pairs; exports of several backbones lie side by side
--form=chunks    train_features.npy and test_features.npy, window.length frames a row (N, t * 1000;
                 of other than 1,000 values N, t, d), with one-hot classes of clips in
                 train_label.mat and test_label.mat (DatabaseLabel), classes.txt, chunks.csv

features.json beside them says of each row its clip and frame, with labels, split and how
the rows were made; a run on these files has the scores of the run that they come from.
"""

import pathlib
from collections.abc import Sequence

from vadjax import cli
from vadjax import config as configs
from vadjax.commands.arguments import translate
from vadjax.errors import UserError, unknown
from vadjax.runtime.console import Console
from vadjax.storage import workdir as workdirs

_FLAGS = {"workdir": False, "out": False, "form": False}


def main(arguments: Sequence[str]) -> None:
    """Export the features of one run."""
    flags, rest = translate(arguments, own=_FLAGS, configurable=False)
    given = dict(flag.removeprefix("--").split("=", 1) for flag in flags)
    if rest or not given.get("workdir") or not given.get("out"):
        raise UserError("give --workdir=RUN and --out=FOLDER, and no other argument.")
    workdir, out = cli.path_of(given["workdir"]), cli.path_of(given["out"])
    form = given.get("form", "videos")
    config = configs.of_saved(workdirs.read_config(workdir))

    from vadjax.pipeline.export_features import FORMS, export
    from vadjax.pipeline.run import Run
    from vadjax.runtime import devices

    if form not in FORMS:
        raise unknown("form", form, FORMS)
    devices.setup(config.features.cache_dir)
    console = Console()
    with console.attached(), console.doing("exporting features"):
        run = Run(config, pathlib.Path(workdir), console)
        rows = export(run, pathlib.Path(out), form=form)
        what = "chunks" if form == "chunks" else "rows"
        console.say(f"{len(run.videos)} clips, {rows} {what} in {out}")
