"""The leakage audit of a run's folds: their windows, and what the clips have in common."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from vadjax.data.leakage.audit import FoldWindows, audit
from vadjax.data.leakage.copy_search import Copy, find_copies
from vadjax.data.leakage.fitted import FittedOn, stretches
from vadjax.data.splits.augment import uneven
from vadjax.data.splits.protocols import PROTOCOLS
from vadjax.data.splits.units import Fold, Provenance, Segment, Units
from vadjax.data.splits.windows import window_span

TITLES = {  # what is fitted, in the words of the audit
    "standardisation": "the standardisation",
    "training": "the trained model",
    "early stopping": "the checkpoint",
    "threshold": "the threshold",
}


def audit_folds(
    folds: Sequence[Fold],
    videos: Sequence,
    *,
    length: int,
    dilation: int = 1,
    stride: int = 1,
    pad: bool = False,
    fitted: Sequence[FittedOn] | None = None,
    copies: Sequence[Copy] | None = None,
    adapts: Sequence[str] = (),
    refits: bool = False,
    clips_known: bool = True,
) -> dict:
    """Audit the folds with the windows that training and scoring use.

    Args:
        folds: all folds of a run.
        videos: every video that the folds use, altered copies included.
        length: rows of every window.
        dilation: rows between neighbours in a window.
        stride: of the training windows; all others are cut at stride 1.
        pad: training clips that are shorter than a window give one; of test clips all do.
        fitted: of each fold, the frames that every fit has noted, by what was fitted; None before
            anything is: then the frames that the split gives it.
        copies: what `copies_of` returned.
        adapts: what of the test the scores themselves are fitted to, in words.
        refits: the detector is fitted on its validation and calibration clips too, as further
            detectors give the held-out scores.
        clips_known: see `audit`.

    Returns:
        As `audit`; `copies`: which frames of which test clip are those of another, used clip, None
        where that is not known; and `basis`: "fits" where `fitted` is given, else "split".
    """
    used = {name for fold in folds for name in fold.videos}
    # A cross-fit trains on copies of clips that the fold itself holds out.
    used |= {v for noted in fitted or () for frames in (noted or {}).values() for v, *_ in frames}
    videos = [video for video in videos if video.id in used]
    provenance = Provenance.of_videos(videos)
    lengths = [len(video.frames) for video in videos]
    first = dict(zip([v.id for v in videos], np.cumsum([0, *lengths]).tolist(), strict=False))

    def start_of(segment: Segment) -> int:
        return first[segment.video_id] + segment.start

    def cut(units: Units, stride: int = 1, *, pad: bool = pad) -> np.ndarray:
        window: dict[str, Any] = {"length": length, "dilation": dilation, "stride": stride}
        return units.window_table(**window, start_of=start_of, pad=pad).rows

    def rows_of(units: Units) -> np.ndarray:
        rows = [start_of(s) + np.arange(len(s)) for s in units.segments]
        return np.concatenate([np.zeros(0, int), *rows])[units.used_rows()]

    noted_by_fold: list[FittedOn | None] = [None] * len(folds) if fitted is None else list(fitted)
    windows = [
        FoldWindows(
            used=np.concatenate(
                [cut(fold.train, stride), cut(fold.validation), cut(fold.calibration)]
            ),
            test=cut(fold.test, pad=True),
            statistics=_planned(fold, rows_of) if noted is None else _noted(noted, first),
        )
        for fold, noted in zip(folds, noted_by_fold, strict=True)
    ]
    declared = []
    if provenance.source is not None:
        declared = [why for fold in folds if (why := uneven(fold.train, videos))]
    declared = [*declared, *adapts]
    for fold, noted in zip(folds, fitted or (), strict=False):
        declared += outside_of_split(fold, noted, refits=refits)
    if copies is not None:
        provenance = dataclasses.replace(provenance, copies=_row_pairs(copies, first))
    result = audit(
        provenance,
        windows,
        protocol=folds[0].protocol,
        window_span=window_span(length, dilation),
        declared=declared,
        clips_known=clips_known,
    )
    listed = None if copies is None else list(map(dataclasses.asdict, copies))
    return {**result, "copies": listed, "basis": "split" if fitted is None else "fits"}


def outside_of_split(fold: Fold, noted: FittedOn, *, refits: bool = False) -> list[str]:
    """Say which fits have read frames that the split gives to something else.

    Args:
        fold: the split.
        noted: the frames that each fit has read. A threshold may have clips of its own or, cross-
            fitted, all training clips; whether it read test frames is for `audit` to say.
        refits: see `audit_folds`.

    Returns:
        A sentence for each such fit.
    """
    found = []
    for purpose, frames in noted.items():
        if purpose == "threshold":
            continue
        tables = [fold.validation if purpose == "early stopping" else fold.train]
        if refits and purpose in TITLES:  # a baseline is not fitted again
            tables += [fold.validation, fold.calibration]
        given: dict[str, set[int]] = {}
        for units in tables:
            for video, start, stop in stretches(units.segments, units.used_rows()):
                given.setdefault(video, set()).update(range(start, stop))
        for video, start, stop in frames:
            if not given.get(video, set()).issuperset(range(start, stop)):
                found.append(
                    f"{TITLES.get(purpose, purpose)} has read frames of {video} beyond the split"
                )
                break
    return found


def _planned(fold: Fold, rows_of: Callable[[Units], np.ndarray]) -> dict[str, np.ndarray]:
    """Return the rows that the split gives each fit."""
    standardized = PROTOCOLS[fold.protocol].standardized
    return {
        TITLES["early stopping"]: rows_of(fold.validation),
        TITLES["threshold"]: rows_of(fold.calibration),
        **({TITLES["standardisation"]: rows_of(fold.train)} if standardized else {}),
    }


def _noted(noted: FittedOn, first: Mapping[str, int]) -> dict[str, np.ndarray]:
    """Return the rows that each fit has noted.

    Args:
        noted: frames by purpose.
        first: id -> row at which a video begins.

    Returns:
        The rows, by the words of the audit.
    """
    return {
        TITLES.get(purpose, purpose): np.concatenate(
            [np.zeros(0, int), *(first[v] + np.arange(a, b) for v, a, b in frames)]
        )
        for purpose, frames in noted.items()
    }


def copies_of(folds: Sequence[Fold], videos: Sequence) -> list[Copy] | None:
    """Return what the test clips of each fold have in common with clips that it uses otherwise.

    Args:
        folds: all folds of a run.
        videos: theirs; `content` says what each shows. Altered copies that the run itself makes
            (`data.splits.copies`) are left out: their source is known.

    Returns:
        The copies; None where the content of a video is not known.
    """
    used_ids = {name for fold in folds for name in fold.videos}
    videos = [v for v in videos if v.id in used_ids and "source_id" not in v.metadata]
    content = {v.id: v.content for v in videos if v.content is not None}
    if len(content) < len(videos):
        return None

    def of(tables: Sequence[Units]) -> Mapping[str, np.ndarray]:
        ids = {segment.video_id for units in tables for segment in units.segments}
        return {name: rows for name, rows in content.items() if name in ids}

    found: dict[Copy, None] = {}
    for fold in folds:
        used = of((fold.train, fold.validation, fold.calibration))
        found |= dict.fromkeys(find_copies(of((fold.test,)), used))
    return list(found)


def _row_pairs(copies: Sequence[Copy], first: Mapping[str, int]) -> np.ndarray:
    """Return int [m, 2], rows of the test clips and of the clips that show the same.

    Args:
        copies: of test clips.
        first: id -> row at which a video begins.
    """
    pairs = [np.zeros((0, 2), np.int64)]
    for copy in copies:
        own = first[copy.video] + np.arange(copy.start, copy.stop)
        pairs.append(np.stack([own, first[copy.other] + copy.others()], 1))
    return np.concatenate(pairs)
