"""What a training reads, and its checks."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from vadjax.data.arrays.half import to_half
from vadjax.data.leakage.fitted import FittedOn, stretches
from vadjax.data.splits.units import Segment
from vadjax.errors import UserError
from vadjax.models.model import Objective
from vadjax.training.runs import cut_runs

BLOCK_BYTES = 1 << 24  # of rows that are standardised at once


class TrainingData(NamedTuple):
    """What a training reads: rows of clips, and windows as numbers of rows.

    Rows are numbered over all clips, one clip behind the other: n in all.

    Attributes:
      clips: float [rows, ...] each, training and validation clips; memory-mapped ones stay on disk
        where the data are chunked.
      train: table of the training windows: rows int32 [m, t], video int32 [m].
      validation: table of the windows whose loss stops the training.
      frame_labels: int32 [n], 1 is abnormal, or numbers of classes; None where the objective reads
        none.
      video_classes: int32 [n], of each row the class of its clip; None where the objective reads
        none.
      video_labels: int32 [clips]; None where the objective reads none.
      cell_labels: float16 [n, h, w], the abnormal share of each cell's pixels, or None.
      standardize: rows [k, ...] -> float32 of the same shape; applied to rows as they are read,
        which keep their dtype. None: the clips are standardised.
      segments: which frames of which video each of `clips` holds, where that is noted.
      noted: what `fitted_on` is, where rows are not those of `segments`.
      pairs: batches have as many abnormal as normal videos, by `video_labels`; a window is a clip.
    """

    clips: Sequence[np.ndarray]
    train: Any
    validation: Any
    frame_labels: np.ndarray | None = None
    video_classes: np.ndarray | None = None
    video_labels: np.ndarray | None = None
    cell_labels: np.ndarray | None = None
    standardize: Callable[[np.ndarray], np.ndarray] | None = None
    segments: Sequence[Segment] = ()
    noted: FittedOn | None = None
    pairs: bool = False

    @property
    def fitted_on(self) -> FittedOn:
        """The frames in the windows that train and that stop the training, by purpose."""
        if self.noted is not None or not self.segments:
            return self.noted or {}
        tables = {"training": self.train, "early stopping": self.validation}
        return {name: stretches(self.segments, table.rows) for name, table in tables.items()}

    @property
    def num_rows(self) -> int:
        """Rows of all clips."""
        return sum(map(len, self.clips))

    @property
    def row_shape(self) -> tuple[int, ...]:
        """Shape of one row."""
        return self.clips[0].shape[1:]

    @property
    def dtype(self) -> np.dtype:
        """Of the rows."""
        return self.clips[0].dtype

    @property
    def nbytes(self) -> int:
        """Bytes of all rows."""
        return sum(clip.nbytes for clip in self.clips)

    def standard(self, rows: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """Standardise rows.

        Args:
          rows: [k, ...] of the clips.
          out: of the shape and dtype of `rows`, contiguous; written to and returned. None: a new
            array, or `rows` where nothing is to be done.

        Returns:
          The rows standardised, in their own dtype.
        """
        if self.standardize is None and out is None:
            return rows
        found = rows if self.standardize is None else self.standardize(rows)
        if out is None:
            if found.dtype == rows.dtype:
                return found
            out = np.empty(rows.shape, rows.dtype)
        if (found.dtype, out.dtype) == (np.float32, np.float16):
            to_half(found, out)
        else:
            out[...] = found
        return out

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield all rows, standardised, a few megabytes at a time."""
        for clip in self.clips:
            step = max(1, BLOCK_BYTES // max(1, clip[:1].nbytes))
            for start in range(0, len(clip), step):
                yield self.standard(clip[start : start + step])


def check(data: TrainingData, objective: Objective) -> None:
    """Refuse data that cannot be trained on.

    Args:
      data: see `TrainingData`.
      objective: says which labels it reads.

    Raises:
      UserError: a table has no window, the rows hold NaN or infinity, or labels are missing.
      ValueError: a table points outside the rows.
    """
    for table, clips in ((data.train, "training"), (data.validation, "validation")):
        if len(table.rows) == 0:
            raise UserError(
                f"there is no window: each of {table.rows.shape[1]} rows is longer than every "
                f"{clips} clip. Choose a smaller window.length or window.dilation, or pad short "
                "clips: window.short_clips=pad."
            )
        if table.rows.min() < 0 or table.rows.max() >= data.num_rows:
            raise ValueError(f"a window of the {clips} clips points outside the features")
    bad = sum(
        int((~np.isfinite(rows.reshape(len(rows), -1))).any(1).sum()) for rows in data.blocks()
    )
    if bad:
        raise UserError(
            f"{bad} of {data.num_rows} feature rows hold NaN or infinity; extract those "
            "videos again (remove them from features.cache_dir), or choose other weights."
        )
    labels = {
        "cell_label": ("masks", data.cell_labels),
        "frame_label": ("labels", data.frame_labels),
        "video_label": ("labels of videos", data.video_labels),
        "video_class": ("classes of videos", data.video_classes),
    }
    if data.pairs and data.video_labels is not None:
        for table, clips in ((data.train, "training"), (data.validation, "validation")):
            positive = pair_table(data, table)["positive"]
            if positive.all() or not positive.any():
                raise UserError(
                    f"all {len(positive)} {clips} clips are {'ab' * bool(positive[0])}normal; "
                    f"objective {objective.name!r} compares abnormal with normal ones: give clips "
                    "of both."
                )
    for name in objective.reads:
        what, given = labels.get(name, ("", ()))
        if given is None:
            raise UserError(
                f"objective {objective.name!r} learns from {what}, and these clips have none."
            )


def run_size(train: Any) -> int:
    """Return the windows of a run where `config.train` asks for batches that are runs, else 0."""
    return train.batch_size if train.batches == "runs" else 0


def tables(data: TrainingData, *, run_size: int = 0) -> dict[str, dict[str, np.ndarray]]:
    """Return the tables of windows, "train" and "validation".

    Args:
      data: see `TrainingData`.
      run_size: with 0, batches are arbitrary windows; else runs of so many neighbouring ones.

    Returns:
      {rows int32 [m, t], video int32 [m]} each, padding int32 [m] where some windows have any, and
      what `runs.cut_runs` adds.
    """

    def table(of: Any) -> dict[str, np.ndarray]:
        cut = cut_runs(of, run_size) if run_size else {}
        cut |= pair_table(data, of) if data.pairs else {}
        if getattr(of, "padding", None) is not None:
            cut["padding"] = of.padding
        return {"rows": of.rows, "video": of.video, **cut}

    return {"train": table(data.train), "validation": table(data.validation)}


def pair_table(data: TrainingData, table: Any) -> dict[str, np.ndarray]:
    """Return what `batches.pairs` reads of a table of bags.

    Args:
      data: with `video_labels`.
      table: of windows, each of one clip.

    Returns:
      positive bool [m]; longer int32 [size of the larger class].
    """
    assert data.video_labels is not None  # `check` has looked
    by_row = np.repeat(data.video_labels, [len(clip) for clip in data.clips])
    positive = by_row[table.rows[:, 0]] > 0
    size = max(int(positive.sum()), int((~positive).sum()))
    return {"positive": positive, "longer": np.arange(size, dtype=np.int32)}


def labels_of_rows(data: TrainingData) -> dict[str, np.ndarray]:
    """Return the labels that there are, by row, [n, ...]; `batches.gather` says which."""
    labels: dict[str, np.ndarray | None] = {
        "frame_label": data.frame_labels,
        "video_label": data.video_labels,
        "cell_label": data.cell_labels,
        "video_class": data.video_classes,
    }
    if data.video_labels is not None:
        labels["video_label"] = np.repeat(data.video_labels, [len(clip) for clip in data.clips])
    return {
        name: values if name == "cell_label" else values.astype(np.int32)
        for name, values in labels.items()
        if values is not None
    }


def resident_arrays(data: TrainingData, *, run_size: int = 0) -> dict[str, Any]:
    """Return the arrays that are on every device while the model trains: rows, labels, tables.

    Args:
      data: see `TrainingData`.
      run_size: see `tables`.

    Returns:
      features [n, ...]; labels of rows [n, ...] where there are any; train and validation.
    """
    features = np.empty((data.num_rows, *data.row_shape), data.dtype)
    start = 0
    for rows in data.blocks():
        features[start : start + len(rows)] = rows
        start += len(rows)
    return {"features": features, **labels_of_rows(data), **tables(data, run_size=run_size)}
