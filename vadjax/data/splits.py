"""Which clips are fitted, which choose the checkpoint and the threshold, and which are tested.

Everything is decided by whole clip, before any window is cut (docs/protocols.md).
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vadjax.data.video import Dataset, Video
from vadjax.errors import UserError, unknown

PROTOCOLS = ("one_class", "by_video", "official")  # by whole clip; others: window_splits.py
OFFICIAL = ("ucsd_ped1", "ucsd_ped2", "avenue")  # published with training and test clips
NUM_FOLDS = {"ucsd_ped2": 4}  # twelve clips, four of them abnormal throughout: one a fold
DISJOINT_FROM = 10  # normal training clips from which checkpoint and threshold have their own


@dataclass(frozen=True)
class Part:
    """A stretch of one video, half-open, in frames."""

    video_id: str
    start: int
    stop: int


@dataclass(frozen=True)
class Fold:
    """One fit and what it is used for.

    Attributes:
        index: position among the folds.
        fit: what the model, and every statistic of its input, is fitted on.
        select: early stopping and choice of the checkpoint; never fitted.
        calibrate: the threshold; never fitted.
        test: what this fold's model scores.
        stamps: what a reader of the results has to know about the split.
        protocol: by whose rules it was made.
    """

    index: int
    fit: tuple[Part, ...]
    select: tuple[Part, ...]
    calibrate: tuple[Part, ...]
    test: tuple[Part, ...]
    stamps: tuple[str, ...] = ()
    protocol: str = "one_class"


def make_folds(
    dataset: Dataset,
    *,
    protocol: str,
    holdout: float = 0.2,
    num_folds: int = 0,
    window_span: int = 1,
    seed: int = 0,
) -> tuple[Fold, ...]:
    """Split a data set by clip.

    Args:
        dataset: a `data.video.Dataset`: `train` and `test` videos with `id`, `labels`,
            `video_label` and `len(frames)`.
        protocol: "one_class" fits on normal training clips; "by_video" is a supervised k-fold over
            the labelled test clips, with the normal training clips in every fit; "official" is
            one_class on a split that was published with the data.
        holdout: share of the clips to fit that is held out, in (0, 1).
        num_folds: folds of by_video; 0 is the data set's own. Never more than labelled clips.
        window_span: frames that a window reaches over; shorter clips are never held out.
        seed: of the choice of clips.

    Raises:
        UserError: the protocol is unknown, or the data set has no official split; no clip is
            usable, too few are labelled, or a fold would be fitted on one class only.
    """
    if protocol not in PROTOCOLS:
        raise unknown("protocol", protocol, PROTOCOLS)
    if protocol == "official" and dataset.name not in OFFICIAL:
        raise UserError(
            f"dataset.protocol=official: no split was published with {dataset.name}; this version "
            f"knows those of {', '.join(OFFICIAL)} (UCF-Crime's weak split is not built). Use "
            "one_class, which takes train/ and test/ as they are."
        )
    if not 0 < holdout < 1:
        raise UserError(f"dataset.holdout is {holdout}; it must lie between 0 and 1.")
    rng = np.random.default_rng(seed)
    if protocol == "by_video":
        return _by_video(dataset, holdout, num_folds, window_span, rng)
    fold = _one_class(dataset, holdout, window_span, rng)
    return (dataclasses.replace(fold, protocol=protocol),)


def _one_class(dataset: Dataset, holdout: float, span: int, rng: np.random.Generator) -> Fold:
    clips = [video for video in dataset.train if not _is_abnormal(video)]
    usable = [video for video in clips if len(video.frames) >= span]
    if not usable:
        longest = max((len(video.frames) for video in clips), default=0)
        raise UserError(
            f"one_class needs a normal training clip of at least {span} frames (one window); found "
            f"{len(clips)} normal training clips, the longest of {longest} frames. Lower "
            "window.length or window.dilation, or add clips to train/."
        )
    stamps = []
    if left_out := len(dataset.train) - len(clips):
        stamps.append(f"{left_out} training clips with anomalies are not fitted")
    if short := len(clips) - len(usable):
        stamps.append(f"{short} training clips are shorter than a window and give none")
    test = _whole(dataset.test)
    if len(usable) < 3:
        fit, tail = _cut_tail(clips, holdout, span)
        stamps.append(
            f"only {len(usable)} normal training clips: early stopping and threshold use the last "
            f"{tail.stop - tail.start} frames of {tail.video_id}, after a gap of {span} frames"
        )
        return Fold(0, fit, (tail,), (tail,), test, tuple(stamps))
    num_held = max(1, round(holdout * len(usable)))
    if len(usable) >= DISJOINT_FROM:
        num_held = max(2, num_held)
    num_held = min(num_held, len(usable) - 1)
    held = [usable[i] for i in rng.permutation(len(usable))[:num_held]]
    num_select = num_held // 2  # the threshold, a quantile far out, gets the larger half
    select, calibrate = held[:num_select], held[num_select:]
    if len(usable) < DISJOINT_FROM:
        select = calibrate = held
        stamps.append(
            f"only {len(usable)} normal training clips: early stopping and threshold share the "
            f"held-out clips {', '.join(sorted(video.id for video in held))}"
        )
    fitted = _without(clips, held)
    return Fold(0, _whole(fitted), _whole(select), _whole(calibrate), test, tuple(stamps))


def _cut_tail(clips: Sequence, holdout: float, span: int) -> tuple[tuple[Part, ...], Part]:
    """Hold out the end of the longest clip; a gap of one window keeps it from the fitted part."""
    clip = max(clips, key=lambda video: len(video.frames))
    num_frames = len(clip.frames)
    tail = max(span, round(holdout * num_frames))
    head = num_frames - tail - span
    if head < span:
        raise UserError(
            f"{clip.id} is the longest of too few normal training clips and has {num_frames} "
            f"frames: too short to fit on its beginning and hold out its end ({tail} frames and a "
            f"gap of {span}). Add training clips, or lower window.length."
        )
    fit = [Part(clip.id, 0, head) if video is clip else _part(video) for video in clips]
    return tuple(fit), Part(clip.id, num_frames - tail, num_frames)


def _by_video(
    dataset: Dataset, holdout: float, num_folds: int, span: int, rng: np.random.Generator
) -> tuple[Fold, ...]:
    labelled = [video for video in dataset.test if video.labels is not None]
    if len(labelled) < 2:
        raise UserError(
            f"by_video needs at least 2 labelled test clips; {dataset.name} has {len(labelled)}. "
            "Give labels, or use dataset.protocol=one_class."
        )
    num_folds = min(num_folds or NUM_FOLDS.get(dataset.name, 5), len(labelled))
    if num_folds < 2:
        raise UserError(f"dataset.num_folds is {num_folds}; by_video needs at least 2.")
    normal = [video for video in dataset.train if not _is_abnormal(video)]
    stamps = ["early stopping and threshold share the validation clips"]
    if left_out := len(dataset.test) - len(labelled):
        stamps.append(f"{left_out} unlabelled test clips are left out")
    folds = []
    for index, test in enumerate(_deal(labelled, num_folds, rng)):
        others = normal + _without(labelled, test)
        validation = _choose_validation(others, holdout, span, rng, index)
        fit, held = _whole(_without(others, validation)), _whole(validation)
        remark = f"the validation clips of fold {index} hold frames of one class only"
        own = [remark] if _num_classes(validation) < 2 else []
        folds.append(Fold(index, fit, held, held, _whole(test), (*stamps, *own), "by_video"))
    return tuple(folds)


def _choose_validation(
    clips: Sequence, holdout: float, span: int, rng: np.random.Generator, index: int
) -> list:
    """Take a group of clips such that what is left, and if possible the group, has both classes."""
    usable = [video for video in clips if len(video.frames) >= span]
    groups = _deal(usable, min(max(2, round(1 / holdout)), max(1, len(usable))), rng)
    groups = [group for group in groups if _num_classes(_without(usable, group)) == 2]
    if not groups:
        raise UserError(
            f"by_video: fold {index} has too few clips of at least {span} frames (one window) to "
            "hold some out and fit on normal and abnormal frames. Lower dataset.num_folds or "
            "window.length, or give more labelled clips."
        )
    return max(groups, key=_num_classes)  # the first of the best


def _deal(videos: Sequence, num_groups: int, rng: np.random.Generator) -> list[list]:
    """Deal videos into groups alike in size, in how many hold an anomaly, and in abnormal share."""
    order = sorted(rng.permutation(len(videos)), key=lambda i: -_abnormal_share(videos[i]))
    groups: list[list] = [[] for _ in range(num_groups)]
    for start in range(0, len(order), num_groups):  # neighbours in share go to different groups
        for group, i in zip(
            rng.permutation(num_groups), order[start : start + num_groups], strict=False
        ):
            groups[group].append(videos[i])
    return groups


def _abnormal_share(video: Video) -> float:
    return 0.0 if video.labels is None or not len(video.labels) else float(np.mean(video.labels))


def _is_abnormal(video: Video) -> bool:
    return bool(video.video_label) or _abnormal_share(video) > 0


def _num_classes(videos: Sequence) -> int:
    shares = [_abnormal_share(video) for video in videos]
    return any(share > 0 for share in shares) + any(share < 1 for share in shares)


def _without(videos: Sequence, others: Sequence) -> list:
    ids = {video.id for video in others}
    return [video for video in videos if video.id not in ids]


def _part(video: Video) -> Part:
    return Part(video.id, 0, len(video.frames))


def _whole(videos: Sequence) -> tuple[Part, ...]:
    return tuple(_part(video) for video in videos)
