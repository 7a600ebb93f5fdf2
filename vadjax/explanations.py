"""The stage `explain`: maps of where each test frame is abnormal, their worth, and pictures."""

import json
import zipfile
from collections.abc import Iterator

import numpy as np

from vadjax import config as configs
from vadjax import detector
from vadjax.context import Run
from vadjax.data.splits import Fold
from vadjax.data.windows import window_table
from vadjax.errors import UserError
from vadjax.results import read_scores
from vadjax.storage.files import whole, write_json

FOLDER = "explain"


def explain(run: Run) -> None:
    """Detectors + test frames -> explain/maps.npz, `explain` and `region` of metrics.json."""
    if run.config.explain.maps:
        write_maps(run)


def write_maps(run: Run) -> None:
    """Write `maps.npz` and, last, `maps.json`; of a run whose model gives none, neither."""
    folder = run.workdir / FOLDER
    for name in ("maps.json", "maps.npz"):
        (folder / name).unlink(missing_ok=True)
    if run.config.model.name not in configs.MAP_MODELS:
        return
    maps = {name: values for fold in run.folds for name, values in error_maps(run, fold)}
    # One constant for the whole run keeps half precision from overflowing, and changes no order.
    unit = max((float(m.max()) for m in maps.values() if m.size), default=0.0) or 1.0
    with whole(folder / "maps.npz") as beside, beside.open("wb") as file:
        np.savez(file, **{name: np.float16(m / unit) for name, m in maps.items()})
    grid = list(next(iter(maps.values())).shape[1:])
    facts = {"method": "error", "tap": run.config.features.tap, "grid": grid, "unit": unit}
    write_json(folder / "maps.json", {**facts, "what": "the error of each place"})


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
    """Return `maps.json`: {method, tap, grid, unit, what}."""
    return json.loads((run.workdir / FOLDER / "maps.json").read_text(encoding="utf-8"))


def error_maps(run: Run, fold: Fold) -> Iterator[tuple[str, np.ndarray]]:
    """Yield (test video, float32 [t, h, w]): the errors of a model that reads maps."""
    from vadjax.explain import maps as of_errors

    variables, standardizer = detector.read(run.detector_dir(fold))
    batch_maps = of_errors.make_error_fn(run.model, run.objective)
    names = read_scores(run, "test")[fold.index]
    for name, part in zip(names, fold.test, strict=True):
        rows = run.rows(part)
        found = [
            np.asarray(batch_maps(variables, standardizer.apply(rows[index])))
            for index in _batches(run, len(rows))
        ]
        yield name, spread(np.concatenate(found), len(rows))


def _batches(run: Run, num_frames: int) -> Iterator[np.ndarray]:
    """Yield the rows [b, t] of a clip's windows at stride 1."""
    window, size = run.config.window, run.config.explain.batch_size
    rows = window_table([num_frames], length=window.length, stride=1, dilation=window.dilation).rows
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def spread(maps: np.ndarray, num_frames: int) -> np.ndarray:
    """Give the frames before the first window's last one its map, as they carry its score."""
    return np.concatenate([np.repeat(maps[:1], num_frames - len(maps), axis=0), maps])
