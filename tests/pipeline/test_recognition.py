"""The classes of windows end to end: a drawn miniature of UCF-Crime, from its videos to metrics."""

import csv
import math
import runpy

import jax
import numpy as np
import openpyxl
import pytest
import scipy.io
from sklearn import metrics as sk

from tests.data import ucf_miniature
from vadjax import config as configs
from vadjax.data.builders.ucf_crime import UcfCrime
from vadjax.detectors.window_model import WindowModel
from vadjax.errors import UserError
from vadjax.models.model import num_parameters
from vadjax.pipeline import stages
from vadjax.pipeline.export_features import export
from vadjax.pipeline.run import Run
from vadjax.runtime.console import Console
from vadjax.storage import artifacts

NAMES = ("normal", *ucf_miniature.COLOURS)


def config_of(root, **changes):
    """configs/ucf_bdlstm.py, made small."""
    config = runpy.run_path("configs/ucf_bdlstm.py")["get_config"]()
    config.update_from_flattened_dict(
        {
            "dataset.data_dir": str(root / "ucf"),
            "features.cache_dir": str(root / "cache"),
            "features.backbone": "mobilenetv2_100",
            "features.weights": "random",
            "features.height": 32,
            "features.width": 32,
            "window.length": 5,
            "window.stride": 5,
            "model.units": (8, 8),
            "model.embed": 16,
            "model.dropout": 0.1,
            "objective.classes": ",".join(ucf_miniature.COLOURS),
            "train.batch_size": 32,
            "train.epochs": 12,
            "train.learning_rate": 0.01,
            "evaluate.num_bootstrap": 20,
            "explain.maps": False,
            **changes,
        }
    )
    return configs.validate(config)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("world")
    ucf_miniature.draw(root / "ucf")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(UcfCrime, "num_clips", {"train": 36, "test": 12})
        patch.setattr(UcfCrime, "frames", {})
        config = config_of(root)
        for stage in configs.STAGES:
            stages.run(config, root / "run", stage=stage, quiet=True)
        yield root, Run(config, root / "run", Console(quiet=True))


def test_a_fifth_of_each_class_validates_and_no_test_clip_is_read(world):
    _, run = world
    (fold,) = run.folds
    held = [run.videos[s.video_id].classes[0] for s in fold.validation.segments]
    assert {kind: held.count(kind) for kind in NAMES[1:]} == dict.fromkeys(NAMES[1:], 1)
    assert {s.video_id.partition("/")[0] for s in fold.train.segments} == {"train"}
    leakage = artifacts.read_json(run.workdir, "leakage.json")
    assert (leakage["verdict"], leakage["basis"]) == ("clean", "fits")


def test_the_report_is_that_of_scikit_learn(world):
    _, run = world
    videos = artifacts.read_scores(run.workdir).test
    part = run.metrics["recognition"]
    assert tuple(part["names"]) == NAMES
    probabilities = np.concatenate([v.recognized.probabilities for v in videos])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    calls = probabilities.argmax(axis=1)
    frames = np.concatenate([v.labels for v in videos])
    kinds = [next((n for n in NAMES if v.id[5:].startswith(n)), "normal") for v in videos]
    own = np.repeat([NAMES.index(kind) for kind in kinds], [len(v.scores) for v in videos])
    levels = {level["level"]: level for level in part["levels"]}
    check(levels["frame"], np.where(frames > 0, own, 0), calls, NAMES)
    means = [v.recognized.probabilities.mean(axis=0) for v in videos]
    whole = np.array([NAMES.index(kind) for kind in kinds])
    check(levels["video"], whole, np.argmax(means, axis=1), NAMES)
    bad = whole > 0
    among = 1 + np.array(means)[bad, 1:].argmax(axis=1)
    check(levels["abnormal video"], whole[bad], among, NAMES, first=1)
    ends = np.arange(4, ucf_miniature.FRAMES, 5)  # 36 frames hold seven chunks of five
    chunks = np.concatenate([v.recognized.probabilities[ends].argmax(axis=1) for v in videos])
    check(levels["chunk"], np.repeat(whole, len(ends)), chunks, NAMES)


