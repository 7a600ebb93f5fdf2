"""Leaky protocols, by name only: windows, not clips, are dealt out (docs/protocols.md).

They exist to reproduce published figures and to show what such figures measure.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import shuffle

from vadjax.data.audit import FoldWindows, Provenance, audit
from vadjax.data.video import Dataset, Video
from vadjax.data.windows import window_table
from vadjax.errors import UserError

PROTOCOLS = ("random_window", "published_shuffled")
TEST_SHARE = 0.2
SHUFFLE_SEED = 42  # of the published notebooks, whatever the run
WHOLE = ("ucsd_ped1", "ucsd_ped2")  # published_shuffled: normal frames of training clips too
FEWEST = 5  # windows of each class: a fifth of fewer is none


@dataclass(frozen=True, eq=False)
class WindowFold:
    """One fit, and which windows it is used for.

    Attributes:
        protocol: by whose rules it was made.
        videos: ids of the videos whose rows lie one behind the other, altered copies last.
        provenance: of each of these rows.
        row_labels: uint8 [rows], 1 is abnormal.
        windows: int32 [n, t] rows of each window.
        labels: uint8 [n], of the windows.
        fit: int [.] windows that the model is fitted on.
        select: windows that stop it and choose the checkpoint.
        test: windows that are scored. Under published_shuffled they are `select`.
        stamps: what a reader of the results has to know about the split.
        index: position among the folds; there is one.
    """

    protocol: str
    videos: tuple[str, ...]
    provenance: Provenance
    row_labels: np.ndarray
    windows: np.ndarray
    labels: np.ndarray
    fit: np.ndarray
    select: np.ndarray
    test: np.ndarray
    stamps: tuple[str, ...] = ()
    index: int = 0


def used_videos(dataset: Dataset, protocol: str) -> list:
    """Return the videos whose frames a protocol takes: labelled test clips, UCSD's training clips.

    Raises:
        UserError: no test clip is labelled.
    """
    labelled = [video for video in dataset.test if video.labels is not None]
    if not labelled:
        raise UserError(
            f"{protocol} learns from labelled test clips; {dataset.name} has none. Give labels, or "
            "use dataset.protocol=one_class."
        )
    whole = protocol == "published_shuffled" and dataset.name in WHOLE
    return [*dataset.train, *labelled] if whole else labelled


def make_window_fold(
    dataset: Dataset,
    *,
    protocol: str,
    length: int,
    stride: int,
    dilation: int = 1,
    window_label: Callable[[np.ndarray], np.ndarray],
    copies: Sequence = (),
    seed: int = 0,
) -> WindowFold:
    """Cut windows and deal them out at random, both classes alike.

    "random_window": windows lie within a clip and in the order of time; a fifth is tested, a fifth
    of the others stops the training. "published_shuffled": the frames of all clips, normal ones
    first, are shuffled; windows of neighbours in that list, a fifth of which stops the training
    and is tested.

    Args:
        dataset: a `data.video.Dataset`.
        protocol: one of `PROTOCOLS`.
        length, stride, dilation: of every window.
        window_label: labels [n, t] of the rows of windows -> [n] of the windows.
        copies: of `data.copies.copies`, published_shuffled only.
        seed: of the division; of the published runs their number, from 0.

    Raises:
        UserError: no labels, no window, or fewer than `FEWEST` windows of a class.
    """
    videos = [*used_videos(dataset, protocol), *copies]
    provenance = _provenance(videos)
    row_labels = np.concatenate([_labels(video) for video in videos])
    stamps = [_unit(length)]
    if protocol == "random_window":
        lengths = [len(video.frames) for video in videos]
        windows = window_table(lengths, length=length, stride=stride, dilation=dilation).rows
    else:
        rows = np.argsort(row_labels, kind="stable")  # normal, then abnormal
        rows = shuffle(rows, random_state=SHUFFLE_SEED)
        windows = rows[window_table([len(rows)], length=length, stride=stride).rows]
        stamps += _shuffled_stamps(dataset, copies)
    labels = np.asarray(window_label(row_labels[windows])).astype(np.uint8).reshape(-1)
    _check_classes(labels, protocol, dataset.name, length)
    fit, test = _divide(np.arange(len(windows)), labels, seed)
    select = test
    if protocol == "random_window":
        fit, select = _divide(fit, labels, seed)
    if left_out := sum(video.labels is None for video in dataset.test):
        stamps.append(f"{left_out} unlabelled test clips are left out")
    return WindowFold(
        protocol=protocol,
        videos=tuple(video.id for video in videos),
        provenance=provenance,
        row_labels=row_labels,
        windows=windows.astype(np.int32),
        labels=labels,
        fit=fit,
        select=select,
        test=test,
        stamps=tuple(stamps),
    )


def audit_window_fold(fold: WindowFold, *, span: int, standardized: bool) -> dict:
    """Audit what `make_window_fold` made.

    Args:
        fold: the windows.
        span: frames that a window reaches over.
        standardized: the features are standardised by the fitted windows' rows.

    Returns:
        As `audit.audit`.
    """
    fitted = fold.windows[fold.fit]
    statistics = {"the checkpoint": fold.windows[fold.select]}
    if standardized:
        statistics["the standardisation"] = fitted
    copied = fold.provenance.source is not None
    return audit(
        fold.provenance,
        [
            FoldWindows(
                used=np.concatenate([fitted, fold.windows[fold.select]]),
                test=fold.windows[fold.test],
                statistics=statistics,
            )
        ],
        protocol=fold.protocol,
        window_span=span,
        declared=["only abnormal frames have altered copies"] if copied else [],
    )


def _unit(length: int) -> str:
    return (
        f"the unit of every figure is the window: one score and one label for {length} rows, none "
        "for a frame of a video"
    )


def _shuffled_stamps(dataset: Dataset, copies: Sequence) -> list[str]:
    if copies:
        number = sum(len(video.frames) for video in copies)
        made = f"{number} altered copies of abnormal frames were added, none of normal ones"
    else:
        made = "the published altered copies of abnormal frames were not made"
    stamps = ["early stopping chose its epoch on the windows that are tested", made]
    if dataset.name in WHOLE:
        pooled = "frames of the training clips were fitted and tested too"
        if dataset.name == "ucsd_ped2":
            pooled += ", as the published code for Ped1 does; that for Ped2 is not known"
        stamps.append(pooled)
    return stamps


def _labels(video: Video) -> np.ndarray:
    """Return uint8 [t]; a clip without labels is a normal training clip."""
    known = video.labels is not None
    return np.asarray(video.labels if known else np.zeros(len(video.frames)), np.uint8)


def _provenance(videos: Sequence) -> Provenance:
    """Say of each row which video and frame it shows, and of copies what they were made of."""
    number = {video.id: index for index, video in enumerate(videos)}
    lengths = [len(video.frames) for video in videos]
    sources = [getattr(video, "metadata", {}).get("source_id", video.id) for video in videos]
    copied = any(source != video.id for source, video in zip(sources, videos, strict=True))
    frames = [
        getattr(video, "metadata", {}).get("frames", np.arange(count))
        for video, count in zip(videos, lengths, strict=True)
    ]
    return Provenance(
        np.repeat(np.arange(len(videos)), lengths),
        np.concatenate(frames),
        source=np.repeat([number[source] for source in sources], lengths) if copied else None,
        names=tuple(number),
    )


def _check_classes(labels: np.ndarray, protocol: str, name: str, length: int) -> None:
    counts = np.bincount(labels, minlength=2)
    if counts.min() < FEWEST:
        raise UserError(
            f"{protocol} divides windows of both classes and needs at least {FEWEST} of each; "
            f"{name} gives {counts[0]} normal and {counts[1]} abnormal windows of {length} rows. "
            "Give more labelled clips of the rarer class, or lower window.length."
        )


def _divide(windows: np.ndarray, labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Take a fifth out at random, both classes alike, with the very calls of the published code."""
    return train_test_split(
        windows, test_size=TEST_SHARE, stratify=labels[windows], random_state=seed
    )
