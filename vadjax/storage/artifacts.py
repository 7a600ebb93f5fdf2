"""The files of a run that one stage writes and another reads: their only reader and writer.

Config, data and lock of a workdir are in `storage.workdir`, checkpoints in `storage.checkpoints`.
"""

import contextlib
import json
import pathlib
import shutil
from typing import Any

import numpy as np

from vadjax.data.arrays import npy_file
from vadjax.errors import UserError
from vadjax.storage.checkpoints import load_npz
from vadjax.storage.files import write_json
from vadjax.storage.json_file import read_object
from vadjax.storage.maps_file import EXPLAIN as EXPLAIN
from vadjax.storage.maps_file import forget_maps as forget_maps
from vadjax.storage.maps_file import read_maps as read_maps
from vadjax.storage.maps_file import write_maps as write_maps
from vadjax.storage.scores_file import Scores as Scores
from vadjax.storage.scores_file import read_scores as read_scores
from vadjax.storage.scores_file import write_scores as write_scores
from vadjax.storage.state import load_state, save_state
from vadjax.storage.state import replace_state as replace_saved

_MADE_BY = {"metrics.json": "evaluate", "leakage.json": "train", "explain/maps.json": "explain"}
_RESULTS = {
    "score": ("scores.npz",),
    "evaluate": ("metrics.json",),
    "explain": ("explain/maps.json", "explain/gallery.json"),
    "report": ("report.html",),
}
_PAGE_BEGUN = ".report-begun"  # while report.html lacks pictures and films
_KINDS: dict[str, dict[str, type | tuple[type, ...]]] = {  # of keys that are read
    "leakage.json": {"verdict": str, "statistic": list},
    "explain/maps.json": {"what": str, "unit": (int, float)},
}
_DAMAGE = (npy_file.Damaged, ValueError, KeyError, IndexError, TypeError, AttributeError)


def read_json(workdir: pathlib.Path, name: str) -> dict:
    """Return a JSON file of a run.

    Args:
        workdir: folder of the run.
        name: of the file in it.

    Returns:
        Its content, an object.

    Raises:
        UserError: it is not there, with the stage that makes it, or damaged.
    """
    path = workdir / name
    stage = _MADE_BY.get(name, "all")
    try:
        content = read_object(path, mend=f"run --stage={stage} again.")
    except FileNotFoundError:
        raise UserError(f"{path} is missing; run --stage={stage} first.") from None
    wrong = [
        key
        for key, kind in _KINDS.get(name, {}).items()
        if not isinstance(content.get(key), kind) or isinstance(content.get(key), bool)
    ]
    if wrong:
        raise UserError(
            f"{path} is damaged ({', '.join(wrong)}: missing, or of another kind); run "
            f"--stage={stage} again."
        )
    return content


def _damaged(path: pathlib.Path, error: Exception, stage: str) -> UserError:
    why = str(error)[:200] or type(error).__name__
    return UserError(f"{path} is damaged ({why}); run --stage={stage} again.")


def state_folder(workdir: pathlib.Path, fold: int) -> pathlib.Path:
    """Return where the state of a fold's detector lies.

    Args:
        workdir: folder of the run.
        fold: number of the fold.

    Returns:
        A folder.
    """
    return workdir / "detector" / f"fold{fold}"


def write_state(workdir: pathlib.Path, fold: int, state: Any) -> None:
    """Write the state of a fold's detector.

    Args:
        workdir: folder of the run.
        fold: number of the fold.
        state: what `Detector.fit` returned.
    """
    save_state(state_folder(workdir, fold), state)


def replace_state(workdir: pathlib.Path, fold: int, state: Any) -> None:
    """Write the state of a fold's detector; that of before stays until it is complete.

    Args:
        workdir: folder of the run.
        fold: number of the fold.
        state: what is to be read from now on.
    """
    replace_saved(state_folder(workdir, fold), state)


def read_state(workdir: pathlib.Path, fold: int) -> Any:
    """Return the state of a fold's detector; also reads runs of vadjax before 0.2.

    Args:
        workdir: folder of the run.
        fold: number of the fold.

    Returns:
        What `write_state` wrote.

    Raises:
        UserError: there is none, or it is damaged.
    """
    folder = state_folder(workdir, fold)
    if (folder / "standardizer.json").is_file():
        values = read_json(folder, "standardizer.json")
        try:
            statistics = {key: np.asarray(values[key], np.float32) for key in ("mean", "std")}
        except (KeyError, ValueError, TypeError) as error:
            raise UserError(f"{folder / 'standardizer.json'} is damaged ({error}).") from error
        return {"variables": load_npz(folder / "variables.npz"), **statistics}
    if not folder.is_dir():
        raise UserError(f"no trained detector in {folder}; run --stage=train first.")
    return load_state(folder)


