"""Show what is there of a data set against what is expected of it.

vadjax inspect DATASET [--data_dir=DIR] [--masks_dir=DIR] [--cache_dir=DIR]

  vadjax inspect ucsd_ped2 --data_dir=/data/ped2
  vadjax inspect avenue --data_dir=/data/avenue --label_version=hasan_intervals

DATASET            one of vadjax list datasets
--data_dir=DIR     where it is
--masks_dir=DIR    where its masks are, if elsewhere
--label_version=V  which labels; the data set's default otherwise
--cache_dir=DIR    where the index is kept; the default is that of training

Prints clips, frames and abnormal frames, and each deviation with its meaning.
The first time every frame is decoded once.
"""

import pathlib
from collections.abc import Sequence

from vadjax import data
from vadjax.commands.arguments import translate
from vadjax.config import assign, default_config
from vadjax.errors import UserError
from vadjax.runtime.console import Console


def main(arguments: Sequence[str]) -> None:
    """Load a data set and print what it holds."""
    flags, rest = translate(arguments, own={})
    if len(rest) != 1:
        raise UserError(f"name one data set of {', '.join(data.DATASETS)}.")
    config = default_config()
    for flag in (f"--config.dataset.name={rest[0]}", *flags):
        assign(config, flag.removeprefix("--config."))
    name = config.dataset.name
    if data.builder(name).needs_data_dir and not config.dataset.data_dir:
        raise UserError(f"give --data_dir=FOLDER, where {name} is.")
    from vadjax.report.dataset import show

    console = Console()
    with console.attached(), console.doing("reading the data set"):
        dataset = data.load(config.dataset, cache_dir=pathlib.Path(config.features.cache_dir))
    show(dataset, console.rich)
