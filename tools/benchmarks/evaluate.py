"""Metrics of a large test set: resamples and frame maps per second, on random data.

`bootstrap`: 2,000 resamples of the micro AUC of 1,000,000 frames in 1,000 videos, in resamples/s;
the other side computes scikit-learn's AUC of three resamples. `regions`: pixel-level AUC, RBDC and
TBDC of 1,000 maps of 240 x 360, in frames/s; the other side is py-ssvad-metrics on ten maps, with
its loops compiled beforehand.
"""

import pathlib
import tempfile
import time
from collections.abc import Callable

import numpy as np

UNIT = "units"
VIDEOS, FRAMES, RESAMPLES = 1000, 1000, 2000
HEIGHT, WIDTH, MAPS = 240, 360, 1000


def _scores() -> tuple[list, list]:
    rng = np.random.default_rng(0)
    labels = [rng.random(FRAMES) < 0.25 for _ in range(VIDEOS)]
    return [rng.normal(size=FRAMES).astype(np.float32) + y + rng.normal() for y in labels], labels


def _timed(run: Callable[[], object], units: int, what: str) -> Callable[[], float]:
    """Return `run` as a sample, units per second, with the time of the first run as its note."""

    def sample() -> float:
        start = time.perf_counter()
        run()
        seconds = time.perf_counter() - start
        sample.note = getattr(sample, "note", f"{units} {what} in {seconds:.2f} s")
        return units / seconds

    return sample


def bootstrap_vadjax() -> Callable[[], float]:
    from vadjax.evaluation.bootstrap import auc_interval

    scores, labels = _scores()
    return _timed(lambda: auc_interval(scores, labels, resamples=RESAMPLES), RESAMPLES, "resamples")


def bootstrap_sklearn() -> Callable[[], float]:
    from sklearn.metrics import roc_auc_score

    scores, labels = _scores()
    rng = np.random.default_rng(0)

    def run() -> None:
        for _ in range(3):
            taken = rng.integers(0, VIDEOS, VIDEOS)
            flat = [np.concatenate([each[i] for i in taken]) for each in (labels, scores)]
            roc_auc_score(*flat)

    return _timed(run, 3, "resamples")


def _clips(num: int, length: int = 100) -> tuple[dict, dict]:
    """Draw maps with a dozen peaks each, and one abnormal object in two thirds of the frames."""
    import cv2

    rng, maps, masks = np.random.default_rng(0), {}, {}
    for clip in range(num // length):
        heats = np.zeros((length, HEIGHT, WIDTH), np.float32)
        truth = np.zeros((length, HEIGHT, WIDTH), np.uint8)
        for t in range(length):
            small = rng.random((12, 18)).astype(np.float32) ** 3
            if t >= length // 3:
                left = 20 + 2 * t
                truth[t, 100:140, left : left + 20] = 1
                small[5:7, left // 20 : left // 20 + 2] += 0.4
            heats[t] = cv2.resize(small, (WIDTH, HEIGHT))
        maps[str(clip)], masks[str(clip)] = heats, truth
    return maps, masks


def regions_vadjax() -> Callable[[], float]:
    from vadjax.evaluation.region import region_metrics

    maps, masks = _clips(MAPS)
    return _timed(lambda: region_metrics(maps, masks), MAPS, "maps")


def regions_ssvad_metrics() -> Callable[[], float]:
    import sys

    import pydantic.v1

    sys.modules["pydantic"] = pydantic.v1  # the package needs the API of version 1
    from ssvad_metrics import criteria, data_schema

    num = 10
    maps, masks = _clips(30, 30)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vadjax-bench-"))

    def annotation(images: np.ndarray, truth: bool):
        frames = []
        for t, image in enumerate(np.float32(images)):
            path = folder / f"{truth}{t}.npy"
            np.save(path, image / max(image.max(), 1))
            row = {"frame_id": t + 1, "pixel_level_scores_map": str(path)}
            frames.append({**row, "anomaly_track_id": 0 if truth and image.any() else -1})
        facts = {"frames_count": num, "frame_height": HEIGHT, "frame_width": WIDTH}
        facts |= {"is_anomalous_regions_available": True, "is_anomaly_track_id_available": truth}
        return data_schema.VADAnnotation(is_gt=truth, frames=frames, **facts)

    near = slice(5, 5 + num)  # around the object's first frame
    pred, true = annotation(maps["0"][near], False), annotation(masks["0"][near], True)

    def run() -> None:
        criteria.TraditionalCriteriaAccumulator()(pred, true)
        criteria.CurrentCriteriaAccumulator()(pred, true)

    return _timed(run, num, "maps")


CASES = {
    "bootstrap": {"vadjax": bootstrap_vadjax, "sklearn": bootstrap_sklearn},
    "regions": {"vadjax": regions_vadjax, "ssvad_metrics": regions_ssvad_metrics},
}
