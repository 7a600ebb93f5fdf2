"""The published pair of files: all normal rows in one, all abnormal rows in the other.

akramrahmani67-ux/Anomaly-Detection-in-Images- names them normal_features_NAME.npy and
anomaly_features_NAME.npy, NAME being that of the backbone in timm. Nothing says of which clip and
frame a row is, and its notebooks list files in no order.
"""

import functools
import pathlib
import re
from collections.abc import Iterable

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
_LISTED = re.compile(r"[A-Za-z][A-Za-z0-9._]*[-_0-9][A-Za-z0-9._-]*")
_MOST_TEXT = 1 << 16  # bytes
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


def spelled(name: str, pairs: Iterable[str]) -> str:
    """Look a name up among pairs, whatever its case and lines.

    >>> spelled("CoAtNet-0-RW-224", ["coatnet_0_rw_224", "repvgg_a0"])
    'coatnet_0_rw_224'

    Args:
        name: as somebody spells it.
        pairs: the names of files.

    Returns:
        The pair's own spelling, "" where there is none.
    """
    plain = {_plain(each): each for each in pairs}
    return plain.get(_plain(name), "")


def _plain(name: str) -> str:
    return name.strip().lower().replace("-", "_")


def listed(root: pathlib.Path) -> dict[str, str]:
    """Return the backbones that texts of a folder list: name in small letters -> file.

    A line names a backbone by what stands before its colon, without blanks and with a digit or a
    line in it; all else is prose. The published texts and those of vadjax export-features are so.

    Args:
        root: folder of the pairs.
    """
    found = {}
    for path in entries(root):
        if path.suffix.lower() != ".txt" or path.stat().st_size > _MOST_TEXT:
            continue
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            name = line.partition(":")[0].strip()
            if "://" not in line and _LISTED.fullmatch(name):
                found[_plain(name)] = path.name
    return found


def _unlisted(root: pathlib.Path, found: Iterable[str]) -> tuple[Deviation, ...]:
    """Say which backbones the texts list of which there are no files."""
    here = {_plain(name) for name in found}
    gone = {name: file for name, file in listed(root).items() if name not in here}
    return tuple(
        Deviation(
            f"{file} lists {', '.join(n for n, f in gone.items() if f == file)}, without files",
            "the others can be used; fetch these again if they are wanted",
        )
        for file in dict.fromkeys(gone.values())
    )


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
    name = spelled(name, found) or name
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
        deviations=(UNKNOWN, *_unlisted(root, names(root))),
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
