"""The files of a run that one stage writes and another reads: their only reader and writer.

Config, data and lock of a workdir are in `storage.workdir`, checkpoints in `storage.checkpoints`.
"""

import contextlib
import json
import pathlib
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from vadjax.data.scored_video import ScoredVideo
from vadjax.errors import UserError
from vadjax.storage.checkpoints import load_npz
from vadjax.storage.files import atomic_write, write_json
from vadjax.storage.state import load_state, save_state

EXPLAIN = "explain"  # folder of maps, pictures and films
SPLITS = ("test", "calibration")
_MADE_BY = {"metrics.json": "evaluate", "leakage.json": "train", "explain/maps.json": "explain"}
_RESULTS = {
    "score": ("scores.npz",),
    "evaluate": ("metrics.json",),
    "explain": ("explain/maps.json", "explain/gallery.json"),
    "report": ("report.html",),
}
_ARRAYS = ("scores", "predicted", "labels", "times", "maps")
_PLAIN = ("id", "fold", "unit", "fps", "fps_assumed", "scene", "substituted")
_DAMAGE = (OSError, ValueError, KeyError, IndexError, TypeError, EOFError, zipfile.BadZipFile)


class Scores(NamedTuple):
    """Scored clips of a run.

    Attributes:
        test: what is evaluated.
        calibration: clips held out of training, for the thresholds.
    """

    test: list[ScoredVideo]
    calibration: list[ScoredVideo]


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
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        stage = _MADE_BY.get(name, "all")
        raise UserError(f"{path} is missing; run --stage={stage} first.") from None
    except (OSError, ValueError, RecursionError) as error:
        stage = _MADE_BY.get(name, "all")
        raise UserError(f"{path} is damaged ({error}); run --stage={stage} again.") from error
    if not isinstance(content, dict):
        raise UserError(f"{path} is damaged (it holds no object).")
    return content


def write_scores(
    workdir: pathlib.Path, test: Sequence[ScoredVideo], calibration: Sequence[ScoredVideo]
) -> None:
    """Write `scores.npz`.

    Entry `videos` is a JSON text: a list of {split, id, fold, unit, fps, fps_assumed, scene,
    substituted}. Arrays of its n-th item are `n/scores`, `n/predicted`, `n/labels`, `n/times`,
    `n/maps`, `n/parts/NAME` and `n/kinds/NAME`, where they are known.

    Args:
        workdir: folder of the run.
        test: of all folds.
        calibration: of all folds.
    """
    listed: list[dict] = []
    arrays: dict[str, Any] = {}
    for split, videos in zip(SPLITS, (test, calibration), strict=True):
        for video in videos:
            number = len(listed)
            listed.append({"split": split, **{key: getattr(video, key) for key in _PLAIN}})
            named = {key: getattr(video, key) for key in _ARRAYS}
            named |= {f"parts/{key}": values for key, values in video.parts.items()}
            named |= {f"kinds/{key}": values for key, values in video.kinds.items()}
            arrays |= {f"{number}/{k}": v for k, v in named.items() if v is not None}
    with atomic_write(workdir / "scores.npz") as beside, beside.open("wb") as file:
        np.savez(file, videos=np.array(json.dumps(listed)), **arrays)


def read_scores(workdir: pathlib.Path) -> Scores:
    """Return what `write_scores` wrote; also reads runs of vadjax before 0.2.

    Raises:
        UserError: `scores.npz` is missing or damaged.
    """
    path = workdir / "scores.npz"
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            if "videos" not in file.files:
                return _read_old_scores(file)
            result = Scores([], [])
            for number, facts in enumerate(json.loads(str(file["videos"]))):
                arrays = {
                    key.partition("/")[2]: file[key]
                    for key in file.files
                    if key.startswith(f"{number}/")
                }
                getattr(result, facts.pop("split")).append(_video(facts, arrays))
            return result
    except FileNotFoundError:
        raise UserError(f"{path} is missing; run --stage=score first.") from None
    except _DAMAGE as error:
        raise UserError(f"{path} is damaged ({error}); run --stage=score again.") from error


