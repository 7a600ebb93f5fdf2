"""Models of bags: what is planted is found from labels of videos; no frame's label is read."""

import itertools

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from vadjax import config as configs
from vadjax.data.clip import Clip, without_frame_truth
from vadjax.data.frames.feature_rows import FeatureRows
from vadjax.data.frames.timeline import every
from vadjax.data.splits.units import Segment, Units
from vadjax.data.video import Video
from vadjax.detectors.bag_model import BagModel
from vadjax.detectors.bags import bag, segments, snippets
from vadjax.detectors.contract import Progress
from vadjax.errors import UserError
from vadjax.runtime.console import Console

SHIFT, WIDTH = 3.0, 6  # deviations by which abnormal rows differ along the first axis


def config(**changes):
    made = configs.default_config()
    settings = {
        "detector.name": "bag_model",
        "dataset.protocol": "weak",
        "objective.name": "mil_ranking",
        "model.name": "bag_mlp",
        "model.units": (64, 32),
        "window.length": 1,
        "train.batches": "pairs",
        "train.batch_size": 16,
        "train.epochs": 25,
        "train.patience": 0,
        "train.learning_rate": 0.01,
        **{key.replace("__", "."): value for key, value in changes.items()},
    }
    made.update_from_flattened_dict(settings)
    return configs.validate(made)


def video(name, num_rows, abnormal, seed, *, step=1, truth=True, crops=0):
    """Rows of which the abnormal ones, a slice, are shifted; each stands for `step` frames."""
    rng, rows = np.random.default_rng(seed), np.zeros((num_rows, WIDTH), np.float32)
    labels = np.zeros(num_rows * step, np.uint8)
    rows += rng.normal(size=rows.shape)
    rows[abnormal, 0] += SHIFT
    labels[slice(abnormal.start * step, abnormal.stop * step)] = 1
    if crops:
        rows = np.stack([rows] * crops, 1)
    return Video(
        name,
        name.split("/")[0],
        FeatureRows(num_rows, lambda: rows),
        labels=labels if truth and step == 1 else None,
        timeline=every(num_rows, len(labels), step, labels if truth else None)
        if step > 1
        else None,
        video_label=int(labels.any()),
        fingerprint=name,
    )


def clip(one):
    units = Units((Segment(one.id, 0, len(one.frames)),))
    return Clip(
        one.id, units, (one,), lambda _, segment: one.frames.rows[segment.start : segment.stop]
    )


def training(**more):
    """Forty clips, every second with a tenth of its rows abnormal; no frame is labelled."""
    made = []
    for n in range(40):
        start = 7 * n % 80
        abnormal = slice(start, start + 10) if n % 2 else slice(0, 0)
        made.append(clip(without_frame_truth(video(f"train/{n:02d}", 100, abnormal, n, **more))))
    return made


def fitted(detector, clips, tmp_path):
    progress = Progress(Console(quiet=True), tmp_path)
    return detector.fit(clips[8:], clips[:8], seed=0, progress=progress)


def unseen(step):
    rows = [slice(20, 40), slice(0, 0), slice(70, 75)]
    return [video(f"test/{n}", 300, each, 100 + n, step=step) for n, each in enumerate(rows)]


@pytest.mark.parametrize(
    "objective",
    [
        "mil_ranking",
        *(pytest.param(o, marks=pytest.mark.slow) for o in ("mil_topk", "mil_attention")),
    ],
)
def test_what_sets_abnormal_bags_apart_is_found(objective, tmp_path):
    """No detector of these rows has more than Phi(shift / sqrt 2) in expectation."""
    detector = BagModel(config(objective__name=objective))
    state = fitted(detector, training(), tmp_path)
    scored = detector.score_clips(state, [clip(one) for one in unseen(step=4)])
    assert [len(one.scores) for one in scored] == [1200] * 3  # frames
    labels, scores = (np.concatenate([getattr(v, k) for v in scored]) for k in ("labels", "scores"))
    assert labels.sum() == 4 * 25 and (scores >= 0).all() and (scores <= 1).all()
    assert norm.cdf(SHIFT / 2**0.5) == pytest.approx(0.983, abs=1e-3)
    assert roc_auc_score(labels, scores) > 0.96
    again = detector.score(state, clip(unseen(step=4)[0]))
    np.testing.assert_array_equal(again.scores, scored[0].scores)
    assert set(state["fitted_on"]) == {"standardisation", "training", "early stopping"}


