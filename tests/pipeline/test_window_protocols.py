"""The protocols that divide windows, end to end on a tiny synthetic set."""

import json

import pytest
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score, roc_auc_score

from vadjax import config as configs
from vadjax import data
from vadjax.errors import UserError
from vadjax.evaluation import schema
from vadjax.pipeline import stages
from vadjax.report import wording
from vadjax.storage import artifacts


def tiny(cache, protocol, augment="none"):
    config = configs.default_config()
    d, f, t = config.dataset, config.features, config.train
    d.protocol, d.augment = protocol, augment
    d.num_train, d.num_test, d.num_frames, d.height, d.width = 1, 3, 40, 64, 96
    f.backbone, f.weights, f.height, f.width = "mobilenetv2_100", "random", 32, 32
    f.cache_dir = str(cache)
    config.window.length, config.model.units, config.model.name = 4, (4,), "dense"
    config.objective.name, config.evaluate.threshold = "classify", "half"
    t.epochs, t.patience, t.batch_size = 2, 5, 32
    return config


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(
    scope="module",
    params=[("published_shuffled", "rahmani_compat"), ("random_window", "none")],
    ids=lambda p: p[0],
)
def finished(request, cache, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("run")
    config = configs.validate(tiny(cache, *request.param))
    return config, workdir, stages.run(config, workdir, quiet=True)


def test_every_figure_is_of_windows(finished, cache):
    config, workdir, metrics = finished
    schema.validate(metrics)
    (windows,) = artifacts.read_scores(workdir).test
    scores, labels = windows.scores, windows.labels
    called = scores >= 0.5
    counts = metrics["accounting"]
    assert metrics["unit"] == "window" and metrics["threshold"]["value"] == 0.5
    assert counts["frames"] == counts["labels"] == len(labels) and counts["filled"] == 0
    assert metrics["frame"]["auc_micro"] == pytest.approx(roc_auc_score(labels, scores))
    for name, measure in (
        ("accuracy", accuracy_score),
        ("precision", precision_score),
        ("recall", recall_score),
        ("f1", f1_score),
    ):
        keywords = {} if name == "accuracy" else {"zero_division": 0}
        want = measure(labels, called, **keywords)
        assert metrics["threshold"][name] == pytest.approx(want, abs=1e-12), name
    frames = sum(len(v.frames) for v in data.load(config.dataset, cache_dir=cache).test)
    if config.dataset.protocol == "random_window":
        assert f"of {frames - 3 * 3:,} windows, 3 clips" in metrics["coverage"]
    for path in ("frame.auc_micro_ci95", "frame.auc_macro", "threshold.events"):
        assert wording.lookup(metrics, path) is None and path in metrics["reasons"]


def test_the_leak_is_stamped_wherever_a_figure_is(finished):
    _, workdir, metrics = finished
    leakage = metrics["leakage"]
    assert leakage["verdict"] == "leaky" and leakage["exact"] == 1.0
    assert leakage == json.loads((workdir / "leakage.json").read_text())
    stamps = " | ".join(metrics["warnings"])
    assert "the unit of every figure is the window" in stamps
    assert "no picture looked at, gets AUC" in stamps
    assert metrics["baselines"]["nearest_in_time"] > 0.85  # what a random split gives away
    page = (workdir / "report.html").read_text()
    assert "Leaky protocol" in page and "window-level" in page and "frame-level" not in page
    assert (workdir / "figures" / "roc.png").stat().st_size
    assert not (workdir / "figures" / "timelines.png").exists()


def test_copies_are_rows_of_the_store_with_their_origin(finished, cache):
    config, _, metrics = finished
    if config.dataset.augment == "none":
        assert metrics["leakage"]["augmented"] == 0.0
        return
    assert metrics["leakage"]["augmented"] > 0.5
    assert any("altered copies" in text for text in metrics["warnings"])
    (spec,) = [
        path.parent
        for path in (cache / "features" / "synthetic").glob("*/spec.json")
        if "backbone" in json.loads(path.read_text())
    ]
    seals = [json.loads(p.read_text()) for p in spec.glob("*.json") if p.name != "spec.json"]
    copied = [seal for seal in seals if "source_id" in seal]
    assert {seal["augmentation"] for seal in copied} <= {"flip", "r90", "r180"}
    assert all(seal["id"] == f"{seal['source_id']}~{seal['augmentation']}" for seal in copied)
    assert copied


def test_stages_resume_and_the_protocol_is_part_of_the_run(finished, cache):
    config, workdir, metrics = finished
    if config.dataset.protocol == "published_shuffled":
        before = (workdir / "scores.npz").read_bytes()
        assert stages.run(config, workdir, stage="score", quiet=True) == metrics
        assert (workdir / "scores.npz").read_bytes() == before
        again = stages.run(config, workdir, stage="evaluate", quiet=True)
        assert again["frame"] == metrics["frame"] and again["warnings"] == metrics["warnings"]
    for key, value in (("protocol", "by_video"), ("augment", "none")):
        other = config.copy_and_resolve_references()
        if other.dataset[key] == value:
            continue
        other.dataset[key] = value
        with pytest.raises(UserError, match=f"dataset.{key}"):
            stages.run(other, workdir, quiet=True)
