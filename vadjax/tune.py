"""Choose the cues of detector scene for a camera by pseudo-anomalies, without a label.

python -m vadjax.tune --config=configs/folder_scene.py --config.dataset.data_dir=/data/my_camera

Normal training clips are held out in turn; the same clips with something abnormal drawn into them
are scored by every set of cues. Writes tune.json into --workdir.
"""

import pathlib

from absl import flags
from ml_collections import config_flags

from vadjax import cli
from vadjax import config as configs
from vadjax.config.paths import check_paths
from vadjax.errors import UserError

config_flags.DEFINE_config_file(
    "config", None, "Config file, such as configs/folder_scene.py; detector.name is scene."
)
_WORKDIR = flags.DEFINE_string("workdir", "", "Folder for tune.json; default runs/<config>-tune.")
_SKIP_BROKEN = flags.DEFINE_bool(
    "skip_broken", False, "Leave out videos that cannot be read, and say which."
)
_CLIPS = flags.DEFINE_integer(
    "clips", 0, "Pseudo-abnormal clips of each kind and beginning; 0 chooses.", lower_bound=0
)
_QUIET, _VERBOSE = cli.define_output_flags(__name__)


def main(argv: list[str]) -> None:
    """Check the config, then compare."""
    if len(argv) > 1:
        raise UserError(f"unexpected argument {argv[1]!r}; flags begin with --.")
    config = configs.validate(cli.config_of(flags.FLAGS), inputs=False)
    if _SKIP_BROKEN.value:
        config.dataset.skip_broken = True
    check_paths(config)
    configs.validate(config)
    name = pathlib.Path(config_flags.get_config_filename(flags.FLAGS["config"]).split(":")[0]).stem
    workdir = cli.folder_of(_WORKDIR.value or f"runs/{name}-tune", flag="--workdir")

    from vadjax.pipeline.tune import tune

    tune(
        config,
        workdir,
        num_clips=_CLIPS.value,
        command=cli.command(),
        quiet=_QUIET.value,
        verbose=_VERBOSE.value,
    )


if __name__ == "__main__":
    cli.run(main)
