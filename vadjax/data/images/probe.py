"""Measure a folder of images or a stack of pages: every picture is decoded once.

Decoders hide damage (OpenCV fills a cut JPEG with grey), and labels need the exact count of frames.
"""

import pathlib
from dataclasses import dataclass, field

import numpy as np

from vadjax.data.deviation import Deviation
from vadjax.data.frames.content import content_row, content_rows
from vadjax.data.images.facts import BrokenImage, Facts
from vadjax.data.images.pages import Pages
from vadjax.data.images.read import Levels, joined, levels_of, read_image, to_8_bits
from vadjax.data.paths.files import LFS_HEAD, describe, images, lfs_error
from vadjax.data.paths.order import doubts
from vadjax.data.text.printable import printable
from vadjax.errors import UserError


@dataclass(frozen=True)
class Stills:
    """What the pictures of one clip are.

    Attributes:
      paths: a file a frame, the neighbour's where a file cannot be read; or the one stack.
      num_frames: pictures.
      height: pixels.
      width: pixels.
      channels: 3, or 1 when every picture is grey.
      levels: lowest and highest value of pictures of more than 8 bits; None without such.
      substituted: frames that show their neighbour.
      notes: what was read in another way than it lies there, without the name of the clip.
      content: `data.frames.content.ROW` [num_frames], what each frame shows.
    """

    paths: tuple[pathlib.Path, ...]
    num_frames: int
    height: int
    width: int
    channels: int
    levels: Levels | None = None
    substituted: tuple[int, ...] = ()
    notes: tuple[Deviation, ...] = ()
    content: np.ndarray = field(default_factory=lambda: content_rows([]), repr=False, compare=False)


@dataclass(frozen=True)
class _Picture:
    """One decoded picture, without its pixels; `fault` says why it could not be decoded."""

    shape: tuple[int, ...] = ()
    bits: int = 8
    kind: str = "u"
    levels: Levels | None = None
    facts: Facts | None = None
    content: bytes = b""
    fault: str = ""


def probe_folder(folder: pathlib.Path) -> Stills:
    """Measure a folder of images, one a frame.

    Raises:
      UserError: there are none, or of several kinds, sizes or depths; one is a Git-LFS pointer or a
        stack; or more are broken than neighbours can stand in for.
    """
    paths = images(folder)
    if not paths:
        raise UserError(
            f"{printable(folder)} holds no images; wanted one file a frame. {describe(folder)}"
        )
    pictures = [_picture(path) for path in paths]
    names = [path.name for path in paths]
    stacks = [n for n, p in zip(names, pictures, strict=True) if p.facts and p.facts.pages > 1]
    if stacks:
        raise UserError(
            f"{printable(folder)}: {printable(stacks[0])} is a stack of pages, among single "
            "images; a stack is a clip, a single image is a frame. Put them into folders of their "
            "own."
        )
    broken = [i for i, picture in enumerate(pictures) if picture.fault]
    shown, rows = list(paths), [picture.content for picture in pictures]
    for i in broken:
        near = [j for j in (i - 1, i + 1) if 0 <= j < len(paths) and not pictures[j].fault]
        if not near or 2 * len(broken) > len(paths):
            raise UserError(
                f"{printable(folder)}: {len(broken)} of {len(paths)} images cannot be read "
                f"({printable(names[i])} and others); single ones would be replaced by their "
                f"neighbour. Restore the files. Of {printable(names[i])}: {pictures[i].fault}."
            )
        shown[i], rows[i] = paths[near[0]], rows[near[0]]
    good = {n: p for n, p in zip(names, pictures, strict=True) if not p.fault}
    _check_alike(good, folder)
    first = next(iter(good.values()))
    levels = joined(p.levels for p in good.values())
    return Stills(
        paths=tuple(shown),
        num_frames=len(paths),
        height=first.shape[0],
        width=first.shape[1],
        channels=3 if any(len(p.shape) == 3 for p in good.values()) else 1,
        levels=levels,
        substituted=tuple(broken),
        notes=(*_order_notes(names), *_picture_notes(list(good.values()), levels)),
        content=content_rows(rows),
    )


