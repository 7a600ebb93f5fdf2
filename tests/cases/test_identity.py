"""Whose features a score is made of, and what a run says it is: files of one name that differ."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest

from tests.data import layouts
from vadjax import config as configs
from vadjax.data.builders.avenue import Avenue
from vadjax.data.builders.expected import Side
from vadjax.data.paths.fingerprints import fingerprint_before
from vadjax.errors import UserError
from vadjax.pipeline import predict, stages
from vadjax.pipeline.run import Run
from vadjax.runtime.console import Console

LENGTHS = {"training": (14, 15), "testing": (16, 17)}
MASKED = [(5, 9), (3, 12)]


@pytest.fixture
def small_avenue(monkeypatch):
    test = Side(2, 33, LENGTHS["testing"], {"pixel_masks": (5, 10)}, masks=(1, 2))
    expected = {"train": Side(2, 29, (0, 5)), "test": test}
    monkeypatch.setattr(Avenue, "expected", expected)
    monkeypatch.setattr(Avenue, "size", (layouts.HEIGHT, layouts.WIDTH))


def write_clip(path: pathlib.Path, num_frames: int, seed: int) -> pathlib.Path:
    """Write a video of noise: no two seeds have a frame in common."""
    path.parent.mkdir(parents=True, exist_ok=True)
    codec, size = cv2.VideoWriter_fourcc(*"MJPG"), (layouts.WIDTH, layouts.HEIGHT)
    writer, rng = cv2.VideoWriter(str(path), codec, 25, size), np.random.default_rng(seed)
    for _ in range(num_frames):
        writer.write(rng.integers(0, 255, (*size[::-1], 3), np.uint8))
    writer.release()
    return path


def avenue(root: pathlib.Path, seed: int) -> pathlib.Path:
    """Write Avenue's layout: the names and lengths of one folder are those of every other."""
    for side, lengths in LENGTHS.items():
        for n, length in enumerate(lengths, 1):
            write_clip(root / f"{side}_videos" / f"{n:02d}.avi", length, 10 * seed + n + len(side))
    for n, (length, ranges) in enumerate(zip(LENGTHS["testing"], MASKED, strict=True), 1):
        file = root / "ground_truth_demo" / "testing_label_mask" / f"{n}_label.mat"
        layouts.write_vollabel(file, layouts.label([ranges], length))
    return root


def config(data_dir, cache, *, name="avenue", detector="knn"):
    """A detector that reads pixels and, for its baselines, motion; nothing is trained."""
    made = configs.default_config()
    made.dataset.name, made.dataset.data_dir = name, str(data_dir)
    made.features.cache_dir = str(cache)
    made.features.backbone, made.features.height, made.features.width = "pixels", 12, 18
    made.detector.name, made.window.length = detector, 4
    made.evaluate.num_bootstrap, made.explain.maps, made.explain.num_pictures = 20, False, 0
    return configs.validate(made)


def figures(metrics) -> tuple:
    """What must not depend on what else lies in the cache."""
    return metrics["frame"]["auc_micro"], metrics["frame"]["ap"], metrics["baselines"]


def evaluated(settings, workdir):
    for stage in ("extract", "train", "score", "evaluate"):
        metrics = stages.run(settings, workdir, stage=stage, quiet=True)
    return metrics


@pytest.mark.parametrize("first, second", [(1, 2), (2, 1)])
def test_figures_stay_when_a_folder_of_the_same_names_is_extracted_into_the_cache(
    small_avenue, tmp_path, first, second
):
    ours, theirs = (avenue(tmp_path / str(seed), seed) for seed in (first, second))
    alone = figures(evaluated(config(ours, tmp_path / "alone"), tmp_path / "w0"))
    other = figures(evaluated(config(theirs, tmp_path / "other"), tmp_path / "w1"))
    assert alone != other
    shared = tmp_path / "shared"
    workdir = tmp_path / "w2"
    assert figures(evaluated(config(ours, shared), workdir)) == alone
    assert figures(evaluated(config(theirs, shared), tmp_path / "w3")) == other
    for stage in ("score", "evaluate"):
        metrics = stages.run(config(ours, shared), workdir, stage=stage, quiet=True)
    assert figures(metrics) == alone
    assert figures(evaluated(config(ours, shared), tmp_path / "w4")) == alone


def trained_config(data_dir, cache, epochs):
    made = config(data_dir, cache, detector="window_model")
    made.model.units, made.train.epochs, made.train.patience = (4,), epochs, 0
    made.train.checkpoint_every = 1
    return made


def recorded(workdir) -> dict:
    return json.loads((workdir / "config.json").read_text())["config"]


