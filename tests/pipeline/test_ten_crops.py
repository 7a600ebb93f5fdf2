"""Ten crops of each frame, from pictures to figures: averaged, or scored each."""

import numpy as np
import pytest

from vadjax import config as configs
from vadjax.errors import UserError
from vadjax.pipeline import stages
from vadjax.pipeline.run import Run
from vadjax.pipeline.trained import TrainedDetector
from vadjax.runtime.console import Console
from vadjax.storage import artifacts


def config_of(cache, **changes):
    config = configs.default_config()
    settings = {
        "dataset.num_train": 4,
        "dataset.num_test": 6,
        "dataset.num_frames": 24,
        "dataset.height": 64,
        "dataset.width": 96,
        "dataset.protocol": "weak_by_video",
        "dataset.num_folds": 2,
        "dataset.crops": "all",
        "features.backbone": "mobilenetv2_100",
        "features.weights": "random",
        "features.height": 32,
        "features.width": 32,
        "features.crops": 10,
        "features.cache_dir": str(cache),
        "detector.name": "bag_model",
        "bag.segments": 4,
        "window.length": 16,
        "model.name": "bag_mlp",
        "model.units": (8,),
        "objective.name": "mil_topk",
        "train.batches": "pairs",
        "train.epochs": 2,
        "train.patience": 0,
        "train.batch_size": 4,
        "evaluate.num_bootstrap": 20,
        "evaluate.cross_fit": 0,
        **{key.replace("__", "."): value for key, value in changes.items()},
    }
    config.update_from_flattened_dict(settings)
    return configs.validate(config)


def test_crops_are_kept_or_averaged(tmp_path):
    rows = {}
    for kept in ("all", "mean"):
        config = config_of(tmp_path / "cache", dataset__crops=kept)
        metrics = stages.run(config, tmp_path / kept, quiet=True)
        run = Run(config, tmp_path / kept, Console(quiet=True))
        rows[kept] = run.store.read(run.dataset.test[0])
        assert metrics["frame"]["auc_micro"] is not None
        [scored] = [v for v in artifacts.read_scores(run.workdir).test if v.id == "test/01"]
        assert len(set(scored.scores[:16])) == len(set(scored.scores[16:])) == 1  # snippets of 16
    assert rows["all"].shape == (24, 10, 1280) and rows["mean"].shape == (24, 1280)
    np.testing.assert_allclose(rows["all"].mean(1), rows["mean"], atol=1e-4)
    detector = TrainedDetector(tmp_path / "all")
    [batch] = detector.score_videos([run.dataset.test[0]])
    stream = detector.stream()
    single = [each for frame in run.dataset.test[0].frames for each in stream.update(frame)]
    single += stream.close()
    np.testing.assert_allclose([each.score for each in single], batch.scores, atol=1e-5)


def test_bags_of_clips_that_are_shorter_than_a_snippet(tmp_path):
    small = {"dataset__num_frames": 12, "features__crops": 1, "dataset__crops": "mean"}
    config = config_of(tmp_path / "cache", **small)
    metrics = stages.run(config, tmp_path / "run", quiet=True)
    assert metrics["frame"]["auc_micro"] is not None
    for video in artifacts.read_scores(tmp_path / "run").test:
        assert len(video.scores) < 16 and len(set(video.scores)) == 1
    detector = TrainedDetector(tmp_path / "run")
    run = Run(config, tmp_path / "run", Console(quiet=True))
    [scored] = detector.score_videos([run.dataset.test[0]])
    assert len(scored.scores) == len(run.dataset.test[0].frames)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features__crops": 5}, "it must be 1 or 10"),
        ({"features__fit": "pad"}, r"goes with features\.fit=stretch alone"),
        (
            {"detector__name": "scene", "dataset__protocol": "one_class"},
            "detector 'scene' reads cells, windows",
        ),
        (
            {"detector__name": "knn", "dataset__protocol": "one_class"},
            r"goes with dataset\.crops=mean alone",
        ),
    ],
)
def test_what_does_not_go_together(tmp_path, changes, message):
    with pytest.raises(UserError, match=message):
        config_of(tmp_path, **changes)
