"""Finished runs in an object store: the files of a workdir, and a manifest that is written last.

A run without its manifest is none: it is removed before a file is written again, so that whoever
reads a run finds all files of one state, or nothing.
"""

import hashlib
import json
import pathlib
import shutil
import tempfile
from collections.abc import Sequence

from vadjax.data.paths.object_store import fetch, listed, local_copy, opened, put, talking
from vadjax.errors import UserError
from vadjax.storage.files import to_json

MANIFEST = "manifest.json"
_LEFT_OUT = ("checkpoints", "slurm")  # of training, which goes on where it was begun


def push_run(workdir: pathlib.Path, address: str) -> int:
    """Copy a finished run to an object store.

    Args:
        workdir: folder of the run; its checkpoints, and files that begin with a dot, stay.
        address: of the copy. The files of another state of the run there are replaced.

    Returns:
        How many files were copied.

    Raises:
        UserError: the store cannot be used.
    """
    address = address.rstrip("/")
    there, before = listed(address), _manifest(address)
    now = {name: _facts(workdir / name) for name in _files(workdir)}
    changed = [name for name in now if name not in there or before.get(name) != now[name]]
    gone = there.keys() - now.keys() - {MANIFEST}
    if not changed and not gone and MANIFEST in there:
        return 0
    filesystem, root = opened(address)
    with talking(address):
        if MANIFEST in there:
            filesystem.rm_file(f"{root}/{MANIFEST}")
        for name in changed:
            put(workdir / name, f"{address}/{name}")
        for name in gone:
            filesystem.rm_file(f"{root}/{name}")
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, MANIFEST)
        file.write_text(to_json({"files": now}) + "\n", encoding="utf-8")
        put(file, f"{address}/{MANIFEST}")
    return len(changed)


def push_sweep(workdir: pathlib.Path, folders: Sequence[pathlib.Path], address: str) -> int:
    """Copy the finished runs of a sweep, and its tables, to an object store.

    Args:
        workdir: folder of the sweep; its own files go to `address`/tables.
        folders: of finished runs; each goes to `address`/runs/NAME, as `push_run` copies it.
        address: of the sweep's copy.

    Returns:
        How many files were copied.

    Raises:
        UserError: the store cannot be used.
    """
    address = address.rstrip("/")
    count = sum(push_run(folder, f"{address}/runs/{folder.name}") for folder in folders)
    with tempfile.TemporaryDirectory() as temporary:
        for path in workdir.iterdir():
            if path.is_file() and not path.name.startswith("."):
                shutil.copyfile(path, pathlib.Path(temporary, path.name))
        return count + push_run(pathlib.Path(temporary), f"{address}/tables")


def pull_run(address: str, *, cache_dir: pathlib.Path) -> pathlib.Path:
    """Return a local copy of a run in an object store.

    Args:
        address: that it was pushed to.
        cache_dir: where copies are kept.

    Returns:
        The folder.

    Raises:
        UserError: there is no complete run, or it was being written.
    """
    if MANIFEST not in listed(address):
        raise UserError(
            f"{address} holds no complete run: it has no {MANIFEST}, which vadjax train "
            "--push=ADDRESS writes last."
        )
    folder = local_copy(address, cache_dir=cache_dir)
    try:
        files = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
        wrong = [name for name, facts in files.items() if _facts(folder / name) != facts]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{address} was not read whole ({error}); try again.") from error
    if wrong:
        raise UserError(f"{address} was written while it was read ({min(wrong)}); try again.")
    return folder


def _files(workdir: pathlib.Path) -> list[str]:
    """Return the files of a run that are copied, by their path below it."""
    found = [path.relative_to(workdir) for path in workdir.rglob("*") if path.is_file()]
    return sorted(
        path.as_posix()
        for path in found
        if path.parts[0] not in (*_LEFT_OUT, MANIFEST)
        and not any(part.startswith(".") for part in path.parts)
    )


def _facts(path: pathlib.Path) -> list:
    """Return size and SHA-256 of a file."""
    with path.open("rb") as file:
        return [path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()]


def _manifest(address: str) -> dict:
    """Return what the manifest of an address says of its files; {} where there is none."""
    if MANIFEST not in listed(address):
        return {}
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, MANIFEST)
        fetch(f"{address}/{MANIFEST}", file)
        try:
            return dict(json.loads(file.read_text(encoding="utf-8"))["files"])
        except (ValueError, KeyError, TypeError):
            return {}
