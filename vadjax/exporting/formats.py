"""Programs into files: StableHLO in the container of jax.export, and ONNX by jax2onnx."""

import contextlib
import logging
import os
import pathlib
from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np

from vadjax.backbones import convolution
from vadjax.errors import UserError
from vadjax.exporting.programs import BATCH, Program
from vadjax.storage.files import atomic_write

PLATFORMS = ("cpu", "cuda", "tpu")
MOST = 1e-4  # by which a program may differ, of its largest value


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
            return bytes(made(_argument(program, batch)).serialize())

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
                    [_argument(program, batch)],
                    model_name=program.name,
                    input_names=[program.input_name],
                    output_names=[program.output_name],
                )
            content = model.SerializeToString()
            _try(program, content, batch)
            return content

        try:
            content, batch = _of_any_batch(exported)
        except Exception as error:  # whatever a converter raises for what it does not know
            raise UserError(
                f"jax2onnx cannot convert {program.name} ({type(error).__name__}: "
                f"{str(error)[:200]}); --format=stablehlo has every operation."
            ) from error
    with atomic_write(path) as beside:
        beside.write_bytes(content)
    return batch


def _of_any_batch(exported: Callable[[str | int], bytes]) -> tuple[bytes, str | int]:
    """Return what is written for any batch size; for single inputs where that fails."""
    try:
        return exported(BATCH), BATCH
    except Exception:
        return exported(1), 1


def _argument(program: Program, batch: str | int) -> jax.ShapeDtypeStruct:
    sizes = ",".join(map(str, (batch, *program.input_shape[1:])))
    return jax.ShapeDtypeStruct(jax.export.symbolic_shape(sizes), jnp.dtype(program.input_dtype))


def _try(program: Program, content: bytes, batch: str | int) -> None:
    """Compare what onnxruntime computes with what jax does, on noise."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    for count in (1, 3) if batch == BATCH else (1,):
        x = rng.uniform(0, 255, (count, *program.input_shape[1:]))
        if program.input_dtype != "uint8":
            x = rng.standard_normal(x.shape)
        x = x.astype(program.input_dtype)
        (got,) = session.run(None, {program.input_name: x})
        wanted = np.asarray(program.function(jnp.asarray(x)))
        worst = np.abs(got - wanted).max() / max(1e-6, np.abs(wanted).max())
        if got.shape != wanted.shape or not worst < MOST:
            raise ValueError(f"it computes something else, by {worst:.1e} of the largest value")


FORMATS: dict[str, tuple[str, Callable[[Program, pathlib.Path], str | int]]] = {
    "onnx": ("onnx", write_onnx),
    "stablehlo": ("jax_export", write_stablehlo),
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
