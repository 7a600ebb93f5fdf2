"""Train many detectors: the runs that a config file's function `sweep(add)` lists, or a search.

python -m vadjax.sweep --config=configs/sweeps/synthetic_rates.py --workdir=DIR [--dry_run]
python -m vadjax.sweep --config=configs/sweeps/synthetic_search.py --search=sobol --num_runs=16

Runs of one shape train side by side in one compiled program. The same command resumes a sweep that
was stopped and skips finished runs. Each run is an ordinary workdir under DIR/runs.
"""

import pathlib

from absl import flags
from ml_collections import config_flags

from vadjax import cli
from vadjax.config.paths import check_paths
from vadjax.errors import UserError

config_flags.DEFINE_config_file("config", None, "Config file with a function sweep(add).")
_WORKDIR = flags.DEFINE_string("workdir", "", "Folder of the sweep; default runs/<config>.")
_DRY_RUN = flags.DEFINE_bool("dry_run", False, "Print what the sweep needs, and exit.")
_SEARCH = flags.DEFINE_enum(
    "search", None, ["random", "sobol", "halving"], "Propose runs from the config's space(add)."
)
_NUM_RUNS = flags.DEFINE_integer("num_runs", 16, "Runs that a search proposes.", lower_bound=1)
_LAUNCHER, _OPTIONS = cli.define_launcher_flags(__name__)
_SLOTS = flags.DEFINE_integer("slots", 0, "Members trained at a time; 0 chooses.", lower_bound=0)
_EVALUATORS = flags.DEFINE_integer(
    "evaluators", -1, "Other processes that evaluate; -1 chooses.", lower_bound=-1
)
_PUSH = flags.DEFINE_string(
    "push", "", "Address in an object store (s3://bucket/sweeps) below which finished runs go."
)
_QUIET, _VERBOSE = cli.define_output_flags(__name__)


def main(argv: list[str]) -> None:
    """Read the runs of the sweep, then execute them."""
    if len(argv) > 1:
        raise UserError(f"unexpected argument {argv[1]!r}; flags begin with --.")
    if not _SEARCH.value and flags.FLAGS["num_runs"].present:
        raise UserError("--num_runs needs a search; give --search=random, sobol or halving too.")
    from vadjax.sweeps import plan

    base = cli.config_of(flags.FLAGS)
    file = config_flags.get_config_filename(flags.FLAGS["config"])
    name, _, argument = file.partition(":")
    workdir = cli.folder_of(_WORKDIR.value or f"runs/{pathlib.Path(name).stem}", flag="--workdir")
    if base.dataset.data_dir:
        check_paths(base)
    search = None
    if _SEARCH.value:
        from vadjax.sweeps.search import Search
        from vadjax.sweeps.search_space import read_space

        axes = read_space(plan.load_function(name, "space"), base)
        search = Search(_SEARCH.value, axes, base, _NUM_RUNS.value)
    specs = search.specs if search else plan.read_sweep(plan.load_function(name), base, argument)
    check_paths(*(spec.config for spec in specs))
    from vadjax.sweeps.command import run_command

    run_command(
        specs,
        workdir,
        search=search,
        launcher=_LAUNCHER.value,
        options=_OPTIONS.value,
        dry_run=_DRY_RUN.value,
        slots=_SLOTS.value,
        evaluators=None if _EVALUATORS.value < 0 else _EVALUATORS.value,
        push=f"{_PUSH.value.rstrip('/')}/{workdir.name}" if _PUSH.value else "",
        command=cli.command(),
        quiet=_QUIET.value,
        verbose=_VERBOSE.value,
    )


if __name__ == "__main__":
    cli.run(main)
