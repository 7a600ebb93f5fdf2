"""List folders, without the files that operating systems and version control leave there."""

import difflib
import os
import pathlib
import re
from collections.abc import Iterable, Iterator

from vadjax.errors import UserError

IMAGES = (".tif", ".tiff", ".jpg", ".jpeg", ".png", ".bmp", ".webp")
VIDEOS = (".avi", ".mp4", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv", ".mts")
LFS_HEAD = b"version https://git-lfs.github.com/spec/"


def is_stray(name: str) -> bool:
    """Return whether a file is not data, by its name: .DS_Store, ._Apple, backup~, Thumbs.db."""
    return (
        name.startswith(".") or name.endswith("~") or name.lower() in ("thumbs.db", "desktop.ini")
    )


def natural_key(name: str) -> tuple:
    """Sort key under which 2 comes before 10.

    >>> sorted(["10.avi", "2.avi", "02a.avi"], key=natural_key)
    ['02a.avi', '2.avi', '10.avi']
    """
    parts = re.split(r"(\d+)", name)
    return tuple((int(p), p) if i % 2 else (-1, p.lower()) for i, p in enumerate(parts))


def entries(folder: str | os.PathLike) -> list[pathlib.Path]:
    """List a folder in natural order, without stray files and ground truth (`*_gt`)."""
    names = [n for n in os.listdir(folder) if not is_stray(n) and not n.endswith("_gt")]
    return [pathlib.Path(folder, name) for name in sorted(names, key=natural_key)]


def images(folder: str | os.PathLike) -> list[pathlib.Path]:
    """List the frames of an image folder in natural order.

    Raises:
      UserError: there are image files of several kinds, so that one kind is not frames.
    """
    found = [p for p in entries(folder) if p.suffix.lower() in IMAGES and p.is_file()]
    kinds = sorted({p.suffix.lower() for p in found})
    if len(kinds) > 1:
        counts = ", ".join(f"{sum(p.suffix.lower() == k for p in found)} {k}" for k in kinds)
        raise UserError(
            f"{folder} mixes kinds of image ({counts}): each image is taken for a frame, so move "
            "away those that are not."
        )
    return found


def is_video(path: pathlib.Path) -> bool:
    """Return whether a path is a file whose name is that of a video."""
    return path.suffix.lower() in VIDEOS and path.is_file()


def find_clips(folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """Find videos and folders of images at any depth, by name, in natural order.

    A clip's name is its path below `folder`, without a video's suffix. Images beside videos are
    taken for thumbnails.

    Raises:
      UserError: two clips have the same name.
    """
    found: dict[str, pathlib.Path] = {}

    def add(name: str, path: pathlib.Path) -> None:
        twin = found.setdefault(name, path)
        if twin != path:
            raise UserError(f"{twin} and {path} are both called {name!r}; rename one.")

    def walk(below: pathlib.Path) -> None:
        inside = entries(below)
        pictures = any(p.suffix.lower() in IMAGES and p.is_file() for p in inside)
        if pictures and not any(map(is_video, inside)):  # else they are thumbnails
            add(folder.name if below == folder else os.path.relpath(below, folder), below)
        for path in inside:
            if path.is_dir():
                walk(path)
            elif is_video(path):
                add(os.path.relpath(path.with_suffix(""), folder), path)

    walk(folder)
    return found


def listing(roots: Iterable[pathlib.Path]) -> Iterator[tuple[str, int, int]]:
    """Yield (path below its root, bytes, mtime in ns) of every file that may be data."""
    for number, root in enumerate(roots):
        if root.is_file():
            stat = root.stat()
            yield f"{number}:{root.name}", stat.st_size, stat.st_mtime_ns
            continue
        for folder, folders, names in os.walk(root, followlinks=True):
            folders[:] = sorted(f for f in folders if not is_stray(f))
            for name in sorted(n for n in names if not is_stray(n)):
                stat = os.stat(os.path.join(folder, name))
                below = os.path.relpath(os.path.join(folder, name), root)
                yield f"{number}:{below}", stat.st_size, stat.st_mtime_ns


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
    folder = pathlib.Path(path).expanduser().absolute()
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
    names = [p.name + "/" * p.is_dir() for p in entries(folder)]
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f"{folder} holds {', '.join(names[:8]) or 'nothing'}{more}."
