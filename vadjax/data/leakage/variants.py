"""Ways in which a copy of a clip may be changed, as changes of what is known of its frames.

A clip is compared with another after one of the two has been changed in one of these ways: where
the one is a mirrored copy of the other, the mirrored one is a plain copy. Only the grey levels of
blocks are changed; hashes stay, and are not compared.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from vadjax.data.frames.content import GRID, ROW

Change = Callable[[np.ndarray], np.ndarray]
SPEEDS = (1.25, 1.5, 2.0, 3.0, 4.0)  # of a copy that plays faster; the slower ones mirror them


class Variant(NamedTuple):
    """One way of changing a copy.

    Attributes:
        kind: in the words of the audit; of two changes both, "mirrored, sped up".
        change: makes rows `content.ROW` [t] of the test clip what the used one has.
        pace: of the used clip one frame in so many is compared.
        speed: frames of the used clip for one of the test clip; below 0 it plays backwards.
    """

    kind: str
    change: Change
    pace: float = 1.0
    speed: float = 1.0


def plain(rows: np.ndarray) -> np.ndarray:
    """Return the rows as they are."""
    return rows


def mirrored(rows: np.ndarray) -> np.ndarray:
    """Return the rows with left and right exchanged."""
    return _of_grid(rows, lambda grid: grid[:, :, ::-1])


def upside_down(rows: np.ndarray) -> np.ndarray:
    """Return the rows with top and bottom exchanged."""
    return _of_grid(rows, lambda grid: grid[:, ::-1])


def turned(rows: np.ndarray) -> np.ndarray:
    """Return the rows turned by 180 degrees."""
    return _of_grid(rows, lambda grid: grid[:, ::-1, ::-1])


def negative(rows: np.ndarray) -> np.ndarray:
    """Return the rows with dark and bright exchanged."""
    return _of_grid(rows, lambda grid: 255 - grid)


SPACE: tuple[tuple[str, Change], ...] = (
    ("mirrored", mirrored),
    ("upside down", upside_down),
    ("turned", turned),
)


def variants() -> list[Variant]:
    """Return all ways that are looked for but crops, ordered by `pace`.

    Of two changes one is of space or time, the other of another sort: of space, of grey levels
    (negative), of the direction in time, of speed.
    """
    looks = [("", plain), *SPACE, ("negative", negative)]
    looks += [(f"{name}, negative", _both(change, negative)) for name, change in SPACE]
    found = [Variant(name, change) for name, change in looks if name]
    ways = [*(look for look in looks if ", " not in look[0])]
    for name, change in ways:
        kind = f"{name}, backwards" if name else "backwards"
        found.append(Variant(kind, _both(change, _reversed), speed=-1.0))
    ways.append(("backwards", _reversed))
    for speed in SPEEDS:
        for name, change in ways:
            kind = f"{name}, slowed down" if name else "slowed down"
            sign = -1 if change is _reversed else 1
            found.append(Variant(kind, _both(change, paced(speed)), speed=sign / speed))
    for speed in SPEEDS:
        for name, change in ways:
            kind = f"{name}, sped up" if name else "sped up"
            sign = -1 if change is _reversed else 1
            found.append(Variant(kind, change, pace=speed, speed=sign * speed))
    return found


def _reversed(rows: np.ndarray) -> np.ndarray:
    return rows[::-1]


def _both(first: Change, second: Change) -> Change:
    return lambda rows: second(first(rows))


def _of_grid(rows: np.ndarray, change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    changed = np.empty(len(rows), ROW)
    changed["hash"] = rows["hash"]
    grid = change(rows["grid"].reshape(-1, GRID, GRID))
    changed["grid"] = grid.reshape(len(rows), GRID * GRID)
    return changed


def paced(speed: float) -> Change:
    """Return a change that keeps one frame of each `speed`, the nearest ones."""

    def change(rows: np.ndarray) -> np.ndarray:
        at = np.round(np.arange(0, len(rows) - 0.5, speed)).astype(int)
        return rows[at[at < len(rows)]]

    return change


def cropped(top: float, left: float, share: float) -> Change:
    """Return a change that cuts out a part of the frame.

    Args:
        top: of the part, as a share of the frame.
        left: the same.
        share: width and height of the part.

    Returns:
        The change: `content.ROW` [t] to the same of the part.
    """
    weights = _overlap(top, share), _overlap(left, share)

    def change(rows: np.ndarray) -> np.ndarray:
        grid = rows["grid"].reshape(-1, GRID, GRID).astype(np.float32)
        seen = np.einsum("ai,tij,bj->tab", weights[0], grid, weights[1], optimize=True)
        changed = np.empty(len(rows), ROW)
        changed["hash"] = rows["hash"]
        changed["grid"] = np.rint(seen).reshape(len(rows), GRID * GRID).astype(np.uint8)
        return changed

    return change


def _overlap(start: float, share: float) -> np.ndarray:
    """Return float32 [GRID, GRID], the share of each new block that lies in each old one."""
    edges = GRID * (start + share * np.arange(GRID + 1) / GRID)
    low, high = edges[:-1, None], edges[1:, None]
    old = np.arange(GRID)
    inside = np.clip(np.minimum(high, old + 1) - np.maximum(low, old), 0, None)
    return (inside / inside.sum(1, keepdims=True)).astype(np.float32)
