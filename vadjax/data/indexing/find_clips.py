"""Find the clips below a folder, and say what is left out."""

import collections
import dataclasses
import os
import pathlib
from collections.abc import Collection, Iterator

from vadjax.data.deviation import Deviation
from vadjax.data.images.pages import num_pages
from vadjax.data.paths.files import entries, is_image, is_stray, is_video
from vadjax.data.text.printable import printable
from vadjax.errors import UserError

STILLS = "single_images"  # name of a folder whose images are clips of one frame each
_DOCUMENTS = ("readme", "license", "licence", "copying", "changelog", "citation")


@dataclasses.dataclass
class Clips:
    """What lies below a folder.

    Attributes:
      root: the folder.
      paths: name of a clip -> video, file of several pages, or folder of images, in natural order.
      left_out: why -> paths that are not read, below `root`.
    """

    root: pathlib.Path
    paths: dict[str, pathlib.Path] = dataclasses.field(default_factory=dict)
    left_out: dict[str, list[str]] = dataclasses.field(
        default_factory=lambda: collections.defaultdict(list)
    )

    def notes(self, beside: str = "") -> list[Deviation]:
        """Return a deviation for each reason to leave something out.

        Args:
          beside: name of `root` for people, put before the paths.

        Returns:
          Counts and an example each.
        """
        return [
            Deviation(
                f"left out: {why} ({len(paths)}), such as {os.path.join(beside, paths[0])}",
                "nothing in them is used; convert or move them if they are clips or labels",
            )
            for why, paths in self.left_out.items()
        ]


def find_clips(
    folder: pathlib.Path, *, ignored: Collection[str] = (), stills: bool = False
) -> Clips:
    """Find videos, stacks of pages and folders of images at any depth, in natural order.

    A clip's name is its path below `folder`, without the suffix of a video or stack; what cannot
    be shown in it is written as an escape. Images beside videos are taken for thumbnails. Links
    are followed, and each real folder is read once.

    Args:
      folder: to be searched.
      ignored: names directly below it that are used in another way.
      stills: each image of a folder called `STILLS` is a clip; else such a folder is one.

    Returns:
      The clips, and what is left out.

    Raises:
      UserError: two clips have the same name, stacks and single images lie in one folder, or a
        folder cannot be listed.
    """
    clips = Clips(folder)
    seen: set[tuple[int, int]] = set()
    waiting = [_walk(folder, clips, seen, ignored, stills)]
    while waiting:  # no recursion: folders may lie deeper than Python's stack
        try:
            below = next(waiting[-1], None)
        except OSError as error:
            raise UserError(
                f"{printable(error.filename or folder)} cannot be read "
                f"({(error.strerror or str(error)).lower()}); make it readable, or move it away."
            ) from error
        if below is None:
            waiting.pop()
        else:
            waiting.append(_walk(below, clips, seen, (), stills))
    return clips


def not_used(
    root: pathlib.Path,
    *,
    used: Collection[str],
    folders: str = "folders beside train/ and test/",
    beside: str = "",
) -> list[Deviation]:
    """Say what lies in a folder and is not read.

    Args:
      root: folder of the data set, or of clips.
      used: names in it that are read.
      folders: what to call the folders in it that are not.
      beside: see `Clips.notes`.

    Returns:
      A deviation for each kind of file, and for each folder.
    """
    clips = Clips(root)
    for path in entries(root):
        if path.name in used:
            continue
        if path.is_dir():
            clips.left_out[folders].append(_below(path, clips) + "/")
        else:
            _leave_out(path, clips)
    return clips.notes(beside)


def _walk(
    folder: pathlib.Path,
    clips: Clips,
    seen: set[tuple[int, int]],
    ignored: Collection[str],
    stills: bool,
) -> Iterator[pathlib.Path]:
    """Add the clips of one folder; yield the folders in it, each at its place in the order."""
    stat = os.stat(folder)
    if (stat.st_dev, stat.st_ino) in seen:
        clips.left_out["links to folders that are read already"].append(_below(folder, clips))
        return
    seen.add((stat.st_dev, stat.st_ino))
    inside = [p for p in entries(folder) if p.name not in ignored]
    truth = [n for n in os.listdir(folder) if n.endswith("_gt") and not is_stray(n)]
    for name in truth:
        clips.left_out["folders of ground truth (*_gt)"].append(_below(folder / name, clips))
    pictures = [p for p in inside if is_image(p) and p.is_file()]
    videos = any(map(is_video, inside))
    stacks = set() if videos else _stacks(pictures, folder)
    single = stills and folder.name == STILLS and not stacks
    if single:
        for path in pictures:
            _add(clips, os.path.relpath(path.with_suffix(""), clips.root), path)
    elif pictures and not videos and not stacks:
        name = folder.name if folder == clips.root else os.path.relpath(folder, clips.root)
        _add(clips, name, folder)
    for path in inside:
        if path.is_dir():
            yield path
        elif is_video(path) or path in stacks or _is_animation(path):
            name = os.path.relpath(path, clips.root)
            _add(clips, name[: len(name) - len(path.suffix)], path)
        elif path not in pictures or (videos and not single):
            _leave_out(path, clips)


def _add(clips: Clips, name: str, path: pathlib.Path) -> None:
    twin = clips.paths.setdefault(printable(name), path)
    if twin != path:
        raise UserError(
            f"{printable(twin)} and {printable(path)} are both called {printable(name)!r}; rename "
            "one."
        )


def _leave_out(path: pathlib.Path, clips: Clips) -> None:
    """Note why a file is not read."""
    suffix = path.suffix.lower()
    if path.stem.lower() in _DOCUMENTS:
        return
    if not path.exists():
        why = "broken links"
    elif not path.is_file():
        why = "files that are no regular files"
    elif is_image(path):
        why = f"{suffix} images beside videos, taken for thumbnails"
    else:
        why = f"{printable(suffix)} files" if suffix else "files without a suffix"
    clips.left_out[why].append(_below(path, clips))


def _below(path: pathlib.Path, clips: Clips) -> str:
    return printable(os.path.relpath(path, clips.root))


def _stacks(pictures: list[pathlib.Path], folder: pathlib.Path) -> set[pathlib.Path]:
    """Return the images of a folder if they are stacks, which the first one tells."""
    if not pictures or num_pages(pictures[0]) < 2:
        return set()
    single = [p for p in pictures if num_pages(p) < 2]
    if single:
        raise UserError(
            f"{printable(folder)} holds stacks of pages, such as {printable(pictures[0].name)}, "
            f"and single images, such as {printable(single[0].name)}: a stack is a clip, a single "
            "image is a frame; put them into folders of their own."
        )
    return set(pictures)


def _is_animation(path: pathlib.Path) -> bool:
    return path.suffix.lower() == ".gif" and num_pages(path) > 1
