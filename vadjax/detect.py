"""Score new, unlabelled videos with a trained detector.

python -m vadjax.detect --workdir=runs/ped2_lstm-1a2b3c4d5e VIDEO [VIDEO ...] [--out=DIR] [--fps=10]
    [--threshold=X | --sensitivity=low|medium|high|N]

A VIDEO is a video file, a folder of images, or a folder of such clips. Writes scores.csv (a row a
frame), alarms.csv, alarms.jsonl and report.html into --out.
"""

from collections.abc import Mapping

from absl import flags

from vadjax import cli
from vadjax.data.paths.given_path import given_path
from vadjax.data.paths.object_store import is_address, local_copy
from vadjax.errors import UserError
from vadjax.storage.workdir import read_config

_WORKDIR = flags.DEFINE_string("workdir", "", "Folder of a finished run (vadjax train).")
_OUT = flags.DEFINE_string("out", "", "Where the results go; default WORKDIR/detect.")
_FPS = flags.DEFINE_float(
    "fps", 0.0, "Frames a second of folders of images, which do not say.", lower_bound=0.0
)
_SKIP_BROKEN = flags.DEFINE_bool(
    "skip_broken", False, "Leave out videos that cannot be read, and say which."
)
_THRESHOLD = flags.DEFINE_float(
    "threshold", None, "Score from which a frame is abnormal, in place of the run's threshold."
)
_SENSITIVITY = flags.DEFINE_string(
    "sensitivity", "", "low, medium, high, or a number of false alarms an hour."
)
_LAUNCHER, _LAUNCHER_OPTIONS = cli.define_launcher_flags(__name__)
_QUIET, _VERBOSE = cli.define_output_flags(__name__)


def main(argv: list[str]) -> None:
    """Check the arguments, then detect."""
    if not _WORKDIR.value:
        raise UserError("give --workdir=DIR, the folder of a finished run (vadjax train).")
    if len(argv) < 2:
        raise UserError(
            "name at least one video, folder of images or folder of clips after the flags."
        )
    if is_address(_WORKDIR.value) and not _OUT.value:
        raise UserError("give --out=DIR too: results are not written into an object store.")
    workdir = cli.run_folder(_WORKDIR.value)
    config = read_config(workdir)
    paths = [_here(path, config) for path in argv[1:]]
    for path in paths:
        given_path(path, what="VIDEO")
    out = cli.folder_of(_OUT.value or workdir / "detect", flag="--out")

    from vadjax.fleet.detection import spread_by
    from vadjax.launchers.choose import choose_launcher
    from vadjax.pipeline import predict

    launcher = choose_launcher(_LAUNCHER.value, _LAUNCHER_OPTIONS.value, folder=out)
    predict.detect(
        workdir,
        paths,
        out=out,
        fps=_FPS.value or None,
        skip_broken=_SKIP_BROKEN.value,
        spread=None if launcher is None else spread_by(launcher),
        threshold=_THRESHOLD.value,
        sensitivity=_SENSITIVITY.value,
        command=cli.command(),
        quiet=_QUIET.value,
        verbose=_VERBOSE.value,
    )


def _here(path: str, config: Mapping) -> str:
    """Return a path, or the local copy of what an address in an object store holds."""
    if not is_address(path):
        return path
    cache_dir = cli.path_of(config["features"]["cache_dir"])
    return str(local_copy(path, cache_dir=cache_dir))


if __name__ == "__main__":
    cli.run(main)
