"""Train many detectors side by side: a list of runs, or a search.

vadjax sweep CONFIG [--workdir=DIR] [--data_dir=DIR] [KEY=VALUE ...]

  vadjax sweep synthetic_rates --dry_run
  vadjax sweep synthetic_search --search=sobol --num_runs=16

CONFIG         a shipped sweep (vadjax list configs), or a .py file of your own
               with a function sweep(add), or space(add) for a search
--workdir=DIR  folder of the sweep; default runs/CONFIG
--dry_run      print runs, programs, memory and time, and end
--search=NAME  random, sobol or halving, over the axes of space(add)
--num_runs=N   runs that a search proposes
--launcher=NAME --launcher_options=A=B,...   local, ray or slurm
--slots=N      detectors that are trained at a time; 0 chooses
--evaluators=N other processes that evaluate; -1 chooses by the cores
--push=s3://BUCKET   keep finished runs and tables there
--quiet --verbose   nothing but errors; details and times

Config keys change all runs: --epochs=5, window.length=8. The same command goes
on where it was stopped. Writes a workdir for each run under DIR/runs, and
results.xlsx, .csv and .html with all of them.
"""

from collections.abc import Sequence

from vadjax import cli
from vadjax.commands.arguments import flags_of, translate
from vadjax.commands.train import config_flag


def main(arguments: Sequence[str]) -> None:
    """Run `vadjax.sweep` with the config that is named."""
    from vadjax import sweep as module

    flags, rest = translate(arguments, own=flags_of(module.__name__))
    cli.run(module.main, [*config_flag(flags, rest, verb="sweep", under="sweeps"), *flags])
