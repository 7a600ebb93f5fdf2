"""Videos that a person names for a trained detector: each is opened once, under its own name."""

import dataclasses
import itertools
import os
import pathlib
from collections.abc import Callable, Iterator, Sequence

from vadjax import data
from vadjax.data.text.printable import printable
from vadjax.data.video import Video
from vadjax.errors import UserError


def open_given(
    paths: Sequence[str],
    *,
    skip_broken: bool = False,
    content: bool = False,
    images: bool = False,
    opener: Callable[..., list[Video]] = data.open_videos,
) -> tuple[list[Video], list[str]]:
    """Open video files, folders of images, and folders of such clips.

    A clip is called by the name of its file or folder, or its path below the folder that was given.
    Where that is taken, the suffix or as many folders as are needed go with it.

    Args:
        paths: as they were typed.
        skip_broken: leave out what cannot be read, with a note for each.
        content: keep what each frame shows, for a search for copies.
        images: every image is a clip by itself, and no folder of them is one.
        opener: `data.open_videos`, or a function that knows what it would return.

    Returns:
        The videos, whose ids are their names, and what the user has to know.

    Raises:
        UserError: a video cannot be read; or none can.
    """
    skipped: list[str] | None = [] if skip_broken else None
    videos: list[Video] = []
    notes: list[str] = []
    folder_of: dict[str, str] = {}  # of each name
    known: dict[tuple, str] = {}
    for path in paths:
        if images:
            opened = data.open_images(path, skipped=skipped)
        else:
            opened = opener(path, skipped=skipped, content=content)
        for video in opened:
            files = tuple(map(os.path.realpath, video.frames.files))
            if files and files in known:
                notes.append(f"{path}: {known[files]} is given twice; it is used once")
                continue
            name, folder = video.id.split("/", 1)[1], os.path.dirname(files[0]) if files else ""
            beside = folder_of.get(name) == folder
            names = _names(name, pathlib.Path(path), files, beside=beside)
            own = next(each for each in names if each not in folder_of)
            if own != name:
                notes.append(f"{path}: another video is called {name}; this one is {own}")
            folder_of[own], known[files] = folder, own
            videos.append(dataclasses.replace(video, id=own))
    if skipped:
        if not videos:
            raise UserError("\n".join([*skipped[:8], "no video is left."]))
        notes += [f"left out (--skip_broken): {text}" for text in skipped]
        notes.append(f"{len(skipped)} of {len(skipped) + len(videos)} videos are left out")
    return videos, notes


def _names(name: str, given: pathlib.Path, files: Sequence[str], *, beside: bool) -> Iterator[str]:
    """Yield what a clip may be called, the shortest first.

    Args:
        name: of the clip, without a suffix.
        given: the path that it was found by: the clip itself, or a folder of clips.
        files: of its frames.
        beside: whether the one that has this name lies in the same folder.
    """
    yield name
    place, file = given.expanduser().absolute(), pathlib.Path(files[0] if files else "")
    suffix = file.suffix if printable(file.stem) == name.rpartition("/")[2] else ""
    if beside and suffix:
        yield name + suffix
    above = place.parent if name in map(printable, (place.name, place.stem)) else place
    longer = name
    while above.name:
        longer = f"{printable(above.name)}/{longer}"
        yield longer
        above = above.parent
    for count in itertools.count(2):
        yield f"{name}{suffix} ({count})"
