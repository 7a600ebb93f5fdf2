"""Write a trained detector as ONNX, StableHLO or TFLite, to run without vadjax.

vadjax export --workdir=DIR [--format=onnx|stablehlo|tflite] [--out=DIR] [--check=VIDEO]

  vadjax export --workdir=runs/ped2_lstm-1a2b3c4d5e
  vadjax export --workdir=runs/door --format=stablehlo --out=door --check=yard.mp4

--workdir=DIR   folder of a finished run (vadjax train)
--format=onnx|stablehlo|tflite
                ONNX for onnxruntime and others, StableHLO in jax.export's container for
                CPU, CUDA and TPU, or TensorFlow Lite for phones and small boards
--out=DIR       the folder; default WORKDIR/FORMAT
--check=VIDEO   score a video by both, and say how far they differ and how long each takes
--quiet --verbose   nothing but errors; details and times

Writes backbone, detector, detector.json (shapes, threshold), README.md and score.py.
"""

from collections.abc import Sequence

from vadjax import cli
from vadjax.commands.arguments import flags_of, translate


def main(arguments: Sequence[str]) -> None:
    """Run `vadjax.export`."""
    from vadjax import export as module

    flags, rest = translate(arguments, own=flags_of(module.__name__), configurable=False)
    cli.run(module.main, [*flags, "--", *rest])
