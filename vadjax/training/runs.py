"""Batches that are runs of neighbouring windows, whose frames are projected once for all."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vadjax.data.splits.windows import padding_of


def cut_runs(table: Any, batch_size: int) -> dict[str, np.ndarray]:
    """Cut a window table into runs of at most `batch_size` neighbouring windows of one clip.

    A batch of arbitrary windows of t rows projects t rows for each; a run at stride 1 projects one
    row for each window, and t - 1 more. In exchange the windows of a batch are alike, so that its
    gradient is noisier than that of windows from everywhere.

    Args:
      table: a WindowTable: rows int32 [m, t], video int32 [m]; windows of a clip in order of time.
      batch_size: windows in a run.

    Returns:
      frames int32 [r, f], the rows of each run, its last one repeated up to the longest run's;
      local int32 [r, b, t], the windows as positions among them; index int32 [r, b], positions in
      the table; weight float32 [r, b], 0 for padding.
    """
    edges = np.flatnonzero(np.diff(table.video)) + 1
    clips = np.split(np.arange(len(table.rows)), edges)
    runs = [clip[i : i + batch_size] for clip in clips for i in range(0, len(clip), batch_size)]
    firsts = [int(table.rows[run].min()) for run in runs]
    lengths = [int(table.rows[run].max()) + 1 - a for run, a in zip(runs, firsts, strict=True)]
    steps = np.arange(max(lengths))
    frames = np.array([a + np.minimum(steps, n - 1) for a, n in zip(firsts, lengths, strict=True)])
    index = np.array([np.resize(run, batch_size) for run in runs])
    weight = np.array([np.arange(batch_size) < len(run) for run in runs])
    return {
        "frames": frames.astype(np.int32),
        "local": (table.rows[index] - np.array(firsts)[:, None, None]).astype(np.int32),
        "index": index.astype(np.int32),
        "weight": weight.astype(np.float32),
    }


def pad_runs(cut: Mapping, *, num_runs: int, num_frames: int) -> dict[str, np.ndarray]:
    """Pad what `cut_runs` returned, for members of a population whose clips are not the same.

    Args:
      cut: of one member.
      num_runs: the padding comes behind and has weight 0; `count` says how many runs there are.
      num_frames: of the longest run; the last one is repeated.

    Returns:
      The same arrays, and count int32.
    """
    count, length = cut["frames"].shape
    padded = {
        key: np.concatenate([values, np.repeat(values[:1], num_runs - count, axis=0)])
        for key, values in cut.items()
    }
    padded["weight"][count:] = 0
    padded["frames"] = np.pad(padded["frames"], ((0, 0), (0, num_frames - length)), mode="edge")
    return {**padded, "count": np.asarray(count, np.int32)}


def pad_tables(
    tables: Sequence[Any], size: int, more: Sequence[Mapping[str, np.ndarray]] = ()
) -> list[dict[str, np.ndarray]]:
    """Return the window tables of a population's members as arrays of one length.

    Args:
      tables: one for each member, padded with its first row; members of one split have the same
        object.
      size: windows per run of consecutive windows where batches are such runs; else 0.
      more: of each member, what `inputs.pair_table` returned where batches are pairs.

    Returns:
      {rows, video, count} of each member, padding where a table has any, or what `pad_runs`
      returns in place of the count.
    """
    longest = max(map(len, tables))
    cuts = {id(table): cut_runs(table, size) for table in tables} if size else {}
    shapes = [cut["frames"].shape for cut in cuts.values()]

    @functools.cache
    def padded(index: int) -> dict[str, np.ndarray]:
        table = tables[index]
        missing = longest - len(table)
        arrays = {
            "rows": np.concatenate([table.rows, np.repeat(table.rows[:1], missing, axis=0)]),
            "video": np.concatenate([table.video, np.repeat(table.video[:1], missing)]),
        }
        if any(table.padding is not None for table in tables):
            arrays["padding"] = np.pad(padding_of(table), (0, missing))
        if more:
            arrays["positive"] = np.pad(more[index]["positive"], (0, missing))
            arrays["longer"] = max((each["longer"] for each in more), key=len)
        if not size:
            return {**arrays, "count": np.asarray(len(table), np.int32)}
        num_runs, num_frames = (max(n) for n in zip(*shapes, strict=True))
        return arrays | pad_runs(cuts[id(table)], num_runs=num_runs, num_frames=num_frames)

    first = {id(table): index for index, table in reversed(list(enumerate(tables)))}
    return [padded(first[id(table)]) for table in tables]
