"""Masks of one's own videos: `masks/` beside them, with a folder or an array for each clip."""

import pathlib
from collections.abc import Mapping, Sequence

from vadjax.data.indexing.footage import Footage
from vadjax.data.labels.mask_forms import read_mask_array
from vadjax.data.paths.files import images
from vadjax.data.text.lists import some
from vadjax.errors import UserError

MASKS = "masks"
_END = "_mask"  # that a name may have behind that of its frame


def find_masks(root: pathlib.Path, clips: Mapping[str, pathlib.Path]) -> dict[str, pathlib.Path]:
    """Find the masks of clips: `masks/test/door`, or `masks/door`, or the same with .npy.

    Args:
      root: the folder of masks.
      clips: by id, such as test/door.

    Returns:
      Id -> folder of images, or file.

    Raises:
      UserError: a clip has masks in two places.
    """
    found = {}
    for name in clips:
        below = (name, name.partition("/")[2])
        places = [root / f"{each}{end}" for each in below for end in ("", ".npy")]
        there = [p for p in places if (p.is_file() if p.suffix == ".npy" else p.is_dir())]
        if len(there) > 1:
            raise UserError(f"{name} has masks in {there[0]} and in {there[1]}; keep one.")
        if there:
            found[name] = there[0]
    return found


def masks_of(place: pathlib.Path, footage: Footage) -> tuple[str, ...]:
    """Return the masks of a clip, as form "own" of `mask_forms` has them.

    Args:
      place: of `find_masks`.
      footage: the clip.

    Returns:
      The one array, or a file a frame, "" where a frame has none.

    Raises:
      UserError: the masks are not those of the frames.
    """
    count = footage.num_frames
    if place.is_file():
        if (length := len(read_mask_array(place))) != count:
            raise UserError(f"{place} holds {length} masks for a clip of {count} frames.")
        return (str(place),)
    files = images(place)
    if not files:
        raise UserError(f"{place} holds no images; wanted masks, or no such folder.")
    by_frame = _frames(files, _names(footage), place, count)
    return tuple(str(by_frame[i]) if i in by_frame else "" for i in range(count))


def _names(footage: Footage) -> dict[str, int]:
    """Return the frame of each name; of a video and of pages the names are numbers from 0."""
    if footage.announced or footage.pages:
        return {}
    return {pathlib.Path(path).stem: number for number, path in enumerate(footage.paths)}


def _frames(
    files: Sequence[pathlib.Path], names: Mapping[str, int], place: pathlib.Path, count: int
) -> dict[int, pathlib.Path]:
    """Return the mask of each frame: by its name, or in order where there are as many."""
    stems = [file.stem.removesuffix(_END) for file in files]
    if names:
        known = [names.get(stem) for stem in stems]
    else:
        known = [
            int(s) if s.isascii() and s.isdecimal() and int(s) < count else None for s in stems
        ]
    if len(files) == count and (None in known or not names):
        return dict(enumerate(files))
    if wrong := [file.name for file, frame in zip(files, known, strict=True) if frame is None]:
        how = "the names of frames" if names else f"numbers from 0 to {count - 1}"
        raise UserError(
            f"{place}: {some(wrong)} {'is no mask' if len(wrong) == 1 else 'are no masks'} of one "
            f"of the {count} frames: wanted {how}, or a mask for each."
        )
    if len(set(known)) < len(known):
        raise UserError(f"{place} holds two masks of one frame; keep one.")
    return {frame: file for file, frame in zip(files, known, strict=True) if frame is not None}
