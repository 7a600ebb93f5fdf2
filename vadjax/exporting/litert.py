"""StableHLO into a flatbuffer of TensorFlow Lite, by the converter of LiteRT; no TensorFlow."""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from litert_converter import converter_api_ext as converter
from litert_converter.mlir import ir, passmanager

from vadjax.exporting.programs import Program

SIGNATURE = "serving_default"


def converted(lowered: Any, program: Program) -> bytes:
    """Return a program as a flatbuffer.

    Args:
        lowered: what `jax.jit(...).lower` gave.
        program: names of its inputs and outputs.

    Returns:
        The content of a .tflite file.
    """
    context = ir.Context()
    converter.prepare_mlir_context(context)
    with _quietly(), context, ir.Location.unknown():
        module = ir.Module.parse(lowered.as_text())
        converter.set_signature(
            module.operation,
            SIGNATURE,
            [one.name for one in program.inputs],
            [one.name for one in program.outputs],
        )
        passes = passmanager.PassManager()
        converter.run_convert_to_tfl_passes(module, passes, converter.ConvertToTFLConfig())
        content: bytes = converter.export_flatbuffer_to_bytes(module.operation)
    return content


def runner(content: bytes, program: Program) -> Callable[..., Sequence[np.ndarray]]:
    """Return a function of the program's inputs.

    Args:
        content: of a .tflite file.
        program: names of its inputs and outputs.

    Returns:
        arrays -> arrays.
    """
    with _quietly():
        run = Interpreter(model_content=content).get_signature_runner(SIGNATURE)

    def call(*arrays: np.ndarray) -> list[np.ndarray]:
        names = [one.name for one in program.inputs]
        found = run(**dict(zip(names, arrays, strict=True)))
        return [found[one.name] for one in program.outputs]

    return call


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep what the libraries write to the standard error of the process to itself."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
