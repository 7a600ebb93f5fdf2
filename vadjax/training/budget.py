"""How much memory training data may take, and whether they are resident or chunked."""

import contextlib
import os
import pathlib
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils

from vadjax.errors import UserError
from vadjax.training.chunks import Chunked
from vadjax.training.inputs import TrainingData, resident_arrays, run_size, tables

DEVICE_SHARE = 0.5  # of a device's memory; activations, gradients and members need the rest
HOST_SHARE = 0.25  # of the host's memory where devices are CPUs: resident rows are there twice
CGROUP = pathlib.Path("/sys/fs/cgroup/memory.max")


def budget_bytes(train: Any) -> int:
    """Return how many bytes of training data may be on a device.

    All processes of a training get the number of the first one.

    Args:
      train: the config section; `memory_mb` is read, 0 is a share of the memory that there is.
    """
    megabytes = train.memory_mb
    if not megabytes:
        memory = (jax.local_devices()[0].memory_stats() or {}).get("bytes_limit")
        share = DEVICE_SHARE * memory if memory else HOST_SHARE * _host_memory()
        megabytes = max(1, int(share / 1e6))
        if jax.process_count() > 1:
            megabytes = int(multihost_utils.broadcast_one_to_all(np.int32(megabytes)))
    return int(megabytes) * 10**6


def choose_arrays(data: TrainingData, train: Any) -> tuple[dict[str, Any], str]:
    """Return what a training reads: resident arrays where the budget allows it, else chunked ones.

    Args:
      data: see `TrainingData`.
      train: the config section; `memory_mb`, `batches` and `batch_size` are read.

    Returns:
      (arrays for `Population`, the choice in words).

    Raises:
      UserError: bags do not fit into the budget.
    """
    budget, size = budget_bytes(train), run_size(train)
    words = f"training data: {_size(data.nbytes)}"
    if data.nbytes <= budget:
        words += f" resident on the device (budget {_size(budget)})"
        return resident_arrays(data, run_size=size), words
    if data.pairs:
        raise UserError(
            f"{words} of bags, above the budget of {_size(budget)}: lower bag.segments, take the "
            "mean of crops (dataset.crops=mean), or raise train.memory_mb."
        )
    # Two chunks are on the device; on a CPU one that is being gathered is in the same memory.
    copies = 3 if jax.default_backend() == "cpu" else 2
    features = Chunked(data, budget // copies)
    return {"features": features, **tables(data, run_size=size)}, (
        f"{words}, gathered in chunks (budget {_size(budget)})"
    )


def _host_memory() -> int:
    """Return the bytes of memory of this machine or container."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):  # "max", or no such file
        memory = min(memory, int(CGROUP.read_text(encoding="utf-8")))
    return memory


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def out_of_memory(error: Exception) -> bool:
    """Return whether an error says that a device is out of memory."""
    return isinstance(error, jax.errors.JaxRuntimeError) and "RESOURCE_EXHAUSTED" in str(error)
