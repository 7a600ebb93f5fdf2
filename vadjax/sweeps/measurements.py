"""Measured throughput and memory of groups, kept in the cache for later estimates."""

import json
import pathlib

import jax

from vadjax import config as configs
from vadjax.pipeline.run import Run
from vadjax.storage.files import write_json

THROUGHPUT = "sweep_throughput.json"  # training windows per second, everything included
MEMORY = "sweep_memory.json"  # bytes per member
KEYS = (
    "dataset.protocol",
    "features.backbone",
    "features.tap",
    "window.length",
    "objective.name",
    "train.batch_size",
    "train.optimizer",
)


def measurement_key(run: Run) -> str:
    """Return a fingerprint of what throughput depends on: device, model, input and batch."""
    flat = configs.flatten(run.config.to_dict())
    kept = {k: v for k, v in flat.items() if k in KEYS or k.startswith("model.")}
    del kept["model.dropout"]
    return configs.fingerprint({**kept, "device": jax.devices()[0].device_kind})


def read_measurements(cache: pathlib.Path, name: str = THROUGHPUT) -> dict[str, float]:
    """Return what was measured, by `measurement_key`.

    Args:
        cache: the folder `features.cache_dir`.
        name: `THROUGHPUT` or `MEMORY`.

    Returns:
        Positive values; empty where the file is missing or damaged, since it is only a cache.
    """
    try:
        values = json.loads((cache / name).read_text(encoding="utf-8"))
        return {str(key): float(value) for key, value in values.items() if float(value) > 0}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def record_memory(run: Run, member_bytes: int) -> None:
    """Record the working memory of a member.

    Args:
        run: of the group.
        member_bytes: bytes that the compiler plans for one member.
    """
    _record(run, MEMORY, member_bytes)


def record_throughput(run: Run, *, windows: int, seconds: float) -> None:
    """Record the throughput of a group that was trained.

    Args:
        run: of the group.
        windows: training windows of all members and epochs.
        seconds: that they took.
    """
    if windows and seconds > 0:
        _record(run, THROUGHPUT, round(windows / seconds, 1))


def _record(run: Run, name: str, value: float) -> None:
    known = read_measurements(run.cache, name)
    write_json(run.cache / name, {**known, measurement_key(run): value})
