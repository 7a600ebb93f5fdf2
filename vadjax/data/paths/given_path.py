"""Checks of a path that a person gives, before anything slow is imported."""

import os
import pathlib
import re

from vadjax.data.paths.files import expanded, missing
from vadjax.data.text.printable import printable
from vadjax.errors import UserError

ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst", ".rar", ".7z")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def given_path(path: str | os.PathLike, *, what: str) -> pathlib.Path:
    """Check that a path is there, and neither an archive nor the address of a stream.

    Args:
      path: as it was given; ~ is the home folder.
      what: where it was given, such as a config key, for the message.

    Returns:
      The path.

    Raises:
      UserError: it is none that can be read.
    """
    refuse_address(path, what=what)
    place = expanded(path)
    if not place.exists():
        raise UserError(f"{what}={printable(path)} does not exist.{missing(place)}")
    refuse_archive(place)
    return place


def refuse_address(path: str | os.PathLike, *, what: str) -> None:
    """Refuse the address of a stream where files are wanted.

    Args:
      path: as it was given.
      what: where it was given, for the message.

    Raises:
      UserError: it is an address.
    """
    text = os.fspath(path)
    if _ADDRESS.match(text):
        shown = printable(re.sub(r"//[^/]*@", "//***@", text))  # without a password
        raise UserError(
            f"{what}={shown} is the address of a stream; this takes files and folders. From "
            "Python, Detector.load(WORKDIR).stream() scores what vadjax.data.open_source(ADDRESS) "
            "reads, frame by frame (docs/python.md); or record it first, with ffmpeg -i ADDRESS "
            "FILE.mp4."
        )


def refuse_archive(path: pathlib.Path) -> None:
    """Refuse a packed file.

    Raises:
      UserError: it is one, by its name.
    """
    if path.suffix.lower() in ARCHIVES and path.is_file():
        raise UserError(
            f"{printable(path)} is a packed archive: unpack it, and give the folder that it holds."
        )


def packed_beside(folder: pathlib.Path) -> str:
    """Return a sentence on archives that lie in a folder in which data were looked for, or ""."""
    packed = sorted(p.name for p in folder.iterdir() if p.suffix.lower() in ARCHIVES)
    if not packed:
        return ""
    return f" Unpack {', '.join(map(printable, packed[:3]))} there first."
