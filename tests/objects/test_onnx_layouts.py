"""Layouts of outputs: which is recognised, and what is read from it."""

import numpy as np
import pytest

from vadjax import objects
from vadjax.errors import UserError
from vadjax.objects import onnx_layouts
from vadjax.objects.onnx_settings import Settings

F = np.float32
TWO = Settings(names=("person", "cart"))
THREE = Settings(names=("a", "b", "c"))


def zeros(*shapes):
    return {f"out{n}": np.zeros(shape, F) for n, shape in enumerate(shapes)}


def parts(*shape):
    """Boxes, integer labels and scores, as torchvision gives them."""
    labels = np.zeros(shape, np.int64)
    return {"boxes": np.zeros((*shape, 4), F), "labels": labels, "scores": np.zeros(shape, F)}


@pytest.mark.parametrize(
    ("outputs", "settings", "layout"),
    [
        (zeros((1, 300, 6)), Settings(), "rows"),
        (zeros((5, 6)), Settings(), "rows"),
        (zeros((0, 6)), Settings(), "rows"),
        (zeros((1, 84, 8400)), Settings(), "yolo"),
        (zeros((4, 8400, 84)), Settings(), "yolo"),
        (zeros((1, 25200, 85)), Settings(), "yolo_objectness"),
        (zeros((1, 7, 2100)), THREE, "yolo"),
        (zeros((1, 2100, 8)), THREE, "yolo_objectness"),
        (zeros((1, 300, 6)), THREE, "rows"),
        (zeros((1, 6, 2100)), TWO, "yolo"),
        (zeros((1, 300, 6)), Settings(names=TWO.names, layout="yolo"), "yolo"),
        (parts(9), Settings(), "boxes_labels_scores"),
        (parts(0), Settings(), "boxes_labels_scores"),
        (parts(2, 9), Settings(), "boxes_labels_scores"),
    ],
)
def test_layouts_are_recognised(outputs, settings, layout):
    assert onnx_layouts.recognise(outputs, settings, model="m.onnx") == layout


@pytest.mark.parametrize(
    ("outputs", "settings", "message"),
    [
        (zeros((1, 116, 8400)), Settings(), r"out0 float32 \[1, 116, 8400\].*COCO's 80 classes"),
        (zeros((1, 84, 8400)), THREE, "no layout of 3 classes"),
        (zeros((1, 300, 4), (1, 300, 80)), Settings(), "of no layout. Understood are"),
        (zeros((1, 9, 4), (1, 9), (1, 9)), Settings(), "integer labels"),  # labels are no integers
        (zeros((1, 1, 1, 6)), Settings(), "Understood are"),
        (zeros((1, 300, 6)), TWO, "may be of layout rows or yolo.*layout"),
        (zeros((1, 300, 6)), Settings(layout="yolo"), "not of layout 'yolo'"),
    ],
)
def test_other_outputs_are_refused(outputs, settings, message):
    with pytest.raises(UserError, match=message):
        onnx_layouts.recognise(outputs, settings, model="m.onnx")


def test_names_are_cocos_only_where_the_width_shows_it():
    assert onnx_layouts.names_of("yolo", Settings()) == objects.CLASSES
    assert onnx_layouts.names_of("rows", Settings()) == ()
    assert onnx_layouts.names_of("rows", TWO) == TWO.names


def read(outputs, layout, num_classes=0):
    return onnx_layouts.candidates(outputs, layout, num_classes=num_classes, model="m.onnx")


def check(one, boxes, scores, classes, *, suppressed):
    np.testing.assert_allclose(one.boxes, boxes)
    np.testing.assert_allclose(one.scores, scores, rtol=1e-6)
    assert one.classes.tolist() == classes and one.suppressed == suppressed


def test_rows():
    table = F([[1, 2, 3, 4, 0.5, 2], [0, 0, 9, 9, 0.25, 0]])
    for array in (table, table[None]):
        (one,) = read([array], "rows")
        check(one, table[:, :4], [0.5, 0.25], [2, 0], suppressed=True)


def test_yolo_either_way_round():
    table = F([[10, 20, 4, 6, 0.1, 0.7, 0.2], [5, 5, 2, 2, 0.6, 0.3, 0]])
    boxes = [[8, 17, 12, 23], [4, 4, 6, 6]]
    for array in (table, table.T):
        (one,) = read([array[None]], "yolo", 3)
        check(one, boxes, [0.7, 0.6], [1, 0], suppressed=False)
    (one,) = read([np.insert(table, 4, [0.5, 1], 1)[None]], "yolo_objectness", 3)
    check(one, boxes, [0.35, 0.6], [1, 0], suppressed=False)


def test_boxes_labels_scores_in_any_order():
    boxes, labels, scores = F([[1, 2, 3, 4]] * 2), np.array([3, 1], np.int32), F([0.9, 0.8])
    for arrays in ([boxes, labels, scores], [scores, boxes, labels]):
        (one,) = read(arrays, "boxes_labels_scores")
        check(one, boxes, scores, [3, 1], suppressed=True)
    found = read([np.stack([a, a]) for a in (boxes, labels, scores)], "boxes_labels_scores")
    assert len(found) == 2


@pytest.mark.parametrize("bad", [3.0, -2.0, np.nan])
def test_logits_are_refused(bad):
    table = F([[1, 2, 3, 4, bad, 2]])
    with pytest.raises(UserError, match="no probabilities; export the model with its sigmoid"):
        read([table], "rows")
