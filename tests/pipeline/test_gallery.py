"""The gallery of a run: which pictures and films there are, with maps and without."""

import contextlib
import dataclasses
import functools
import json
import types

import cv2
import numpy as np
import pytest
from ml_collections import ConfigDict

from vadjax.backbones.preprocess import Preprocess
from vadjax.data.frames.on_demand import ArrayFrames
from vadjax.data.scored_video import ScoredVideo
from vadjax.data.video import Video
from vadjax.errors import UserError
from vadjax.explain import film_stretches
from vadjax.pipeline import films, gallery
from vadjax.runtime.console import Console
from vadjax.storage import artifacts

LABELS = np.repeat(np.array([0, 1, 0], np.uint8), 15)  # frames 15 to 29 are abnormal
FRAME = (60, 80)
FACTS = {"what": "a map by hand", "unit": 1.0}


@pytest.fixture
def run(tmp_path):
    """Two videos of 45 frames, scored, with maps that point at the left half of frame 20."""
    rng = np.random.default_rng(0)
    videos, scored, maps, rows = {}, [], {}, []
    for name in ("test/01", "test/02"):
        file = tmp_path / f"{name[-2:]}.npy"
        np.save(file, rng.integers(90, 110, (45, *FRAME), np.uint8))
        masks = np.zeros((45, *FRAME), np.uint8)
        masks[15:30, 10:30, 10:30] = 1
        settings = {"fps": 5.0, "labels": LABELS, "masks": masks}
        videos[name] = Video(name, "test", ArrayFrames(file), **settings)
        scores = rng.random(45).astype(np.float32) + LABELS
        known = {"labels": LABELS, "fps": 5.0}
        scored.append(ScoredVideo(name, scores, np.arange(45) > 3, **known))
        maps[name] = np.full((45, 6, 8), 0.1, np.float16)
        maps[name][20, :, :4] = 0.9
        rows.append({"id": name, "threshold": 1.2})
    artifacts.write_scores(tmp_path, scored, [])
    (tmp_path / "explain").mkdir()
    np.savez(tmp_path / "explain" / "maps.npz", **maps)
    (tmp_path / "explain" / "maps.json").write_text(json.dumps(FACTS))
    return types.SimpleNamespace(
        workdir=tmp_path,
        metrics={"videos": rows},
        config=ConfigDict({"explain": {"num_pictures": 2, "videos": True}}),
        console=Console(quiet=True),
        videos=videos,
        preprocess=Preprocess(size=(48, 64)),
    )


def test_pictures_and_films_are_there_and_named(run):
    gallery.write_gallery(run)
    found = artifacts.read_gallery(run.workdir)
    assert found["maps"] == "a map by hand"
    truth = {"most_abnormal": True, "false_alarms": False, "misses": True}
    for kind, abnormal in truth.items():
        rows = found["pictures"][kind]
        assert len(rows) == 2
        for row in rows:
            assert row["abnormal"] == abnormal == bool(LABELS[row["frame"]])
            assert row["time_s"] == row["frame"] / 5
            image = cv2.imdecode(np.frombuffer(row["jpeg"], np.uint8), cv2.IMREAD_COLOR)
            assert image.shape == (*FRAME, 3)
        if rows[0]["video"] == rows[1]["video"]:
            assert abs(rows[0]["frame"] - rows[1]["frame"]) >= 10  # two seconds
    for file in (*found["films"].values(), *found["strips"].values()):
        assert (run.workdir / file).stat().st_size > 1000
    assert found["num_left_out"] == 0
    names = {path.name for path in (run.workdir / "explain").iterdir()}
    assert not [name for name in names if name.startswith(".")]


def test_a_map_colours_its_place_on_the_scale_of_all_videos(run):
    draw = gallery.Drawing(run, gallery.shown_of(run))
    assert draw.shade == [pytest.approx(0.1, abs=1e-3), pytest.approx(0.9, abs=1e-3)]
    _, image, regions = draw.picture("test/01", 20)
    assert regions == 1
    tint = image.max(2).astype(int) - image.min(2)
    assert np.median(tint[:, :30]) > 40
    assert np.median(tint[:, 50:]) == 0
    _, image, regions = draw.picture("test/01", 40)
    assert regions == 0
    assert (image.max(2) == image.min(2)).all()  # a quiet frame stays grey


def test_without_maps_there_are_plain_frames_and_a_reason(run):
    (run.workdir / "explain" / "maps.json").unlink()
    run.config.explain.update({"num_pictures": 1, "videos": False})
    gallery.write_gallery(run)
    found = artifacts.read_gallery(run.workdir)
    assert found["maps"] is found["shade"] is None
    assert found["reasons"]["maps"]
    assert found["films"] == {}
    assert found["pictures"]["misses"][0]["regions"] is None


def test_what_an_earlier_stage_left_goes(run):
    old = run.workdir / "explain" / "test%2F09-000001.jpg"
    old.write_bytes(b"old")
    run.config.explain.update({"num_pictures": 0, "videos": False})
    gallery.write_gallery(run)
    assert not old.exists()
    assert {p.name for p in old.parent.iterdir()} == {"gallery.json", "maps.json", "maps.npz"}


def test_very_long_footage_is_filmed_in_part(run, monkeypatch):
    monkeypatch.setattr(films, "MAX_FRAMES", 50)
    highest = max(run.videos, key=lambda name: gallery.shown_of(run)[name].scored.scores.max())
    run.config.explain.num_pictures = 0
    gallery.write_gallery(run)
    found = artifacts.read_gallery(run.workdir)
    assert list(found["films"]) == [highest]
    assert found["num_left_out"] == 1


def test_the_film_of_a_long_video_shows_the_moments_of_its_alarms(run, monkeypatch):
    monkeypatch.setattr(
        films, "film_stretches", functools.partial(film_stretches.film_stretches, most=44)
    )
    reported = []
    bar = contextlib.contextmanager(lambda *_, **__: iter([reported.append]))
    monkeypatch.setattr(run.console, "bar", bar)
    run.metrics["videos"][0]["alarms"] = [[19, 23]]
    run.config.explain.num_pictures = 0
    gallery.write_gallery(run)
    found = artifacts.read_gallery(run.workdir)
    assert found["moments"]["test/01"] == [[9, 33]]  # two seconds before and after
    assert reported[-1] == 24 + sum(b - a for a, b in found["moments"]["test/02"])
    capture = cv2.VideoCapture(str(run.workdir / found["films"]["test/01"]))
    shown = []
    while (read := capture.read())[0]:
        shown.append(read[1])
    assert len(shown) == 24
    frames = run.videos["test/01"].frames
    picture = cv2.resize(shown[1][:240], FRAME[::-1]).mean(2)  # of frame 10: no map, no mask
    gaps = [np.abs(picture - frames[i]).mean() for i in range(45)]
    assert int(np.argmin(gaps)) == 10


def test_masks_of_another_size_are_told(run):
    masks = np.zeros((45, 30, 40), np.uint8)
    run.videos["test/02"] = dataclasses.replace(run.videos["test/02"], masks=masks)
    with pytest.raises(UserError, match=r"test/02: its masks are 40 x 30 pixels, its frames 80 x"):
        gallery.write_gallery(run)


def test_a_damaged_gallery_is_told(run):
    assert artifacts.read_gallery(run.workdir) is None
    (run.workdir / "explain" / "gallery.json").write_text("{")
    with pytest.raises(UserError, match=r"damaged .*; run --stage=explain again"):
        artifacts.read_gallery(run.workdir)
