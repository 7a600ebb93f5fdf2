"""The main job on a tiny synthetic set: all stages, resumed stages, detect, the user's mistakes."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
from ml_collections import ConfigDict

from tests.sweeps import tiny as tiny_sweeps
from vadjax import config as configs
from vadjax.errors import UserError
from vadjax.evaluation import schema
from vadjax.pipeline import predict, stages
from vadjax.runtime.console import Console
from vadjax.storage import artifacts
from vadjax.sweeps.folder import run_sweep


def tiny(cache) -> ConfigDict:
    """A config that runs in seconds."""
    config = configs.default_config()
    d, f, t = config.dataset, config.features, config.train
    d.num_train, d.num_test, d.num_frames, d.height, d.width = 4, 3, 40, 96, 128
    f.backbone, f.weights, f.height, f.width = "mobilenetv2_100", "random", 32, 32
    f.cache_dir = str(cache)
    config.window.length, config.model.units = 4, (8,)
    t.epochs, t.patience, t.batch_size = 2, 0, 16
    config.evaluate.num_bootstrap, config.explain.deletion_images = 20, 1000
    return config


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def finished(cache, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("run")
    metrics = stages.run(configs.validate(tiny(cache)), workdir, quiet=True, command="a command")
    return workdir, metrics


def test_a_run_leaves_what_the_design_names(finished):
    workdir, metrics = finished
    files = """config.json environment.json leakage.json log.jsonl scores.npz metrics.json
        report.html results.xlsx figures/roc.png figures/timelines.png
        detector/fold0/state.json detector/fold0/state.npz"""
    for name in files.split():
        assert (workdir / name).stat().st_size > 0, name
    assert list((workdir / "tensorboard").rglob("events*"))
    schema.validate(metrics)
    assert metrics["leakage"]["verdict"] == "clean"
    counts = metrics["accounting"]
    assert counts["labels"] == counts["frames"] == counts["scored"] + counts["filled"]
    # The first frames are scored by shorter windows; the very first is predicted from nothing.
    assert counts["filled"] == counts["videos"] == 3
    assert any("random" in text for text in metrics["warnings"])
    assert set(metrics["baselines"]) >= {"random", "frame_index", "clip_centre", "knn"}
    assert metrics["baselines"].keys() >= {"mahalanobis", "flow_box", "frame_difference"}
    page = (workdir / "report.html").read_text()
    assert "<span>a</span> <span>command</span>" in page and "random" in page


def test_the_page_is_there_before_its_pictures(cache, tmp_path, monkeypatch):
    seen, explain = [], stages.STAGES["explain"]

    def looked_at(run):
        seen.append((run.workdir / "report.html").read_text())
        assert not artifacts.is_done(run.workdir, "report")  # a run that is killed now has no page
        explain(run)

    monkeypatch.setitem(stages.STAGES, "explain", looked_at)
    stages.run(tiny(cache), tmp_path, quiet=True)
    (early,), last = seen, (tmp_path / "report.html").read_text()
    assert 'http-equiv="refresh"' in early and "Not finished." in early
    assert artifacts.is_done(tmp_path, "report")
    assert 'http-equiv="refresh"' not in last and "Not finished." not in last
    for part in ('id="timelines"', "test/01"):
        assert part in early and part in last
    assert "/9j/" in last and "/9j/" not in early  # the first bytes of a jpeg


def test_the_headline_is_that_of_scikit_learn(finished, cache):
    from sklearn.metrics import roc_auc_score

    from vadjax import data

    workdir, metrics = finished
    dataset = data.load(tiny(cache).dataset, cache_dir=cache)
    scored = {video.id: video for video in artifacts.read_scores(workdir).test}
    scores = [scored[v.id].scores for v in dataset.test]
    kept = [scored[v.id].labels for v in dataset.test]
    labels = [v.labels for v in dataset.test]
    assert all(k.dtype == np.uint8 for k in kept) and [*map(list, kept)] == [*map(list, labels)]
    want = roc_auc_score(np.concatenate(labels), np.concatenate(scores))
    assert metrics["frame"]["auc_micro"] == pytest.approx(want, abs=1e-12)


def test_stages_run_alone_and_again(finished, cache):
    workdir, metrics = finished
    before = (workdir / "scores.npz").read_bytes()
    took = json.loads((workdir / "timing.json").read_text())
    for stage in stages.ORDER:
        stages.run(tiny(cache), workdir, stage=stage, quiet=True)
    assert (workdir / "scores.npz").read_bytes() == before
    now = json.loads((workdir / "timing.json").read_text())
    for key in ("extract_s", "train_s", "train_compile_s", "train_epochs_s"):
        assert now[key] == took[key]  # it was not done again
    again = json.loads((workdir / "metrics.json").read_text())
    for part in ("frame", "explain", "region"):
        assert again[part] == metrics[part]


def test_a_stage_without_the_one_before_says_which(cache, tmp_path):
    with pytest.raises(UserError, match="--stage=train"):
        stages.run(tiny(cache), tmp_path, stage="score", quiet=True)
    with pytest.raises(UserError, match="--stage=score"):
        stages.run(tiny(cache), tmp_path, stage="evaluate", quiet=True)


def test_another_config_is_refused(finished, cache):
    config = tiny(cache)
    config.train.learning_rate = 0.5
    with pytest.raises(UserError, match=r"train.learning_rate: 0.001 there, 0.5 asked"):
        stages.run(config, finished[0], quiet=True)


def test_figures_of_another_config_do_not_stay_beside_it(finished, cache, tmp_path):
    """Ended before it evaluates, a command leaves the record of the metrics that are there."""
    workdir = shutil.copytree(finished[0], tmp_path / "run")
    config = tiny(cache)
    config.report.title = "another title"
    stages.run(config, workdir, stage="extract", quiet=True)
    assert (workdir / "metrics.json").is_file()
    config.evaluate.quantile = 0.8
    before = [(workdir / name).read_bytes() for name in ("config.json", "metrics.json")]
    stages.run(config, workdir, stage="extract", quiet=True)
    assert before == [(workdir / name).read_bytes() for name in ("config.json", "metrics.json")]
    with pytest.raises(UserError, match=r"evaluate.quantile: 0.99 there, 0.8 asked"):
        stages.run(config, workdir, stage="report", quiet=True)
    metrics = stages.run(config, workdir, stage="evaluate", quiet=True)
    saved = json.loads((workdir / "config.json").read_text())
    assert metrics["threshold"]["rule"] == "by_clip"
    assert saved["config"]["evaluate"]["quantile"] == 0.8
    assert saved["config"]["report"]["title"] == ""  # the page is that of before


def test_what_cannot_be_scored_is_said_before_anything_is_extracted(cache, tmp_path):
    config = tiny(cache)
    config.window.length, config.score.first_frames = 41, "fill"
    with pytest.raises(UserError, match=r"3 video.s. to score are shorter than the 41 frames"):
        stages.run(config, tmp_path / "w", quiet=True)
    assert not (tmp_path / "w" / "config.json").exists()


def test_a_protocol_that_the_clips_do_not_allow_is_told_before_anything_is_extracted(tmp_path):
    config = tiny(tmp_path / "cache")
    config.dataset.protocol = "official"
    with pytest.raises(UserError, match="no split was published with synthetic"):
        stages.run(config, tmp_path / "w", quiet=True)
    assert not (tmp_path / "w" / "config.json").exists()
    assert not list((tmp_path / "cache" / "features").rglob("*.npy"))
    spec = tiny_sweeps.specs(config, {"seed": 1})
    assert "no split was published" in str(
        run_sweep(spec, tmp_path / "s", console=Console(quiet=True))[1]
    )
    assert not list((tmp_path / "cache" / "features").rglob("*.npy"))


def test_every_test_frame_has_a_map(finished, cache):
    workdir, metrics = finished
    maps = artifacts.read_maps(workdir)
    facts = artifacts.read_json(workdir, "explain/maps.json")
    assert {name: m.shape for name, m in maps.items()} == {
        row["id"]: (row["frames"], *facts["grid"]) for row in metrics["videos"]
    }
    assert (facts["method"], facts["tap"]) == ("gradcam++", "map")
    scores = {video.id: video.scores for video in artifacts.read_scores(workdir).test}
    for name, values in maps.items():
        assert values.dtype == np.float16 and values.min() >= 0
        means = values.astype(np.float64).mean((1, 2)) * facts["unit"]
        np.testing.assert_allclose(means, scores[name], rtol=2e-3)
    found = metrics["explain"]
    assert found["frames"] > 0 and metrics["region"]["videos"] == 3
    for measure in ("pointing", "energy", "map_auc", "deletion"):
        assert found[measure].keys() >= {"value", "chance", "centre", "motion"}
    assert found["sanity"] is None  # a map of one place has no order of places
    assert "no differences" in metrics["reasons"]["explain.sanity"]
    path = workdir / "explain" / "maps.npz"
    whole = path.read_bytes()
    try:
        path.write_bytes(whole[:100])
        with pytest.raises(UserError, match=r"maps.npz is damaged.*--stage=explain"):
            artifacts.read_maps(workdir)
    finally:
        path.write_bytes(whole)


def test_deletion_of_too_few_frames_is_no_figure(finished, cache):
    config = tiny(cache)
    config.explain.deletion_images, config.explain.videos = 100, False
    metrics = stages.run(config, finished[0], stage="explain", quiet=True)
    assert metrics["explain"]["deletion"] is None
    assert "more than explain.deletion_images=100" in metrics["reasons"]["explain.deletion"]


def test_a_method_that_does_not_go_with_the_model_is_refused(finished, cache):
    config = tiny(cache)
    config.explain.method = "error"
    with pytest.raises(UserError, match=r"explain.method=error: model 'lstm' reads pooled"):
        stages.run(config, finished[0], stage="explain", quiet=True)


def test_damaged_scores_are_said(finished, cache):
    workdir, _ = finished
    path = workdir / "scores.npz"
    whole = path.read_bytes()
    try:
        path.write_bytes(whole[:100])
        with pytest.raises(UserError, match=r"damaged.*--stage=score"):
            stages.run(tiny(cache), workdir, stage="evaluate", quiet=True)
    finally:
        path.write_bytes(whole)


def test_detect_scores_new_videos(finished, tmp_path):
    workdir, _ = finished
    folder = tmp_path / "frames <b>"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i in range(12):
        cv2.imwrite(str(folder / f"{i}.png"), rng.integers(0, 255, (40, 60, 3), np.uint8))
    file = str(tmp_path / "clip.avi")
    writer = cv2.VideoWriter(file, cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
    for i in range(9):
        writer.write(np.full((48, 64, 3), 20 * i, np.uint8))
    writer.release()
    out = tmp_path / "out"
    scored = predict.detect(workdir, [str(folder), file], out=out, quiet=True)
    assert [len(video.scores) for video in scored] == [12, 9]
    assert [video.id for video in scored] == [folder.name, "clip"]
    with (out / "scores.csv").open() as rows:
        assert len(list(csv.DictReader(rows))) == 21
    assert (out / "alarms.csv").is_file()
    page = (out / "report.html").read_text()
    assert "frames &lt;b&gt;" in page and "frames <b>" not in page

    def times(name: str) -> list[str]:
        with (out / "scores.csv").open() as rows:
            return [row["time_s"] for row in csv.DictReader(rows) if row["video"] == name]

    assert set(times(folder.name)) == {""} and float(times("clip")[3]) == 0.3
    predict.detect(workdir, [str(folder), file], out=out, fps=5, quiet=True)
    assert float(times(folder.name)[3]) == 0.6 and float(times("clip")[3]) == 0.3


def test_detect_refuses_what_it_cannot_use(finished, tmp_path):
    workdir, _ = finished
    with pytest.raises(UserError, match="does not exist"):
        predict.detect(workdir, [str(tmp_path / "no.avi")], out=tmp_path, quiet=True)
    with pytest.raises(UserError, match="no workdir of vadjax"):
        predict.detect(tmp_path, ["x"], out=tmp_path, quiet=True)
    short = tmp_path / "short"
    short.mkdir()
    cv2.imwrite(str(short / "0.png"), np.zeros((40, 60), np.uint8))
    with pytest.raises(UserError, match="shorter than the 2 frames that a score needs"):
        predict.detect(workdir, [str(short)], out=tmp_path, quiet=True)


def command(*args, **kwargs):
    return subprocess.run(
        [sys.executable, "-m", *args], capture_output=True, text=True, timeout=120, **kwargs
    )


def test_mistakes_at_the_door_are_one_message_without_traceback(tmp_path):
    cases = {
        "train.epochs": ("--config=configs/synthetic_lstm.py", "--config.train.epoch=3"),
        "configs/nope.py": ("--config=configs/nope.py",),
        "--config.dataset.data_dir": ("--config=configs/ped2_lstm.py",),
        "give --config": (),
        "unexpected argument": ("--config=configs/synthetic_lstm.py", "stray"),
        "'lstm'": ("--config=configs/synthetic_lstm.py", "--config.model.name=lsmt"),
    }
    for text, args in cases.items():
        done = command("vadjax.main", f"--workdir={tmp_path / 'w'}", *args)
        assert done.returncode == 1 and text in done.stderr, (args, done.stderr)
        assert "Traceback" not in done.stderr and not (tmp_path / "w").exists()
    done = command("vadjax.detect", "video.avi")
    assert done.returncode == 1 and "--workdir" in done.stderr


def test_a_file_that_is_no_video_has_one_message_the_decoders_none(tmp_path):
    for side in ("train", "test"):
        (tmp_path / side).mkdir()
        (tmp_path / side / "clip.mp4").write_text("no video")
    folder = f"--config.dataset.data_dir={tmp_path}"
    where = (f"--workdir={tmp_path / 'w'}", f"--config.features.cache_dir={tmp_path / 'cache'}")
    done = command("vadjax.main", "--config=configs/folder_lstm.py", folder, *where)
    first, *rest = done.stderr.splitlines()
    assert done.returncode == 1 and first.startswith("vadjax: ") and "cannot be decoded" in first
    assert len(rest) == 1 and "cannot be decoded" in rest[0]


def test_help_is_quick_and_says_the_command():
    start = time.perf_counter()
    done = command("vadjax.main", "--help")
    assert done.returncode == 0 and "--config" in done.stdout
    imported = command("vadjax.main", "--help", env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1"})
    assert "| jax" not in imported.stderr and "sklearn" not in imported.stderr
    assert time.perf_counter() - start < 60


@pytest.mark.slow
def test_a_killed_extraction_does_only_unfinished_videos_again(tmp_path):
    config = tiny(tmp_path / "cache")
    config.dataset.num_frames, config.features.height, config.features.width = 60, 96, 96
    overrides = [
        f"--config.{key}={value}"
        for key, value in configs.flatten(config.to_dict()).items()
        if value != configs.flatten(configs.default_config().to_dict())[key]
        and not isinstance(value, tuple)
    ]
    args = ["vadjax.main", "--config=configs/synthetic_lstm.py", *overrides, "--stage=extract"]
    child = subprocess.Popen(
        [sys.executable, "-m", *args, f"--workdir={tmp_path / 'w'}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    store = tmp_path / "cache" / "features"
    deadline = time.monotonic() + 120
    while not (done := list(store.rglob("t*.json"))) and time.monotonic() < deadline:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert done, "no video was finished before the deadline"
    before = {
        p: p.stat().st_mtime_ns for p in store.rglob("t*.npy") if p.with_suffix(".json").is_file()
    }
    again = command(*args, f"--workdir={tmp_path / 'w'}")
    assert again.returncode == 0, again.stderr
    assert all(p.stat().st_mtime_ns == t for p, t in before.items())
    assert len(list(store.rglob("t*.json"))) == 2 * 7 and not list(store.rglob(".tmp-*"))
