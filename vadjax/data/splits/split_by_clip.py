"""Splits by whole clip: one_class, official and by_video.

Everything is decided by whole clip, before any window is cut (docs/protocols.md).
"""

from collections.abc import Sequence

import numpy as np

from vadjax.data.splits.units import Fold, Segment, Units
from vadjax.data.video import Dataset, Video
from vadjax.errors import UserError

SHARED_CLIPS = "early stopping and threshold share the held-out clips"
DISJOINT_FROM = 10  # normal training clips from which checkpoint and threshold have their own


def one_class(
    dataset: Dataset,
    *,
    holdout: float,
    window_span: int,
    seed: int,
    fewest: int = 0,
    protocol: str = "one_class",
) -> Fold:
    """Train on normal training clips; hold some of them out.

    Args:
        dataset: its training clips that hold no anomaly are used.
        holdout: share of these clips that is held out, in (0, 1).
        window_span: frames that a window reaches over, and of the gap where one clip is cut.
        seed: of the choice of clips.
        fewest: frames of a clip that may be held out; 0 is a window's.
        protocol: name for the fold: "official" is the same on a published split.

    Returns:
        The fold. From ten usable clips up, validation and calibration have clips of their own;
        below, they share them; with fewer than three they share the tail of the longest clip.

    Raises:
        UserError: no clip is usable, or a single clip is too short to be cut.
    """
    rng, span = np.random.default_rng(seed), window_span
    clips = [video for video in dataset.train if not is_abnormal(video)]
    usable = [video for video in clips if len(video.frames) >= (fewest or span)]
    if not usable:
        longest = max((len(video.frames) for video in clips), default=0)
        raise UserError(
            f"one_class needs a normal training clip of at least {span} frames (one window); found "
            f"{len(clips)} normal training clips, the longest of {longest} frames. Lower "
            "window.length or window.dilation, pad short clips (window.short_clips=pad), or add "
            "clips to train/."
        )
    warnings = []
    if left_out := len(dataset.train) - len(clips):
        warnings.append(f"{left_out} training clips with anomalies are not used")
    if short := len(clips) - len(usable):
        warnings.append(f"{short} training clips are shorter than a window and give none")
    test = _units(dataset.test)
    if len(usable) < 3:
        train, tail = _cut_tail(clips, holdout, span)
        warnings.append(
            f"only {len(usable)} normal training clips: early stopping and threshold use the last "
            f"{len(tail)} frames of {tail.video_id}, after a gap of {span} frames"
        )
        end = Units((tail,))
        return Fold(0, train, end, end, test, tuple(warnings), protocol)
    num_held = max(1, round(holdout * len(usable)))
    if len(usable) >= DISJOINT_FROM:
        num_held = max(2, num_held)
    num_held = min(num_held, len(usable) - 1)
    held = [usable[i] for i in rng.permutation(len(usable))[:num_held]]
    middle = num_held // 2  # the threshold, a quantile far out, gets the larger half
    validation, calibration = held[:middle], held[middle:]
    if len(usable) < DISJOINT_FROM:
        validation = calibration = held
        warnings.append(
            f"only {len(usable)} normal training clips: {SHARED_CLIPS} "
            f"{', '.join(sorted(video.id for video in held))}"
        )
    train, held_out = _units(_without(clips, held)), [_units(validation), _units(calibration)]
    return Fold(0, train, held_out[0], held_out[1], test, tuple(warnings), protocol)


def _cut_tail(clips: Sequence, holdout: float, span: int) -> tuple[Units, Segment]:
    """Hold out the end of the longest clip, after a gap of one window."""
    clip = max(clips, key=lambda video: len(video.frames))
    num_frames = len(clip.frames)
    tail = max(span, round(holdout * num_frames))
    head = num_frames - tail - span
    if head < span:
        raise UserError(
            f"{clip.id} is the longest of too few normal training clips and has {num_frames} "
            f"frames: too short to train on its beginning and hold out its end ({tail} frames, "
            f"a gap of {span}). Add training clips, or lower window.length."
        )
    train = [Segment(clip.id, 0, head) if video is clip else whole(video) for video in clips]
    return Units(tuple(train)), Segment(clip.id, num_frames - tail, num_frames)


