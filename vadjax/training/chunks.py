"""Chunked training data: which rows the batches of a chunk read, gathered from clips on the host.

Nothing here computes on a device. A chunk holds each row that its windows read once, and their
tables with rows numbered within the chunk, so that the device gathers batches as it does from
resident data.
"""

import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np

from vadjax.training.inputs import TrainingData, labels_of_rows

BLOCK_BYTES = 1 << 20  # of rows at once, so that they stay in a core's cache


@dataclasses.dataclass(frozen=True, eq=False)
class Chunked:
    """What stands for the array `features` where rows are gathered from clips in chunks.

    Attributes:
      data: the clips.
      nbytes: of rows and labels in one chunk on a device; two are there at a time.
    """

    data: TrainingData
    nbytes: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Of all rows."""
        return (self.data.num_rows, *self.data.row_shape)

    @property
    def dtype(self) -> np.dtype:
        """Of the rows."""
        return self.data.dtype


class RowReader:
    """Gathers rows and their labels from the clips of `TrainingData`.

    Args:
      data: see `TrainingData`; its clips may be memory-mapped.
      reads: labels that the objective reads.
    """

    def __init__(self, data: TrainingData, reads: Sequence[str]):
        self._data, self.num_rows = data, data.num_rows
        self._clips = [np.asarray(clip) for clip in data.clips]  # still mapped, without overhead
        self._stops = np.cumsum([len(clip) for clip in data.clips])
        self._labels = {k: v for k, v in labels_of_rows(data).items() if k in reads}

    def shapes(self, count: int) -> dict[str, tuple[tuple[int, ...], np.dtype]]:
        """Return the shape and dtype of each array that `read` fills, for `count` rows."""
        features = ((count, *self._data.row_shape), self._data.dtype)
        labels = {k: ((count, *v.shape[1:]), v.dtype) for k, v in self._labels.items()}
        return {"features": features, **labels}

    @property
    def row_bytes(self) -> int:
        """Bytes of a row and its labels."""
        shapes = self.shapes(1).values()
        return sum(math.prod(shape) * dtype.itemsize for shape, dtype in shapes)

    def read(self, rows: np.ndarray, out: Mapping[str, np.ndarray]) -> None:
        """Write rows, standardised, and their labels into the first places of `out`.

        Args:
          rows: int [k], ascending numbers over all clips.
          out: arrays of `shapes(k or more)`.
        """
        features, start = out["features"], 0
        step = max(1, BLOCK_BYTES // max(1, features[:1].nbytes))
        block = np.empty((step, *features.shape[1:]), features.dtype)
        edges = np.searchsorted(rows, self._stops)
        for clip, stop, edge in zip(self._clips, self._stops, edges, strict=True):
            within = rows[start:edge] - (stop - len(clip))
            for i in range(0, len(within), step):
                chosen = within[i : i + step]  # all in range: "clip" keeps NumPy from a buffer
                taken = np.take(clip, chosen, axis=0, out=block[: len(chosen)], mode="clip")
                self._data.standard(taken, features[start + i : start + i + len(taken)])
            start = edge
        for name, values in self._labels.items():
            np.take(values, rows, axis=0, out=out[name][: len(rows)], mode="clip")


class SplitPlan:
    """The steps of one member's epoch over one table of windows, as numbers of rows.

    Args:
      table: of `inputs.tables`, with `count` where it is padded.
      order: int [windows, or runs], the order of this epoch.
      batch_size: windows.
      devices: that divide a batch.
      partners: (other int [steps, b], mixed bool [steps, b]) of `mixing.partners`, or None.
    """

    def __init__(
        self,
        table: Mapping,
        order: np.ndarray,
        *,
        batch_size: int,
        devices: int = 1,
        partners: tuple[np.ndarray, np.ndarray] | None = None,
    ):
        self._table, self._order, self._devices = table, order, devices
        self._partners = partners
        if "frames" not in table:
            self._index, self._weight = window_batches(order, batch_size, table.get("count"))

    def steps(self, start: int, stop: int, device: int) -> dict[str, np.ndarray]:
        """Return what `batches.pick` names for some steps, rows numbered over all clips.

        Args:
          start: the first of the epoch's steps.
          stop: the step after the last.
          device: whose share of each batch.

        Returns:
          Arrays [stop - start, ...] by name.
        """
        table, chosen = self._table, slice(start, stop)
        if "frames" in table:
            runs = self._order[chosen]
            names = ("index", "weight", "local")
            picked = {name: self._share(table[name][runs], device) for name in names}
            picked["frames"] = table["frames"][runs]
        else:
            picked = {
                "index": self._share(self._index[chosen], device),
                "weight": self._share(self._weight[chosen], device),
            }
        picked["rows"] = table["rows"][picked["index"]]
        picked["bag"] = table["video"][picked["index"]]
        if "padding" in table:
            picked["padding"] = table["padding"][picked["index"]]
        if self._partners is not None:
            other, mixed = (self._share(values[chosen], device) for values in self._partners)
            other = np.where(mixed, other, picked["index"])  # no rows are read for nothing
            picked |= {"other_rows": table["rows"][other], "mixed": mixed}
        return picked

    def _share(self, values: np.ndarray, device: int) -> np.ndarray:
        """Return a device's columns of [steps, b, ...], padded by zeros as `batches.batches`."""
        width = math.ceil(values.shape[1] / self._devices)
        values = values[:, device * width : (device + 1) * width]
        missing = [(0, 0) for _ in values.shape]
        missing[1] = (0, width - values.shape[1])
        return np.pad(values, missing)


