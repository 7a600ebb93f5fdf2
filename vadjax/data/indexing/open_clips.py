"""Open clips and images of the user as they are, without labels and without an index."""

import os
import pathlib

import numpy as np

from vadjax.data.deviation import Deviation
from vadjax.data.indexing.find_clips import find_clips
from vadjax.data.indexing.footage import Footage
from vadjax.data.indexing.probe import attempts, good, probe
from vadjax.data.paths.files import entries, expanded, is_image, missing
from vadjax.data.text.printable import printable
from vadjax.data.video import Video
from vadjax.errors import UserError


def open_video(path: str | os.PathLike) -> Video:
    """Open one unlabelled clip (`vadjax.data.open_video`)."""
    clip = _existing(path)
    name = clip.absolute().name if clip.is_dir() else clip.stem
    [footage] = probe([clip], content=False)
    return video_of_footage(printable(name), footage)


def open_videos(
    path: str | os.PathLike, *, skipped: list[str] | None = None, content: bool = False
) -> list[Video]:
    """Open unlabelled clips (`vadjax.data.open_videos`).

    Args:
      path: a clip, or a folder of clips.
      skipped: gets the messages of clips that cannot be used, which are left out then.
      content: keep what each frame shows, for a search for copies.

    Returns:
      The videos.

    Raises:
      UserError: there is nothing at `path`; or a clip cannot be used, and `skipped` is None.
    """
    clips = clips_at(path)
    found = dict(zip(clips, attempts(list(clips.values()), content=content), strict=True))
    if skipped is not None:
        skipped += [str(each) for each in found.values() if isinstance(each, UserError)]
        found = {name: each for name, each in found.items() if isinstance(each, Footage)}
    opened = zip(found, good(list(found.values())), strict=True)
    return [video_of_footage(name, footage, content=content) for name, footage in opened]


def clips_at(path: str | os.PathLike) -> dict[str, pathlib.Path]:
    """Find the clips that `open_videos` opens, without reading them.

    Args:
      path: a clip, or a folder of clips.

    Returns:
      Name -> path.

    Raises:
      UserError: there is nothing at `path`.
    """
    place = _existing(path)
    if place.is_dir() and (clips := find_clips(place.absolute()).paths):
        return clips
    return {printable(place.absolute().name if place.is_dir() else place.stem): place}


def open_images(path: str | os.PathLike, *, skipped: list[str] | None = None) -> list[Video]:
    """Open unlabelled single images (`vadjax.data.open_images`).

    Args:
      path: an image, or a folder that holds images at any depth.
      skipped: gets the messages of images that cannot be read, which are left out then.

    Returns:
      A video of one frame an image.

    Raises:
      UserError: there is no image at `path`; or one cannot be read, and `skipped` is None.
    """
    place = _existing(path).absolute()
    files = _images_below(place) if place.is_dir() else [place]
    if not files or not is_image(files[0]):
        raise UserError(f"{path} holds no images; give an image, or a folder of them.")
    root = place if place.is_dir() else place.parent
    plain = [str(file.relative_to(root).with_suffix("")) for file in files]
    names = [
        name if plain.count(name) == 1 else str(file.relative_to(root))
        for name, file in zip(plain, files, strict=True)
    ]
    found = attempts(files, single_images=True, content=False)
    faults = [str(each) for each in found if isinstance(each, UserError)]
    if faults and skipped is None:
        raise UserError("\n".join(faults[:8]))
    if skipped is not None:
        skipped += faults
    return [
        Video(
            id=f"test/{printable(name)}",
            split="test",
            frames=held.frames(),
            fingerprint=held.fingerprint,
            metadata={"notes": held.notes},
            unit="image",
        )
        for name, held in zip(names, found, strict=True)
        if isinstance(held, Footage)
    ]


def _images_below(folder: pathlib.Path) -> list[pathlib.Path]:
    """Return the images of a folder at any depth, in natural order."""
    found = entries(folder)
    below = [path for each in found if each.is_dir() for path in _images_below(each)]
    return [path for path in found if is_image(path) and path.is_file()] + below


def left_out(path: str | os.PathLike) -> list[Deviation]:
    """Say what `open_videos` leaves out of a folder (`vadjax.data.left_out`)."""
    place = expanded(path)
    clips = find_clips(place.absolute()) if place.is_dir() else None
    return clips.notes() if clips and clips.paths else []


def _existing(path: str | os.PathLike) -> pathlib.Path:
    place = expanded(path)
    if not place.exists():
        raise UserError(f"{path} does not exist.{missing(place)}")
    return place


def video_of_footage(name: str, footage: Footage, *, content: bool = False) -> Video:
    """Return an unlabelled clip that was measured.

    Args:
      name: of the clip.
      footage: what it holds.
      content: keep what each frame shows.

    Returns:
      The video, with the id "test/NAME".
    """
    return Video(
        id=f"test/{name}",
        split="test",
        frames=footage.frames(),
        fps=footage.fps,
        times=footage.times,
        fingerprint=footage.fingerprint,
        substituted=footage.substituted,
        metadata={"announced": footage.announced, "notes": footage.notes},
        content=np.asarray(footage.content) if content else None,
    )
