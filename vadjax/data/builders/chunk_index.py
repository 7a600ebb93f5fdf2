"""chunks.csv: of which video and frame each chunk of `chunk_files` is."""

import csv
import pathlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from vadjax.errors import UserError

INDEX, COLUMNS = "chunks.csv", ("side", "chunk", "video", "start", "frames")


class Chunk(NamedTuple):
    """One chunk.

    Attributes:
        video: name of its clip, without the side.
        start: its first frame.
        frames: of it.
    """

    video: str
    start: int
    frames: int


def read_index(root: pathlib.Path, counts: Mapping[str, int]) -> dict[str, list[Chunk]]:
    """Read chunks.csv of a folder.

    Args:
        root: the folder.
        counts: chunks of each side.

    Returns:
        Side -> its chunks in order; empty where there is no such file.

    Raises:
        UserError: it is damaged, or not of these chunks.
    """
    path = root / INDEX
    if not path.is_file():
        return {}
    sides: dict[str, list[Chunk]] = {side: [] for side in counts}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            for row in rows:
                own = sides[row["side"]]
                if int(row["chunk"]) != len(own):
                    raise ValueError(f"chunk {len(own)} of {row['side']} is not in its place")
                own.append(Chunk(row["video"], int(row["start"]), int(row["frames"])))
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise UserError(f"{path} is damaged ({error!r}); export the chunks again.") from None
    for side, chunks in sides.items():
        if len(chunks) != counts[side]:
            raise UserError(
                f"{path} has {len(chunks)} chunks of {side}, and the features have {counts[side]}: "
                "they do not belong together."
            )
    return sides


def write_index(path: pathlib.Path, sides: Mapping[str, Iterable[Chunk]]) -> None:
    """Write chunks.csv.

    Args:
        path: of the file, which is written in one piece by the caller.
        sides: side -> its chunks in order.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for side, chunks in sides.items():
            writer.writerows((side, number, *chunk) for number, chunk in enumerate(chunks))
