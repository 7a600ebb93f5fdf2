"""ONNX models: a runtime of our own stands in, and onnxruntime where it is installed."""

import importlib.util
import json
import types

import numpy as np
import pytest

from tests.objects.onnx_file import mean_colours
from vadjax import objects
from vadjax.errors import UserError
from vadjax.objects import onnx_detector

has_runtime = importlib.util.find_spec("onnxruntime") is not None
needs_runtime = pytest.mark.skipif(not has_runtime, reason="onnxruntime is not installed")


class Session:
    """Stands in for onnxruntime's: `model` turns images [b, 3, h, w] into {name: array}."""

    def __init__(self, model, shape=(1, 3, 32, 48), metadata=(), kind="tensor(float)"):
        self.model, self.metadata = model, dict(metadata)
        self.input = types.SimpleNamespace(name="images", shape=list(shape), type=kind)
        self.seen = []

    def get_inputs(self):
        return [self.input]

    def get_outputs(self):
        return [types.SimpleNamespace(name=name) for name in self.model(np.zeros((1, 3, 2, 2)))]

    def get_modelmeta(self):
        return types.SimpleNamespace(custom_metadata_map=self.metadata)

    def run(self, names, feed):
        self.seen.append(feed["images"])
        return list(self.model(feed["images"]).values())


def yolo(images):
    """Two boxes of class 1, one over the other, and one of class 0, in an input of 32 x 48."""
    table = np.float32(
        [[24, 16, 12, 8, 0, 0.9, 0], [25, 16, 12, 8, 0.1, 0.8, 0], [24, 16, 12, 8, 0.7, 0, 0]]
    )
    return {"out": np.stack([table.T] * len(images))}


@pytest.fixture
def create(tmp_path, monkeypatch):
    def make(session, settings=None, **options):
        monkeypatch.setattr(onnx_detector, "_session", lambda path: session)
        (tmp_path / "m.onnx").write_bytes(b"model")
        if settings is not None:
            (tmp_path / "m.json").write_text(json.dumps(settings))
        return objects.create(tmp_path / "m.onnx", **options)

    return make


NAMES = {"names": ["a", "b", "c"]}


def test_boxes_come_back_to_the_frame_and_are_suppressed_by_class(create):
    detector = create(Session(yolo), NAMES)
    frame = np.zeros((64, 48, 3), np.uint8)  # letterboxed: 24 wide, 12 free on either side
    found = detector.detect(frame)
    assert found.names == ("b", "a")
    np.testing.assert_allclose(found.scores, [0.9, 0.7])
    np.testing.assert_allclose(found.boxes, [[12, 24, 36, 40]] * 2)
    assert create(Session(yolo), NAMES, overlap=1).detect(frame).names == ("b", "b", "a")


def test_the_input_is_as_the_settings_say(create):
    frame = np.zeros((32, 48, 3), np.uint8) + np.uint8([200, 100, 50])
    session = Session(yolo)
    create(session, NAMES).detect(frame)
    assert session.seen[-1].shape == (1, 3, 32, 48) and session.seen[-1].dtype == np.float32
    np.testing.assert_allclose(session.seen[-1][0, :, 0, 0], np.float32([200, 100, 50]) / 255)
    session = Session(yolo, shape=("b", "h", "w", 3))
    other = {"order": "bgr", "mean": [1, 2, 3], "std": [2, 4, 5], "size": [32, 48]}
    create(session, {**NAMES, **other}, batch=2).detect(frame)
    assert session.seen[-1].shape == (2, 32, 48, 3)
    np.testing.assert_allclose(session.seen[-1][0, 0, 0], [24.5, 24.5, 39.4])
    session = Session(yolo, kind="tensor(uint8)")
    create(session, NAMES).detect(frame)
    assert session.seen[-1].dtype == np.uint8 and session.seen[-1][0, 0, 0, 0] == 200


def test_batches_give_what_single_frames_give(create):
    detector = create(Session(yolo, shape=("b", 3, 32, 48)), NAMES, batch=2)
    frames = [np.zeros((32, 48, 3), np.uint8)] * 3
    found = detector.detect_batch(frames)
    assert len(found) == 3 and all(one.names == ("b", "a") for one in found)


