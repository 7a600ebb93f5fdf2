"""The leakage audit of a run's folds: their windows, and what the clips have in common."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from vadjax.data.audit import FoldWindows, audit
from vadjax.data.copy_search import Copy, find_copies
from vadjax.data.protocols import PROTOCOLS
from vadjax.data.units import Fold, Provenance, Segment, Units
from vadjax.data.windows import window_span


def audit_folds(
    folds: Sequence[Fold], videos: Sequence, *, length: int, dilation: int = 1, stride: int = 1
) -> dict:
    """Audit the folds with the windows that training and scoring will use.

    Args:
        folds: all folds of a run.
        videos: every video that the folds use, altered copies included.
        length: rows of every window.
        dilation: rows between neighbours in a window.
        stride: of the training windows; all others are cut at stride 1.

    Returns:
        As `audit`, and `copies`: which frames of which test clip are those of another, used clip;
        None where what a video shows was not measured.
    """
    used = {name for fold in folds for name in fold.videos}
    videos = [video for video in videos if video.id in used]
    provenance = Provenance.of_videos(videos)
    lengths = [len(video.frames) for video in videos]
    first = dict(zip([v.id for v in videos], np.cumsum([0, *lengths]).tolist(), strict=False))

    def start_of(segment: Segment) -> int:
        return first[segment.video_id] + segment.start

    def cut(units: Units, stride: int = 1) -> np.ndarray:
        window = {"length": length, "dilation": dilation, "stride": stride}
        return units.window_table(**window, start_of=start_of).rows

    def rows_of(units: Units) -> np.ndarray:
        rows = [start_of(s) + np.arange(len(s)) for s in units.segments]
        return np.concatenate([np.zeros(0, int), *rows])[units.used_rows()]

    windows = [
        FoldWindows(
            used=np.concatenate(
                [cut(fold.train, stride), cut(fold.validation), cut(fold.calibration)]
            ),
            test=cut(fold.test),
            statistics={
                "the checkpoint": rows_of(fold.validation),
                "the threshold": rows_of(fold.calibration),
                **(
                    {"the standardisation": rows_of(fold.train)}
                    if PROTOCOLS[fold.protocol].standardized
                    else {}
                ),
            },
        )
        for fold in folds
    ]
    copies = copies_of(folds, videos)
    if copies is not None:
        provenance = dataclasses.replace(provenance, copies=_row_pairs(copies, first))
    copied = provenance.source is not None
    result = audit(
        provenance,
        windows,
        protocol=folds[0].protocol,
        window_span=window_span(length, dilation),
        declared=["only abnormal frames have altered copies"] if copied else [],
    )
    return {**result, "copies": None if copies is None else list(map(dataclasses.asdict, copies))}


def copies_of(folds: Sequence[Fold], videos: Sequence) -> list[Copy] | None:
    """Return what the test clips of each fold have in common with clips that it uses otherwise.

    Args:
        folds: all folds of a run.
        videos: theirs; `content` says what each shows. Altered copies that the run itself makes
            (`data.copies`) are left out: their source is known.

    Returns:
        The copies; None where the content of a video is not known.
    """
    videos = [v for v in videos if "source_id" not in getattr(v, "metadata", {})]
    content = {video.id: getattr(video, "content", None) for video in videos}
    if any(rows is None for rows in content.values()):
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
        rows = np.arange(copy.stop - copy.start)
        own, other = first[copy.video] + copy.start, first[copy.other] + copy.other_start
        pairs.append(np.stack([own + rows, other + rows], 1))
    return np.concatenate(pairs)
