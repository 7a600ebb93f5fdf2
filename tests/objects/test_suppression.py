"""Suppression against the definition, box by box."""

import numpy as np
import pytest

from vadjax.objects import suppression


def brute_force(boxes, classes, overlap, most):
    chosen = []
    for i, (x0, y0, x1, y1) in enumerate(boxes):
        for j in chosen:
            a0, b0, a1, b1 = boxes[j]
            common = max(min(x1, a1) - max(x0, a0), 0) * max(min(y1, b1) - max(y0, b0), 0)
            union = (x1 - x0) * (y1 - y0) + (a1 - a0) * (b1 - b0) - common
            if classes[i] == classes[j] and union > 0 and common / union > overlap:
                break
        else:
            chosen.append(i)
    return chosen[:most]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("overlap", [0.0, 0.37, 0.6, 1.0])
def test_it_chooses_what_the_definition_says(seed, overlap):
    draw = np.random.default_rng(seed)
    low = draw.integers(-5, 30, (120, 2))
    boxes = np.concatenate([low, low + draw.integers(0, 14, (120, 2))], 1)  # some are empty
    classes = draw.integers(0, 3, 120)
    for most in (1000, 7):
        got = suppression.kept(boxes, classes, overlap=overlap, most=most)
        assert got.tolist() == brute_force(boxes.tolist(), classes, overlap, most)


def test_boxes_of_two_classes_stay():
    boxes = np.float32([[0, 0, 10, 10]] * 3)
    assert suppression.kept(boxes, np.array([0, 1, 0]), overlap=0.5, most=9).tolist() == [0, 1]


def test_what_is_kept_does_not_depend_on_lower_scores():
    draw = np.random.default_rng(9)
    low = draw.uniform(0, 30, (200, 2))
    boxes = np.concatenate([low, low + draw.uniform(2, 14, (200, 2))], 1)
    classes = draw.integers(0, 2, 200)
    whole = suppression.kept(boxes, classes, overlap=0.5, most=200)
    first = suppression.kept(boxes[:80], classes[:80], overlap=0.5, most=200)
    assert first.tolist() == [i for i in whole if i < 80]


def test_no_box_is_fine():
    assert suppression.kept(np.zeros((0, 4)), np.zeros(0, int), overlap=0.5, most=5).shape == (0,)
