"""The directories of a TIFF file: size and kind of its pages, and whether all of them are there."""

import dataclasses
import math
import mmap
import struct
from typing import NamedTuple

from vadjax.data.images.facts import MAX_BYTES, BrokenImage, Facts, File

MAX_PARTS = 1 << 20  # strips or tiles of a page
_WHOLE = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}  # kinds of whole numbers
_SIZES = {kind: struct.calcsize(f"={code}") for kind, code in _WHOLE.items()}
_SUBFILE, _WIDTH, _HEIGHT, _BITS, _COLOURS, _SAMPLES, _EXTRA = 254, 256, 257, 258, 262, 277, 338
_STRIPS, _TILE, _TILES = (273, 279), (322, 323), (324, 325)  # where, bytes; width, height
_WANTED = {_SUBFILE, _WIDTH, _HEIGHT, _BITS, _COLOURS, _SAMPLES, _EXTRA, *_STRIPS, *_TILE, *_TILES}
_PALETTE = 3
_REDUCED, _MASK = 1, 4  # of the subfile type: a thumbnail, a mask


class _Form(NamedTuple):
    """How the numbers of a file are written."""

    order: str
    big: bool  # BigTIFF: 64 bits a place

    @classmethod
    def of(cls, data: File) -> "_Form":
        return cls("<" if data[:1] == b"I" else ">", b"+" in (data[2:3], data[3:4]))

    @property
    def header(self) -> int:
        return 8 if self.big else 4

    @property
    def place(self) -> str:
        return self.order + ("Q" if self.big else "I")


def tiff_pages(data: File) -> Facts:
    """Read the directories of a TIFF file.

    Args:
      data: the whole file, which begins as a TIFF file does.

    Returns:
      Facts of the first page, and the places of all pages that have its size; thumbnails and
      masks are no pages.

    Raises:
      BrokenImage: the file is cut short, or a directory makes no sense.
    """
    form = _Form.of(data)
    [place] = struct.unpack_from(form.place, data, form.header)
    first: Facts | None = None
    places: list[int] = []
    seen: set[int] = set()
    room = len(data)  # for all directories: they do not overlap
    while place and place not in seen:  # a chain may run in a circle
        seen.add(place)
        tags, following, size = _directory(data, place, form, room=room)
        room -= size
        if first is None or not tags.get(_SUBFILE, (0,))[0] & (_REDUCED | _MASK):
            facts = _page(tags, len(data))
            first = first or facts
            if (facts.width, facts.height) == (first.width, first.height):
                places.append(place)
        place = following
    if first is None:
        raise BrokenImage("it has no picture")
    return dataclasses.replace(first, pages=len(places), places=tuple(places))


def point_to(data: bytearray | mmap.mmap, place: int) -> None:
    """Change the header of a TIFF file in memory so that its first page is another one.

    Args:
      data: the file, or a private mapping of it.
      place: one of `Facts.places`.
    """
    form = _Form.of(data)
    struct.pack_into(form.place, data, form.header, place)


def _directory(
    data: File, place: int, form: _Form, *, room: int
) -> tuple[dict[int, tuple[int, ...]], int, int]:
    """Return a directory's numbers by tag, the place of the next one, and its own bytes."""
    head, entry = ("Q", "HHQQ") if form.big else ("H", "HHII")
    if place + 8 > len(data):
        raise BrokenImage("it is cut short")
    [count] = struct.unpack_from(form.order + head, data, place)
    start, size = place + struct.calcsize(form.order + head), struct.calcsize(form.order + entry)
    end = start + count * size
    if end > len(data) or count * size > room:
        raise BrokenImage("it is cut short")
    tags = {}
    for at in range(start, end, size):
        tag, kind, number, value = struct.unpack_from(form.order + entry, data, at)
        if tag not in _WANTED or kind not in _WHOLE or not number:
            continue
        in_place = number * _SIZES[kind] <= (8 if form.big else 4)
        where = at + (12 if form.big else 8) if in_place else value
        if number > MAX_PARTS or where + number * _SIZES[kind] > len(data):
            raise BrokenImage("it is cut short")
        tags[tag] = struct.unpack_from(f"{form.order}{number}{_WHOLE[kind]}", data, where)
    following = struct.unpack_from(form.place, data, end)[0] if end + 4 <= len(data) else 0
    return tags, following, count * size


def _page(tags: dict[int, tuple[int, ...]], length: int) -> Facts:
    where, sizes = _STRIPS if _STRIPS[0] in tags else _TILES
    if not {_WIDTH, _HEIGHT, where, sizes} <= tags.keys():
        raise BrokenImage("a page of it has no size or no data")
    if max(a + b for a, b in zip(tags[where], tags[sizes], strict=False)) > length:
        raise BrokenImage("it is cut short")
    bits, samples = max(8, *tags.get(_BITS, (1,))), tags.get(_SAMPLES, (1,))[0]
    if math.prod(tags.get(side, (0,))[0] for side in _TILE) * samples * bits // 8 > MAX_BYTES:
        raise BrokenImage("a tile of it is larger than what is read")
    samples = 3 if tags.get(_COLOURS, (1,))[0] == _PALETTE else samples
    transparent = {1, 2} & set(tags.get(_EXTRA, ()))
    return Facts("TIFF", tags[_WIDTH][0], tags[_HEIGHT][0], samples, bits, alpha=bool(transparent))
