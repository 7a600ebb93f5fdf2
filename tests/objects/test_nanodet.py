"""The network and its decoding against a second writing of them in NumPy."""

import functools

import jax
import numpy as np
import pytest

from tests.objects import nanodet_reference as reference
from vadjax.backbones.port import port
from vadjax.objects import nanodet, nanodet_weights

SIZE = (64, 96)


@pytest.fixture(scope="module")
def arrays():
    return reference.random_weights()


@pytest.fixture(scope="module")
def variables(arrays):
    image = jax.ShapeDtypeStruct((1, *SIZE, 3), np.float32)
    template = jax.eval_shape(nanodet.NanoDet().init, jax.random.key(0), image)
    return port(arrays, {"params": template["params"]}, nanodet_weights.RULES)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(1).integers(0, 256, (2, *SIZE, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def expected(arrays, images):
    bgr = (images[..., ::-1] - np.array(nanodet.MEAN)) / np.array(nanodet.STD)
    return np.stack([reference.outputs(arrays, image) for image in bgr])


def test_the_network_has_the_published_number_of_parameters(variables):
    assert sum(leaf.size for leaf in jax.tree.leaves(variables)) == 3_786_068


def test_the_network_is_the_published_one(variables, images, expected):
    network = jax.jit(nanodet.NanoDet().apply)
    logits, distances = network(variables, nanodet.normalised(images))
    got = np.concatenate([logits, distances.reshape(*distances.shape[:2], 44)], -1)
    assert got.shape == expected.shape == (2, 8 * 12 + 4 * 6 + 2 * 3, 124)
    assert np.abs(got - expected).max() < 1e-5 * np.abs(expected).max()


def test_boxes_are_expectations_of_distances_from_the_centres(expected):
    distances = expected[:, :, 80:]
    got = nanodet.boxes(distances.reshape(2, -1, 4, 11).astype(np.float32), SIZE)
    want = [reference.boxes(one, SIZE) for one in distances]
    np.testing.assert_allclose(got, want, atol=1e-3)


def test_candidates_are_the_best_pairs_of_place_and_class(variables, images, expected):
    count = 50
    found = jax.jit(functools.partial(nanodet.candidates, count=count))(variables, images)
    for row, table in enumerate(expected):
        logits = table[:, :80].ravel()
        best = np.argsort(-logits)[:count]
        scores = 1 / (1 + np.exp(-logits[best]))
        boxes = reference.boxes(table[:, 80:], SIZE)[best // 80]
        np.testing.assert_allclose(found["scores"][row], scores, atol=1e-5)
        np.testing.assert_array_equal(found["classes"][row], best % 80)
        np.testing.assert_allclose(found["boxes"][row], boxes, atol=1e-3)
