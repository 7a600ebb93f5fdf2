"""Splits labelled clips once into training, validation and test clips: 70, 15 and 15 %."""

from collections.abc import Sequence

import numpy as np

from vadjax.data.splits.split_by_clip import abnormal_share, is_abnormal, num_classes, whole
from vadjax.data.splits.units import Fold, Units
from vadjax.data.video import Dataset, Video
from vadjax.errors import UserError

NAME = "by_video_70_15_15"
HELD = 0.15  # share of the labelled clips that is tested, and that validates


def train_validation_test(dataset: Dataset, *, fewest: int, seed: int) -> Fold:
    """Divide the labelled clips once; normal training clips are trained on.

    Clips are sorted by their share of abnormal frames, and test and validation clips are taken at
    even distances from a random beginning, so that the three parts are alike in it.

    Args:
        dataset: with at least four labelled test clips.
        fewest: frames of a clip that may be held out; shorter ones are only trained on.
        seed: of the choice.

    Returns:
        The fold; validation and calibration share their clips.

    Raises:
        UserError: too few clips are labelled and long enough, or the training clips are of one
            class.
    """
    rng = np.random.default_rng(seed)
    labelled = [video for video in dataset.test if video.labels is not None]
    usable = [video for video in labelled if len(video.frames) >= fewest]
    held = max(1, round(HELD * len(usable)))
    if len(usable) < 4:
        raise UserError(
            f"{NAME} needs at least 4 labelled clips of {fewest} frames; "
            f"{dataset.name} has {len(usable)}. Use one_class, or by_video."
        )
    order = sorted(rng.permutation(len(usable)), key=lambda i: -abnormal_share(usable[i]))
    ranked = [usable[i] for i in order]
    test, ranked = _even(ranked, held, rng)
    validation, ranked = _even(ranked, held, rng)
    normal = [video for video in dataset.train if not is_abnormal(video)]
    short = [video for video in labelled if len(video.frames) < fewest]
    train = [*normal, *sorted((*ranked, *short), key=lambda video: video.id)]
    if num_classes(train) < 2:
        raise UserError(
            f"{NAME}: the training clips hold frames of one class only; give more labelled clips, "
            "or another --config.seed."
        )
    warnings = ["early stopping and threshold share the validation clips"]
    if left_out := len(dataset.test) - len(labelled):
        warnings.append(f"{left_out} unlabelled test clips are left out")
    for name, part in (("validation", validation), ("test", test)):
        if num_classes(part) < 2:
            warnings.append(f"the {name} clips hold frames of one class only")
    chosen = _units(validation)
    return Fold(0, _units(train), chosen, chosen, _units(test), tuple(warnings), NAME)


def _even(
    videos: Sequence[Video], count: int, rng: np.random.Generator
) -> tuple[list[Video], list[Video]]:
    """Take clips at even distances from a random beginning; return them, and the others."""
    places = np.floor((np.arange(count) + rng.uniform()) * len(videos) / count).astype(int)
    taken = set(places.tolist())
    return (
        [video for n, video in enumerate(videos) if n in taken],
        [video for n, video in enumerate(videos) if n not in taken],
    )


def _units(videos: Sequence[Video]) -> Units:
    return Units(tuple(whole(video) for video in sorted(videos, key=lambda video: video.id)))
