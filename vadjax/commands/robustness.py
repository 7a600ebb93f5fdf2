"""Measure what noise, light, blur, compression and an attack do to a run's figures.

vadjax robustness --workdir=DIR [--kinds=KIND,...] [--out=DIR]

  vadjax robustness --workdir=runs/ped2_scene-1a2b3c4d5e
  vadjax robustness --workdir=runs/ped2_lstm-1a2b3c4d5e --kinds=noise,fgsm

--workdir=DIR  folder of a finished run (vadjax train) with labelled test videos
--kinds=KIND,...
               noise, darker, brighter, blur, jpeg; fgsm, which needs a model of
               windows; default: all that the detector allows
--out=DIR      where the results go; default WORKDIR/robustness
--quiet --verbose   nothing but errors; details and times

The test videos are altered, four strengths a kind, and scored by the detector and
at the threshold of the run; nothing is trained. Prints AUC, its difference with an
interval over videos, and which frames are called abnormal; writes robustness.json
and robustness.png. It decodes the test videos some twenty times.
"""

from collections.abc import Sequence

from vadjax import cli
from vadjax.commands.arguments import flags_of, translate


def main(arguments: Sequence[str]) -> None:
    """Run `vadjax.robustness`."""
    from vadjax import robustness as module

    flags, rest = translate(arguments, own=flags_of(module.__name__), configurable=False)
    cli.run(module.main, [*flags, *rest])