def probe_single(path: pathlib.Path) -> Stills:
    """Measure one image.

    Raises:
      UserError: it is cut short or damaged, a Git-LFS pointer, or a stack of pages.
    """
    picture = _picture(path)
    if picture.fault or (picture.facts and picture.facts.pages > 1):
        fault = picture.fault or "it has several pages"
        raise UserError(
            f"{printable(path)} cannot be read as one image: {fault}. Restore the file."
        )
    levels = joined([picture.levels])
    return Stills(
        paths=(path,),
        num_frames=1,
        height=picture.shape[0],
        width=picture.shape[1],
        channels=3 if len(picture.shape) == 3 else 1,
        levels=levels,
        notes=tuple(_picture_notes([picture], levels)),
        content=content_rows([picture.content]),
    )


def probe_stack(path: pathlib.Path) -> Stills:
    """Measure a file of several pages.

    Raises:
      UserError: it is cut short or damaged, is one image, or has pages of several kinds.
    """
    try:
        pages = Pages(path)
        pictures = [_measured(pages.read(i), pages.facts) for i in range(len(pages))]
    except (BrokenImage, OSError) as error:
        raise UserError(
            f"{printable(path)} cannot be read as a stack of pages: {_fault(error)}. Restore the "
            "file."
        ) from error
    if len(pictures) < 2:
        raise UserError(f"{printable(path)} is one image; give the folder that holds the frames.")
    _check_alike({f"page {i}": picture for i, picture in enumerate(pictures)}, path)
    levels = joined(picture.levels for picture in pictures)
    return Stills(
        paths=(path,),
        num_frames=len(pictures),
        height=pictures[0].shape[0],
        width=pictures[0].shape[1],
        channels=3 if any(len(p.shape) == 3 for p in pictures) else 1,
        levels=levels,
        notes=tuple(_picture_notes(pictures, levels)),
        content=content_rows(picture.content for picture in pictures),
    )


def _picture(path: pathlib.Path) -> _Picture:
    try:
        return _measured(*read_image(path))
    except (BrokenImage, OSError) as error:
        if isinstance(error, BrokenImage):
            with path.open("rb") as file:
                if file.read(len(LFS_HEAD)) == LFS_HEAD:
                    raise lfs_error(path) from error
        return _Picture(fault=_fault(error))


def _measured(image: np.ndarray, facts: Facts) -> _Picture:
    bits, levels = 8 * image.dtype.itemsize, levels_of(image)
    shown = content_row(to_8_bits(image, levels))
    return _Picture(image.shape, bits, image.dtype.kind, levels, facts, shown)


def _fault(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def _check_alike(pictures: dict[str, _Picture], place: pathlib.Path) -> None:
    """Refuse pictures of several sizes or depths."""
    examples = {p.shape[:2]: printable(name) for name, p in pictures.items()}
    if len(examples) > 1:
        sized = ", ".join(f"{name} is {w}x{h}" for (h, w), name in sorted(examples.items()))
        raise UserError(f"{printable(place)}: the frames of one clip must be of one size; {sized}.")
    depths = {p.bits: printable(name) for name, p in pictures.items()}
    if len(depths) > 1:
        listed = ", ".join(f"{name} has {bits}" for bits, name in sorted(depths.items()))
        raise UserError(
            f"{printable(place)}: the frames of one clip must have one number of bits a value; "
            f"{listed}."
        )


def _order_notes(names: list[str]) -> list[Deviation]:
    meaning = "if they belong in another order, number them 0001, 0002 and so on"
    notes = [Deviation(f"order of frames, {doubt}", meaning) for doubt in doubts(names)]
    suffixes = sorted({pathlib.PurePath(name).suffix.lower() for name in names})
    if len(suffixes) > 1:
        meaning = "all are taken for frames of one clip"
        notes.append(Deviation(f"images end in {' and '.join(suffixes)}", meaning))
    return notes


def _picture_notes(pictures: list[_Picture], levels: Levels | None) -> list[Deviation]:
    notes = []
    if levels:
        kind = "values are floats" if pictures[0].kind == "f" else "values have more than 8 bits"
        notes.append(
            Deviation(
                f"{kind}: {levels[0]:g} to {levels[1]:g} become 0 to 255",
                "scaled by each clip's own range, so brightness differs between clips",
            )
        )
    facts = [(p.facts, p.shape) for p in pictures if p.facts]
    if any(fact.alpha for fact, _ in facts):
        notes.append(Deviation("images have transparency", "it is ignored, the colours are used"))
    if any((fact.height, fact.width) != shape[:2] for fact, shape in facts):
        notes.append(Deviation("images are turned", "upright, as their EXIF data say"))
    return notes
