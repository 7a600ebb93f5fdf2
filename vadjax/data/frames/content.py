"""What a decoded frame shows, in few bytes: an exact hash, and a grid that bears re-encoding.

Indexing decodes every frame once and measures it on the way; `data.leakage.copy_search` compares
the clips.
"""

import os
import pathlib
import tempfile
import zlib
from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from numpy.lib.format import dtype_to_descr, write_array_header_1_0

from vadjax.data.arrays.spill import SpilledRows

GRID = 16  # blocks a side
SAMPLES = 8  # pixels a side of a block, at least, that its mean is taken of
SUMS = 64  # stretches of a frame whose pixels are summed for its hash
ROW = np.dtype([("hash", "<i8"), ("grid", "u1", (GRID * GRID,))])


def measure_content(frames: Iterable[np.ndarray]) -> np.ndarray:
    """Measure the frames of a clip.

    Args:
        frames: uint8 [h, w, 3] or [h, w] each, all with one order of channels.

    Returns:
        `ROW` [t], 264 bytes a frame; see `content_row`.
    """
    return content_rows(map(content_row, frames))


def content_rows(rows: Iterable[bytes]) -> np.ndarray:
    """Return what `content_row` returned of each frame as an array `ROW` [t]."""
    return np.frombuffer(bytearray().join(rows), ROW)


def content_row(frame: np.ndarray) -> bytes:
    """Measure one frame.

    Args:
        frame: uint8 [h, w, 3] or [h, w].

    Returns:
        One `ROW`: `hash` of all pixels, and `grid`, the mean grey level of 16 x 16 blocks. The
        blocks keep their values, but for a scale and a few levels, where a frame is encoded again,
        resized, or made brighter.
    """
    frame = np.ascontiguousarray(frame)
    step = max(1, min(frame.shape[:2]) // (GRID * SAMPLES))
    blocks = cv2.resize(frame[::step, ::step], (GRID, GRID), interpolation=cv2.INTER_AREA)
    if blocks.ndim == 3:
        blocks = np.rint(blocks.mean(2)).astype(np.uint8)
    grid = blocks.tobytes()
    return (_checksum(frame) | zlib.crc32(grid) << 32).to_bytes(8, "little") + grid


def _checksum(frame: np.ndarray) -> int:
    """Return the CRC-32 of sums over the pixels, in words of 8 bytes: a CRC of all is slower."""
    flat = frame.reshape(-1)
    words = flat[: len(flat) // (8 * SUMS) * 8 * SUMS].view(np.uint64).reshape(SUMS, -1)
    return zlib.crc32(flat[words.size * 8 :].data, zlib.crc32(words.sum(1).data))


def save_content(path: pathlib.Path, clips: Sequence[SpilledRows | np.ndarray]) -> None:
    """Write the rows of clips, one behind the other, to a .npy file by way of a temporary one.

    Args:
        path: of the file; its folder is made.
        clips: `ROW` [t] of each.
    """
    shape = (sum(map(len, clips)),)
    header = {"descr": dtype_to_descr(ROW), "fortran_order": False, "shape": shape}
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        try:
            write_array_header_1_0(file, header)
            for rows in clips:
                for block in rows.blocks() if isinstance(rows, SpilledRows) else [rows]:
                    file.write(block.tobytes())
            file.close()
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise


def open_content(path: pathlib.Path) -> np.ndarray | None:
    """Return what `save_content` wrote, memory-mapped; None where it is damaged or gone."""
    try:
        rows = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return rows if rows.dtype == ROW and rows.ndim == 1 else None
