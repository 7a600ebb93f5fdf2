"""explain/maps.npz: the anomaly maps of a run's test videos."""

import pathlib
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from vadjax.data.arrays import npy_file
from vadjax.data.arrays.row_view import blocks
from vadjax.errors import UserError
from vadjax.storage.files import atomic_write, write_json
from vadjax.storage.row_file import RowFile

EXPLAIN = "explain"  # folder of maps, pictures and films
_DAMAGE = (npy_file.Damaged, ValueError, KeyError, IndexError, TypeError, AttributeError)


def write_maps(
    workdir: pathlib.Path, maps: Mapping[str, np.ndarray], facts: Mapping[str, Any]
) -> None:
    """Write `explain/maps.npz` in half precision and, last, `explain/maps.json`.

    Args:
        workdir: folder of the run.
        maps: test video -> float32 [t, h, w], in units of the score; mapped ones are read a
            stretch at a time.
        facts: what else is known of them, for maps.json.
    """
    # One constant for the whole run keeps half precision from overflowing, and changes no order.
    tops, unit = [], 0.0
    for values in maps.values():
        for block in blocks(values):
            tops.append(block.max((1, 2)))
            unit = max(unit, float(tops[-1].max()), -float(block.min()))
    unit = unit or 1.0
    with (
        atomic_write(workdir / EXPLAIN / "maps.npz") as beside,
        zipfile.ZipFile(beside, "w", allowZip64=True) as archive,
    ):
        for name, values in maps.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                rows = RowFile(file, len(values))
                for block in blocks(values):
                    rows.append((block / np.float32(unit)).astype(np.float16))
    grid = list(next(iter(maps.values())).shape[1:])
    empty = sum(int((top <= 0).sum()) for top in tops)
    whole = {**facts, "grid": grid, "unit": unit, "empty": empty}
    write_json(workdir / EXPLAIN / "maps.json", whole)


def read_maps(workdir: pathlib.Path) -> dict[str, np.ndarray] | None:
    """Return test video -> float16 [t, h, w] in 0 .. 1 of the run's largest, memory-mapped.

    None: there are no maps.

    Raises:
        UserError: the file is damaged.
    """
    folder = workdir / EXPLAIN
    if not (folder / "maps.json").is_file():
        return None
    try:
        with npy_file.opened(folder / "maps.npz") as file:
            maps = {name: file.mapped(name) for name in file}
        for name, array in maps.items():
            if array.ndim != 3 or array.dtype.kind != "f":
                raise ValueError(f"{name} is no list of maps")
        return maps
    except (*_DAMAGE, FileNotFoundError) as error:
        path, why = folder / "maps.npz", str(error)[:200] or type(error).__name__
        raise UserError(f"{path} is damaged ({why}); run --stage=explain again.") from error


def forget_maps(workdir: pathlib.Path) -> None:
    """Remove maps of an earlier detector, so that none are taken for those of this one."""
    for name in ("maps.json", "maps.npz"):
        (workdir / EXPLAIN / name).unlink(missing_ok=True)
