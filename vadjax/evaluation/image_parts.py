"""The part `image` of metrics.json: how well the scores of a data set of images rank them.

A category (of MVTec AD: bottle, cable ...) is evaluated by itself, as scores of different things
are on no common scale; the figure of a run is the mean over its categories.
"""

import functools
from collections.abc import Sequence

import numpy as np

from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation import events, image_metrics
from vadjax.evaluation.category_means import ONE_CLASS, means, values
from vadjax.evaluation.image_metrics import Curves, value_of
from vadjax.evaluation.parts import Part, Videos, decided, labelled


def image_part(videos: Videos, *, resamples: int, seed: int) -> Part:
    """Compute how well the scores rank images.

    Args:
        videos: the tested images, decided where there is a threshold.
        resamples: of the bootstrap over the images of each category.
        seed: of its draws.

    Returns:
        The part `image`, and reasons.
    """
    groups = by_category(videos)
    rows, defects = [], []
    for category, images in groups.items():
        scores, labels = flat_of(images)
        curves = image_curves(scores, labels)
        rows.append(
            {
                "category": category,
                "images": len(images),
                "defective": int(labels.sum()),
                **values(image_metrics.IMAGE, curves),
                "ap_chance": float(labels.mean()),
                "f1_max_threshold": _best_threshold(scores, curves),
            }
        )
        for defect, chosen in defects_of(images).items():
            own = image_curves(scores, labels, (chosen | (labels == 0))[None])
            defects.append(
                {
                    "category": category,
                    "defect": defect,
                    "images": int(chosen.sum()),
                    "auroc": value_of(image_metrics.auroc(own)[0]),
                    "recall": _recall(images, chosen),
                }
            )
    flat = {category: flat_of(images) for category, images in groups.items()}
    part, reasons = means(
        "image",
        image_metrics.IMAGE,
        rows,
        labels={category: labels for category, (_, labels) in flat.items()},
        draws={category: functools.partial(image_curves, *each) for category, each in flat.items()},
        resamples=resamples,
        seed=seed,
    )
    reasons |= {"image.categories[].f1_max_threshold": ONE_CLASS}
    reasons |= {"image.defects[].auroc": "no good image", "image.defects[].recall": "no threshold"}
    return {**part, "categories": rows, "defects": defects}, reasons


def by_category(videos: Videos) -> dict[str, list[ScoredVideo]]:
    """Return the labelled images of each category, sorted by id."""
    groups: dict[str, list[ScoredVideo]] = {}
    for video in labelled(videos):
        groups.setdefault(video.scene, []).append(video)
    return dict(sorted(groups.items()))


def defects_of(images: Sequence[ScoredVideo]) -> dict[str, np.ndarray]:
    """Return each kind of defect of some images, with which of them have it, bool [n]."""
    named = [{kind for kind, there in image.kinds.items() if np.any(there)} for image in images]
    kinds = sorted(set().union(*named))
    return {kind: np.array([kind in own for own in named], bool) for kind in kinds}


def mean_auroc(videos: Videos) -> float | None:
    """Return the mean over categories of the image AUROC; None where none has one."""
    found = [
        value_of(image_metrics.auroc(image_curves(*flat_of(images)))[0])
        for images in by_category(videos).values()
    ]
    known = [value for value in found if value is not None]
    return float(np.mean(known)) if known else None


def image_curves(scores: np.ndarray, labels: np.ndarray, draws: np.ndarray | None = None) -> Curves:
    """Count images from each distinct score upwards.

    Args:
        scores: float [n].
        labels: [n] {0, 1}.
        draws: [r, n], how often each image is taken; None takes each once.

    Returns:
        The curves, [r, k] with k distinct scores.
    """
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))  # of each distinct score
    weight = np.ones((1, len(scores))) if draws is None else np.asarray(draws, np.float64)
    weight = weight[:, order]
    tp = np.cumsum(weight * labels[order], axis=1)[:, last]
    return Curves(tp, np.cumsum(weight, axis=1)[:, last] - tp)


def flat_of(images: Sequence[ScoredVideo]) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores of images, float64 [n], and their labels, int64 [n]."""
    scores = np.concatenate([image.scores for image in images]).astype(np.float64)
    return scores, np.concatenate([image.truth for image in images]).astype(np.int64)


def _best_threshold(scores: np.ndarray, curves: Curves) -> float | None:
    """Return the threshold of the largest F1: it is chosen on test labels."""
    [tp], [fp] = curves.tp, curves.fp
    if not tp[-1] or not fp[-1]:
        return None
    best = np.argmax(2 * tp / (tp + fp + tp[-1]))
    return float(np.unique(scores)[::-1][best])


def _recall(images: Sequence[ScoredVideo], chosen: np.ndarray) -> float | None:
    """Return the share of some images that is called defective."""
    if not decided(images):
        return None
    called = np.concatenate([events.called(image) for image in images])
    return float(called[chosen].mean())
