"""Write a trained detector as ONNX, StableHLO or TensorFlow Lite, to run without vadjax.

python -m vadjax.export --workdir=runs/ped2_lstm-1a2b3c4d5e --format=FORMAT [--out=DIR]
    [--check=VIDEO]

A FORMAT is onnx, stablehlo or tflite.

The folder has the backbone, the detector, thresholds, shapes, a README and a script that scores.
"""

from absl import flags

from vadjax import cli
from vadjax.errors import UserError
from vadjax.storage.workdir import read_config

_WORKDIR = flags.DEFINE_string("workdir", "", "Folder of a finished run (vadjax train).")
_FORMAT = flags.DEFINE_string("format", "onnx", "onnx, stablehlo or tflite.")
_OUT = flags.DEFINE_string("out", "", "The folder; default WORKDIR/FORMAT.")
_CHECK = flags.DEFINE_string("check", "", "A video that both score, to compare them.")
_QUIET, _VERBOSE = cli.define_output_flags(__name__)


def main(argv: list[str]) -> None:
    """Check the arguments, then export."""
    if not _WORKDIR.value:
        raise UserError("give --workdir=DIR, the folder of a finished run (vadjax train).")
    if len(argv) > 1:
        raise UserError(f"unexpected argument {argv[1]!r}; a video to compare is --check=VIDEO.")
    workdir = cli.path_of(_WORKDIR.value)
    read_config(workdir)
    out = cli.folder_of(_OUT.value or workdir / _FORMAT.value, flag="--out")

    from vadjax.exporting import run

    run.export(
        workdir,
        form=_FORMAT.value,
        out=out,
        check=cli.path_of(_CHECK.value) if _CHECK.value else None,
        quiet=_QUIET.value,
        verbose=_VERBOSE.value,
    )


if __name__ == "__main__":
    cli.run(main)
