"""Choose the cues of detector scene for a camera, without labels.

vadjax tune CONFIG [--data_dir=DIR] [--workdir=DIR] [KEY=VALUE ...]

  vadjax tune folder_scene --data_dir=/data/my_camera
  vadjax tune ped2_scene --data_dir=/data/ped2 --workdir=runs/ped2_tune

CONFIG         a shipped config (vadjax list configs) or a .py file of your own,
               with detector scene
--data_dir=DIR where the videos are; the normal training clips are read
--workdir=DIR  folder of tune.json; default runs/CONFIG-tune
--skip_broken  leave out videos that cannot be read; they are named and counted
--clips=N      pseudo-abnormal clips of each kind; fewer are faster, more are surer
--seed=N       other pseudo-anomalies
--quiet --verbose   nothing but errors; details and times

Draws pseudo-anomalies into normal clips that the detector has not learnt from: odd
things, bodies too fast, against the usual way, stopped, and things left behind. Scores
them by every set of cues, prints the AUC of each by kind and what it recommends, and
writes tune.json. Test clips are not scored, and no label is read. It takes minutes.
"""

from collections.abc import Sequence

from vadjax import cli
from vadjax.commands.arguments import flags_of, translate
from vadjax.commands.train import config_flag


def main(arguments: Sequence[str]) -> None:
    """Run `vadjax.tune` with the config that is named."""
    from vadjax import tune as module

    flags, rest = translate(arguments, own=flags_of(module.__name__))
    cli.run(module.main, [*config_flag(flags, rest, verb="tune"), *flags])
