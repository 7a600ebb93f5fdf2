"""The dtype of computation; parameters stay float32 on every side."""

import contextlib
import os

CHOICES = ("float32", "bfloat16")
VARIABLE = "VADJAX_BENCH_PRECISION"  # read by the processes of the sides


def dtype() -> str:
    """Return the chosen dtype, as a value of `model.dtype`."""
    return os.environ.get(VARIABLE, "float32")


def autocast(device: str) -> contextlib.AbstractContextManager:
    """Return the context in which torch computes in that dtype on `device`."""
    import torch

    if dtype() == "float32":
        return contextlib.nullcontext()
    return torch.autocast(device, dtype=getattr(torch, dtype()))


def keras_policy() -> str:
    """Return the name of Keras's policy."""
    return "float32" if dtype() == "float32" else f"mixed_{dtype()}"
