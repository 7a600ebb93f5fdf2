"""Divides a data set into folds, as its protocol says."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from vadjax.data.splits import split_once
from vadjax.data.splits.protocols import PROTOCOLS
from vadjax.data.splits.split_by_clip import by_video, one_class
from vadjax.data.splits.split_by_window import by_window
from vadjax.data.splits.split_weak import weak, weak_by_video
from vadjax.data.splits.units import Fold
from vadjax.data.splits.windows import window_span
from vadjax.data.video import Dataset
from vadjax.errors import UserError, unknown


def make_folds(
    dataset: Dataset,
    *,
    protocol: str,
    holdout: float = 0.2,
    num_folds: int = 0,
    length: int = 1,
    stride: int = 1,
    dilation: int = 1,
    window_label: Callable[[np.ndarray], np.ndarray] = lambda labels: labels[:, -1],
    copies: Sequence = (),
    seed: int = 0,
    pad: bool = False,
) -> tuple[Fold, ...]:
    """Divide a data set.

    Args:
        dataset: `train` and `test` videos.
        protocol: one of `protocols.PROTOCOLS`.
        holdout: share of the training clips that is held out, in (0, 1).
        num_folds: folds of by_video and weak_by_video; 0 is the data set's own number.
        length: rows of the windows that the detector reads; where whole clips are divided, clips
            shorter than a window are never held out.
        stride: rows between the starts of two windows.
        dilation: rows between neighbours in a window.
        window_label: labels [n, t] of windows' rows -> [n], where windows are divided.
        copies: altered copies of abnormal frames, published_shuffled only.
        seed: of the division.
        pad: a clip shorter than a window is padded to one, and may be held out like any other.

    Returns:
        The folds: several under by_video and weak_by_video, else one.

    Raises:
        UserError: the protocol is unknown, the data set has no official split, no clip is usable,
            too few are labelled, or a fold would train on one class only.
    """
    if protocol not in PROTOCOLS:
        raise unknown("protocol", protocol, PROTOCOLS)
    if protocol == "official" and not dataset.official_split:
        raise UserError(
            f"dataset.protocol=official: no split was published with {dataset.name}. Use "
            "one_class, which takes train/ and test/ as they are."
        )
    if not dataset.clips_known and PROTOCOLS[protocol].unit == "video":
        raise UserError(
            f"dataset.protocol={protocol} divides whole clips, and these feature files do not say "
            "which row is of which clip. Export the features with vadjax export-features, which "
            "says it, or use random_window or published_shuffled, which are leaky."
        )
    if not 0 < holdout < 1:
        raise UserError(f"dataset.holdout is {holdout}; it must lie between 0 and 1.")
    span = window_span(length, dilation)
    fewest = 1 if pad else span
    clip: dict[str, Any] = {"holdout": holdout, "fewest": fewest, "seed": seed}
    if PROTOCOLS[protocol].unit == "window":
        window: dict[str, Any] = {"length": length, "stride": stride, "dilation": dilation}
        labelled: dict[str, Any] = {"window_label": window_label, "copies": copies}
        return (by_window(dataset, protocol=protocol, **window, **labelled, seed=seed),)
    if protocol == split_once.NAME:
        return (split_once.train_validation_test(dataset, fewest=fewest, seed=seed),)
    if protocol == "weak":
        return (weak(dataset, holdout=holdout, seed=seed),)
    if protocol == "weak_by_video":
        return weak_by_video(dataset, holdout=holdout, num_folds=num_folds, seed=seed)
    if PROTOCOLS[protocol].supervised:
        return by_video(dataset, num_folds=num_folds, **clip)
    return (one_class(dataset, protocol=protocol, window_span=span, **clip),)