def num_states(workdir: pathlib.Path) -> int:
    """Return how many folds have a detector's state."""
    return sum(1 for _ in (workdir / "detector").glob("fold*"))


def is_done(workdir: pathlib.Path, stage: str) -> bool:
    """Return whether a stage's result lies in a workdir.

    Args:
        workdir: folder of the run.
        stage: one of those of a run.

    Returns:
        True also where it is that of earlier settings.
    """
    if stage in ("extract", "train"):  # what is extracted lies in the cache
        return num_states(workdir) > 0
    if stage == "report" and (workdir / _PAGE_BEGUN).exists():
        return False
    return any((workdir / name).is_file() for name in _RESULTS[stage])


def begin_page(workdir: pathlib.Path) -> None:
    """Note that the page that is about to be written will lack pictures, and is none if left so."""
    (workdir / _PAGE_BEGUN).touch()


def end_page(workdir: pathlib.Path) -> None:
    """Note that the page is whole."""
    (workdir / _PAGE_BEGUN).unlink(missing_ok=True)


def forget(workdir: pathlib.Path, stage: str) -> None:
    """Remove the result of a stage that is about to have another, and all that follows from it.

    The page stays: it shows the settings that it was made with.

    Args:
        workdir: folder of the run.
        stage: one of those of a run.
    """
    if stage == "report":
        return
    if stage != "explain":
        (workdir / "metrics.json").unlink(missing_ok=True)
    if stage != "evaluate":
        forget_maps(workdir)
    (workdir / EXPLAIN / "gallery.json").unlink(missing_ok=True)
    if stage in ("train", "score"):
        (workdir / "scores.npz").unlink(missing_ok=True)
    if stage == "train":
        shutil.rmtree(workdir / "detector", ignore_errors=True)


def read_gallery(workdir: pathlib.Path) -> dict | None:
    """Return explain/gallery.json with the pictures themselves, `jpeg` in each row; None: no file.

    Raises:
        UserError: gallery.json is damaged, or a picture that it names is missing.
    """
    path = workdir / EXPLAIN / "gallery.json"
    if not path.is_file():
        return None
    try:
        gallery = read_object(path, mend="run --stage=explain again.")
        for row in (row for rows in gallery["pictures"].values() for row in rows):
            row["jpeg"] = (workdir / row["file"]).read_bytes()
    except UserError:
        raise
    except (*_DAMAGE, OSError) as error:
        raise _damaged(path, error, "explain") from error
    return gallery


def read_history(workdir: pathlib.Path, name: str = "") -> list[dict]:
    """Return the rows of log.jsonl of one training.

    Args:
        workdir: folder of the run.
        name: of the training, where the run has several folds.

    Returns:
        A row an epoch; none where nothing was trained.
    """
    return [row for row in _rows_of_log(workdir) if row.get("name", "") == name]


def epochs_trained(workdir: pathlib.Path) -> list[int]:
    """Return the number of epochs of each training in log.jsonl; none where there is no log."""
    last: dict[str, int] = {}
    for row in _rows_of_log(workdir):
        last[row.get("name", "")] = int(row.get("epoch", 0))
    return list(last.values())


def _rows_of_log(workdir: pathlib.Path) -> list[dict]:
    """Return the rows of log.jsonl; a line that was cut off is left out."""
    path, rows = workdir / "log.jsonl", []
    if path.is_file():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            with contextlib.suppress(ValueError, RecursionError):
                rows.append(json.loads(line))
    return [row for row in rows if _is_epoch(row)]


def _is_epoch(row: Any) -> bool:
    """Return whether a row of log.jsonl is one that an epoch has written."""
    if not isinstance(row, dict) or type(row.get("epoch")) is not int:
        return False
    losses = (value for key, value in row.items() if key.endswith("loss") and value is not None)
    known = all(type(value) in (int, float) and abs(value) < 1e300 for value in losses)
    return known and isinstance(row.get("name", ""), str)


def read_timing(workdir: pathlib.Path) -> dict[str, float]:
    """Return measured seconds by name; empty where nothing was noted."""
    if not (workdir / "timing.json").is_file():
        return {}
    try:
        content = read_json(workdir, "timing.json")
    except UserError:
        return {}  # how long it took is not worth a run
    return {key: value for key, value in content.items() if type(value) in (int, float)}


def add_timing(workdir: pathlib.Path, **values: float) -> None:
    """Keep measured seconds across the stages, which may run in processes of their own."""
    rounded = {name: round(float(value), 2) for name, value in values.items()}
    write_json(workdir / "timing.json", {**read_timing(workdir), **rounded})
