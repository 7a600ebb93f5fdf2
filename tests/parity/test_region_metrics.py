"""Region metrics beside the package py-ssvad-metrics 1.0.0, threshold by threshold.

Compared where the definitions agree: at thresholds above 0, counts of detected regions, of false
ones and of detected tracks, and of frames detected by the pixel rule. They differ in this:
- the package takes the IoU of the parts' pixels, we that of their boxes (as the original authors'
  tracks are boxes): here all regions are rectangles;
- it knows 103 fixed thresholds and scores in [0, 1]; we take the scores that occur;
- it sorts the points by false positive rate alone, by an unstable sort, joins them by the trapezoid
  rule and drops points above 1, so that a curve that ends at .4 has an area of .4 at most; we take
  the running maximum, cut the segment at 1 and go on flat: so rates are compared, areas are not,
  but for that of the pixel rule, whose curve is monotone;
- it allows one track a frame.
"""

import importlib
import sys

import numpy as np
import pytest

from vadjax.evaluation import frame, rbdc, regions, tracks
from vadjax.evaluation.pixel import pixel_score
from vadjax.evaluation.region import region_metrics

SHAPE = (40, 60)


@pytest.fixture(scope="module")
def ssvad():
    """The package, which needs pydantic's old interface, without compiling its loops."""
    try:
        old = importlib.import_module("pydantic.v1")
        importlib.import_module("numba")
    except ImportError as error:
        pytest.skip(f"py-ssvad-metrics is not installed ({error}); make parity installs it")
    patch = pytest.MonkeyPatch()
    patch.setitem(sys.modules, "pydantic", old)
    patch.setattr(sys.modules["numba"].config, "DISABLE_JIT", True)
    try:
        yield pytest.importorskip("ssvad_metrics")
    finally:
        patch.undo()
        for name in [name for name in sys.modules if name.startswith("ssvad_metrics")]:
            del sys.modules[name]


def clip(seed, num=12):
    """Rectangles of one object on its way, partly found, and false ones apart from it."""
    rng = np.random.default_rng(seed)
    masks, heats = np.zeros((2, num, *SHAPE), np.float32)
    for t in range(num):
        if t >= num // 3:
            masks[t, 4:14, 2 + 2 * t : 12 + 2 * t] = 1
            top, left = rng.integers(1, 8), 2 * t + rng.integers(-1, 8)
            heats[t, top : top + 10, max(left, 0) : left + 10] = rng.integers(1, 20) / 20
        for left in (5, 30):
            if rng.random() < 0.4:
                heats[t, 25:35, left : left + 15] = rng.integers(1, 20) / 20
    return heats, masks.astype(np.uint8)


def annotation(ssvad, images, folder, *, truth):
    frames = []
    for t, image in enumerate(images):
        path = folder / f"{truth}{t}.npy"
        np.save(path, image.astype(np.float32))
        track = 0 if truth and image.any() else -1
        frames.append(
            {"frame_id": t + 1, "pixel_level_scores_map": str(path), "anomaly_track_id": track}
        )
    return ssvad.data_schema.VADAnnotation(
        **{"is_gt": truth, "frames_count": len(frames), "frames": frames},
        **{"is_anomalous_regions_available": True, "is_anomaly_track_id_available": truth},
        **{"frame_height": SHAPE[0], "frame_width": SHAPE[1]},
    )


@pytest.mark.parametrize("seed", [0, 1])
def test_rates_agree_at_every_threshold(ssvad, tmp_path, seed):
    heats, masks = clip(seed)
    pred, true = (
        annotation(ssvad, images, tmp_path, truth=truth)
        for images, truth in ((heats, False), (masks, True))
    )
    sweep, levels = rbdc.Sweep(), np.unique(heats)[::-1]
    sweep.add([regions.cut(heat, levels) for heat in heats], tracks.from_masks(masks))
    _, fpr, rbdr, tbdr = sweep.curves(alpha=0.3)
    scores = np.array([pixel_score(h, m) for h, m in zip(heats, masks, strict=True)])
    abnormal = masks.any((1, 2))
    for index, level in enumerate(levels[:-1]):
        counts = ssvad.criteria._get_cur_calcs(pred, true, level, 0.3, 0.1, True, True)
        detected, total, false, num, num_tracks, found = counts
        rates = false / num, detected / total, found / num_tracks
        assert (fpr[index], rbdr[index], tbdr[index]) == pytest.approx(rates)
        counts = ssvad.criteria._get_trad_calcs(pred, true, level, True)
        assert counts[4] == np.sum(scores[abnormal] >= level)
        assert counts[5] == np.sum(scores[~abnormal] >= level)


def test_pixel_level_area_agrees(ssvad, tmp_path):
    heats, masks = clip(3)
    pred, true = (
        annotation(ssvad, images, tmp_path, truth=truth)
        for images, truth in ((heats, False), (masks, True))
    )
    theirs = ssvad.criteria.TraditionalCriteriaAccumulator()(pred, true)
    found, _ = region_metrics({"a": heats}, {"a": masks})
    assert found["pixel_auc"] == pytest.approx(theirs["pixel_roc_auc"])
    assert found["pixel_auc_full_frame"] == pytest.approx(theirs["frame_roc_auc"])
    largest = heats.max((1, 2))
    assert frame.auc(largest, masks.any((1, 2))) == pytest.approx(theirs["frame_roc_auc"])
