"""A trained detector as it lies in a workdir: variables, standardisation, threshold."""

import json
import pathlib
import threading
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import TYPE_CHECKING

import numpy as np
from ml_collections import ConfigDict

from vadjax.errors import UserError

if TYPE_CHECKING:
    from vadjax.features.standardize import Standardizer

Scored = dict[str, tuple[np.ndarray, np.ndarray]]
SHARED_BYTES = 1 << 29  # of standardised features that are kept between detectors
_KEPT = threading.Lock()  # of every `shared`: a sweep scores in several threads


def save(folder: pathlib.Path, variables: Mapping, standardizer: "Standardizer") -> None:
    """Write what scoring needs: `variables.npz` and, last, `standardizer.json`."""
    from vadjax.storage.checkpoints import export_npz
    from vadjax.storage.files import write_json

    export_npz(folder / "variables.npz", variables)
    write_json(folder / "standardizer.json", standardizer.to_dict())


def read(folder: pathlib.Path) -> "tuple[dict, Standardizer]":
    """Return what `save` wrote: trained variables and the standardisation of rows.

    Raises:
        UserError: there is no trained detector in `folder`.
    """
    from vadjax.features.standardize import Standardizer
    from vadjax.storage.checkpoints import load_npz

    file = folder / "standardizer.json"
    if not file.is_file():
        raise UserError(f"no trained detector in {folder}; run --stage=train first.")
    standardizer = Standardizer.from_dict(json.loads(file.read_text(encoding="utf-8")))
    return load_npz(folder / "variables.npz"), standardizer


def load(
    folder: pathlib.Path,
    model,
    objective,
    config: ConfigDict,
    *,
    shared: MutableMapping | None = None,
) -> Callable[[Mapping[str, np.ndarray]], Scored]:
    """Return a function: {name: rows [t, ...]} -> {name: (scores [t], predicted [t])}.

    Args:
        folder: of the detector.
        model, objective: what it was trained with.
        config: whole; `window` and `score` are read.
        shared: keeps what detectors of one standardisation read, for the next one; the names then
            have to mean the same rows in every call. None keeps nothing.

    Raises:
        UserError: there is no trained detector in `folder`.
    """
    from vadjax.scoring.score import make_inputs, score_inputs

    variables, standardizer = read(folder)
    sizes = {"length": config.window.length, "batch_size": config.score.batch_size}

    def inputs(rows: Mapping[str, np.ndarray]):
        standard = {name: standardizer.apply(x) for name, x in rows.items()}
        return make_inputs(model, objective, standard, dilation=config.window.dilation, **sizes)

    def detect(rows: Mapping[str, np.ndarray]) -> Scored:
        key = (tuple(rows), standardizer.mean.tobytes(), standardizer.std.tobytes())
        size = sum(4 * x.size for x in rows.values())
        placed = kept(shared, key, size=size, make=lambda: inputs(rows))
        return score_inputs(
            model, objective, variables, placed, aggregate=config.score.aggregate, **sizes
        )

    return detect


def kept(shared: MutableMapping | None, key, *, size: int, make: Callable[[], Iterable]):
    """Return what `make` returns, from `shared` where it was made before.

    Args:
        shared: key -> (value, its bytes), the oldest first; these are dropped for want of room.
            None keeps nothing.
        key: of the value.
        size: its bytes; what is larger than all the room is not kept.
        make: called where it is not there.
    """
    if shared is None or size > SHARED_BYTES:
        return make()
    with _KEPT:
        if key not in shared:
            while shared and sum(each for _, each in shared.values()) + size > SHARED_BYTES:
                del shared[next(iter(shared))]
            shared[key] = list(make()), size
        return shared[key][0]
