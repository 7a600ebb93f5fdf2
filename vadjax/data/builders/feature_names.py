"""Names of feature files: which video a file is of, and which of its crops."""

import collections
import os
import pathlib
import re
from collections.abc import Iterator

from vadjax.data.frames.feature_file import SUFFIXES
from vadjax.data.indexing.find_clips import Clips
from vadjax.data.paths.files import VIDEOS, entries
from vadjax.data.text.lists import some
from vadjax.data.text.printable import printable
from vadjax.errors import UserError

_CROP = re.compile(r"__(\d{1,2})$")
_EXTRACTOR = re.compile(r"_(?:i3d|c3d|C)$")
# Folders of labels and masks, whose arrays have the names of videos too.
LABELS = ("test_frame_mask", "frame_masks", "test_pixel_mask", "pixel_masks")


def clip_of(name: str) -> tuple[str, int | None]:
    """Return the video of a feature file, and the crop, None where the file has all.

    >>> clip_of("Abuse001_x264_i3d.npy"), clip_of("Abuse001_x264__3.npy")
    (('Abuse001_x264', None), ('Abuse001_x264', 3))
    >>> clip_of("Abuse001_x264.mp4.npy"), clip_of("Abuse001_x264_C.txt")
    (('Abuse001_x264', None), ('Abuse001_x264', None))

    Args:
        name: of the file.

    Returns:
        The two.
    """
    name = pathlib.PurePosixPath(name).stem
    crop = _CROP.search(name)
    name = _EXTRACTOR.sub("", name[: crop.start()] if crop else name)
    suffix = pathlib.PurePosixPath(name).suffix
    name = name[: -len(suffix)] if suffix.lower() in VIDEOS else name
    return name, int(crop[1]) if crop else None


def find_features(
    root: pathlib.Path, form: re.Pattern[str]
) -> tuple[Clips, dict[pathlib.Path, list[pathlib.Path]]]:
    """Find the feature files below a folder, at any depth.

    Args:
        root: the folder.
        form: of the names of videos.

    Returns:
        The clips, each with its first file, by the folder and the name of the video; and the files
        of each clip in the order of its crops, by the first one.

    Raises:
        UserError: crops of a video are missing.
    """
    found: dict[str, dict[int | None, pathlib.Path]] = collections.defaultdict(dict)
    for path in _files(root):
        name, crop = clip_of(path.name)
        if form.fullmatch(name):
            place = printable(os.path.relpath(path.parent / name, root))
            twin = found[place].setdefault(crop, path)
            if twin != path:
                raise UserError(f"{twin} and {path.name} are both features of {name}; keep one.")
    count = max((len(files) for files in found.values()), default=0)
    whole = ({None}, set(range(count)))
    wrong = [name for name, files in found.items() if set(files) not in whole]
    if wrong:
        raise UserError(
            f"{root}: {len(wrong)} of {len(found)} videos have not the crops __0 to __{count - 1} "
            f"that others have: {some(wrong)}. Fetch the missing files."
        )
    clips, crops = Clips(root), {}
    for name, files in found.items():
        ordered = [files[crop] for crop in sorted(files, key=lambda n: n or 0)]
        clips.paths[name], crops[ordered[0]] = ordered[0], ordered
    return clips, crops


def _files(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yield the files below a folder that may hold features."""
    for path in entries(folder):
        if path.is_dir():
            if path.name not in LABELS and not path.is_symlink():
                yield from _files(path)
        elif path.suffix.lower() in SUFFIXES:
            yield path
