"""Train on each data set or camera and test on each: a matrix of AUC and thresholds.

vadjax transfer RUN_OR_CONFIG RUN_OR_CONFIG ... [--out=DIR]
vadjax transfer --scenes=each|unseen CONFIG [--out=DIR]

  vadjax transfer runs/ped2_lstm-1a2b3c4d5e runs/avenue_lstm-5e6f7a8b9c
  vadjax transfer ped2_lstm:dataset.data_dir=/data/ped2 runs/avenue_lstm-5e6f7a8b9c
  vadjax transfer --scenes=unseen shanghaitech_lstm:dataset.data_dir=/data/sht

RUN_OR_CONFIG    the folder of a finished run (vadjax train), or a config, with
                 :KEY=VALUE,KEY=VALUE behind it or without, which is trained
--scenes=each    one run for each camera of the config's data set, each tested on all
--scenes=unseen  for each camera one run on all the others, tested on it
--out=DIR        results, and new runs in DIR/runs; default runs/transfer
--quiet --verbose   nothing but errors; details and times

Detector and threshold are those of the home; nothing is chosen abroad. Prints and
writes transfer.json and transfer.html: AUC, normal and abnormal frames called,
events found, false alarms an hour, and what test clips have in common with training
clips of another home. The same command resumes.
"""

from collections.abc import Sequence

from vadjax import cli
from vadjax.commands.arguments import flags_of, translate


def main(arguments: Sequence[str]) -> None:
    """Run `vadjax.transfer`."""
    from vadjax import transfer as module

    flags, rest = translate(arguments, own=flags_of(module.__name__), configurable=False)
    cli.run(module.main, [*flags, *rest])
