"""Measure a clip on disk once: its length, its size, and whether all of it can be read.

Every image is decoded, because decoders hide damage (OpenCV fills a cut JPEG with grey) and labels
need the exact count of frames; videos are decoded too (`vadjax.data.decoding.measure_video`),
because headers count frames that a cut file no longer holds.
"""

import contextlib
import dataclasses
import os
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import cv2

from vadjax.data.decoding.measure_video import measure
from vadjax.data.deviation import Deviation
from vadjax.data.frames.content import content_row, content_rows
from vadjax.data.images.probe import Stills, probe_folder, probe_single, probe_stack
from vadjax.data.indexing.find_clips import find_clips
from vadjax.data.indexing.footage import Footage
from vadjax.data.paths.files import entries, expanded, images, is_image, missing
from vadjax.data.paths.fingerprints import fingerprint
from vadjax.data.text.printable import printable
from vadjax.data.video import Video
from vadjax.errors import UserError


def probe(clips: Sequence[pathlib.Path]) -> list[Footage]:
    """Measure video files and folders of images, as many at a time as there are cores.

    Returns:
      One `Footage` a clip, in order.

    Raises:
      UserError: of every clip that cannot be used: nothing there, a Git-LFS pointer, not a picture
        or video that can be decoded, frames of several sizes, or more broken frames than
        neighbours can stand in for.
    """
    results = attempts(clips)
    faults = [str(each) for each in results if isinstance(each, UserError)]
    if faults:
        more = [f"... and {len(faults) - 8} more clips"] if len(faults) > 8 else []
        raise UserError("\n".join(faults[:8] + more))
    return [each for each in results if isinstance(each, Footage)]


def attempts(
    clips: Sequence[pathlib.Path], *, single_images: bool = False, content: bool = True
) -> list[Footage | UserError]:
    """Measure as `probe` does; a clip that cannot be used has its error in its place.

    Args:
      clips: video files, stacks of pages, folders of images.
      single_images: image files of one page are clips of one frame, and no error.
      content: measure what each frame shows, 264 bytes a frame.

    Returns:
      One `Footage` or error a clip, in order.
    """

    def attempt(clip: pathlib.Path) -> Footage | UserError:
        try:
            if single_images and is_image(clip) and clip.is_file():
                held = _footage_of(probe_single(clip), [clip])
            elif clip.is_dir() or is_image(clip):
                held = _probe_images(clip)
            else:
                held = _probe_video(clip, content=content)
        except UserError as error:
            return error
        return held if content else dataclasses.replace(held, content=content_rows([]))

    with _quiet(), ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(attempt, clips))


def open_video(path: str | os.PathLike) -> Video:
    """Open one unlabelled clip (`vadjax.data.open_video`)."""
    clip = _existing(path)
    name = clip.absolute().name if clip.is_dir() else clip.stem
    [video] = _open({printable(name): clip})
    return video


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
    if skipped is not None:
        found = attempts(list(clips.values()))
        skipped += [str(each) for each in found if isinstance(each, UserError)]
        good = [isinstance(each, Footage) for each in found]
        clips = {name: clips[name] for name, fine in zip(clips, good, strict=True) if fine}
    return _open(clips, content=content)


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


def _open(clips: Mapping[str, pathlib.Path], *, content: bool = False) -> list[Video]:
    return [
        video_of_footage(name, footage, content=content)
        for name, footage in zip(clips, probe(list(clips.values())), strict=True)
    ]


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
        content=footage.content if content else None,
    )


def _probe_images(place: pathlib.Path) -> Footage:
    """Measure a folder of images, or a stack of pages."""
    stills = probe_folder(place) if place.is_dir() else probe_stack(place)
    files = images(place) if place.is_dir() else [place]
    return dataclasses.replace(_footage_of(stills, files), pages=not place.is_dir())


def _footage_of(stills: Stills, files: Sequence[pathlib.Path]) -> Footage:
    return Footage(
        paths=tuple(map(str, stills.paths)),
        num_frames=stills.num_frames,
        height=stills.height,
        width=stills.width,
        channels=stills.channels,
        fps=None,
        fingerprint=fingerprint(files),
        substituted=stills.substituted,
        levels=stills.levels,
        notes=stills.notes,
        content=stills.content,
    )


def _probe_video(path: pathlib.Path, *, content: bool) -> Footage:
    held = measure(path, look=lambda picture: content_row(picture.rgb()) if content else b"")
    return Footage(
        paths=(str(path),),
        num_frames=held.num_frames,
        height=held.size[0],
        width=held.size[1],
        channels=3,
        fps=held.fps,
        fingerprint=fingerprint([path]),
        substituted=held.lost,
        announced=held.announced,
        times=held.times,
        lost=held.lost,
        is_damaged=held.is_damaged,
        notes=held.notes,
        content=content_rows(held.looked),
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence OpenCV about broken files: they are reported by our own errors."""
    log = getattr(cv2.utils, "logging", cv2)  # OpenCV 4 has these functions at the top
    level = log.getLogLevel()
    log.setLogLevel(0)  # LOG_LEVEL_SILENT
    try:
        yield
    finally:
        log.setLogLevel(level)
