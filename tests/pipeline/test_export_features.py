"""Features that are written out and read back give the same run, without any video."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from vadjax import config as configs
from vadjax.config import shipped, user_code
from vadjax.errors import UserError
from vadjax.pipeline import stages
from vadjax.pipeline.export_features import export
from vadjax.pipeline.predict import detect
from vadjax.pipeline.run import Run
from vadjax.runtime.console import Console
from vadjax.storage import artifacts

DONE = ("extract", "train", "score")


def config_of(cache):
    config = configs.default_config()
    d, f, t = config.dataset, config.features, config.train
    d.num_train, d.num_test, d.num_frames, d.height, d.width = 4, 3, 24, 64, 96
    f.backbone, f.weights, f.height, f.width = "mobilenetv2_100", "random", 32, 32
    f.cache_dir = str(cache)
    config.window.length, config.model.units = 4, (8,)
    t.epochs, t.patience, t.batch_size = 2, 0, 16
    config.evaluate.num_bootstrap, config.evaluate.cross_fit = 20, 0
    return config


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A run up to its scores, and both forms of its features."""
    root = tmp_path_factory.mktemp("world")
    config = configs.validate(config_of(root / "cache"))
    for stage in DONE:
        stages.run(config, root / "run", stage=stage, quiet=True)
    run = Run(config, root / "run", Console(quiet=True))
    for form in ("videos", "classes", "published"):
        assert export(run, root / form, form=form) == sum(
            len(v.frames) for v in run.videos.values()
        )
    return root, run


def test_the_files_are_what_others_read(world):
    root, run = world
    for video in run.videos.values():
        own = np.load(root / "videos" / f"{video.id}.npy", allow_pickle=False)
        np.testing.assert_array_equal(own, run.store.read(video))
    videos = run.videos.values()
    labels = np.concatenate([video.labels for video in videos])
    rows = np.concatenate([run.store.read(video) for video in videos])
    for label, side in enumerate(("normal", "anomaly")):
        own = np.load(root / "classes" / f"{side}_features_mobilenetv2_100.npy")
        np.testing.assert_array_equal(own, rows[labels == label])


@pytest.mark.parametrize("form", ["videos", "classes", "published"])
def test_a_run_from_the_files_has_the_same_scores(world, form, tmp_path):
    root, run = world
    config = config_of(tmp_path / "cache")
    config.dataset.name, config.dataset.data_dir = "features", str(root / form)
    config = configs.validate(config)
    for stage in configs.STAGES if form == "videos" else DONE:
        stages.run(config, tmp_path / "run", stage=stage, quiet=True)
    ours, theirs = artifacts.read_scores(root / "run"), artifacts.read_scores(tmp_path / "run")
    for one, other in zip(
        ours.test + ours.calibration, theirs.test + theirs.calibration, strict=True
    ):
        assert one.id == other.id and one.fps == other.fps
        np.testing.assert_array_equal(one.scores, other.scores)
        np.testing.assert_array_equal(one.labels, other.labels)
    again = Run(config, tmp_path / "run", Console(quiet=True))
    for name, video in run.videos.items():
        read, kinds = again.videos[name], video.metadata["kinds"]
        assert read.classes == video.classes
        assert {k: (v > 0).tolist() for k, v in kinds.items()} == {
            k: v.tolist() for k, v in read.metadata.get("kinds", {}).items()
        }
    assert export(again, tmp_path / "again") and again.pictures is False
    if form == "videos":
        found = again.metrics
        assert found["leakage"]["verdict"] == "clean" and found["frame"]["auc_micro"] is not None
        assert found["detector"]["backbone"] == "mobilenetv2_100"
        with pytest.raises(UserError, match="trained on feature files"):
            from vadjax.pipeline.trained import TrainedDetector

            TrainedDetector(tmp_path / "run").score_videos([run.dataset.test[0]])
        with pytest.raises(UserError, match="was trained on feature files, and its detector"):
            TrainedDetector(tmp_path / "run").stream()
        with pytest.raises(UserError, match="was trained on feature files, and its detector"):
            detect(tmp_path / "run", ["not looked for"], out=tmp_path / "out", quiet=True)


