"""Metrics by the conventions of published code, to read published tables by: off by default.

None of them is a result of vadjax: they look at the future, at the whole clip, or count what is not
there. Each value names its convention and a repository that has it.
"""

from collections.abc import Mapping

import numpy as np

from vadjax.evaluation import frame
from vadjax.evaluation.parts import Videos, labelled, one_class, pool
from vadjax.evaluation.psnr import psnr_score, regularity_score

CROP = 4
AVENUE = "hasan_intervals"
NO_ERROR = "the scores are no errors of prediction or reconstruction"
Arrays = Mapping[str, np.ndarray]  # by video
Rows = tuple[list[dict] | None, dict[str, str]]


def legacy_part(
    videos: Videos,
    *,
    errors: bool,
    other_labels: Mapping[str, Arrays] | None = None,
    no_other_labels: str = "the data set has one labelling",
) -> Rows:
    """Compute the legacy figures.

    Args:
        videos: the tested ones.
        errors: the scores are mean squared errors, so that PSNR and regularity mean something.
        other_labels: label version -> video -> [t] {0, 1}.
        no_other_labels: why there are none.

    Returns:
        A row a figure (name, value, convention, source) or None, and reasons.
    """
    if why := one_class(pool(videos)[1]):
        return None, {"legacy": why}
    own = {v.id: np.asarray(v.scores, np.float64) for v in labelled(videos)}
    labels = {v.id: v.truth for v in labelled(videos)}
    rows = [*_scaled(own, labels), *_errors(own, labels, errors), *_smoothed(own, labels)]
    rows.append(
        {
            "name": "macro AUC, padded",
            "value": _padded_macro(own, labels),
            "convention": "a normal frame of score 0 and an abnormal one of score 1 added to every "
            "video, so that those of one class count",
            "source": "lilygeorgescu/UBnormal",
        }
    )
    other = (other_labels or {}).get(AVENUE)
    row = {
        "name": "micro AUC, interval labels",
        "value": None if other is None else _auc(own, other),
        "convention": "Avenue's frame intervals of Hasan et al. in place of the pixel masks"
        + ("" if other is not None else f" (not computed: {no_other_labels})"),
        "source": "StevenLiuWen/ano_pred_cvpr2018",
    }
    reasons = {"legacy[].value": f"{NO_ERROR}; or, of interval labels, {no_other_labels}"}
    return [*rows, row], reasons


def _scaled(own: Arrays, labels: Arrays) -> list[dict]:
    cropped, truth = _cropped(own, labels)
    return [
        {
            "name": "micro AUC, per-video min-max",
            "value": _auc(_min_max(own), labels),
            "convention": "each test video scaled to 0..1 by its own least and largest score",
            "source": "zugexiaodui/campus_vad_code",
        },
        {
            "name": "micro AUC, first four cropped",
            "value": _auc(cropped, truth),
            "convention": f"the first {CROP} frames of each video left out, scores raw",
            "source": "LiUzHiAn/hf2vad",
        },
        {
            "name": "micro AUC, first four cropped, per-video min-max",
            "value": _auc(_min_max(cropped), truth),
            "convention": f"the first {CROP} frames left out, the rest of each video scaled",
            "source": "cvlab-yonsei/MNAD",
        },
    ]


def _errors(own: Arrays, labels: Arrays, errors: bool) -> list[dict]:
    psnr = regular = None
    if errors:
        cropped, truth = _cropped(own, labels)
        psnr = _auc(_min_max({v: psnr_score(s) for v, s in cropped.items()}), truth)
        regular = _auc({v: regularity_score(s) for v, s in own.items()}, labels)
    return [
        {
            "name": "micro AUC, PSNR, first four cropped, per-video min-max",
            "value": psnr,
            "convention": f"the first {CROP} frames left out, the PSNR of the other errors scaled "
            "in each video, so that its peak cancels" + ("" if errors else f" ({NO_ERROR})"),
            "source": "StevenLiuWen/ano_pred_cvpr2018",
        },
        {
            "name": "micro AUC, regularity",
            "value": regular,
            "convention": "(e - min e) / max e in each video, as Hasan et al. (CVPR 2016) write it"
            + ("" if errors else f" ({NO_ERROR})"),
            "source": "Hasan et al., CVPR 2016",
        },
    ]


def _smoothed(own: Arrays, labels: Arrays) -> list[dict]:
    filters = (
        ("Gaussian, sigma 3", "talreiss/Accurate-Interpretable-VAD", "reflected ends", _gauss_3),
        ("Gaussian, sigma 15", "lilygeorgescu/UBnormal", "zeros beyond the ends", _gauss_15),
        ("median of 17", "LiUzHiAn/hf2vad", "zeros beyond the ends", _median_17),
    )
    return [
        {
            "name": f"micro AUC, {name}",
            "value": _auc({v: smooth(s) for v, s in own.items()}, labels),
            "convention": f"smoothed in both directions of time inside each video, {ends}",
            "source": source,
        }
        for name, source, ends, smooth in filters
    ]


def _gauss_3(scores: np.ndarray) -> np.ndarray:
    from scipy import ndimage

    return ndimage.gaussian_filter1d(scores, 3, mode="reflect")


def _gauss_15(scores: np.ndarray) -> np.ndarray:
    from scipy import ndimage

    return ndimage.gaussian_filter1d(scores, 15, mode="constant")


def _median_17(scores: np.ndarray) -> np.ndarray:
    from scipy import signal  # a second of every process, if it stood above

    return signal.medfilt(np.pad(scores, 8), 17)[8:-8]  # padded, as medfilt warns of short videos


def _cropped(scores: Arrays, labels: Arrays) -> tuple[Arrays, Arrays]:
    kept = {v: s[CROP:] for v, s in scores.items() if len(s) > CROP}
    return kept, {v: labels[v][CROP:] for v in kept}


def _min_max(scores: Arrays) -> Arrays:
    return {v: regularity_score(s, variant="min_max") for v, s in scores.items()}


def _padded_macro(scores: Arrays, labels: Arrays) -> float | None:
    pairs = ((np.append(scores[v], (0, 1)), np.append(labels[v], (0, 1))) for v in scores)
    return frame.macro_auc(pairs)[0]


def _auc(scores: Arrays, labels: Arrays) -> float | None:
    return frame.auc(*(np.concatenate([x[v] for v in scores]) for x in (scores, labels)))
