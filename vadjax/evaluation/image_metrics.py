"""Metrics of images and of their pixels: each is registered here, by one line, and nowhere else.

All of them are areas or maxima of curves over falling thresholds. Curves are computed for many
draws of the images at once, so that a metric and its bootstrap are one piece of code.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

LIMIT = 0.3  # false-positive rate up to which the overlap by region is integrated
ORACLE = "threshold chosen on test labels"


class Curves(NamedTuple):
    """Counts from each of k falling thresholds upwards, for r draws of the images.

    Attributes:
        tp: float64 [r, k], defective images, or abnormal pixels.
        fp: float64 [r, k], good images, or normal pixels.
        overlap: float64 [r, k], mean over the regions of the share of each that is detected; None
            of whole images.
    """

    tp: np.ndarray
    fp: np.ndarray
    overlap: np.ndarray | None = None


class Metric(NamedTuple):
    """A metric.

    Attributes:
        key: in the parts `image` and `pixels` of metrics.json.
        name: title for a reader.
        text: what it is, for a reader.
        compute: curves -> float64 [r]; NaN where a class has no image, or no pixel.
        oracle: it rests on a threshold that was chosen on test labels.
    """

    key: str
    name: str
    text: str
    compute: Callable[[Curves], np.ndarray]
    oracle: bool = False


def auroc(curves: Curves) -> np.ndarray:
    """Area under the ROC curve, float64 [r]; ties count half."""
    tp, fp = _from_zero(curves.tp), _from_zero(curves.fp)
    area = np.sum(np.diff(fp) * (tp[:, 1:] + tp[:, :-1]), axis=1) / 2
    return _divided(area, tp[:, -1] * fp[:, -1])


def average_precision(curves: Curves) -> np.ndarray:
    """Sum of the precision over the steps of recall, float64 [r]; nothing is interpolated."""
    steps = np.diff(curves.tp, axis=1, prepend=0)
    # A threshold that no drawn image reaches has no step.
    precision = curves.tp / np.maximum(curves.tp + curves.fp, 1e-300)
    return _divided(np.sum(steps * precision, axis=1), curves.tp[:, -1] * (curves.fp[:, -1] > 0))


def f1_max(curves: Curves) -> np.ndarray:
    """The largest F1 of any threshold, float64 [r]."""
    defective = curves.tp[:, -1:]
    best = np.max(2 * curves.tp / np.maximum(curves.tp + curves.fp + defective, 1e-300), axis=1)
    return _divided(best * defective[:, 0], defective[:, 0] * (curves.fp[:, -1] > 0))


def aupro(curves: Curves) -> np.ndarray:
    """Area under the overlap by region up to a false-positive rate of `LIMIT`, divided by it.

    Bergmann et al., The MVTec Anomaly Detection Dataset, IJCV 129 (2021), section 5: the rate is of
    the normal pixels of all images, the overlap of a region is the share of it that is detected,
    and every region counts alike. Linear between thresholds, and up to `LIMIT`.
    """
    assert curves.overlap is not None  # a metric of pixels
    overlap, fp = _from_zero(curves.overlap), _from_zero(curves.fp)
    rate = _divided(fp, fp[:, -1:])
    width = np.clip(LIMIT - rate[:, :-1], 0, np.diff(rate))  # [r, k], of what lies below LIMIT
    slope = _divided(np.diff(overlap), np.diff(rate), empty=0.0)
    area = np.sum(width * (overlap[:, :-1] + slope * width / 2), axis=1)
    return _divided(area, LIMIT * (overlap[:, -1] > 0))


IMAGE = (
    Metric("auroc", "Image AUROC", "images ranked by their scores; chance 0.5", auroc),
    Metric("ap", "Image AP", "chance is the share of defective images", average_precision),
    Metric("f1_max", "Image F1-max", "of the best threshold", f1_max, oracle=True),
)
PIXELS = (
    Metric("auroc", "Pixel AUROC", "all pixels of all images ranked together", auroc),
    Metric(
        "aupro",
        "AUPRO",
        f"overlap by defective region, to a false-positive rate of {LIMIT:g} of the pixels",
        aupro,
    ),
)
METRICS = {"image": IMAGE, "pixels": PIXELS}  # by the part of metrics.json


def value_of(number: float) -> float | None:
    """Return a metric as metrics.json has it: None where it is not defined."""
    return None if np.isnan(number) else float(number)


def _from_zero(counts: np.ndarray) -> np.ndarray:
    """Put the threshold above all scores before the others: [r, k] to [r, k + 1]."""
    return np.concatenate([np.zeros((len(counts), 1)), counts], axis=1)


def _divided(above: np.ndarray, below: np.ndarray, empty: float = np.nan) -> np.ndarray:
    """Divide, with `empty` where the divisor is 0."""
    below = np.broadcast_to(below, np.shape(above))
    return np.divide(above, below, out=np.full(np.shape(above), empty), where=below > 0)
