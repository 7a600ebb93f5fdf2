"""Programs into files: StableHLO in the container of jax.export, ONNX by jax2onnx, TFLite."""

import contextlib
import logging
import os
import pathlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from vadjax.backbones import convolution
from vadjax.errors import UserError
from vadjax.exporting.programs import BATCH, Array, Program
from vadjax.models import recurrence
from vadjax.storage.files import atomic_write

PLATFORMS = ("cpu", "cuda", "tpu")


def write_stablehlo(program: Program, path: pathlib.Path) -> str | int:
    """Write a program for CPU, CUDA and TPU; `jax.export.deserialize` reads it.

    Args:
        program: of any batch size.
        path: of the file.

    Returns:
        `BATCH`, or 1 where the program can be written for single inputs alone.
    """

    def exported(batch: str | int) -> bytes:
        with convolution.library_forms():  # what is fast on one backend is not on another
            made = jax.export.export(jax.jit(program.function), platforms=PLATFORMS)
            return bytes(made(*_arguments(program, batch)).serialize())

    content, batch = _of_any_batch(exported)
    with atomic_write(path) as beside:
        beside.write_bytes(content)
    return batch


def write_onnx(program: Program, path: pathlib.Path) -> str | int:
    """Write a program as ONNX, and try it with onnxruntime.

    Args:
        program: of any batch size.
        path: of the file.

    Returns:
        `BATCH`, or 1 where the program can be written for single inputs alone.

    Raises:
        UserError: jax2onnx is missing, or does not know an operation of the program, or gives one
            that computes something else.
    """
    with _quietly():
        try:
            from jax2onnx import to_onnx
        except ImportError as error:
            raise UserError(
                "ONNX is written by jax2onnx: pip install 'vadjax[export]' && pip install "
                "--no-deps jax2onnx (with its dependencies it would replace orbax by an older one)."
            ) from error

        def exported(batch: str | int) -> bytes:
            with convolution.library_forms():
                model = to_onnx(
                    program.function,
                    _arguments(program, batch),
                    model_name=program.name,
                    input_names=[one.name for one in program.inputs],
                    output_names=[one.name for one in program.outputs],
                )
            content: bytes = model.SerializeToString()
            _try(program, _onnxruntime(program, content), batch)
            return content

        try:
            content, batch = _of_any_batch(exported)
        except Exception as error:  # whatever a converter raises for what it does not know
            raise _unknown("jax2onnx", program, error) from error
    with atomic_write(path) as beside:
        beside.write_bytes(content)
    return batch


def write_tflite(program: Program, path: pathlib.Path) -> str | int:
    """Write a program for TensorFlow Lite, of single inputs, and try it.

    Loops are written out: the converter takes them, and cannot write what it made of them.

    Args:
        program: of any batch size.
        path: of the file.

    Returns:
        1: shapes are fixed.

    Raises:
        UserError: the converter is missing, or does not know an operation of the program, or gives
            one that computes something else.
    """
    try:
        from vadjax.exporting import litert
    except ImportError as error:
        raise UserError(
            "TensorFlow Lite is written by litert-converter and tried by ai-edge-litert: "
            "pip install litert-converter ai-edge-litert."
        ) from error
    try:
        with convolution.library_forms(), recurrence.written_out():
            lowered = jax.jit(program.function).lower(*_arguments(program, 1))
            content = litert.converted(lowered, program.of_batch(1))
        _try(program, litert.runner(content, program), 1)
    except Exception as error:  # whatever a converter raises for what it does not know
        raise _unknown("litert-converter", program, error) from error
    with atomic_write(path) as beside:
        beside.write_bytes(content)
    return 1


def _unknown(converter: str, program: Program, error: Exception) -> UserError:
    return UserError(
        f"{converter} cannot convert {program.name} ({type(error).__name__}: {str(error)[:200]}); "
        "--format=stablehlo has every operation."
    )


def _of_any_batch(exported: Callable[[str | int], bytes]) -> tuple[bytes, str | int]:
    """Return what is written for any batch size; for single inputs where that fails."""
    try:
        return exported(BATCH), BATCH
    except Exception:
        return exported(1), 1


def _arguments(program: Program, batch: str | int) -> list[jax.ShapeDtypeStruct]:
    scope = jax.export.SymbolicScope()  # one batch for all inputs

    def argument(one: Array) -> jax.ShapeDtypeStruct:
        sizes = ",".join(map(str, one.of_batch(batch).shape))
        shape = jax.export.symbolic_shape(sizes, scope=scope)
        return jax.ShapeDtypeStruct(shape, jnp.dtype(one.dtype))

    return [argument(one) for one in program.inputs]


def _onnxruntime(program: Program, content: bytes) -> Callable[..., Sequence[np.ndarray]]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    names = [one.name for one in program.inputs]
    return lambda *arrays: session.run(None, dict(zip(names, arrays, strict=True)))


def _try(program: Program, run: Callable[..., Sequence[Any]], batch: str | int) -> None:
    """Compare what a converted program computes with what jax does, on noise."""
    rng = np.random.default_rng(0)
    for count in (1, 3) if batch == BATCH else (1,):
        arrays = [_noise(rng, one.of_batch(count)) for one in program.inputs]
        wanted = [np.asarray(one) for one in program.function(*map(jnp.asarray, arrays))]
        for got, known in zip(run(*arrays), wanted, strict=True):
            worst = np.abs(got - known).max() / max(1e-6, np.abs(known).max())
            if got.shape != known.shape or not worst < program.most:
                raise ValueError(f"it computes something else, by {worst:.1e} of the largest value")


def _noise(rng: np.random.Generator, one: Array) -> np.ndarray:
    if one.dtype == "uint8":
        return rng.integers(0, 256, one.shape).astype(np.uint8)
    return rng.standard_normal(one.shape).astype(one.dtype)


FORMATS: dict[str, tuple[str, Callable[[Program, pathlib.Path], str | int]]] = {
    "onnx": ("onnx", write_onnx),
    "stablehlo": ("jax_export", write_stablehlo),
    "tflite": ("tflite", write_tflite),
}


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep what jax2onnx logs of packages that only its examples need to itself."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
            yield
    finally:
        logging.disable(before)