def by_video(
    dataset: Dataset, *, holdout: float, num_folds: int, fewest: int, seed: int
) -> tuple[Fold, ...]:
    """Divide the labelled test clips into folds; normal training clips are in every training.

    Args:
        dataset: with at least two labelled test clips.
        holdout: share of the other clips that is held out of a fold's training.
        num_folds: 0 is the data set's own number. Never more than labelled clips.
        fewest: frames of a clip that may be held out; shorter ones never are.
        seed: of the division.

    Returns:
        The folds; validation and calibration share their clips.

    Raises:
        UserError: too few clips are labelled, or a fold would train on one class only.
    """
    rng = np.random.default_rng(seed)
    labelled = [video for video in dataset.test if video.labels is not None]
    if len(labelled) < 2:
        raise UserError(
            f"by_video needs at least 2 labelled test clips; {dataset.name} has {len(labelled)}. "
            "Give labels, or use dataset.protocol=one_class."
        )
    num_folds = min(num_folds or dataset.num_folds, len(labelled))
    if num_folds < 2:
        raise UserError(f"dataset.num_folds is {num_folds}; by_video needs at least 2.")
    normal = [video for video in dataset.train if not is_abnormal(video)]
    warnings = ["early stopping and threshold share the validation clips"]
    if left_out := len(dataset.test) - len(labelled):
        warnings.append(f"{left_out} unlabelled test clips are left out")
    folds = []
    for index, test in enumerate(_divide(labelled, num_folds, rng)):
        others = normal + _without(labelled, test)
        validation = _choose_validation(others, holdout, fewest, rng, index)
        train, held = _units(_without(others, validation)), _units(validation)
        remark = f"the validation clips of fold {index} hold frames of one class only"
        own = [remark] if num_classes(validation) < 2 else []
        folds.append(Fold(index, train, held, held, _units(test), (*warnings, *own), "by_video"))
    return tuple(folds)


def _choose_validation(
    clips: Sequence, holdout: float, fewest: int, rng: np.random.Generator, index: int
) -> list:
    """Take a group of clips such that what is left, and if possible the group, has both classes."""
    usable = [video for video in clips if len(video.frames) >= fewest]
    groups = _divide(usable, min(max(2, round(1 / holdout)), max(1, len(usable))), rng)
    groups = [group for group in groups if num_classes(_without(usable, group)) == 2]
    if not groups:
        raise UserError(
            f"by_video: fold {index} has too few clips of at least {fewest} frames to "
            "hold some out and train on normal and abnormal frames. Lower dataset.num_folds or "
            "window.length, or give more labelled clips."
        )
    return max(groups, key=num_classes)  # the first of the best


def _divide(videos: Sequence, num_groups: int, rng: np.random.Generator) -> list[list]:
    """Divide videos into groups alike in size and in abnormal share."""
    order = sorted(rng.permutation(len(videos)), key=lambda i: -abnormal_share(videos[i]))
    groups: list[list] = [[] for _ in range(num_groups)]
    for start in range(0, len(order), num_groups):  # neighbours in share go to different groups
        for group, i in zip(
            rng.permutation(num_groups), order[start : start + num_groups], strict=False
        ):
            groups[group].append(videos[i])
    return groups


def abnormal_share(video: Video) -> float:
    """Return the share of abnormal frames; 0 where there are no labels."""
    return 0.0 if video.labels is None or not len(video.labels) else float(np.mean(video.labels))


def is_abnormal(video: Video) -> bool:
    """Return whether any frame is known to be abnormal."""
    return bool(video.video_label) or abnormal_share(video) > 0


def num_classes(videos: Sequence) -> int:
    """Return of how many classes, normal and abnormal, there are frames."""
    shares = [abnormal_share(video) for video in videos]
    return any(share > 0 for share in shares) + any(share < 1 for share in shares)


def _without(videos: Sequence, others: Sequence) -> list:
    ids = {video.id for video in others}
    return [video for video in videos if video.id not in ids]


def whole(video: Video) -> Segment:
    """Return all frames of a video as one segment."""
    return Segment(video.id, 0, len(video.frames))


def _units(videos: Sequence) -> Units:
    return Units(tuple(map(whole, videos)))
