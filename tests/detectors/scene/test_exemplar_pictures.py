"""Pictures of normal bodies: which, of which clip and frame, and what they show."""

import types

import cv2
import numpy as np

from tests import drawn
from vadjax.detectors.scene import exemplar_pictures as module
from vadjax.detectors.scene.exemplar_pictures import ExemplarPictures, cut_pictures

BACK = np.full(drawn.SHAPE, 60, np.uint8)
CAMERA = drawn.reference(BACK, body=20)


def clip(name, level, start=0):
    """A square of 12 pixels of a grey level that moves to the right, 3 pixels a frame."""
    frames = []
    for number in range(12):
        frame = BACK.copy()
        frame[40:52, 20 + 3 * number : 32 + 3 * number] = level
        frames.append(frame)
    segment = types.SimpleNamespace(start=start)
    return types.SimpleNamespace(
        id=name,
        videos=(drawn.video(name, frames),),
        units=types.SimpleNamespace(segments=(segment,)),
    )


def look(source, seed=0):
    count = len(source)
    kept = np.random.default_rng(seed).normal(size=(count, 3)).astype(np.float32)
    return {
        "kept": kept,
        "source": np.array(source, np.int32),
        "mean": np.array([1, 2, 3], np.float32),
        "axes": np.eye(3, dtype=np.float32),
    }


PARTS = [(clip("train/a", 240), np.arange(12)), (clip("train/b", 150, start=4), np.arange(8))]
SOURCE = [(1, 2, 44, 46), (0, 3, 35, 46), (1, 5, 53, 46), (0, 0, 26, 46)]  # lesson, row, x, y


def test_the_nearest_one_is_named_by_video_frame_and_time_and_shows_the_body():
    state = look(SOURCE)
    pictures = ExemplarPictures(state, cut_pictures(state, CAMERA, PARTS))
    for number, (lesson, row, _, _) in enumerate(SOURCE):
        found = pictures.nearest(state["kept"][number] + state["mean"] + 0.01)
        frame = row + (0, 4)[lesson]  # the second clip begins at frame 4 of its video
        wanted = (("train/a", "train/b")[lesson], frame, frame / 10)
        assert (found.video, found.frame, found.time_s) == wanted
        shown = cv2.imdecode(np.frombuffer(found.jpeg, np.uint8), cv2.IMREAD_UNCHANGED)
        middle = shown[32:48, 32:48].mean()
        assert abs(middle - (240, 150)[lesson]) < 6 and abs(shown[:6].mean() - 60) < 6


def test_of_many_a_covering_part_is_kept_and_the_nearest_of_it_is_found(monkeypatch):
    monkeypatch.setattr(module, "NUM_PICTURES", 40)
    state = look([(0, number % 12, 30, 46) for number in range(300)])
    made = cut_pictures(state, CAMERA, PARTS)
    assert 10 <= len(made["number"]) <= 40 and len(set(made["number"])) == len(made["number"])
    kept = state["kept"][made["number"]]
    away = np.linalg.norm(state["kept"][:, None] - kept[None], axis=2).min(1)
    assert away.max() < 2  # of vectors that are 4.5 apart at most times
    pictures = ExemplarPictures(state, made)
    for vector in np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32):
        best = int(np.linalg.norm(kept - vector, axis=1).argmin())
        assert pictures.nearest(vector + state["mean"]).frame == made["frame"][best]


def test_a_video_without_a_rate_gives_no_time():
    part = clip("train/a", 240)
    part.videos = (drawn.video("train/a", [*part.videos[0].frames], fps=None),)
    state = look(SOURCE[3:])
    found = ExemplarPictures(state, cut_pictures(state, CAMERA, [(part, np.arange(12))]))
    assert found.nearest(state["kept"][0]).time_s is None


def test_a_detector_without_pictures_shows_none():
    assert ExemplarPictures.of_state({"cues": {"speed": {}}}) is None
    state = look([])
    made = cut_pictures(state, CAMERA, PARTS)
    assert ExemplarPictures.of_state({"cues": {"look": state}, "pictures": made}) is None
