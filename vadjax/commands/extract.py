"""Extract the features of a data set, on this machine or on many.

vadjax extract CONFIG [--data_dir=DIR] [--launcher=ray|slurm] [KEY=VALUE ...]

  vadjax extract ped2_lstm --data_dir=/data/ped2
  vadjax extract ped2_lstm --data_dir=/shared/ped2 --cache_dir=/shared/cache --launcher=ray

CONFIG         a shipped config (vadjax list configs) or a .py file of your own
--data_dir=DIR --cache_dir=DIR   where the videos are; where features are kept: with a launcher,
               folders that all machines share
--launcher=ray|slurm --launcher_options=KEY=VALUE,...   where videos are read; a video that is
               extracted is not read again, and those of lost workers are repeated;
               ray: address=auto,retries=3; slurm: slurm_partition=gpu,timeout_min=600,max_jobs=64
--workdir=DIR --skip_broken --quiet --verbose   as vadjax train

The stage extract of vadjax train, which continues from it in the same workdir.
"""

from collections.abc import Sequence

from vadjax import cli
from vadjax.commands.arguments import flags_of, translate
from vadjax.commands.train import config_flag
from vadjax.errors import UserError


def main(arguments: Sequence[str]) -> None:
    """Run the stage `extract` of `vadjax.main` with the config that is named."""
    from vadjax import main as module

    flags, rest = translate(arguments, own=flags_of(module.__name__))
    if given := [flag for flag in flags if flag.startswith(("--stage", "--add", "--seeds"))]:
        raise UserError(f"{given[0].partition('=')[0]} is for vadjax train.")
    config = config_flag(flags, rest, verb="extract")
    cli.run(module.main, [*config, *flags, "--stage=extract"])
