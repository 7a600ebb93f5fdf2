"""The stage `explain`: maps of where each test frame is abnormal, their worth, and pictures."""

import json
import zipfile

import numpy as np

from vadjax.context import Run
from vadjax.errors import UserError
from vadjax.gallery import write_gallery
from vadjax.mapper import Mapper
from vadjax.storage.files import whole, write_json

FOLDER = "explain"


def explain(run: Run) -> None:
    """Detectors + test frames -> explain/, and the parts `explain` and `region` of metrics.json."""
    folder = run.workdir / FOLDER
    for name in ("maps.json", "maps.npz"):  # never those of another detector
        (folder / name).unlink(missing_ok=True)
    if run.config.explain.maps:
        write_maps(run)
    write_gallery(run)


def write_maps(run: Run) -> None:
    """Write `maps.npz` and, last, `maps.json`: {method, tap, grid, unit, what, empty}."""
    folder, mapper = run.workdir / FOLDER, Mapper(run)
    maps = {}
    total = sum(len(run.videos[part.video_id].frames) for fold in run.folds for part in fold.test)
    with run.console.bar("maps", total=total, unit="frames") as advance:
        for name, found in mapper():
            maps[name] = found
            advance(sum(map(len, maps.values())))
    # One constant for the whole run keeps half precision from overflowing, and changes no order.
    unit = max(float(m.max()) for m in maps.values()) or 1.0
    with whole(folder / "maps.npz") as beside, beside.open("wb") as file:
        np.savez(file, **{name: np.float16(m / unit) for name, m in maps.items()})
    facts = {
        "method": mapper.method,
        "tap": mapper.tap,
        "grid": list(next(iter(maps.values())).shape[1:]),
        "unit": unit,
        "what": mapper.what,
        "empty": sum(int((m.max((1, 2)) <= 0).sum()) for m in maps.values()),
    }
    write_json(folder / "maps.json", facts)


def read_maps(run: Run) -> dict[str, np.ndarray] | None:
    """Return test video -> float16 [t, h, w] in 0 .. 1 of the run's largest; None: no maps.

    Raises:
        UserError: the file is damaged.
    """
    folder = run.workdir / FOLDER
    if not (folder / "maps.json").is_file():
        return None
    try:
        with np.load(folder / "maps.npz", allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise UserError(
            f"{folder / 'maps.npz'} is damaged ({error}); run --stage=explain again."
        ) from error


def read_facts(run: Run) -> dict:
    """Return `maps.json` (see `write_maps`)."""
    return json.loads((run.workdir / FOLDER / "maps.json").read_text(encoding="utf-8"))
