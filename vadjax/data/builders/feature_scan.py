"""Feature files, measured once: shape, content hash, and that every number is finite."""

import hashlib
import json
import os
import pathlib
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from vadjax.data.arrays.row_view import blocks
from vadjax.data.frames.feature_file import open_features
from vadjax.data.paths.files import listing
from vadjax.data.paths.fingerprints import fingerprint
from vadjax.errors import UserError

VERSION = 1  # a new one whenever the same files are read otherwise


class Measured(NamedTuple):
    """What one file holds: the shape of its rows, and a hash of its bytes."""

    shape: tuple[int, ...]
    fingerprint: str


def measured(
    paths: Sequence[pathlib.Path], *, cache_dir: pathlib.Path
) -> dict[pathlib.Path, Measured | UserError]:
    """Measure feature files; the result is kept in the cache for files that do not change.

    Args:
        paths: of the files.
        cache_dir: `features.cache_dir`.

    Returns:
        What each holds, or why it cannot be used.
    """
    digest = hashlib.sha256()
    for path, (name, *stat) in zip(paths, listing(paths), strict=True):
        digest.update(json.dumps([str(path), name, *stat]).encode())
    kept = cache_dir / "index" / f"features-{VERSION}-{digest.hexdigest()[:24]}.json"
    if (known := _read(kept, len(paths))) is not None:
        return dict(zip(paths, known, strict=True))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(_measure, paths))
    if not any(isinstance(each, UserError) for each in found):
        _write(kept, [each for each in found if isinstance(each, Measured)])
    return dict(zip(paths, found, strict=True))


def good(found: Mapping[pathlib.Path, Measured | UserError]) -> dict[pathlib.Path, Measured]:
    """Return what the files hold.

    Raises:
        UserError: of every file that cannot be used.
    """
    faults = [str(each) for each in found.values() if isinstance(each, UserError)]
    if faults:
        more = [f"... and {len(faults) - 8} more files"] if len(faults) > 8 else []
        raise UserError("\n".join(faults[:8] + more))
    return {path: each for path, each in found.items() if isinstance(each, Measured)}


def _measure(path: pathlib.Path) -> Measured | UserError:
    try:
        rows = open_features(path)
        bad = sum(int((~np.isfinite(b)).reshape(len(b), -1).any(1).sum()) for b in blocks(rows))
        if bad:
            return UserError(
                f"{path}: {bad} of {len(rows)} rows hold NaN or infinity, or numbers too large for "
                "float32; extract them again, or remove these rows and their labels."
            )
        return Measured(tuple(rows.shape), fingerprint([path]))
    except UserError as error:
        return error


def _read(path: pathlib.Path, count: int) -> list[Measured] | None:
    try:
        rows = json.loads(path.read_text())
        known = [Measured(tuple(shape), name) for shape, name in rows]
    except (OSError, ValueError, TypeError):
        return None
    return known if len(known) == count else None


def _write(path: pathlib.Path, found: Sequence[Measured]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
            json.dump(found, file)
        os.replace(file.name, path)
    except OSError as error:
        raise UserError(
            f"{path} cannot be written ({error}); free space, or choose another folder with "
            "--config.features.cache_dir=FOLDER."
        ) from error
