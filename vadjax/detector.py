"""A trained detector as it lies in a workdir: variables, standardisation, threshold."""

import json
import pathlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from ml_collections import ConfigDict

from vadjax.errors import UserError

if TYPE_CHECKING:
    from vadjax.features.standardize import Standardizer

Scored = dict[str, tuple[np.ndarray, np.ndarray]]


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
    folder: pathlib.Path, model, objective, config: ConfigDict
) -> Callable[[Mapping[str, np.ndarray]], Scored]:
    """Return a function: {name: rows [t, ...]} -> {name: (scores [t], predicted [t])}.

    Raises:
        UserError: there is no trained detector in `folder`.
    """
    from vadjax.scoring.score import score_videos

    variables, standardizer = read(folder)

    def detect(rows: Mapping[str, np.ndarray]) -> Scored:
        return score_videos(
            model,
            objective,
            variables,
            {name: standardizer.apply(x) for name, x in rows.items()},
            length=config.window.length,
            dilation=config.window.dilation,
            aggregate=config.score.aggregate,
            batch_size=config.score.batch_size,
        )

    return detect