def files(workdir) -> dict[str, bytes]:
    """What says what a run is."""
    names = ("config.json", "metrics.json", "scores.npz", "environment.json", "log.jsonl")
    return {name: (workdir / name).read_bytes() for name in names}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of 4 epochs on a folder of noise: its folder, and of which data."""
    root = tmp_path_factory.mktemp("trained")
    for n in range(3):
        write_clip(root / "videos" / "train" / f"{n}.avi", 14, n)
    write_clip(root / "videos" / "test" / "9.avi", 16, 9)
    (root / "videos" / "labels.csv").write_text("video,start,stop\n9,5,9\n")
    evaluated(asked(root, 4), root / "run")
    return root


def asked(root, epochs, **changes):
    made = trained_config(root / "videos", root / "cache", epochs)
    made.dataset.name = "folder"
    made.update_from_flattened_dict({k.replace("__", "."): v for k, v in changes.items()})
    return configs.validate(made)


@pytest.fixture
def run(trained, tmp_path):
    shutil.copytree(trained / "run", tmp_path / "run")
    return tmp_path / "run"


@pytest.mark.parametrize("stage", ["all", "extract", "train", "evaluate", "report"])
def test_fewer_epochs_than_were_trained_are_refused_and_nothing_is_rewritten(trained, run, stage):
    before = files(run)
    with pytest.raises(UserError, match=r"was trained for 4 epochs already, and train.epochs=3"):
        stages.run(asked(trained, 3), run, stage=stage, quiet=True)
    assert files(run) == before


def test_more_epochs_go_on_and_are_recorded_when_they_are_done(trained, run):
    stages.run(asked(trained, 6), run, stage="extract", quiet=True)
    assert recorded(run)["train"]["epochs"] == 4  # nothing was trained yet
    stages.run(asked(trained, 6), run, stage="train", quiet=True)
    assert recorded(run)["train"]["epochs"] == 6
    for stage in ("evaluate", "explain", "report"):  # the scores were those of 4 epochs
        with pytest.raises(UserError, match=r"scores.npz is missing|metrics.json is missing"):
            stages.run(asked(trained, 6), run, stage=stage, quiet=True)
    metrics = evaluated(asked(trained, 6), run)
    assert (metrics["detector"]["epochs"], metrics["detector"]["epochs_trained"]) == (6, [6])


def test_a_training_that_stopped_early_keeps_the_epochs_that_were_asked_of_it(trained, tmp_path):
    """Of 9 epochs 2 or 3 were trained; asking for 5 trains nothing, and 9 stay recorded."""
    workdir, patient = tmp_path / "w", {"train__patience": 1, "train__learning_rate": 1.0}
    metrics = evaluated(asked(trained, 9, **patient), workdir)
    [count] = metrics["detector"]["epochs_trained"]
    assert count < 5 and metrics["detector"]["epochs"] == 9
    metrics = stages.run(asked(trained, 5, **patient), workdir, quiet=True)
    assert recorded(workdir)["train"]["epochs"] == metrics["detector"]["epochs"] == 9
    assert metrics["detector"]["epochs_trained"] == [count]


CHANGES = [
    ("score__aggregate", "mean", ("evaluate", "explain", "report")),
    ("evaluate__quantile", 0.5, ("explain", "report")),
    ("train__epochs", 7, ("score", "evaluate", "report")),
]


@pytest.mark.parametrize("key, value, later", CHANGES)
def test_a_stage_is_not_run_on_the_files_of_other_settings(trained, run, key, value, later):
    before = files(run)
    for stage in later:
        with pytest.raises(UserError, match=r"was done with other settings(.|\n)*there, .* asked"):
            stages.run(asked(trained, 4, **{key: value}), run, stage=stage, quiet=True)
    assert files(run) == before


def test_settings_of_a_stage_that_is_not_run_are_not_recorded(trained, run):
    before = files(run)
    changes = {"evaluate__quantile": 0.5, "score__aggregate": "mean", "train__checkpoint_every": 9}
    stages.run(asked(trained, 4, **changes), run, stage="train", quiet=True)
    assert files(run) == before


def test_a_stage_that_is_run_again_records_its_settings_and_drops_what_came_of_the_old(
    trained, run
):
    changes = {"score__aggregate": "mean"}
    stages.run(asked(trained, 4, **changes), run, stage="score", quiet=True)
    assert recorded(run)["score"]["aggregate"] == "mean" and not (run / "metrics.json").exists()
    metrics = stages.run(asked(trained, 4, **changes), run, stage="evaluate", quiet=True)
    assert metrics["frame"]["auc_micro"] is not None
    assert recorded(run)["score"]["aggregate"] == "mean"


def test_speed_and_places_may_change_at_any_stage(trained, run):
    changes = {"score__batch_size": 7, "features__batch_size": 3, "train__num_devices": 1}
    stages.run(asked(trained, 4, **changes), run, stage="evaluate", quiet=True)
    assert recorded(run)["score"]["batch_size"] == 256  # the scores are those of before


def rows_of(out, name) -> list[str]:
    lines = (out / "scores.csv").read_text().splitlines()
    return [line.partition(",")[2] for line in lines if line.startswith(f"{name},")]


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_two_files_of_one_name_keep_their_scores(trained, tmp_path, order):
    """`latest.avi` of two cameras, alone and together, in both orders."""
    paths = {c: write_clip(tmp_path / c / "latest.avi", 12, ord(c)) for c in "ab"}
    times = os.stat(paths["a"])
    for path in paths.values():
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    alone = {}
    for camera in order:
        predict.detect(trained / "run", [str(paths[camera])], out=tmp_path / camera, quiet=True)
        alone[camera] = rows_of(tmp_path / camera, "latest")
    assert len(alone["a"]) == 12 and alone["a"] != alone["b"]
    both = [str(paths[camera]) for camera in order]
    predict.detect(trained / "run", both, out=tmp_path / "both", quiet=True)
    assert rows_of(tmp_path / "both", "latest") == alone[order[0]]
    assert rows_of(tmp_path / "both", f"{order[1]}/latest") == alone[order[1]]


def test_a_video_replaced_in_place_is_extracted_again_or_refused(trained, tmp_path):
    root = shutil.copytree(trained / "videos", tmp_path / "videos")
    settings = trained_config(root, tmp_path / "cache", 2)
    settings.dataset.name = "folder"
    evaluated(settings, tmp_path / "run")
    path = root / "test" / "9.avi"
    stat = path.stat()
    write_clip(path, 16, 77)
    content = path.read_bytes()[: stat.st_size].ljust(stat.st_size, b"\0")  # of the same size
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    for stage in ("score", "evaluate", "report", "extract"):
        with pytest.raises(UserError, match=r"belongs to other videos: 1 of 4 differ.*test/9"):
            stages.run(settings, tmp_path / "run", stage=stage, quiet=True)
    run = Run(settings, tmp_path / "new", Console(quiet=True))
    with pytest.raises(UserError, match="no features of test/9"):
        run.store.read(run.videos["test/9"])


def test_a_run_folder_of_an_earlier_version_goes_on(trained, run):
    """Its data.json has fingerprints of names, sizes and times; other files are refused."""
    file = run / "data.json"
    saved = json.loads(file.read_text())
    this = Run(asked(trained, 4), run, Console(quiet=True))
    old = {n: fingerprint_before(v.frames.files, v.fingerprint) for n, v in this.videos.items()}
    assert all(old[name] != saved["videos"][name] for name in old)
    del saved["fingerprints"]
    file.write_text(json.dumps({**saved, "videos": {**old, "test/9": "another"}}))
    with pytest.raises(UserError, match=r"other videos: 1 of 4 differ, such as test/9"):
        stages.run(asked(trained, 4), run, stage="evaluate", quiet=True)
    file.write_text(json.dumps({**saved, "videos": old}))
    stages.run(asked(trained, 4), run, stage="evaluate", quiet=True)
    assert json.loads(file.read_text())["fingerprints"] == "content"


DETECT = """
import sys, time
from vadjax.pipeline import predict
from vadjax.pipeline.trained import TrainedDetector
def wait(self, videos, **more):
    print("in", flush=True)
    time.sleep(120)
