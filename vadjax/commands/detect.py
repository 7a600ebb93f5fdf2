"""Score new, unlabelled videos with a trained detector.

vadjax detect --workdir=DIR VIDEO [VIDEO ...] [--out=DIR] [--fps=N]
    [--threshold=X | --sensitivity=low|medium|high|N]

  vadjax detect --workdir=runs/ped2_lstm-1a2b3c4d5e night.mp4
  vadjax detect --workdir=runs/door recordings/ --out=alarms --fps=25
  vadjax detect --workdir=runs/door recordings/ --sensitivity=high

VIDEO          a video file, a folder of images, or a folder of such clips
--workdir=DIR  folder of a finished run (vadjax train)
--out=DIR      where the results go; default WORKDIR/detect
--skip_broken  leave out videos that cannot be read; they are named and counted
--fps=N        frames a second of image folders, which do not say theirs
--threshold=X  score from which a frame is abnormal; default: the run's threshold
--sensitivity=low|medium|high|N
               .2, 1 or 5 % of normal frames called abnormal, or N false alarms an hour, by the
               scores of the run's held-out clips
--launcher=ray|slurm --launcher_options=KEY=VALUE,...   score on many machines; videos that
               are scored are not scored again
--quiet --verbose   nothing but errors; details and times

Writes scores.csv (a row a frame), alarms.csv, alarms.jsonl (for programs) and report.html.
"""

from collections.abc import Sequence

from vadjax import cli
from vadjax.commands.arguments import flags_of, translate


def main(arguments: Sequence[str]) -> None:
    """Run `vadjax.detect`."""
    from vadjax import detect as module

    flags, rest = translate(arguments, own=flags_of(module.__name__), configurable=False)
    cli.run(module.main, [*flags, "--", *rest])
