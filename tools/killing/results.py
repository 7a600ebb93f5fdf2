"""Compare the folder of a run that was killed with that of one that was not."""

import csv
import io
import json
import pathlib
import zipfile
from collections.abc import Iterator

import numpy as np

CHANGING = ("environment", "timing")  # keys of metrics.json that no two runs share
_UNNAMED = {"tensorboard", "checkpoints"}  # their files have names of time or chance
LOGS = ("run.log", "log.jsonl", "timing.json", "environment.json")


def unreadable(folder: pathlib.Path) -> list[str]:
    """Return which files that lie under their final names are not whole.

    Args:
        folder: of results, which is searched at any depth.

    Returns:
        Names below `folder`, each with what is wrong.
    """
    faults = []
    for name, path in _files(folder):
        try:
            if path.suffix == ".json":
                json.loads(path.read_text(encoding="utf-8"))
            elif path.suffix == ".npz":
                with np.load(path, allow_pickle=False) as arrays:
                    for key in arrays.files:
                        arrays[key]
            elif path.suffix == ".npy":
                np.load(path, mmap_mode="r", allow_pickle=False)
            elif path.suffix == ".csv":
                _check_rows(path)
            elif path.suffix == ".xlsx":
                with zipfile.ZipFile(path) as file:
                    file.testzip()
            elif path.suffix == ".html" and "</html>" not in path.read_text(encoding="utf-8"):
                raise ValueError("ends early")
        except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
            faults.append(f"{name}: {type(error).__name__}: {error}")
    return faults


def differences(wanted: pathlib.Path, found: pathlib.Path) -> list[str]:
    """Return in what a folder of results is not the one that was wanted.

    Args:
        wanted: of a run that was not disturbed.
        found: of another one of the same command.

    Returns:
        A line for each file that is missing, left over, or holds other values.
    """
    there, here = dict(_files(wanted)), dict(_files(found))
    faults = [f"{name}: missing" for name in there.keys() - here.keys()]
    faults += [f"{name}: left over" for name in here.keys() - there.keys()]
    for name in sorted(there.keys() & here.keys()):
        faults += [f"{name}: {what}" for what in _unlike(there[name], here[name])]
    return sorted(faults)


def _files(folder: pathlib.Path) -> Iterator[tuple[str, pathlib.Path]]:
    """Yield what two runs should share, by its name below the folder."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not _UNNAMED & set(name.parts) and name.name not in LOGS:
            yield str(name), path


def _check_rows(path: pathlib.Path) -> None:
    """Check that every row has the cells of the head, and that the last line ends."""
    text = path.read_text(encoding="utf-8")
    rows = list(csv.reader(io.StringIO(text)))
    if not text.endswith("\n") or any(len(row) != len(rows[0]) for row in rows):
        raise ValueError("a row is cut")


def _unlike(wanted: pathlib.Path, found: pathlib.Path) -> list[str]:
    """Say in what two files of one name differ, where that is a result."""
    if wanted.name == "scores.npz":
        with np.load(wanted) as a, np.load(found) as b:
            if set(a.files) != set(b.files):
                return ["other arrays"]
            return [key for key in a.files if not _equal(a[key], b[key])]
    if wanted.name == "metrics.json":
        a, b = (json.loads(p.read_text(encoding="utf-8")) for p in (wanted, found))
        keys = sorted(set(a) | set(b) - set(CHANGING))
        return [key for key in keys if key not in CHANGING and a.get(key) != b.get(key)]
    if wanted.name in ("scores.csv", "alarms.csv", "alarms.jsonl"):
        return [] if wanted.read_bytes() == found.read_bytes() else ["other rows"]
    return []


def _equal(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
