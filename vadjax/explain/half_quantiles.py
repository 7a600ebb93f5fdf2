"""Exact quantiles of any number of half-precision values, a stretch of them in memory at a time."""

from collections.abc import Iterable, Sequence

import numpy as np

from vadjax.data.arrays.row_view import Rows, blocks


def half_quantiles(arrays: Iterable[Rows], shares: Sequence[float]) -> list[float]:
    """Return quantiles of all values of some arrays, as `np.quantile` of them in float32.

    There are 65,536 different values in half precision, and so counting them sorts them.

    Args:
        arrays: float16 [t, ...] each, finite, at least one value in all; usually memory-mapped.
        shares: in 0 .. 1.

    Returns:
        One value for each share, linear between its two neighbours.
    """
    counts = np.zeros(1 << 16, np.int64)
    for array in arrays:
        for block in blocks(array):
            halves = np.ascontiguousarray(block, np.float16).view(np.uint16)
            counts += np.bincount(halves.ravel(), minlength=1 << 16)
    values = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float32)
    seen = np.flatnonzero(counts)
    order = seen[np.argsort(values[seen], kind="stable")]
    stops = np.cumsum(counts[order])
    found = []
    for share in shares:
        place = (stops[-1] - 1) * np.float64(share)
        below = int(np.floor(place))
        ranks = np.minimum([below, below + 1], stops[-1] - 1)
        pair = values[order[np.searchsorted(stops, ranks, "right")]]
        found.append(float(np.quantile(pair, np.array([place - below]))[0]))
    return found