def _video(facts: dict, arrays: Mapping[str, np.ndarray]) -> ScoredVideo:
    named: dict[str, Any] = {"parts": {}, "kinds": {}}
    for key, values in arrays.items():
        group, _, name = key.partition("/")
        if name:
            named[group][name] = values
    plain: dict[str, Any] = {key: arrays.get(key) for key in _ARRAYS}
    facts["substituted"] = tuple(facts["substituted"])
    return ScoredVideo(**facts, **plain, **named)


def _read_old_scores(file: Any) -> Scores:
    """Read keys "SPLIT|FOLD|ID|WHAT"."""
    arrays: dict[tuple[str, int, str], dict] = {}
    for key in file.files:
        split, fold, rest = key.split("|", 2)
        name, what = rest.rsplit("|", 1)
        arrays.setdefault((split, int(fold), name), {})[what] = file[key]
    result = Scores([], [])
    for (split, fold, name), found in arrays.items():
        unit = "window" if "rows" in found else "frame"
        known: dict[str, Any] = {key: found.get(key) for key in ("predicted", "labels")}
        video = ScoredVideo(name, found["scores"], **known, fold=fold, unit=unit)
        (result.calibration if split == "calibrate" else result.test).append(video)
    return result


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


def write_maps(
    workdir: pathlib.Path, maps: Mapping[str, np.ndarray], facts: Mapping[str, Any]
) -> None:
    """Write `explain/maps.npz` in half precision and, last, `explain/maps.json`.

    Args:
        workdir: folder of the run.
        maps: test video -> float32 [t, h, w], in units of the score.
        facts: what else is known of them, for maps.json.
    """
    # One constant for the whole run keeps half precision from overflowing, and changes no order.
    unit = max(float(m.max()) for m in maps.values()) or 1.0
    halves: dict[str, Any] = {name: (m / unit).astype(np.float16) for name, m in maps.items()}
    with atomic_write(workdir / EXPLAIN / "maps.npz") as beside, beside.open("wb") as file:
        np.savez(file, **halves)
    grid = list(next(iter(maps.values())).shape[1:])
    empty = sum(int((m.max((1, 2)) <= 0).sum()) for m in maps.values())
    whole = {**facts, "grid": grid, "unit": unit, "empty": empty}
    write_json(workdir / EXPLAIN / "maps.json", whole)


def read_maps(workdir: pathlib.Path) -> dict[str, np.ndarray] | None:
    """Return test video -> float16 [t, h, w] in 0 .. 1 of the run's largest; None: no maps.

    Raises:
        UserError: the file is damaged.
    """
    folder = workdir / EXPLAIN
    if not (folder / "maps.json").is_file():
        return None
    try:
        with np.load(folder / "maps.npz", allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except _DAMAGE as error:
        raise UserError(
            f"{folder / 'maps.npz'} is damaged ({error}); run --stage=explain again."
        ) from error


def forget_maps(workdir: pathlib.Path) -> None:
    """Remove maps of an earlier detector, so that none are taken for those of this one."""
    for name in ("maps.json", "maps.npz"):
        (workdir / EXPLAIN / name).unlink(missing_ok=True)


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
    return any((workdir / name).is_file() for name in _RESULTS[stage])


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
        gallery = json.loads(path.read_text(encoding="utf-8"))
        for row in (row for rows in gallery["pictures"].values() for row in rows):
            row["jpeg"] = (workdir / row["file"]).read_bytes()
    except _DAMAGE as error:
        raise UserError(f"{path} is damaged ({error}); run --stage=explain again.") from error
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
    return [row for row in rows if isinstance(row, dict)]


def read_timing(workdir: pathlib.Path) -> dict[str, float]:
    """Return measured seconds by name; empty where nothing was noted."""
    return read_json(workdir, "timing.json") if (workdir / "timing.json").is_file() else {}


def add_timing(workdir: pathlib.Path, **values: float) -> None:
    """Keep measured seconds across the stages, which may run in processes of their own."""
    rounded = {name: round(float(value), 2) for name, value in values.items()}
    write_json(workdir / "timing.json", {**read_timing(workdir), **rounded})
