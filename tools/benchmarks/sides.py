"""The sides that can run here, and the environment of their processes."""

import contextlib
import importlib.util
import os
from collections.abc import Iterable

from tools.benchmarks import precision

OURS = ("vadjax", "resident")
KERAS_BACKENDS = ("tensorflow", "jax")  # the first that is installed, unless KERAS_BACKEND is set


def present(sides: Iterable[str]) -> list[str]:
    """Return the sides whose package can be imported, and those that are vadjax itself."""
    return [side for side in sides if side in OURS or _importable(side)]


def environment(*, dtype: str, cache_dir: str = "") -> dict[str, str]:
    """Return the environment of a side's process.

    Args:
        dtype: one of `precision.CHOICES`.
        cache_dir: of compiled programs; "" is the usual one of vadjax.

    Returns:
        Environment variables.
    """
    env = {**os.environ, precision.VARIABLE: dtype}
    env["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"  # the sides share a GPU's memory
    env["KERAS_BACKEND"] = keras_backend()
    if cache_dir:
        env["JAX_COMPILATION_CACHE_DIR"] = cache_dir
    return env


def keras_backend() -> str:
    """Return the backend for Keras; "jax" where no other is installed."""
    if name := os.environ.get("KERAS_BACKEND"):
        return name
    return next((name for name in KERAS_BACKENDS if _importable(name)), KERAS_BACKENDS[-1])


def _importable(name: str) -> bool:
    found = None
    with contextlib.suppress(ImportError, ValueError):
        found = importlib.util.find_spec(name)
    return found is not None and (name != "keras" or _importable(keras_backend()))
