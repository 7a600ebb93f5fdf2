"""The compiled backbone: frame by frame it gives what it gives in batches."""

import dataclasses
import importlib

import jax
import numpy as np
import pytest

from vadjax import backbones
from vadjax.errors import UserError
from vadjax.features.extractor import Extractor, FrameExtractor


def frames(count: int = 7) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.cumsum(rng.integers(0, 9, (count, 48, 72, 3)), 0).astype(np.uint8)


def batched(extractor: Extractor, video: np.ndarray) -> dict[str, np.ndarray]:
    read, size = extractor.backbone.preprocess.reader(), extractor.batch_size
    images = [read(frame) for frame in video]
    images += [images[-1]] * (-len(images) % size)
    batches = [extractor(np.stack(images[i : i + size])) for i in range(0, len(images), size)]
    return {
        tap: np.concatenate([np.asarray(batch[tap]) for batch in batches])[: len(video)]
        for tap in extractor.taps
    }


@pytest.mark.parametrize("micro_batch", [1, 2])
@pytest.mark.parametrize(
    ("name", "size", "taps"),
    [
        ("mobilenetv2_100", 32, ("features",)),
        ("mobilenetv2_100", 32, ("stage2", "map")),
        ("mobilenetv2_100", 32, ("features", "logits", "probabilities")),
        ("flow_lite0", (48, 72), ("map",)),
        ("pixels", 16, ("map",)),
    ],
)
def test_single_frames_give_the_rows_of_batches(name, size, taps, micro_batch):
    backbone = backbones.create(name, weights="random", size=size)
    extractor = Extractor(backbone, taps=taps, batch_size=4, micro_batch=micro_batch)
    want, one = batched(extractor, frames()), FrameExtractor(extractor)
    for i, frame in enumerate(frames()):
        rows = one(frame)
        for tap in taps:
            assert rows[tap].dtype == want[tap].dtype
            if jax.default_backend() == "cpu":
                np.testing.assert_array_equal(rows[tap], want[tap][i])
            else:
                np.testing.assert_allclose(rows[tap], want[tap][i], rtol=2e-3, atol=1e-4)


def test_probabilities_are_the_soft_max_of_the_classifier():
    backbone = backbones.create("mobilenetv2_100", weights="random", size=32)
    extractor = Extractor(backbone, taps=("logits", "probabilities"), batch_size=4)
    rows = batched(extractor, frames(3))
    logits = rows["logits"].astype(np.float64)
    exact = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert rows["probabilities"].shape == (3, 1000) and len(set(map(bytes, logits))) == 3
    np.testing.assert_allclose(rows["probabilities"], exact, rtol=1e-4)


@pytest.mark.parametrize(
    ("family", "name", "size"),
    [("resnet", "resnet50", 224), ("vgg", "vgg19", 224), ("inception", "inception_v3", 299)],
)
def test_networks_of_ullah_give_a_thousand_classes(family, name, size):
    """Their shapes alone: real weights of these are not at hand."""
    architecture = importlib.import_module(f"vadjax.backbones.{family}").ARCHITECTURES[name]
    for num_classes in (1000, 0):
        network = architecture.network(num_classes, True)
        image = jax.ShapeDtypeStruct((2, size, size, 3), np.float32)
        outputs, _ = jax.eval_shape(network.init_with_output, jax.random.key(0), image)
        assert outputs["features"].shape == (2, {"vgg19": 512}.get(name, 2048))
        assert ("probabilities" in outputs) == bool(num_classes)
        if num_classes:
            assert outputs["probabilities"].shape == outputs["logits"].shape == (2, 1000)


def test_two_streams_share_one_program_but_no_past():
    backbone = backbones.create("flow", size=(48, 72))
    extractor = Extractor(backbone, taps=("map",), batch_size=1)
    first, second = FrameExtractor(extractor), FrameExtractor(extractor)
    program = extractor.one
    start, moved = frames(2)
    first(start)
    assert not np.array_equal(first(moved)["map"], second(moved)["map"])  # the second has no past
    assert extractor.one is program


def test_a_frame_that_gives_no_number_is_refused():
    backbone = backbones.create("mobilenetv2_100", weights="random", size=32)
    bad = jax.tree.map(lambda leaf: leaf * np.nan, backbone.variables)
    broken = dataclasses.replace(backbone, variables=bad)
    one = FrameExtractor(Extractor(broken, taps=("features",), batch_size=1))
    with pytest.raises(UserError, match="mobilenetv2_100 features hold NaN"):
        one(frames(1)[0])


def test_an_unknown_tap_names_the_known_ones():
    backbone = backbones.create("mobilenetv2_100", weights="random", size=32)
    with pytest.raises(UserError, match=r"'stage44' unknown; choose one of .*stage4"):
        Extractor(backbone, taps=("features", "stage44"), batch_size=4)