def test_a_model_without_places_for_several_images_is_refused(create):
    def rows(images):
        return {"out": np.zeros((4, 6), np.float32)}

    assert len(create(Session(rows)).detect(np.zeros((9, 9, 3), np.uint8))) == 0
    with pytest.raises(UserError, match="create the detector with batch=1"):
        create(Session(rows, shape=("b", 3, 32, 48)), batch=2)


def test_boxes_in_units_of_the_input(create):
    def rows(images):
        return {"out": np.float32([[[0.25, 0.5, 0.5, 1, 0.9, 16], [0, 0, 1, 1, 0.1, 0]]])}

    frame = np.zeros((64, 96, 3), np.uint8)
    with pytest.raises(UserError, match=r"seem to be in 0 \.\. 1"):
        create(Session(rows)).detect(frame)
    found = create(Session(rows), {"boxes": "unit"}).detect(frame)
    np.testing.assert_allclose(found.boxes, [[24, 32, 48, 64]])
    assert found.names == ("class 16",)


@pytest.mark.parametrize(
    ("session", "message"),
    [
        (Session(yolo, shape=(1, 4, 32, 48)), r"wanted one, \[b, 3, h, w\]"),
        (Session(yolo, kind="tensor(int64)"), "float, float16 or uint8"),
        (Session(yolo, shape=(1, 3, "h", "w")), '"size"'),
        (Session(lambda x: {"out": [1, 2]}), "no arrays"),
        (Session(lambda x: {"out": np.zeros((1, 9, 9))}), "Understood are"),
    ],
)
def test_models_that_are_not_understood_are_refused(create, session, message):
    with pytest.raises(UserError, match=message):
        create(session, NAMES)


def test_a_size_that_the_model_does_not_take_is_refused(create):
    with pytest.raises(UserError, match="takes images of 32 x 48 pixels"):
        create(Session(yolo), NAMES, size=(64, 64))


def test_the_spec_says_what_was_read(create):
    spec = create(Session(yolo), NAMES).spec()
    assert spec == json.loads(json.dumps(spec))
    assert spec["layout"] == "yolo" and spec["size"] == [32, 48] and spec["names"] == list("abc")


@pytest.mark.skipif(has_runtime, reason="onnxruntime is installed")
def test_without_onnxruntime_it_says_what_to_install(tmp_path):
    (tmp_path / "m.onnx").write_bytes(mean_colours())
    with pytest.raises(UserError, match=r"pip install 'vadjax\[objects\]'"):
        objects.create(tmp_path / "m.onnx")


@needs_runtime
@pytest.mark.parametrize("shape", [(1, 3, 32, 48), (1, 32, 48, 3), ("b", 3, "h", "w")])
def test_a_model_runs_in_onnxruntime(tmp_path, shape):
    (tmp_path / "m.onnx").write_bytes(
        mean_colours(shape=shape, metadata=[("names", "['a', 'b']"), ("imgsz", "[32, 48]")])
    )
    settings = {"std": [200, 200, 200], "boxes": "unit", "fit": "stretch", "layout": "rows"}
    (tmp_path / "m.json").write_text(json.dumps(settings))
    detector = objects.create(tmp_path / "m.onnx")
    assert detector.size == (32, 48)
    frame = np.zeros((200, 300, 3), np.uint8) + np.uint8([100, 80, 200])
    found = detector.detect(frame)  # the row is red, green, blue, red, green, blue
    np.testing.assert_allclose(found.boxes, [[150, 80, 300, 100]], rtol=1e-5)
    np.testing.assert_allclose(found.scores, [0.4], rtol=1e-5)
    assert found.names == ("b",)


@needs_runtime
def test_a_damaged_model_is_refused(tmp_path):
    (tmp_path / "m.onnx").write_bytes(mean_colours()[:40])
    with pytest.raises(UserError, match="is no ONNX model that can be read"):
        objects.create(tmp_path / "m.onnx")
