"""List folders, without the files that operating systems and version control leave there."""

import collections
import contextlib
import difflib
import os
import pathlib
from collections.abc import Iterable, Iterator

from vadjax.data.paths.order import natural_order
from vadjax.data.text.printable import printable
from vadjax.errors import UserError

IMAGES = (".tif", ".tiff", ".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif")
_ALIASES = {".tiff": ".tif", ".jpeg": ".jpg"}
VIDEOS = (
    *(".avi", ".mp4", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv", ".mts"),
    *(".ts", ".m2ts", ".3gp", ".3g2", ".ogv", ".asf", ".vob", ".mxf", ".f4v", ".qt", ".divx"),
    *(".h264", ".264", ".h265", ".265", ".hevc", ".m2v", ".mjpeg", ".mjpg", ".y4m", ".nut", ".dav"),
)
LFS_HEAD = b"version https://git-lfs.github.com/spec/"


def is_stray(name: str) -> bool:
    """Return whether a file is not data, by its name: .DS_Store, ._Apple, backup~, Thumbs.db."""
    return (
        name.startswith(".") or name.endswith("~") or name.lower() in ("thumbs.db", "desktop.ini")
    )


def entries(folder: str | os.PathLike) -> list[pathlib.Path]:
    """List a folder in natural order, without stray files and ground truth (`*_gt`)."""
    names = [n for n in os.listdir(folder) if not is_stray(n) and not n.endswith("_gt")]
    return [pathlib.Path(folder, name) for name in natural_order(names)]


def images(folder: str | os.PathLike) -> list[pathlib.Path]:
    """List the frames of an image folder in natural order.

    Raises:
      UserError: there are image files of several kinds, so that one kind is not frames.
    """
    found = [p for p in entries(folder) if is_image(p) and p.is_file()]
    counts = collections.Counter(_ALIASES.get(s, s) for s in (p.suffix.lower() for p in found))
    if len(counts) > 1:
        listed = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
        raise UserError(
            f"{folder} mixes kinds of image ({listed}): each image is taken for a frame, so move "
            "away those that are not."
        )
    return found


def is_image(path: pathlib.Path) -> bool:
    """Return whether a name is that of an image."""
    return path.suffix.lower() in IMAGES


def is_video(path: pathlib.Path) -> bool:
    """Return whether a path is a file that its name, or in doubt its content, says is a video."""
    suffix = path.suffix.lower()
    if suffix not in VIDEOS or not path.is_file():
        return False
    if suffix != ".ts":
        return True
    with path.open("rb") as file:  # a source file of TypeScript has that suffix too
        head = file.read(189)
    return head[:1] == b"G" and head[188:] in (b"G", b"")


def listing(roots: Iterable[pathlib.Path]) -> Iterator[tuple[str, int, int, int]]:
    """Yield (path below its root, bytes, mtime and ctime in ns) of every file that may be data.

    A program can set the mtime back, as `cp -p` and unpacking do, but not the ctime.
    """
    for number, root in enumerate(roots):
        if root.is_file():
            stat = root.stat()
            yield f"{number}:{root.name}", stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns
            continue
        seen = set()
        for folder, folders, names in os.walk(root, followlinks=True):
            stat = os.stat(folder)
            if (stat.st_dev, stat.st_ino) in seen:  # links may run in a circle
                folders.clear()
                continue
            seen.add((stat.st_dev, stat.st_ino))
            folders[:] = sorted(f for f in folders if not is_stray(f))
            for name in sorted(n for n in names if not is_stray(n)):
                path = os.path.join(folder, name)
                with contextlib.suppress(OSError):  # a broken link is no data
                    stat = os.stat(path)
                    below = os.path.relpath(path, root)
                    yield f"{number}:{below}", stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def unreadable(path: str | os.PathLike, message: str) -> UserError:
    """Build the error for a file that cannot be read.

    Args:
      path: the file, which exists.
      message: what to say of a file that is no Git-LFS pointer.

    Returns:
      The error, to be raised.
    """
    with open(path, "rb") as file:
        pointer = file.read(len(LFS_HEAD)) == LFS_HEAD
    return lfs_error(path) if pointer else UserError(message)


def lfs_error(path: str | os.PathLike) -> UserError:
    """Build the error for a Git-LFS pointer in place of a file."""
    return UserError(
        f"{path} is a Git-LFS pointer: a line of text in place of the file. Fetch the contents "
        "with `git lfs pull`, or download the data set from its authors."
    )


def expanded(path: str | os.PathLike) -> pathlib.Path:
    """Return a path with ~ as the home folder; a file that is called so, or nobody's home, stays.

    A process without a home folder has none for ~ either.
    """
    place = pathlib.Path(path)
    if place.exists():
        return place
    try:
        return place.expanduser()
    except RuntimeError:
        return place


def existing_folder(path: str | os.PathLike, *, key: str) -> pathlib.Path:
    """Check the folder that a config key names.

    Args:
      path: the key's value.
      key: its name, for the message.

    Returns:
      The absolute path.

    Raises:
      UserError: it is not set, does not exist, is no folder, or is empty.
    """
    if not os.fspath(path):
        raise UserError(f"{key} is not set; give --config.{key}=FOLDER.")
    folder = expanded(path).absolute()
    if not folder.exists():
        raise UserError(f"{key}={path} does not exist.{missing(folder)}")
    if not folder.is_dir():
        raise UserError(f"{key}={path} is a file; wanted the folder that holds the data.")
    if not any(not is_stray(name) for name in os.listdir(folder)):
        raise UserError(f"{key}={path} is empty.")
    return folder


def missing(path: pathlib.Path) -> str:
    """Return, for a path that does not exist, the closest name or what is in its parent folder."""
    parent = next(p for p in path.absolute().parents if p.is_dir())
    name = path.absolute().relative_to(parent).parts[0]
    close = difflib.get_close_matches(name, os.listdir(parent), n=1)
    return f" Did you mean {parent / close[0]}?" if close else f" {describe(parent)}"


def describe(folder: pathlib.Path) -> str:
    """Return what a folder holds, for an error message."""
    names = [printable(p.name) + "/" * p.is_dir() for p in entries(folder)]
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f"{folder} holds {', '.join(names[:8]) or 'nothing'}{more}."
