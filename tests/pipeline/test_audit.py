"""The leakage audit of a run: copies of clips are found, named and part of the verdict."""

import dataclasses
import json
import os
import pathlib

import cv2
import numpy as np
import pytest

from vadjax import config as configs
from vadjax.pipeline import audit as audits
from vadjax.pipeline import stages
from vadjax.pipeline.audit import audit, copies_in_words
from vadjax.pipeline.run import Run
from vadjax.runtime.console import Console

DATA = pathlib.Path(os.environ.get("VADJAX_TEST_DATA", ""))


def walk(seed, num_frames=60):
    """Return grey frames [t, 96, 128] of a fixed camera: three people walk."""
    rng = np.random.default_rng(seed)
    frames = np.full((num_frames, 96, 128), 90, np.uint8)
    frames[:, 40:70] = 150
    for _ in range(3):
        (x, y), dx, level = rng.integers(0, 80, 2), rng.uniform(-3, 3), rng.integers(0, 256)
        for t in range(num_frames):
            left = int(x + dx * t) % 128
            frames[t, y : y + 25, left : left + 10] = level
    return np.clip(frames + rng.integers(-3, 4, frames.shape), 0, 255).astype(np.uint8)


def write(folder, clips):
    for name, frames in clips.items():
        (folder / name).mkdir(parents=True)
        for t, frame in enumerate(frames):
            cv2.imwrite(str(folder / name / f"{t:03d}.png"), frame)


def config_of(folder, cache, labelled, **changes):
    config = configs.default_config()
    config.dataset.name, config.dataset.data_dir = "folder", str(folder)
    config.features.cache_dir, config.detector.name = str(cache), "frame_difference"
    config.evaluate.num_bootstrap, config.window.length = 20, 4
    for key, value in changes.items():
        config.dataset[key] = value
    if labelled:
        (folder / "labels.csv").write_text("video,start,stop\nb,10,20\n")
    return configs.validate(config)


@pytest.fixture(scope="module", params=[True, False], ids=["labelled", "unlabelled"])
def copied(request, tmp_path_factory):
    """A folder whose test clip a is training clip 1 without its first frames, brighter."""
    folder = tmp_path_factory.mktemp("videos")
    train = {f"train/{n}": walk(n) for n in range(4)}
    copy = np.clip(train["train/1"][5:50].astype(int) + 30, 0, 255)
    write(folder, {**train, "test/a": copy, "test/b": walk(20)})
    return config_of(folder, tmp_path_factory.mktemp("cache"), request.param)


def test_a_copied_test_clip_makes_the_run_leaky(copied, tmp_path, capsys):
    metrics = stages.run(copied, tmp_path, quiet=False)
    leakage = json.loads((tmp_path / "leakage.json").read_text())
    [copy] = leakage["copies"]
    assert (copy["video"], copy["other"], copy["kind"]) == ("test/a", "train/1", "altered")
    assert copy["other_start"] - copy["start"] == 5 and copy["stop"] - copy["start"] > 30
    assert metrics["leakage"]["verdict"] == leakage["verdict"] == "leaky"
    assert leakage["duplicate"] == pytest.approx((copy["stop"] - copy["start"]) / 105)
    said = " ".join(capsys.readouterr().out.split())
    assert "test/a frames" in said and "are train/1 from frame" in said
    page = (tmp_path / "report.html").read_text()
    assert "test/a frames" in page and "leaky" in page


def test_a_clean_folder_stays_clean(tmp_path):
    write(
        tmp_path / "videos", {f"{s}/{n}": walk(n) for n, s in enumerate(["train"] * 4 + ["test"])}
    )
    run = Run(config_of(tmp_path / "videos", tmp_path, False), tmp_path, Console(quiet=True))
    audit(run)
    leakage = json.loads((tmp_path / "leakage.json").read_text())
    assert leakage["verdict"] == "clean"
    assert leakage["copies"] == [] and leakage["duplicate"] == 0.0


def test_many_copies_are_counted_and_some_named():
    copies = [
        {"video": f"test/{n}", "start": 0, "stop": 9, "other": "train/1", "other_start": n}
        | {"kind": "equal", "score": 1.0}
        for n in range(8)
    ]
    [sentence] = copies_in_words({"copies": copies})
    assert sentence.startswith("8 test clips show frames of clips that were used in training")
    assert "test/0 frames 0 to 8 are train/1 from frame 0 (equal)" in sentence
    assert sentence.endswith("and 3 more (leakage.json)")
    assert copies_in_words({"copies": []}) == copies_in_words({"copies": None}) == []


SETS = [("ucsd_ped2", "data/ped2"), ("avenue", "data/Avenue_Dataset"), ("synthetic", "")]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "folder"), SETS)
def test_fixed_cameras_give_no_false_copy(name, folder, tmp_path):
    """Every clip of a published set against every other: none is a copy."""
    from vadjax import data
    from vadjax.data.leakage.copy_search import find_copies

    if folder and not (DATA / folder).is_dir():
        pytest.skip("the data set is not here: set VADJAX_TEST_DATA")
    config = configs.default_config().dataset
    config.name, config.data_dir = name, str(DATA / folder) if folder else ""
    config.num_train, config.num_test, config.num_frames = 6, 4, 40
    config.height, config.width = 96, 128
    videos = data.load(config, cache_dir=tmp_path)
    content = {video.id: video.content for video in (*videos.train, *videos.test)}
    assert all(len(content[v.id]) == len(v.frames) for v in (*videos.train, *videos.test))
    assert find_copies(content, content) == []


def test_runs_that_hold_out_other_clips_search_for_copies_once(copied, tmp_path, monkeypatch):
    """What is held out is used too, so that the seed changes nothing of what is compared."""
    searched, search = [], audits.copies_of
    monkeypatch.setattr(audits, "copies_of", lambda *a: searched.append(1) or search(*a))
    runs, found = [], []
    for seed in range(4):
        config = copied.copy_and_resolve_references()
        config.seed = seed
        runs.append(Run(config, tmp_path / str(seed), Console(quiet=True)))
        runs[-1].memory = runs[0].memory
        os.mkdir(tmp_path / str(seed))
        audit(runs[-1])
        text = (tmp_path / str(seed) / "leakage.json").read_text("utf-8")
        found.append(json.loads(text)["copies"])
    held_out = {str(run.folds[0].validation) for run in runs}
    assert len(held_out) > 1 and len(searched) == 1
    assert found[0] and all(copies == found[0] for copies in found)
    alone = Run(copied, tmp_path / "0", Console(quiet=True))
    (fold,) = alone.folds
    alone.folds = (dataclasses.replace(fold, validation=fold.train, calibration=fold.train),)
    alone.memory = runs[0].memory
    audit(alone)
    assert len(searched) == 2  # what is held out is no longer used
