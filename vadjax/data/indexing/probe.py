"""Measure a clip on disk once: its length, its size, and whether all of it can be read.

Every image is decoded, because decoders hide damage (OpenCV fills a cut JPEG with grey) and labels
need the exact count of frames; videos are decoded too (`vadjax.data.decoding.measure_video`),
because headers count frames that a cut file no longer holds.
"""

import contextlib
import dataclasses
import os
import pathlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import cv2

from vadjax.data.arrays.spill import NoRoomError, Spill, SpilledRows
from vadjax.data.decoding.measure_video import measure
from vadjax.data.frames.content import ROW, content_row
from vadjax.data.images.probe import Stills, probe_folder, probe_single, probe_stack
from vadjax.data.indexing.footage import Footage
from vadjax.data.paths.files import images, is_image
from vadjax.data.paths.fingerprints import fingerprint
from vadjax.errors import UserError


def probe(clips: Sequence[pathlib.Path], *, content: bool = True) -> list[Footage]:
    """Measure video files and folders of images, as many at a time as there are cores.

    Args:
      clips: video files, stacks of pages, folders of images.
      content: measure what each frame shows.

    Returns:
      One `Footage` a clip, in order.

    Raises:
      UserError: of every clip that cannot be used: nothing there, a Git-LFS pointer, not a picture
        or video that can be decoded, frames of several sizes, or more broken frames than
        neighbours can stand in for.
    """
    return good(attempts(clips, content=content))


def good(results: Sequence[Footage | UserError]) -> list[Footage]:
    """Return what `attempts` has measured.

    Raises:
      UserError: a clip cannot be used.
    """
    faults = [str(each) for each in results if isinstance(each, UserError)]
    if faults:
        more = [f"... and {len(faults) - 8} more clips"] if len(faults) > 8 else []
        raise UserError("\n".join(faults[:8] + more))
    return [each for each in results if isinstance(each, Footage)]


def attempts(
    clips: Sequence[pathlib.Path],
    *,
    single_images: bool = False,
    content: bool = True,
    folder: pathlib.Path | None = None,
) -> list[Footage | UserError]:
    """Measure as `probe` does; a clip that cannot be used has its error in its place.

    Args:
      clips: video files, stacks of pages, folders of images.
      single_images: image files of one page are clips of one frame, and no error.
      content: measure what each frame shows, 264 bytes a frame, which lie on disk.
      folder: where they do; None is the system's for temporary files.

    Returns:
      One `Footage` or error a clip, in order.

    Raises:
      UserError: the folder cannot be written.
    """
    try:
        spill = Spill(ROW, folder=folder) if content else None
        return _attempts(clips, spill, single_images=single_images)
    except NoRoomError as error:
        raise UserError(
            f"{error}; free space, or choose another folder with "
            "--config.features.cache_dir=FOLDER."
        ) from error


def _attempts(
    clips: Sequence[pathlib.Path], spill: Spill | None, *, single_images: bool
) -> list[Footage | UserError]:
    def attempt(clip: pathlib.Path) -> Footage | UserError:
        try:
            if single_images and is_image(clip) and clip.is_file():
                return _footage_of(probe_single(clip), [clip], spill)
            if clip.is_dir() or is_image(clip):
                return _probe_images(clip, spill)
            return _probe_video(clip, spill)
        except UserError as error:
            return error

    with _quiet(), ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(attempt, clips))


def _probe_images(place: pathlib.Path, spill: Spill | None) -> Footage:
    """Measure a folder of images, or a stack of pages."""
    stills = probe_folder(place) if place.is_dir() else probe_stack(place)
    files = images(place) if place.is_dir() else [place]
    return dataclasses.replace(_footage_of(stills, files, spill), pages=not place.is_dir())


def _footage_of(stills: Stills, files: Sequence[pathlib.Path], spill: Spill | None) -> Footage:
    content = None
    if spill is not None:
        content = SpilledRows(spill)
        content.append(stills.content.tobytes())
        content.end()
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
        content=content,
    )


def _probe_video(path: pathlib.Path, spill: Spill | None) -> Footage:
    held = measure(path, look=lambda picture: content_row(picture.rgb()), spill=spill)
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
        content=held.looked,
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
