"""Choose the micro-batch of extraction on a CPU, once for each network and machine."""

import contextlib
import json
import logging
import os
import pathlib
import statistics
import time
from collections.abc import Sequence

import jax
import numpy as np

from vadjax.backbones.backbone import Backbone
from vadjax.backbones.ten_crops import TenCrops
from vadjax.errors import UserError
from vadjax.features.extractor import Extractor
from vadjax.runtime.devices import is_one_thread
from vadjax.storage.files import write_json

log = logging.getLogger(__name__)

CANDIDATES = (1, 2, 4)
WORTH_IT = 1000  # frames; measuring takes longer than it saves for fewer
ROUNDS = 3  # runs of each candidate, alternating, so that drift affects all of them


def choose_micro_batch(
    backbone: Backbone,
    *,
    taps: Sequence[str],
    batch_size: int,
    cache_dir: str | os.PathLike,
    num_frames: int,
) -> int:
    """Return the fastest micro-batch for an `Extractor`.

    Measured in some seconds the first time and kept in `cache_dir/micro_batch.json`.

    Args:
        backbone: the network, at its input size.
        taps: those that are extracted, in one pass.
        batch_size: as for `Extractor`; larger candidates are left out.
        cache_dir: folder where choices are kept; if it cannot be written, they are not kept.
        num_frames: number of frames to extract; with few, nothing is measured.

    Returns:
        Images at a time, 1 if nothing was measured; 0 on GPUs and TPUs, which take their share of
        a batch at once.
    """
    if jax.default_backend() != "cpu":
        return 0
    if is_one_thread():
        return 1  # a choice by the clock may be another one the next time
    if isinstance(backbone.preprocess, TenCrops):
        return 1  # ten images already
    devices = jax.local_device_count()
    fitting = [n for n in CANDIDATES if n * devices <= batch_size] or [1]
    if len(fitting) == 1 or not backbone.variables:
        return 1
    size = "x".join(map(str, backbone.preprocess.size))
    named = " ".join(sorted(taps))
    key = (
        f"{backbone.name} {size} {backbone.dtype} {named} {devices} devices, jax {jax.__version__}"
    )
    path = pathlib.Path(cache_dir).expanduser() / "micro_batch.json"
    try:
        known = json.loads(path.read_text())
    except (OSError, ValueError):
        known = {}
    if known.get(key) in fitting:
        return known[key]
    if num_frames < WORTH_IT:
        return 1
    log.info("measuring the fastest micro-batch of %s, once for it and this machine", backbone.name)
    known[key] = _fastest(backbone, taps, batch_size, fitting)
    with contextlib.suppress(OSError, UserError):
        write_json(path, known)
    return known[key]


def _fastest(
    backbone: Backbone, taps: Sequence[str], batch_size: int, candidates: list[int]
) -> int:
    height, width = backbone.preprocess.size
    shape = (batch_size, height, width, backbone.preprocess.channels or 3)
    images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    extractors = {
        n: Extractor(backbone, taps=taps, batch_size=batch_size, micro_batch=n) for n in candidates
    }
    seconds: dict[int, list[float]] = {n: [] for n in candidates}
    for _ in range(1 + ROUNDS):  # the first run compiles
        for n, extractor in extractors.items():
            batch = np.resize(images, (extractor.batch_size, *shape[1:]))
            start = time.perf_counter()
            jax.block_until_ready(extractor(batch))
            seconds[n].append((time.perf_counter() - start) / len(batch))
    return min(candidates, key=lambda n: statistics.median(seconds[n][1:]))
