"""What an image file says of itself, and whether the file holds what it says; nothing is decoded.

Decoders believe headers: they allocate what these ask for, and fill what a cut file lacks with
grey. So sizes, the lengths of chunks and the end of the file are checked first.
"""

import dataclasses
import re
import struct
import zlib

from vadjax.data.images.facts import MAX_BYTES, BrokenImage, Facts, File
from vadjax.data.images.tiff_header import tiff_pages

_PNG_SAMPLES = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}
_MARKER = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")  # not a stuffed byte, no restart


def facts_of(data: File) -> Facts:
    """Check an image file as far as that needs no decoding.

    Args:
      data: the whole file; mappings and other buffers will do.

    Returns:
      What its header says.

    Raises:
      BrokenImage: no image of a kind that is read, one that is cut short or damaged, or one that
        takes more than `MAX_BYTES` when it is decoded.
    """
    start = bytes(data[:12])
    try:
        if start.startswith(b"\xff\xd8"):
            facts = _jpeg(data)
        elif start.startswith(b"\x89PNG\r\n\x1a\n"):
            facts = _png(data)
        elif start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
            facts = tiff_pages(data)
        elif start.startswith(b"BM"):
            facts = _bmp(data)
        elif start[:4] == b"RIFF" and start[8:] == b"WEBP":
            facts = _webp(data)
        elif start[:6] in (b"GIF87a", b"GIF89a"):
            facts = _gif(data)
        else:
            raise BrokenImage(
                "it is empty" if not start else "it is no JPEG, PNG, TIFF, BMP, WebP or GIF image"
            )
    except (struct.error, IndexError):
        raise BrokenImage("its header is cut short") from None
    if not facts.width or not facts.height:
        raise BrokenImage(f"its header says {facts.width}x{facts.height} pixels")
    if facts.num_bytes > MAX_BYTES:
        raise BrokenImage(
            f"its header says {facts.width}x{facts.height} pixels, {facts.num_bytes >> 20} MB when "
            f"decoded; at most {MAX_BYTES >> 20} MB are read"
        )
    return facts


def _png(data: File) -> Facts:
    width, height, bits, colour = struct.unpack_from(">IIBB", data, 16)
    position, compressed, pages, alpha, ended = 8, 0, 1, colour in (4, 6), False
    while position < len(data) and not ended:
        length, kind = struct.unpack_from(">I4s", data, position)
        content, position = position + 8, position + 12 + length
        if position > len(data):
            raise BrokenImage("it is cut short")
        [crc] = struct.unpack_from(">I", data, position - 4)
        if zlib.crc32(data[content - 4 : position - 4]) != crc:
            raise BrokenImage(f"its chunk {kind.decode('latin-1')!r} is damaged")
        if kind == b"acTL":
            [pages] = struct.unpack_from(">I", data, content)
        alpha |= kind == b"tRNS"
        compressed += length if kind in (b"IDAT", b"fdAT") else 0
        ended = kind == b"IEND"
    if not ended or data[12:16] != b"IHDR" or colour not in _PNG_SAMPLES:
        raise BrokenImage("it is cut short")
    per_pixel = bits * (1 if colour == 3 else _PNG_SAMPLES[colour])
    if height * (1 + width * per_pixel // 8) > 1032 * compressed + 1024:  # deflate's best
        raise BrokenImage(f"it is too small for the {width}x{height} pixels of its header")
    facts = Facts("PNG", width, height, _PNG_SAMPLES[colour], max(bits, 8))
    return dataclasses.replace(facts, pages=max(pages, 1), alpha=alpha)


def _jpeg(data: File) -> Facts:
    facts, position = None, 2
    while True:
        match = _MARKER.search(data, position)
        if match is None:
            raise BrokenImage("it is cut short: it has no end marker")
        kind, position = match[0][-1], match.end()
        if kind == 0xD9:
            break
        if kind in (0x01, 0xD8):
            continue
        [length] = struct.unpack_from(">H", data, position)
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC) and facts is None:
            bits, height, width, samples = struct.unpack_from(">BHHB", data, position + 2)
            facts = Facts("JPEG", width, height, samples, bits)
        position += length
    if facts is None:
        raise BrokenImage("it has no picture")
    return facts


def _bmp(data: File) -> Facts:
    start, size = struct.unpack_from("<II", data, 10)
    if size == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        packed = False
    else:
        width, height, _, bits, packing = struct.unpack_from("<iiHHI", data, 18)
        packed = packing in (1, 2, 4, 5)
    width, height = max(width, 0), abs(height)
    if not packed and start + (width * bits + 31) // 32 * 4 * height > len(data):
        raise BrokenImage("it is cut short")
    return Facts("BMP", width, height, 3, 8)


def _webp(data: File) -> Facts:
    [size] = struct.unpack_from("<I", data, 4)
    if size + 8 > len(data):
        raise BrokenImage("it is cut short")
    kind = bytes(data[12:16])
    if kind == b"VP8X":
        flags = data[20]
        width, height = (1 + int.from_bytes(data[i : i + 3], "little") for i in (24, 27))
        pages = _webp_pages(data, size + 8) if flags & 2 else 1
        return Facts("WebP", width, height, 4, 8, pages=max(pages, 1), alpha=bool(flags & 16))
    if kind == b"VP8 ":
        width, height = (v & 0x3FFF for v in struct.unpack_from("<HH", data, 26))
        return Facts("WebP", width, height, 3, 8)
    if kind == b"VP8L":
        [bits] = struct.unpack_from("<I", data, 21)
        alpha = bool(bits >> 28 & 1)
        return Facts("WebP", 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF), 4, 8, alpha=alpha)
    raise BrokenImage("it has no picture")


def _webp_pages(data: File, end: int) -> int:
    pages, position = 0, 12
    while position + 8 <= end:
        kind, length = struct.unpack_from("<4sI", data, position)
        pages += kind == b"ANMF"
        position += 8 + length + length % 2
    return pages


def _gif(data: File) -> Facts:
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    position, pages = 13 + _gif_colours(flags), 0
    while position < len(data) and data[position] != 0x3B:  # the trailer, which some lack
        if data[position] == 0x2C:
            left, top, w, h, flags = struct.unpack_from("<HHHHB", data, position + 1)
            width, height = max(width, left + w), max(height, top + h)
            position, pages = position + 11 + _gif_colours(flags), pages + 1
        elif data[position] == 0x21:
            position += 2
        else:
            raise BrokenImage("it is damaged")
        while data[position]:  # blocks of data
            position += 1 + data[position]
        position += 1
    if not pages:
        raise BrokenImage("it has no picture")
    return Facts("GIF", width, height, 3, 8, pages=pages)


def _gif_colours(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 128 else 0
