"""The published pair of files: all normal rows in one, all abnormal rows in the other.

akramrahmani67-ux/Anomaly-Detection-in-Images- names them normal_features_NAME.npy and
anomaly_features_NAME.npy, NAME being that of the backbone in timm. Nothing says of which clip and
frame a row is, and its notebooks list files in no order.
"""

import functools
import pathlib
import re

import numpy as np

from vadjax.data.builders.feature_scan import good, measured
from vadjax.data.deviation import Deviation
from vadjax.data.frames.feature_file import open_features
from vadjax.data.frames.feature_rows import FeatureRows
from vadjax.data.paths.files import entries
from vadjax.data.video import Dataset, Video
from vadjax.errors import UserError, unknown

FILE = re.compile(r"(normal|anomaly|abnormal)_features_(.+)\.npy")
SIDES = ("normal", "anomaly")
UNKNOWN = Deviation(
    "the files do not say of which clip and frame each row is",
    "windows may cross clips, and whether test windows are copies, altered copies or neighbours of "
    "training windows cannot be checked: the leakage audit never says clean, and only protocols "
    "that split windows at random run",
)


def names(root: pathlib.Path) -> dict[str, dict[str, pathlib.Path]]:
    """Return the pairs of a folder: name of the features -> side -> file."""
    found: dict[str, dict[str, pathlib.Path]] = {}
    for path in entries(root):
        if match := FILE.fullmatch(path.name):
            side = SIDES[match[1] != "normal"]
            if (twin := found.setdefault(match[2], {}).setdefault(side, path)) != path:
                raise UserError(
                    f"{twin} and {path.name} are both the abnormal rows of {match[2]}; keep one."
                )
    return found


def chosen(root: pathlib.Path, name: str) -> tuple[str, dict[str, pathlib.Path]]:
    """Choose the pair of a folder.

    Args:
        root: the folder.
        name: of the features; "" where there is one pair only.

    Returns:
        Its name and its two files.

    Raises:
        UserError: there are several and none is named, or none of the name, or half a pair.
    """
    found = names(root)
    if name and name not in found:
        raise unknown("dataset.feature_name", name, found)
    if not name and len(found) > 1:
        raise UserError(
            f"{root} holds features of {', '.join(sorted(found))}: say which with "
            "dataset.feature_name=NAME."
        )
    name = name or next(iter(found))
    for side in SIDES:
        if side not in found[name]:
            raise UserError(f"{root} lacks {side}_features_{name}.npy, the other half of the pair.")
    return name, found[name]


def load(root: pathlib.Path, *, name: str, crops: str, cache_dir: pathlib.Path) -> Dataset:
    """Read a pair: two test videos, one of normal and one of abnormal rows.

    Args:
        root: folder of the files.
        name: of the features; see `chosen`.
        crops: see `rows_of`.
        cache_dir: where what was measured is kept.

    Returns:
        The data set, whose clips are not known.

    Raises:
        UserError: the files cannot be used, or do not belong together.
    """
    name, files = chosen(root, name)
    facts = good(measured([files[side] for side in SIDES], cache_dir=cache_dir))
    widths = [facts[files[side]].shape[1:] for side in SIDES]
    if widths[0] != widths[1]:
        raise UserError(
            f"{files['normal']} has rows of shape {list(widths[0])}, "
            f"{files['anomaly'].name} of {list(widths[1])}: these are two kinds of features."
        )
    videos = tuple(
        Video(
            f"test/{side}",
            "test",
            FeatureRows(
                facts[files[side]].shape[0],
                functools.partial(rows_of, files[side], crops),
                files=[files[side]],
            ),
            labels=np.full(facts[files[side]].shape[0], side == "anomaly", np.uint8),
            fingerprint=facts[files[side]].fingerprint,
        )
        for side in SIDES
    )
    return Dataset(
        "features",
        "files",
        None,
        (),
        videos,
        metadata={"root": str(root), "layout": "a file for each class", "features": name},
        deviations=(UNKNOWN,),
        clips_known=False,
    )


def rows_of(path: pathlib.Path, crops: str) -> np.ndarray:
    """Open the rows of a file.

    Args:
        path: of the file.
        crops: "mean" averages the features of a row's crops; "all" keeps [t, crops, d].

    Returns:
        [t, d], or [t, crops, d].
    """
    rows = open_features(path)
    averaged = rows.ndim == 3 and crops == "mean"
    return np.asarray(rows.mean(1, dtype=np.float32)) if averaged else rows
