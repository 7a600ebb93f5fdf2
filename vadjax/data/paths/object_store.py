"""Folders and files in object stores (s3://, gs://, az://), and local copies of them, by fsspec.

An object appears whole or not at all. A copy is written beside its place and then renamed, and is
fetched again when the object has changed: its size, and its tag or the time it was written, are
kept in `.copied.json` beside the copy.
"""

import contextlib
import hashlib
import json
import os
import pathlib
import re
import secrets
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from vadjax.data.text.printable import printable
from vadjax.errors import UserError

# Scheme -> the package that fsspec needs for it. Other addresses are streams.
SCHEMES = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "memory": "fsspec"}
AT_ONCE = 8  # objects that are copied
_RECORD = ".copied.json"
_VERSIONS = ("ETag", "etag", "md5Hash", "generation", "LastModified", "mtime", "created")
_ADDRESS = re.compile(rf"({'|'.join(SCHEMES)})://[^/]")


def is_address(path: str | os.PathLike) -> bool:
    """Return whether a path is the address of something in an object store.

    >>> is_address("s3://bucket/ped2"), is_address("/data/ped2"), is_address("rtsp://camera")
    (True, False, False)
    """
    return bool(_ADDRESS.match(os.fspath(path)))


def check_address(address: str) -> None:
    """Check that a text is the address of something in an object store, and can be opened.

    Raises:
      UserError: it is none, or a package is missing.
    """
    if not is_address(address):
        raise UserError(
            f"{printable(address)} is no address of an object store: it begins with "
            f"{', '.join(f'{scheme}://' for scheme in SCHEMES if scheme != 'memory')}, such as "
            "s3://bucket/folder."
        )
    opened(address)


def opened(address: str) -> tuple[Any, str]:
    """Return fsspec's file system of an address, and the path in it.

    Raises:
      UserError: a package is missing.
    """
    scheme = address.partition("://")[0]
    try:
        import fsspec

        filesystem, path = fsspec.url_to_fs(address)
    except ImportError:
        raise UserError(
            f"{address} needs {SCHEMES[scheme]}, which is not installed: pip install "
            f"'vadjax[stores]'{'' if scheme == 's3' else ' ' + SCHEMES[scheme]}."
        ) from None
    return filesystem, path.rstrip("/")


@contextlib.contextmanager
def talking(address: str) -> Iterator[None]:
    """Turn what an object store or the way to it says into one message with the address."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # each store has errors of its own
        said = (str(error).strip().splitlines() or [""])[0][:300]
        raise UserError(
            f"{printable(address)} cannot be used ({type(error).__name__}: {said}); look at the "
            "address, the credentials and the connection."
        ) from error


def listed(address: str) -> dict[str, Mapping[str, Any]]:
    """Return what lies at an address: path below it -> what the store says of the object.

    An object has the path "" if the address is its own. Names that are no paths of files, such as
    a/../b, are left out. Nothing there is {}.

    Raises:
      UserError: the store cannot be used.
    """
    with talking(address):
        filesystem, root = opened(address)
        filesystem.invalidate_cache()  # what another process has written since
        found = filesystem.find(root, detail=True)
    return {
        path.removeprefix(root).lstrip("/"): about
        for path, about in found.items()
        if about.get("type") == "file"
        and (path == root or path.startswith(f"{root}/"))
        and not {"", ".", ".."} & set(path.removeprefix(root).split("/")[1:])
    }


def local_copy(address: str, *, cache_dir: pathlib.Path) -> pathlib.Path:
    """Copy what lies at an address, a file or a folder, as far as the copy is not up to date.

    Args:
      address: in an object store.
      cache_dir: the copy is in its folder `copies`.

    Returns:
      The copy, with the name that the address ends with.

    Raises:
      UserError: there is nothing, the store cannot be used, or the copy cannot be written.
    """
    digest = hashlib.sha256(address.rstrip("/").encode()).hexdigest()[:16]
    beside = cache_dir / "copies" / digest
    place = beside / address.rstrip("/").rpartition("/")[2]
    there = listed(address)
    if not there:
        raise UserError(f"{printable(address)} does not exist, or holds nothing.")
    before = _record(beside)
    now = {name: [about["size"], _version(about)] for name, about in there.items()}
    changed = [
        name
        for name in now
        if before.get(name) != now[name] or not os.path.isfile(os.path.join(place, name))
    ]

    def copy(name: str) -> None:
        fetch("/".join(filter(None, (address.rstrip("/"), name))), place / name if name else place)

    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for _ in pool.map(copy, changed):
                pass
        for name in before.keys() - now.keys():
            (place / name).unlink(missing_ok=True)
        if before != now:
            _write(beside / _RECORD, json.dumps(now).encode())
    except OSError as error:
        raise UserError(
            f"the copy of {printable(address)} in {beside} cannot be written ({error})."
        ) from error
    return place


def fetch(address: str, path: pathlib.Path) -> None:
    """Copy one object to a file, which is whole or as it was before.

    Args:
      address: of the object.
      path: of the file; its folder is made.

    Raises:
      UserError: it is not there, or the store cannot be used.
      OSError: the file cannot be written.
    """
    filesystem, source = opened(address)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".tmp-{secrets.token_hex(6)}{path.suffix}")
    try:
        with talking(address):
            filesystem.get_file(source, str(beside))
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def put(path: pathlib.Path, address: str) -> None:
    """Write a file as one object, which appears whole or not at all.

    Args:
      path: the file.
      address: of the object.

    Raises:
      UserError: the store cannot be used.
    """
    filesystem, to = opened(address)
    with talking(address):
        filesystem.put_file(str(path), to)


def _record(folder: pathlib.Path) -> dict[str, list]:
    try:
        found = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _version(about: Mapping[str, Any]) -> str:
    """Return what changes when an object is written again."""
    return next((str(about[key]) for key in _VERSIONS if about.get(key)), "")


def _write(path: pathlib.Path, content: bytes) -> None:
    beside = path.with_name(f".tmp-{secrets.token_hex(6)}")
    beside.write_bytes(content)
    os.replace(beside, path)
