"""Train many detectors: the runs that a config file's function `sweep(add)` lists.

python -m vadjax.sweep --config=configs/sweeps/synthetic_rates.py --workdir=DIR [--dry_run]

Runs of one shape train side by side in one compiled program. A sweep that was stopped goes on;
finished runs are skipped. Each run is an ordinary workdir under DIR/runs.
"""

import pathlib
import shlex
import sys

from absl import flags
from ml_collections import config_flags

from vadjax import doors
from vadjax.errors import UserError

config_flags.DEFINE_config_file("config", None, "Config file with a function sweep(add).")
_WORKDIR = flags.DEFINE_string("workdir", "", "Folder of the sweep; default runs/<config>.")
_DRY_RUN = flags.DEFINE_bool("dry_run", False, "Say what would be done, and end.")
_SLOTS = flags.DEFINE_integer("slots", 0, "Members trained at a time; 0 chooses.", lower_bound=0)


def main(argv: list[str]) -> None:
    """Read the sweep, plan it, run it, put its runs into tables."""
    if len(argv) > 1:
        raise UserError(f"unexpected argument {argv[1]!r}; flags begin with --.")
    from vadjax.sweeps import plan

    base = doors.config_of(flags.FLAGS)
    file = pathlib.Path(flags.FLAGS["config"].config_filename.split(":")[0])
    specs = plan.read_sweep(plan.sweep_function(file), base)

    from vadjax.sweeps.run import run

    run(
        specs,
        pathlib.Path(_WORKDIR.value or f"runs/{file.stem}"),
        dry_run=_DRY_RUN.value,
        slots=_SLOTS.value,
        command=shlex.join(["python", "-m", "vadjax.sweep", *sys.argv[1:]]),
    )


if __name__ == "__main__":
    doors.run(main)