def check(level, truth, calls, names, first=0):
    numbers = range(first, len(names))
    assert level["support"] == len(truth)
    assert level["confusion"] == sk.confusion_matrix(truth, calls, labels=numbers).tolist()
    assert level["accuracy"] == pytest.approx(sk.accuracy_score(truth, calls))
    rows = sk.precision_recall_fscore_support(truth, calls, labels=numbers, zero_division=0)
    for row, *values in zip(level["classes"], *rows, strict=True):
        for key, value in zip(("precision", "recall", "f1", "support"), values, strict=True):
            assert (row[key] or 0) == pytest.approx(value)


def test_colours_are_recognised(world):
    _, run = world
    levels = {level["level"]: level for level in run.metrics["recognition"]["levels"]}
    assert levels["abnormal video"]["accuracy"] == 1.0
    assert run.metrics["frame"]["auc_micro"] > 0.9


def test_the_score_is_the_probability_of_what_is_not_normal(world):
    _, run = world
    for video in artifacts.read_scores(run.workdir).test:
        normal = video.recognized.probabilities[:, 0]
        np.testing.assert_allclose(video.scores, 1 - normal, atol=1e-5)


def test_the_page_and_the_workbook_have_the_report(world):
    _, run = world
    page = (run.workdir / "report.html").read_text("utf-8")
    assert "confusion matrix and report by class" in page
    assert "never beside an AUC" in page
    sheet = openpyxl.load_workbook(run.workdir / "results.xlsx", read_only=True)["recognition"]
    heading, *rows = sheet.iter_rows(values_only=True)
    table = [dict(zip(heading, row, strict=True)) for row in rows]
    levels = run.metrics["recognition"]["levels"]
    assert len(table) == sum(len(level["classes"]) for level in levels)
    [abuse] = [r for r in table if (r["level"], r["class"]) == ("video", "Abuse")]
    counts = dict(zip(NAMES, levels[2]["confusion"][1], strict=True))
    assert abuse["called"] == "; ".join(f"{k} {n}" for k, n in counts.items() if n)
    assert abuse["support"] == 2
    assert (run.workdir / "figures/classes.png").is_file()
    with (run.workdir / "scores.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    videos = {v.id: v.recognized.probabilities for v in artifacts.read_scores(run.workdir).test}
    for row in rows[:: len(rows) // 50]:
        assert row["class"] == NAMES[videos[row["video"]][int(row["frame"])].argmax()]


def test_alarms_name_their_class(world):
    _, run = world
    with (run.workdir / "alarms.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows
    known = {video.id: video.recognized for video in artifacts.read_scores(run.workdir).test}
    for row in rows:
        recognized, alarm = known[row["video"]], slice(int(row["start"]), int(row["stop"]))
        likely = [float(p) for p in recognized.probabilities[alarm].mean(0)[1:]]
        name = recognized.names[1 + int(np.argmax(likely))]
        assert row["cue"] == "class" and row["finding"].startswith(f"{name} {max(likely):.2f}")
        assert float(row["value"]) == pytest.approx(max(likely), abs=6e-4)
    named = [row["finding"].split()[0] for row in rows]
    assert f"<b>class</b>: {named[0]}" in (run.workdir / "report.html").read_text("utf-8")


def test_latency_is_of_one_chunk_on_a_named_machine(world):
    _, run = world
    latency = run.metrics["recognition"]["latency"]
    assert latency["rows"] == 5 and latency["features_s"] > latency["model_s"] > 0
    assert "cores" in latency["machine"]


def test_weights_without_a_classifier_are_refused(world, tmp_path):
    root, _ = world
    config = config_of(root, **{"features.last_stage": "stage3"})
    with pytest.raises(UserError, match=r"'probabilities', but its weights .* have no classifier"):
        stages.run(config, tmp_path / "run", stage="extract", quiet=True)


def test_a_class_that_is_not_named_is_refused_in_training(world, tmp_path):
    root, _ = world
    config = config_of(root, **{"objective.classes": "Abuse,Arson"})
    stages.run(config, tmp_path / "run", stage="extract", quiet=True)
    with pytest.raises(UserError, match=r"train/Robbery\d+_x264 is abnormal and of none of the"):
        stages.run(config, tmp_path / "run", stage="train", quiet=True)


def test_chunks_are_written_and_read_back(world, tmp_path):
    root, run = world
    count = export(run, root / "chunks", form="chunks")
    assert count == 48 * (ucf_miniature.FRAMES // 5)
    array = np.load(root / "chunks" / "test_features.npy", allow_pickle=False)
    assert array.shape == (12 * 7, 5 * 1000) and array.dtype == np.float32
    labels = scipy.io.loadmat(root / "chunks" / "test_label.mat")["DatabaseLabel"]
    videos = [v for v in run.videos.values() if v.split == "test"]
    whole = [NAMES.index(v.classes[0]) if v.video_label else 0 for v in videos]
    np.testing.assert_array_equal(labels.argmax(axis=1), np.repeat(whole, 7))
    own = np.concatenate([run.store.read(v)[:35].reshape(7, -1) for v in videos])
    np.testing.assert_array_equal(array, own)

    small = {"train.epochs": 2, "model.units": (4,), "model.embed": 0}
    files = {"dataset.name": "features", "dataset.data_dir": str(root / "chunks")}
    files |= {"features.tap": "features", **small}
    config = config_of(root, **files)
    for stage in configs.STAGES:
        stages.run(config, tmp_path / "by_video", stage=stage, quiet=True)
    metrics = Run(config, tmp_path / "by_video", Console(quiet=True)).metrics
    supports = {level["level"]: level["support"] for level in metrics["recognition"]["levels"]}
    assert (supports["chunk"], supports["video"]) == (84, 12)
    assert metrics["leakage"]["verdict"] == "clean"
    assert metrics["recognition"]["latency"]["features_s"] is None

    (root / "chunks" / "chunks.csv").unlink()
    leaky = {"dataset.protocol": "random_chunk", "evaluate.threshold": "half"}
    config = config_of(root, **files, **leaky)
    for stage in configs.STAGES:
        stages.run(config, tmp_path / "at_random", stage=stage, quiet=True)
    metrics = Run(config, tmp_path / "at_random", Console(quiet=True)).metrics
    [level] = metrics["recognition"]["levels"]
    assert (level["level"], level["support"]) == ("window", math.ceil(0.2 * 36 * 7))
    leakage = metrics["leakage"]
    assert leakage["verdict"] == "leaky" and leakage["same_video"] is None  # clips are not known
    assert "the checkpoint is derived from test frames" in leakage["statistic"]


def test_random_chunks_of_videos_are_marked_leaky(world, tmp_path):
    root, _ = world
    leaky = {"dataset.protocol": "random_chunk", "evaluate.threshold": "half"}
    config = config_of(root, **leaky, **{"train.epochs": 2})
    for stage in configs.STAGES:
        stages.run(config, tmp_path / "run", stage=stage, quiet=True)
    metrics = Run(config, tmp_path / "run", Console(quiet=True)).metrics
    assert metrics["leakage"]["verdict"] == "leaky" and metrics["leakage"]["same_video"] == 1.0
    [level] = metrics["recognition"]["levels"]
    assert level["truth"] == "window" and level["support"] == math.ceil(0.2 * 36 * 7)
    assert "LEAKY" in (tmp_path / "run/report.html").read_text("utf-8").upper()


def test_the_published_code_has_its_parameters_by_config(tmp_path):
    changes = {
        "dataset.data_dir": str(tmp_path),
        "dataset.protocol": "random_chunk",
        "evaluate.threshold": "half",
        "window.length": 30,
        "window.stride": 30,
        "objective.classes": "",
        "model.bidirectional": False,
        "model.units": (512, 512, 512),
    }
    for reuse, count in ((True, 4_711_938), (False, 6_811_138)):
        config = runpy.run_path("configs/ucf_bdlstm.py")["get_config"]()
        config.update_from_flattened_dict({**changes, "model.reuse": reuse})
        model = WindowModel(configs.validate(config, inputs=False)).model((1000,))
        windows = jax.ShapeDtypeStruct((1, 30, 1000), np.float32)
        shapes = jax.eval_shape(lambda w, m=model: m.init(jax.random.key(0), w), windows)
        assert num_parameters(shapes) == count
    with pytest.raises(UserError, match=r"window\.stride=30, not 15"):
        config.window.stride = 15
        configs.validate(config, inputs=False)
