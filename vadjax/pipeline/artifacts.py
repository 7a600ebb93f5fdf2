"""Reads the files of a run that one stage writes and another reads."""

import json
import zipfile
from typing import TYPE_CHECKING

import numpy as np

from vadjax.data.splits import Fold
from vadjax.errors import UserError
from vadjax.pipeline.run import Run

if TYPE_CHECKING:
    from vadjax.data.window_splits import WindowFold

EXPLAIN = "explain"  # folder of maps, pictures and films


def read_scores(run: Run, split: str) -> list[dict[str, tuple[np.ndarray, np.ndarray]]]:
    """Return, for each fold, name -> (scores float32 [t], predicted bool [t]).

    Args:
        run: that was scored.
        split: "test" or "calibrate".

    Raises:
        UserError: `scores.npz` is missing or damaged.
    """
    return read_all_scores(run)[split]


def read_all_scores(run: Run) -> dict[str, list[dict[str, tuple[np.ndarray, np.ndarray]]]]:
    """Return what `read_scores` returns, by split."""
    path = run.workdir / "scores.npz"
    found: dict[str, list[dict]] = {
        split: [{} for _ in run.folds] for split in ("test", "calibrate")
    }
    try:
        with np.load(path, allow_pickle=False) as file:
            for key in file.files:
                split, fold, rest = key.split("|", 2)
                name, what = rest.rsplit("|", 1)
                if what == "scores":
                    predicted = file[key[: -len(what)] + "predicted"]
                    found[split][int(fold)][name] = (file[key], predicted)
    except FileNotFoundError:
        raise UserError(f"{path} is missing; run --stage=score first.") from None
    except (OSError, ValueError, KeyError, IndexError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} is damaged ({error}); run --stage=score again.") from error
    return found


def history(run: Run, fold: "Fold | WindowFold") -> list[dict]:
    """Return the rows of log.jsonl that belong to a fold."""
    path = run.workdir / "log.jsonl"
    if not path.is_file():
        return []
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    name = f"fold{fold.index}" if len(run.folds) > 1 else ""
    return [row for row in rows if row.get("name", "") == name]


def read_maps(run: Run) -> dict[str, np.ndarray] | None:
    """Return test video -> float16 [t, h, w] in 0 .. 1 of the run's largest; None: no maps.

    Raises:
        UserError: the file is damaged.
    """
    folder = run.workdir / EXPLAIN
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
    return json.loads((run.workdir / EXPLAIN / "maps.json").read_text(encoding="utf-8"))
