"""Leaky protocols, by name only: windows, not clips, are divided at random (docs/protocols.md).

They exist to reproduce published figures and to show what such figures measure.
"""

from collections.abc import Callable, Sequence

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import shuffle

from vadjax.data.splits.split_by_clip import whole
from vadjax.data.splits.units import Fold, Units
from vadjax.data.splits.windows import window_table
from vadjax.data.video import Dataset, Video
from vadjax.errors import UserError

TEST_SHARE = 0.2
SHUFFLE_SEED = 42  # of the published notebooks, whatever the run
CHUNKS = "random_chunk"
_CHUNK_WARNINGS = (
    "chunks of one clip lie on both sides, and early stopping chose its epoch on the chunks that "
    "are tested",
    "the true label of a chunk is that of its whole clip: chunks of an abnormal clip in which "
    "nothing happens count as abnormal",
)
FEWEST = 5  # windows of each class: a fifth of fewer is none


def used_videos(dataset: Dataset, protocol: str) -> list:
    """Return the videos whose frames a protocol takes: labelled test clips, UCSD's training clips.

    "random_chunk" takes clips with a label of their own: the training clips, where these are of
    both classes, else those of both sides.

    Args:
        dataset: with labelled test clips.
        protocol: "random_window", "random_chunk" or "published_shuffled".

    Returns:
        The videos.

    Raises:
        UserError: no test clip is labelled.
    """
    if protocol == CHUNKS:
        return _of_known_class(dataset)
    labelled = [video for video in dataset.test if video.labels is not None]
    if not labelled:
        raise UserError(
            f"{protocol} learns from labelled test clips; {dataset.name} has none. Give labels, or "
            "use dataset.protocol=one_class."
        )
    pooled = protocol == "published_shuffled" and dataset.pooled_note
    return [*dataset.train, *labelled] if pooled else labelled


def by_window(
    dataset: Dataset,
    *,
    protocol: str,
    length: int,
    stride: int,
    dilation: int = 1,
    window_label: Callable[[np.ndarray], np.ndarray],
    copies: Sequence = (),
    seed: int = 0,
) -> Fold:
    """Cut windows and divide them at random, stratified by class.

    "random_window": windows lie within a clip and in the order of time; a fifth is tested, a fifth
    of the others validates. "published_shuffled": the frames of all clips, normal ones first, are
    shuffled; windows of neighbours in that list, a fifth of which both validates and is tested.
    "random_chunk": windows lie within a clip and do not overlap, and have the label of their clip;
    a fifth both validates and is tested.

    Args:
        dataset: with labelled test clips.
        protocol: "random_window", "random_chunk" or "published_shuffled".
        length: rows of a window.
        stride: rows between the starts of two windows.
        dilation: rows between neighbours in a window.
        window_label: labels [n, t] of the rows of windows -> [n] of the windows.
        copies: altered copies of abnormal frames (`data.splits.copies`), published_shuffled only.
        seed: of the division; of the published runs their number, from 0.

    Returns:
        The fold, whose units are windows over the rows of all used videos, copies last. There are
        no calibration units.

    Raises:
        UserError: no labels, no window, or fewer than `FEWEST` windows of a class.
    """
    videos = [*used_videos(dataset, protocol), *copies]
    row_labels = np.concatenate([_labels(video, protocol) for video in videos])
    warnings = [_unit(length)]
    if protocol in ("random_window", CHUNKS):
        lengths = [len(video.frames) for video in videos]
        windows = window_table(lengths, length=length, stride=stride, dilation=dilation).rows
        if not dataset.clips_known:
            warnings.append(
                "windows may cross clips: the feature files do not say where one begins"
            )
        if protocol == CHUNKS:
            warnings += _CHUNK_WARNINGS
    else:
        rows = np.argsort(row_labels, kind="stable")  # normal, then abnormal
        rows = shuffle(rows, random_state=SHUFFLE_SEED)
        windows = rows[window_table([len(rows)], length=length, stride=stride).rows]
        warnings += _shuffled_warnings(dataset, copies)
    rule = _last if protocol == CHUNKS else window_label
    labels = np.asarray(rule(row_labels[windows])).astype(np.uint8).reshape(-1)
    _check_classes(labels, protocol, dataset.name, length)
    train, test = _divide(np.arange(len(windows)), labels, seed)
    validation = test
    if protocol == "random_window":
        train, validation = _divide(train, labels, seed)
    if protocol != CHUNKS and (left_out := sum(v.labels is None for v in dataset.test)):
        warnings.append(f"{left_out} unlabelled test clips are left out")
    segments, windows = tuple(map(whole, videos)), windows.astype(np.int32)

    def units(chosen: np.ndarray) -> Units:
        return Units(segments, windows[chosen], labels[chosen])

    return Fold(0, units(train), units(validation), Units(), units(test), tuple(warnings), protocol)


def _unit(length: int) -> str:
    return (
        f"the unit of every figure is the window: one score and one label for {length} rows, none "
        "for a frame of a video"
    )


def _shuffled_warnings(dataset: Dataset, copies: Sequence) -> list[str]:
    if not dataset.clips_known:
        made = "whether the feature files hold altered copies of abnormal frames is not known"
    elif copies:
        number = sum(len(video.frames) for video in copies)
        made = (
            f"{number} altered copies of abnormal frames were added, none of normal ones: the "
            "published recipe is biased, as who sees the alteration alone gets these windows right"
        )
    else:
        made = "the published altered copies of abnormal frames were not made"
    warnings = ["early stopping chose its epoch on the windows that are tested", made]
    if dataset.pooled_note:
        warnings.append(dataset.pooled_note)
    return warnings


def _of_known_class(dataset: Dataset) -> list:
    train = [video for video in dataset.train if video.video_label is not None]
    if {video.video_label for video in train} == {0, 1}:
        return train
    return [*train, *(video for video in dataset.test if video.video_label is not None)]


def _last(labels: np.ndarray) -> np.ndarray:
    return labels[:, -1]


def _labels(video: Video, protocol: str) -> np.ndarray:
    """Return uint8 [t]; a clip without labels is a normal training clip."""
    if protocol == CHUNKS:
        return np.full(len(video.frames), video.video_label, np.uint8)
    known = video.labels is not None
    return np.asarray(video.labels if known else np.zeros(len(video.frames)), np.uint8)


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