def test_labels_of_frames_change_nothing(tmp_path):
    """Clips with and without them train the same detector."""
    detector = BagModel(config(train__epochs=2))
    known = [clip(each.videos[0]) for each in training()]
    wrong = []
    for n, each in enumerate(known):
        frames = np.ones(100, np.uint8) * (n % 2)
        wrong.append(clip(video(each.id, 100, slice(0, 0), n)))
        object.__setattr__(wrong[-1].videos[0], "labels", frames[::-1].copy())
        object.__setattr__(wrong[-1].videos[0], "video_label", n % 2)
        wrong[-1].videos[0].frames.rows[:] = each.videos[0].frames.rows
    one, other = (
        fitted(detector, clips, tmp_path / str(i))["variables"]["params"]["output"]["kernel"]
        for i, clips in enumerate((known, wrong))
    )
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("scored", "edges"),
    [("snippets", [0, 3, 6, 9, 12, 15, 18, 20]), ("segments", [0, 5, 10, 15, 20])],
)
def test_every_frame_has_the_score_of_its_instance(tmp_path, scored, edges):
    """Also those of the last snippet, which is shorter."""
    changes = {"window__length": 3, "bag__scored": scored, "bag__segments": 4}
    detector = BagModel(config(train__epochs=1, **changes))
    state = fitted(detector, training(), tmp_path)
    one = video("test/0", 20, slice(2, 4), 5)
    [found] = detector.score_clips(state, [clip(one)])
    means = [one.frames.rows[a:b].mean(0) for a, b in itertools.pairwise(edges)]
    each = detector.scores(state, np.stack(means))
    np.testing.assert_allclose(found.scores, np.repeat(each, np.diff(edges)), atol=1e-6)


def test_crops_of_rows(tmp_path):
    detector = BagModel(config(objective__name="mil_topk", train__epochs=1, dataset__crops="all"))
    state = fitted(detector, training(crops=3), tmp_path)
    [scored] = detector.score_clips(state, [clip(video("test/0", 20, slice(2, 4), 5, crops=3))])
    assert scored.scores.shape == (20,)


def test_a_clip_without_a_label_is_refused(tmp_path):
    clips = training()
    object.__setattr__(clips[9].videos[0], "video_label", None)
    with pytest.raises(UserError, match="train/09 has no label"):
        fitted(BagModel(config()), clips, tmp_path)
    with pytest.raises(UserError, match="all 16 training clips are normal"):
        BagModel(config()).fit(
            training()[8::2],
            training()[:8],
            seed=0,
            progress=Progress(Console(quiet=True), tmp_path),
        )


def test_instances():
    rows = np.arange(10, dtype=np.float32)[:, None]
    means, counts = snippets(rows, 4)
    assert means.ravel().tolist() == [1.5, 5.5, 8.5] and counts.tolist() == [4, 4, 2]
    means, counts = segments(rows, 4)  # linspace(0, 10, 5) as integers: 0 2 5 7 10
    assert means.ravel().tolist() == [0.5, 3.0, 5.5, 8.0] and counts.tolist() == [2, 3, 2, 3]
    means, counts = segments(rows[:2], 4)
    assert means.ravel().tolist() == [0, 0, 1, 1] and counts.sum() == 2
    few = bag(rows, length=4, count=4, kind="snippets")
    assert few.ravel().tolist() == [1.5, 1.5, 5.5, 8.5]
    assert bag(rows, length=2, count=5, kind="segments").ravel().tolist() == [
        0.5,
        2.5,
        4.5,
        6.5,
        8.5,
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train__batches": "windows"}, "wants train.batches=pairs"),
        ({"train__batch_size": 15}, "wants an even number"),
        ({"detector__name": "window_model"}, "does not go with detector 'window_model'"),
        ({"dataset__protocol": "one_class"}, "does not go with objective 'mil_ranking'"),
        ({"evaluate__threshold": "f1"}, "which weak has not"),
        ({"window__dilation": 2}, r"set window\.dilation=1"),
        ({"model__name": "lstm"}, "does not serve objective 'mil_ranking'"),
    ],
)
def test_settings_that_do_not_go_together(changes, message):
    with pytest.raises(UserError, match=message):
        config(**changes)
