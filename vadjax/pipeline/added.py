"""Clips that were added to a run's detector after its training, as the later stages see them."""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from vadjax.data.splits.units import Fold, Units
from vadjax.data.text.lists import some
from vadjax.detectors import DETECTORS
from vadjax.pipeline.known import Added
from vadjax.pipeline.run import Run
from vadjax.report.wording import plural
from vadjax.storage import artifacts
from vadjax.storage.clips import read_clips

PREFIX = "added/"


def in_state(added: Iterable[Added]) -> list[dict[str, Any]]:
    """Return what the detector's state says of added clips.

    Args:
        added: the clips.

    Returns:
        Plain values and arrays.
    """
    return [
        {
            "id": one.video.id,
            "fingerprint": one.video.fingerprint,
            "scores": one.scores,
            "predicted": one.predicted,
        }
        for one in added
    ]


def recall(run: Run, *, adding: bool) -> None:
    """Let a run go on without its training clips, where clips were or are added.

    Args:
        run: on its opened workdir; nothing of its data set has been read.
        adding: clips are about to be added.
    """
    if not DETECTORS[run.config.detector.name].adds or not artifacts.is_done(run.workdir, "train"):
        return
    known = read_clips(run.workdir)
    if known is None or not (known.added or adding):
        return
    videos = {(video.id, video.fingerprint): video for video in known.added}
    run.added = tuple(
        Added(videos[each["id"], each["fingerprint"]], each["scores"], each["predicted"])
        for each in artifacts.read_state(run.workdir, 0).get("added", ())
    )
    if run.added or adding:
        run.known = known.train


def with_added(folds: Sequence[Fold], added: Sequence[Added]) -> tuple[Fold, ...]:
    """Return folds whose training holds the added clips, for the audit.

    Args:
        folds: of a run.
        added: to its detector.

    Returns:
        The folds.
    """
    more = tuple(one.segment for one in added)
    return tuple(
        dataclasses.replace(fold, train=Units((*fold.train.segments, *more))) if more else fold
        for fold in folds
    )


def words(added: Sequence[Added]) -> list[str]:
    """Say which clips were added.

    Args:
        added: to a detector.

    Returns:
        A sentence; none where there are none.
    """
    if not added:
        return []
    count, names = plural(len(added), "clip"), some([one.video.id for one in added])
    return [
        f"{count} learnt after the training ({names}): the threshold counts the scores from before "
        "that; baselines have not learnt them"
    ]
