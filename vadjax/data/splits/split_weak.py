"""Splits for labels of whole videos: weak, on a published split, and weak_by_video, in folds.

Only `Video.video_label` and, of abnormal clips, `Video.classes` are read: no label of a frame
decides which clip goes where.
"""

from collections.abc import Sequence

import numpy as np

from vadjax.data.splits.split_by_clip import DISJOINT_FROM, SHARED_CLIPS, whole
from vadjax.data.splits.units import Fold, Units
from vadjax.data.text.lists import some
from vadjax.data.video import Dataset, Video
from vadjax.errors import UserError


def weak(dataset: Dataset, *, holdout: float, seed: int) -> Fold:
    """Train on the training clips, which have one label each; hold some of both classes out.

    Args:
        dataset: with a label for every training clip.
        holdout: share of each class that is held out, in (0, 1).
        seed: of the choice of clips.

    Returns:
        The fold: held-out clips stop the training, and held-out normal ones give the threshold.

    Raises:
        UserError: a training clip has no label, or a class has fewer than two clips.
    """
    unlabelled = [video.id for video in dataset.train if video.video_label is None]
    if unlabelled:
        raise UserError(
            f"weak learns from a label for each training clip; {len(unlabelled)} of "
            f"{dataset.name} have none: {some(unlabelled)}."
        )
    rng = np.random.default_rng(seed)
    return _fold(0, dataset.train, dataset.test, holdout, rng, protocol="weak")


def weak_by_video(
    dataset: Dataset, *, holdout: float, num_folds: int, seed: int
) -> tuple[Fold, ...]:
    """Divide the labelled test clips into folds; normal training clips are in every training.

    Args:
        dataset: with at least two labelled test clips; their labels of videos are read.
        holdout: share of each class of the other clips that is held out of a fold's training.
        num_folds: 0 is the data set's own number. Never more than labelled clips.
        seed: of the division.

    Returns:
        The folds.

    Raises:
        UserError: too few clips are labelled, or a fold would train on one class only.
    """
    rng = np.random.default_rng(seed)
    labelled = [video for video in dataset.test if video.video_label is not None]
    if len(labelled) < 2:
        raise UserError(
            f"weak_by_video needs at least 2 labelled test clips; {dataset.name} has "
            f"{len(labelled)}. Give labels, or use dataset.protocol=one_class."
        )
    num_folds = min(num_folds or dataset.num_folds, len(labelled))
    if num_folds < 2:
        raise UserError(f"dataset.num_folds is {num_folds}; weak_by_video needs at least 2.")
    normal = [video for video in dataset.train if not video.video_label]
    warnings = []
    if left_out := len(dataset.test) - len(labelled):
        warnings.append(f"{left_out} unlabelled test clips are left out")
    order = sorted(rng.permutation(len(labelled)), key=lambda i: -(labelled[i].video_label or 0))
    folds = []
    for index in range(num_folds):
        test = [labelled[i] for i in sorted(order[index::num_folds])]
        ids = {video.id for video in test}
        others = [*normal, *(video for video in labelled if video.id not in ids)]
        made = _fold(index, others, test, holdout, rng, protocol="weak_by_video", warnings=warnings)
        folds.append(made)
    return tuple(folds)


def _fold(
    index: int,
    clips: Sequence[Video],
    test: Sequence[Video],
    holdout: float,
    rng: np.random.Generator,
    *,
    protocol: str,
    warnings: Sequence[str] = (),
) -> Fold:
    """Hold clips of both classes out of a training."""
    sides = {
        "abnormal": [video for video in clips if video.video_label],
        "normal": [video for video in clips if not video.video_label],
    }
    held: dict[str, list[Video]] = {}
    for name, own in sides.items():
        if len(own) < 2:
            raise UserError(
                f"{protocol} compares abnormal with normal training clips and needs at least 2 of "
                f"each; there are {len(sides['abnormal'])} abnormal and {len(sides['normal'])} "
                "normal ones"
                + (
                    " (weak_by_video takes abnormal ones from the test side)."
                    * (protocol == "weak")
                )
            )
        groups = _by_class(own) if protocol == "weak" else [own]
        held[name] = []
        for group in groups:
            count = min(max(1, round(holdout * len(group))), len(group) - 1)
            held[name] += [group[i] for i in rng.permutation(len(group))[:count]]
    stops, threshold, remarks = held["normal"], held["normal"], list(warnings)
    if len(held["normal"]) > 1 and len(sides["normal"]) >= DISJOINT_FROM:
        middle = len(held["normal"]) // 2
        stops, threshold = held["normal"][:middle], held["normal"][middle:]
    else:
        names = ", ".join(sorted(video.id for video in threshold))
        remarks.append(f"only {len(sides['normal'])} normal training clips: {SHARED_CLIPS} {names}")
    out = {video.id for own in held.values() for video in own}
    return Fold(
        index,
        _units([video for video in clips if video.id not in out]),
        _units([*held["abnormal"], *stops]),
        _units(threshold),
        _units(test),
        tuple(remarks),
        protocol,
    )


def _by_class(clips: Sequence[Video]) -> list[list[Video]]:
    """Return the clips of each class that has two, so that each gives its share; or all at once."""
    named: dict[str, list[Video]] = {}
    for video in clips:
        named.setdefault(video.classes[0] if video.classes else "", []).append(video)
    return [own for own in named.values() if len(own) > 1] or [list(clips)]


def _units(videos: Sequence[Video]) -> Units:
    return Units(tuple(map(whole, videos)))
