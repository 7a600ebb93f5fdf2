"""Train many detectors: the runs that a config file's function `sweep(add)` lists, or a search.

python -m vadjax.sweep --config=configs/sweeps/synthetic_rates.py --workdir=DIR [--dry_run]
python -m vadjax.sweep --config=configs/sweeps/synthetic_search.py --search=sobol --num_runs=16

Runs of one shape train side by side in one compiled program. A sweep that was stopped goes on;
finished runs are skipped. Each run is an ordinary workdir under DIR/runs.
"""

import pathlib

from absl import flags
from ml_collections import config_flags

from vadjax import cli
from vadjax.errors import UserError

config_flags.DEFINE_config_file("config", None, "Config file with a function sweep(add).")
_WORKDIR = flags.DEFINE_string("workdir", "", "Folder of the sweep; default runs/<config>.")
_DRY_RUN = flags.DEFINE_bool("dry_run", False, "Say what would be done, and end.")
_SEARCH = flags.DEFINE_enum(
    "search", None, ["random", "sobol", "halving"], "Propose runs from the config's space(add)."
)
_NUM_RUNS = flags.DEFINE_integer("num_runs", 16, "Runs that a search proposes.", lower_bound=1)
_LAUNCHER = flags.DEFINE_enum("launcher", "local", ["local", "ray", "slurm"], "Who does the work.")
_OPTIONS = flags.DEFINE_string(
    "launcher_options", "", "ray: address=auto; slurm: slurm_partition=gpu,timeout_min=600, ..."
)
_SLOTS = flags.DEFINE_integer("slots", 0, "Members trained at a time; 0 chooses.", lower_bound=0)


def main(argv: list[str]) -> None:
    """Read the sweep, plan it, run it, put its runs into tables."""
    if len(argv) > 1:
        raise UserError(f"unexpected argument {argv[1]!r}; flags begin with --.")
    from vadjax.sweeps import plan

    base = cli.config_of(flags.FLAGS)
    name, _, argument = config_flags.get_config_filename(flags.FLAGS["config"]).partition(":")
    file = pathlib.Path(name)
    search = None
    if not _SEARCH.value and flags.FLAGS["num_runs"].present:
        raise UserError("--num_runs is of a search; give --search=random, sobol or halving too.")
    if _SEARCH.value:
        from vadjax.sweeps.search import Search, read_space

        axes = read_space(plan.function_of(file, "space"), base)
        search = Search(_SEARCH.value, axes, base, _NUM_RUNS.value)
        specs = search.specs
    else:
        specs = plan.read_sweep(plan.function_of(file), base, argument)

    from vadjax.sweeps.run import run

    run(
        specs,
        pathlib.Path(_WORKDIR.value or f"runs/{file.stem}"),
        search=search,
        launcher=_LAUNCHER.value,
        options=_OPTIONS.value,
        dry_run=_DRY_RUN.value,
        slots=_SLOTS.value,
        command=cli.command(),
    )


if __name__ == "__main__":
    cli.run(main)