def window_batches(
    order: np.ndarray, batch_size: int, count: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Cut an order into batches; see `batches.batches`, here with the columns of all devices.

    Args:
      order: int [n].
      batch_size: windows.
      count: the first ones of `order` that are no padding; None is all.

    Returns:
      index int32, weight float32 [steps, batch_size].
    """
    length = len(order)
    batch_size = min(batch_size, length)
    missing = -length % batch_size
    weight = np.arange(length) < (length if count is None else count)
    index, weight = (np.pad(values, (0, missing)) for values in (order, weight))
    return (
        index.astype(np.int32).reshape(-1, batch_size),
        weight.astype(np.float32).reshape(-1, batch_size),
    )


def most_rows(table: Mapping, batch_size: int, *, in_order: bool, mix: bool = False) -> int:
    """Return an upper bound on the rows that a step reads.

    Args:
      table: of `inputs.tables`.
      batch_size: windows.
      in_order: windows come in the order of the table, so that neighbours share rows.
      mix: each window may be mixed with another one.

    Returns:
      Rows.
    """
    if "frames" in table:
        return table["frames"].shape[1] + table["rows"].shape[1]  # padding reads window 0
    rows = table["rows"]
    batch_size = min(batch_size, len(rows))
    if not in_order:
        return batch_size * rows.shape[1] * (1 + mix)
    starts = range(0, len(rows), batch_size)
    return max(len(np.unique(rows[i : i + batch_size])) for i in starts) + rows.shape[1]


def cut_steps(steps: int, most: int) -> list[tuple[int, int]]:
    """Cut an epoch's steps into chunks of at most `most`, of one length if that costs few chunks.

    >>> cut_steps(10, 4), cut_steps(7, 4)
    ([(0, 2), (2, 4), (4, 6), (6, 8), (8, 10)], [(0, 4), (4, 7)])

    Args:
      steps: of an epoch.
      most: steps of a chunk; at least 1.

    Returns:
      (start, stop) of each chunk; their lengths differ by 1 at most, since each length is compiled.
    """
    least = math.ceil(steps / most)
    equal = [n for n in range(least, 2 * least) if steps % n == 0]
    count = equal[0] if equal and equal[0] <= max(1.25 * least, least + 2) else least
    edges = np.linspace(0, steps, count + 1).round().astype(int).tolist()
    return list(itertools.pairwise(edges))
