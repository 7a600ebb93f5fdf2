"""Score new, unlabelled videos with a trained detector.

vadjax detect --workdir=DIR VIDEO [VIDEO ...] [--out=DIR] [--fps=N]

  vadjax detect --workdir=runs/ped2_lstm-1a2b3c4d5e night.mp4
  vadjax detect --workdir=runs/door recordings/ --out=alarms --fps=25

VIDEO          a video file, a folder of images, or a folder of such clips
--workdir=DIR  folder of a finished run (vadjax train)
--out=DIR      where the results go; default WORKDIR/detect
--skip_broken  leave out videos that cannot be read; they are named and counted
--fps=N        frames a second of image folders, which do not say theirs
--quiet --verbose   nothing but errors; details and times

Writes scores.csv (a row a frame), alarms.csv and report.html.
"""

from collections.abc import Sequence

from vadjax import cli
from vadjax.commands.arguments import flags_of, translate


def main(arguments: Sequence[str]) -> None:
    """Run `vadjax.detect`."""
    from vadjax import detect as module

    flags, rest = translate(arguments, own=flags_of(module.__name__), configurable=False)
    cli.run(module.main, [*flags, "--", *rest])
