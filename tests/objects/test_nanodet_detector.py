"""NanoDet-g as a detector: frames of any size, batches, and what it gives for real frames."""

import json
import pathlib

import cv2
import jax
import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.objects.nanodet_reference import random_weights
from vadjax import objects
from vadjax.errors import UserError
from vadjax.objects import nanodet

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "nanodet_g.npz"


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file of weights, random but for the last biases: classes 0 to 3 are likely."""
    arrays = random_weights()
    for number in (29, 31, 33):
        arrays[f"conv{number}.bias"][:80] = np.where(np.arange(80) < 4, -1, -9)
    path = tmp_path_factory.mktemp("weights") / "nanodet.safetensors"
    save_file(arrays, path)
    return path


@pytest.fixture(scope="module")
def detector(weights):
    return objects.create(weights, size=(64, 96), batch=2, most=30)


@pytest.fixture(scope="module")
def frames():
    draw = np.random.default_rng(3)
    shapes = [(50, 70, 3), (64, 96, 3), (120, 80, 3)]
    return [draw.integers(0, 256, shape, dtype=np.uint8) for shape in shapes]


def test_detections_are_named_boxes_in_the_frame(detector, frames):
    assert detector.names == objects.CLASSES and len(set(detector.names)) == 80
    for frame, found in zip(frames, detector.detect_batch(frames), strict=True):
        height, width = frame.shape[:2]
        assert 0 < len(found) <= 30
        assert found.boxes.shape == (len(found), 4) and found.boxes.dtype == np.float32
        assert found.scores.dtype == np.float32 and found.classes.dtype == np.int64
        assert (found.boxes >= 0).all() and (found.boxes[:, 2:] <= (width, height)).all()
        assert (np.diff(found.scores) <= 0).all() and found.scores.min() >= 0.3
        assert found.names == tuple(objects.CLASSES[n] for n in found.classes)


def test_a_frame_gives_the_same_alone_and_in_a_batch(detector, frames):
    for frame, among in zip(frames, detector.detect_batch(frames), strict=True):
        alone = detector.detect(frame)
        np.testing.assert_array_equal(alone.classes, among.classes)
        np.testing.assert_allclose(alone.scores, among.scores, atol=1e-6)
        np.testing.assert_allclose(alone.boxes, among.boxes, atol=1e-3)
    assert detector.detect_batch([]) == []


def test_a_grey_frame_is_its_three_equal_channels(detector, frames):
    grey = frames[0][..., 0]
    one, three = detector.detect(grey), detector.detect(np.stack([grey] * 3, -1))
    np.testing.assert_array_equal(one.boxes, three.boxes)


def test_boxes_scale_with_the_frame(detector, frames):
    small = frames[1]
    large = small.repeat(2, 0).repeat(3, 1)
    image = cv2.resize(large, (96, 64))
    boxes = detector.detect(image).boxes * np.float32([3, 2, 3, 2])
    np.testing.assert_allclose(detector.detect(large).boxes, boxes, atol=1e-3)


def test_the_spec_changes_with_what_changes_detections(weights, detector):
    other = objects.create(weights, size=(64, 96), most=30, fit="letterbox")
    assert detector.spec() == json.loads(json.dumps(detector.spec()))
    changed = {key for key, value in other.spec().items() if detector.spec()[key] != value}
    assert changed == {"fit"} and other.batch != detector.batch  # which changes nothing


@pytest.mark.parametrize("size", [(416, 400), (0, 416), (32, 32), (416,)])
def test_a_size_that_the_network_does_not_take_is_refused(weights, size):
    with pytest.raises(UserError, match="each a multiple of 32"):
        objects.create(weights, size=size)


def test_weights_of_another_network_are_refused(tmp_path):
    save_file({"a": np.zeros(3, np.float32)}, tmp_path / "a.safetensors")
    with pytest.raises(UserError, match=r"does not fit this network(.|\n)*missing: .*conv00"):
        objects.create(tmp_path / "a.safetensors")


def real_detector(real_data, **options):
    path = real_data / "weights" / "nanodet_g.safetensors"
    if not path.is_file():
        pytest.skip("no weights of NanoDet-g on this machine")
    return objects.create(path, **options)


def test_real_frames_get_the_published_scores(real_data):
    """The published graph's largest class scores, written down to four digits with the weights."""
    detector = real_detector(real_data, least_score=0.1, most=1000)
    proof = json.loads((real_data / "weights" / "nanodet_g.json").read_text())["photos"]
    paths = [name for name in proof if name.startswith("ped2/")]
    assert len(paths) == 3
    for name in paths:
        frame = cv2.imread(str(real_data / "data" / name))[..., ::-1]
        found = detector.detect(frame)
        for label, score in proof[name]:
            assert abs(found.scores[found.names.index(label)] - score) < 1e-4, (name, label)
    cyclist = detector.detect(cv2.imread(str(real_data / "data" / paths[0]))[..., ::-1])
    x0, y0, x1, y1 = cyclist.boxes[cyclist.names.index("bicycle")]
    assert 165 < x0 < 175 and 207 < x1 < 217 and 169 < y0 < 179 and 190 < y1 < 200


def test_outputs_are_those_of_the_published_graph(real_data):
    """tools/make_goldens_nanodet.py ran the graph by TensorFlow.js."""
    golden = np.load(GOLDEN)
    detector = real_detector(real_data)
    network = jax.jit(nanodet.NanoDet().apply)
    for row, name in enumerate(golden["names"]):
        frame = cv2.imread(str(real_data / "data" / str(name)))[..., ::-1]
        image = cv2.resize(np.ascontiguousarray(frame), nanodet.SIZE[::-1])
        logits, distances = network(detector.variables, nanodet.normalised(image[None]))
        scores = 1 / (1 + np.exp(-np.asarray(logits[0])))
        np.testing.assert_allclose(scores.max(0), golden["largest"][row], atol=1e-5)
        places = golden["places"][row]
        np.testing.assert_allclose(scores[places], golden["scores"][row], atol=1e-5)
        got = np.asarray(distances[0])[places].reshape(len(places), -1)
        np.testing.assert_allclose(got, golden["distances"][row], atol=2e-4)
