"""The leakage audit: what of the test windows has been seen before testing (docs/protocols.md)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from vadjax.data.splits.protocols import PROTOCOLS
from vadjax.data.splits.units import Provenance
from vadjax.errors import UserError

FORBIDDEN = ("exact", "neighbour", "augmented")  # an honest protocol has none of these
MEANING = {
    "exact": "hold a frame that was trained on or used for a choice",
    "neighbour": "lie within one window of such a frame",
    "augmented": "hold a frame of which an altered copy was used (or are such a copy)",
    "same_video": "come from a video of which other frames were used",
    "duplicate": "hold a frame that another, used video shows too",
    "shuffled": "are not in the time order of one video",
}


@dataclass(frozen=True, eq=False)
class FoldWindows:
    """What one fold looked at, in rows of the features.

    Attributes:
        used: int [m, t], every window of training, validation and calibration.
        test: int [n, t], windows that are scored and evaluated.
        statistics: name -> int rows on which a scaler, projection, threshold, ... was fitted.
    """

    used: np.ndarray
    test: np.ndarray
    statistics: Mapping[str, np.ndarray] = field(default_factory=dict)

    def all_used(self) -> np.ndarray:
        """Return every row that is used in a window or a statistic, ascending."""
        return np.unique(np.concatenate([self.used.ravel(), *self.statistics.values()]))


def audit(
    provenance: Provenance,
    folds: Sequence[FoldWindows],
    *,
    protocol: str,
    window_span: int,
    declared: Sequence[str] = (),
    clips_known: bool = True,
) -> dict:
    """Count the test windows that leak, over all folds.

    Args:
        provenance: of every feature row.
        folds: the windows of each fold.
        protocol: an honest one must have no leak of the kinds in `FORBIDDEN`.
        window_span: frames a window reaches over; neighbours lie closer than that.
        declared: statistic leaks that rows cannot show, e.g. "only one class is augmented".
        clips_known: it is known of each row of which clip and frame it is; else neighbours, rows of
            one video and altered copies of frames cannot be known.

    Returns:
        For each kind of `MEANING` the share of test windows, in [0, 1], or None where it cannot
        be known; `counts` of the same; `test_windows`; `radius` in frames; `statistic`, the
        statistic leaks in words; `verdict`, "clean" or "leaky", or "unknown" where no leak was
        found and clips are not known.

    Raises:
        UserError: an honest protocol leaks.
    """
    radius = window_span - 1
    counts: dict[str, int | None] = dict.fromkeys(MEANING, 0)
    statistic = list(declared)
    example: dict[str, int] = {}
    for fold in folds:
        for kind, leaked in leaked_windows(provenance, fold, radius=radius).items():
            if leaked is None or not (clips_known or kind in ("exact", "shuffled")):
                counts[kind] = None
                continue
            counts[kind] = (counts[kind] or 0) + int(leaked.sum())
            if leaked.any():
                example.setdefault(kind, int(fold.test[np.argmax(leaked), 0]))
        for name, rows in fold.statistics.items():
            if np.isin(fold.test, rows).any():
                statistic.append(f"{name} is derived from test frames")
        if _shuffled(provenance, fold.used).any():
            statistic.append("frames were shuffled before windows were cut")
    total = sum(len(fold.test) for fold in folds)
    broken = [kind for kind in FORBIDDEN if counts[kind]]
    if not PROTOCOLS[protocol].leaky and broken:
        kind = broken[0]
        video = provenance.video[example[kind]]
        name = provenance.names[video] if len(provenance.names) else f"video {video}"
        raise UserError(
            f"protocol {protocol} allows no leak, but {counts[kind]} of {total} test windows "
            f"{MEANING[kind]}, e.g. in {name}. Split by whole clip before windows are cut."
        )
    leaky = any(counts.values()) or bool(statistic)
    clean = "clean" if clips_known else "unknown"
    return {
        **{kind: None if n is None else n / max(total, 1) for kind, n in counts.items()},
        "counts": counts,
        "test_windows": total,
        "radius": radius,
        "statistic": sorted(set(statistic)),
        "verdict": "leaky" if leaky else clean,
    }


def leaked_windows(
    provenance: Provenance, fold: FoldWindows, *, radius: int
) -> dict[str, np.ndarray | None]:
    """Say for every test window of one fold, and every kind of leak, whether it has it.

    Rows are judged once each; a window leaks when one of its rows does.

    Args:
        provenance: of every feature row.
        fold: its windows.
        radius: frames up to which a used frame of the same source video is a neighbour.

    Returns:
        Kind -> bool [n] over the test windows; "duplicate" is None where copies are not known.
    """
    video, frame = (np.asarray(x, np.int64) for x in (provenance.video, provenance.frame))
    source = video if provenance.source is None else np.asarray(provenance.source, np.int64)
    step = frame.max(initial=0) + radius + 1  # keys of two videos are never neighbours
    own, origin = video * step + frame, source * step + frame
    copied = source != video  # [n] rows that are augmented copies
    used = np.unique(fold.used)
    rows = {
        "exact": np.isin(own, own[used]),
        "neighbour": _distance(origin, origin[used]) <= radius,
        "augmented": np.isin(origin, origin[used][copied[used]])
        | (copied & np.isin(origin, origin[used])),
        "same_video": np.isin(source, source[used]),
    }
    result = {kind: leaked[fold.test].any(1) for kind, leaked in rows.items()}
    result["duplicate"] = None
    if provenance.copies is not None:
        shown = np.isin(provenance.copies[:, 1], fold.all_used())
        result["duplicate"] = np.isin(fold.test, provenance.copies[shown, 0]).any(1)
    result["shuffled"] = _shuffled(provenance, fold.test)
    return result


def _distance(keys: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the distance of each key to the nearest of `others`."""
    if not len(others):
        return np.full(len(keys), np.iinfo(np.int64).max)
    others = np.unique(others)
    right = np.clip(np.searchsorted(others, keys), 0, len(others) - 1)
    left = np.maximum(right - 1, 0)
    return np.minimum(np.abs(others[right] - keys), np.abs(others[left] - keys))


def _shuffled(provenance: Provenance, windows: np.ndarray) -> np.ndarray:
    """Say of each window whether its rows are not in strict time order within one video."""
    video, frame = provenance.video[windows], provenance.frame[windows]  # [m, t]
    return (np.diff(frame) <= 0).any(1) | (np.diff(video) != 0).any(1)
