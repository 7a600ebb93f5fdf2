"""The compiled backbone: frame by frame it gives what it gives in batches."""

import dataclasses

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