def test_the_notebooks_config_runs_to_its_page_on_the_bare_pair(world, tmp_path):
    root, _ = world
    for path in (root / "classes").glob("*.npy"):  # without features.json, as published
        shutil.copy(path, tmp_path)
    config = user_code.load(shipped.find("features_npy"), "features_npy").get_config()
    config.dataset.data_dir, config.features.cache_dir = str(tmp_path), str(tmp_path / "cache")
    config.train.epochs, config.train.patience = 2, 0
    stages.run(configs.validate(config), tmp_path / "run", stage="all", quiet=True)
    found = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert found["coverage"].endswith("windows, 2 files") and found["unit"] == "window"
    # The files are the classes: their rows' places would give every label away.
    assert set(found["baselines"]) >= {"random", "nearest_alike"}
    assert "nearest_in_time" not in found["baselines"]
    for kind in ("neighbour", "augmented", "same_video"):
        assert found["leakage"][kind] is None
        assert "do not say of which clip" in found["reasons"][f"leakage.{kind}"]
    assert found["leakage"]["exact"] == 1.0 and found["leakage"]["verdict"] == "leaky"
    assert found["reasons"]["region"] == "the data set holds features, no pictures"
    page = (tmp_path / "run" / "report.html").read_text()
    assert "the data set holds features, no pictures" in page[page.index('id="left-out"') :]
    assert "altered copies of abnormal frames is not known" in page
    for wrong in ("0x0", "<img", "shorter windows", "frames were not made", "validation clips"):
        assert wrong not in page, wrong
    record = json.loads((tmp_path / "run" / "data.json").read_text())
    assert record["frame_sizes"] == []


def test_the_published_folder_holds_several_backbones(world, tmp_path):
    root, run = world
    place = root / "published" / "features" / "synthetic"
    names = {f"{side}_features_mobilenetv2_100.npy" for side in ("normal", "anomaly")}
    text = f"{run.dataset.title}.txt"
    assert {path.name for path in place.iterdir()} == {
        *names,
        "features_mobilenetv2_100.json",
        text,
    }
    for name in names:  # the same bytes as the pair alone
        assert (place / name).read_bytes() == (root / "classes" / name).read_bytes()
    rows = len(np.load(root / "classes" / "normal_features_mobilenetv2_100.npy"))
    assert f"mobilenetv2_100: 1280 features a row, {rows} normal and" in (place / text).read_text()
    shutil.copytree(root / "published", tmp_path / "two")
    for side in ("normal", "anomaly"):  # a published pair beside ours
        pair = tmp_path / "two" / "features" / "synthetic" / f"{side}_features_repvgg_a0.npy"
        np.save(pair, np.ones((9, 4), np.float32))
    export(run, tmp_path / "two", form="published")
    assert (
        "repvgg_a0: 4 features a row, 9 normal and 9 anomaly rows"
        in (tmp_path / "two" / "features" / "synthetic" / text).read_text()
    )
    (tmp_path / "two" / "features" / "synthetic" / "features_mobilenetv2_100.json").unlink()
    with pytest.raises(UserError, match="of mobilenetv2_100 that vadjax has not written"):
        export(run, tmp_path / "two", form="published")


def test_what_cannot_be_exported(world, tmp_path):
    _, run = world
    (tmp_path / "mine.txt").write_text("keep me")
    with pytest.raises(UserError, match=r"holds mine\.txt\. Give an empty folder"):
        export(run, tmp_path)
    with pytest.raises(UserError, match="is a file; give a folder"):
        export(run, tmp_path / "mine.txt")
    other = Run(run.config.copy_and_resolve_references(), run.workdir, Console(quiet=True))
    other.config.features.tap = "map"
    with pytest.raises(UserError, match="maps are not exported"):
        export(other, tmp_path / "maps")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--workdir=gone", "--out=x"], "gone is no workdir of vadjax"),
        (["--out=x"], "give --workdir=RUN and --out=FOLDER"),
        (["--workdir=gone", "--out=x", "--format=csv"], "flag '--format' unknown"),
    ],
)
def test_the_command_answers_mistakes(arguments, message, tmp_path):
    command = [sys.executable, "-m", "vadjax", "export-features", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1 and message in done.stderr and "Traceback" not in done.stderr
