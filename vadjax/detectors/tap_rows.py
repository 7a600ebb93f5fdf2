"""Rows of several stages of the backbone, a batch of one size at a time."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from vadjax.data.arrays.row_view import release
from vadjax.data.clip import Clip
from vadjax.detectors.contract import State
from vadjax.detectors.inputs import TAP
from vadjax.errors import UserError

Batch = tuple[np.ndarray, ...]  # [b, h, w, c] of each stage


def taps_or(config: Any, default: Sequence[str]) -> tuple[str, ...]:
    """Return the inputs that `places.taps` names, or those of a detector's own choice.

    Args:
        config: the whole config.
        default: names of stages.

    Returns:
        Names of inputs, from the first stage on.

    Raises:
        UserError: a tap is named twice.
    """
    named = [name.strip() for name in config.places.taps.split(",")]
    taps = [name for name in named if name] or [*default]
    if len(set(taps)) < len(taps):
        raise UserError(f"places.taps names a stage twice: {', '.join(taps)}")
    return tuple(f"{TAP}{name}" for name in taps)


def batches(
    clip: Clip, inputs: Sequence[str], *, size: int, chosen: np.ndarray | None = None
) -> Iterator[tuple[Batch, int]]:
    """Yield the rows of a clip.

    Args:
        clip: to read.
        inputs: names of stages.
        size: rows of a batch; the last one is filled with its last row.
        chosen: int [n], the rows that are read; None is all.

    Yields:
        The maps of each stage, and how many rows count, from the first.

    Raises:
        UserError: a stage gives no maps.
    """
    rows = [clip.rows(name) for name in inputs]
    check_maps(inputs, rows)
    at = np.arange(len(clip)) if chosen is None else chosen
    for start in range(0, len(at), size):
        own = at[start : start + size]
        filled = np.concatenate([own, np.repeat(own[-1:], size - len(own))])
        yield tuple(each[filled] for each in rows), len(own)
        for each in rows:
            release(each)


def check_maps(inputs: Sequence[str], rows: Sequence[np.ndarray]) -> None:
    """Refuse rows without places.

    Args:
        inputs: names of stages.
        rows: of each.

    Raises:
        UserError: a stage gives no maps.
    """
    for name, each in zip(inputs, rows, strict=True):
        if each.ndim != 4:
            raise UserError(
                f"places.taps: {name.removeprefix(TAP)} gives {each.ndim - 1} axes a frame, and "
                "places need a map [h, w, c]; name stages such as stage3."
            )


class Kept:
    """What was made of the last state, so that it is not made anew for each clip.

    Args:
        make: state -> anything, for instance its arrays on the device.
    """

    def __init__(self, make: Callable[[State], Any]):
        self._make, self._of, self._made = make, None, None

    def __call__(self, state: State) -> Any:
        """Return what is made of a state."""
        if self._of is not state:
            self._made, self._of = self._make(state), state
        return self._made