TrainedDetector.score_videos = wait
predict.detect(*map(__import__("pathlib").Path, sys.argv[1:2]), sys.argv[2:3],
               out=__import__("pathlib").Path(sys.argv[3]), quiet=True)
"""


def test_two_detects_into_one_folder_do_not_meet(trained, tmp_path):
    video, out = str(write_clip(tmp_path / "x.avi", 12, 5)), tmp_path / "out"
    child = subprocess.Popen(
        [sys.executable, "-c", DETECT, trained / "run", video, out], stdout=subprocess.PIPE
    )
    try:
        assert child.stdout.readline() == b"in\n"
        with pytest.raises(UserError, match=rf"another process .pid {child.pid}. works in .*--out"):
            predict.detect(trained / "run", [video], out=out, quiet=True)
    finally:
        child.kill()
        child.wait()
    predict.detect(trained / "run", [video], out=out, quiet=True)


def test_what_detect_replaces_is_said_and_a_run_is_not_replaced(trained, tmp_path, capsys):
    video, out = str(write_clip(tmp_path / "=cmd|'x'!A1.avi", 12, 5)), tmp_path / "out"
    for _ in range(2):
        predict.detect(trained / "run", [video], out=out)
    first, second = capsys.readouterr().out.split("report:")[:2]
    assert "are replaced" not in first
    said = " ".join(second.split())
    assert "scores.csv, alarms.csv, alarms.jsonl, report.html of 20" in said
    assert "are replaced; --out=" in said
    assert len(rows_of(out, "'=cmd|'x'!A1")) == 12  # no formula in a spreadsheet
    with pytest.raises(UserError, match=r"is the folder of a run, whose report.html would be"):
        predict.detect(trained / "run", [video], out=trained / "run", quiet=True)
