"""Extraction: what the backbone gives frame by frame, whole videos only, errors from threads."""

import dataclasses
import tracemalloc

import jax
import numpy as np
import pytest

from vadjax import backbones
from vadjax.data.frames.on_demand import ArrayFrames
from vadjax.data.video import Video
from vadjax.errors import UserError
from vadjax.features.extract import extract
from vadjax.features.extractor import Extractor, features_spec
from vadjax.storage.features import FeatureStore


@pytest.fixture(scope="module")
def backbone():
    return backbones.create("mobilenetv2_100", weights="random", size=32)


def clip(folder, name, frames):
    path = folder / f"{name}.npy"
    np.save(path, frames)
    return Video(id=f"train/{name}", split="train", frames=ArrayFrames(path), fingerprint=name)


@pytest.fixture
def videos(tmp_path):
    rng = np.random.default_rng(0)
    shapes = {"a": (5, 40, 60, 3), "b": (1, 40, 60, 3), "c": (9, 40, 60, 3)}
    return [clip(tmp_path, n, rng.integers(0, 255, s, np.uint8)) for n, s in shapes.items()]


def stores(tmp_path, backbone, tap):
    return (
        FeatureStore(tmp_path / "f", features_spec(backbone, tap=tap)),
        FeatureStore(tmp_path / "m", {"motion": 1}),
    )


@pytest.mark.parametrize(
    "tap, rtol, micro_batch",
    [
        ("features", 1e-5, 1),
        ("features", 1e-5, 2),
        ("map", 2e-3, 2),
        pytest.param("stage4", 2e-3, 0, marks=pytest.mark.slow),
    ],
)
def test_rows_are_those_of_the_backbone_frame_by_frame(
    videos, backbone, tmp_path, tap, rtol, micro_batch
):
    store, motion = stores(tmp_path, backbone, tap)
    extractor = Extractor(backbone, taps=(tap,), batch_size=4, micro_batch=micro_batch)
    seen = []
    done = extract(
        videos, extractor=extractor, stores={tap: store}, motion_store=motion, report=seen.append
    )
    assert done["frames"] == 15 and seen[-1]["frames"] == seen[-1]["total"] == 15
    for video in videos:
        images = np.stack([backbone.preprocess(frame) for frame in video.frames])
        taps = () if tap in ("features", "map") else (tap,)
        out = jax.jit(lambda x, taps=taps: backbone(x, taps=taps))(images)
        want = np.asarray({**out, **out["taps"]}[tap])
        got = store.read(video)
        assert got.dtype == (np.float32 if tap == "features" else np.float16)
        np.testing.assert_allclose(got, want, rtol=rtol, atol=rtol * np.abs(want).max())
        assert motion.read(video).shape == (len(video.frames), 2)


def test_only_what_is_missing_is_done(videos, backbone, tmp_path):
    store, motion = stores(tmp_path, backbone, "features")
    extractor = Extractor(backbone, taps=("features",), batch_size=4)
    kwargs = {"extractor": extractor, "stores": {"features": store}, "motion_store": motion}
    assert extract(videos[:2], **kwargs)["videos"] == 2
    assert extract(videos, **kwargs)["videos"] == 1
    assert extract(videos, **kwargs)["videos"] == 0
    changed = dataclasses.replace(videos[0], fingerprint="repaired")
    assert extract([changed, *videos[1:]], **kwargs)["videos"] == 1


def test_several_taps_are_filled_in_one_pass(videos, backbone, tmp_path):
    taps = ("features", "stage2", "map")
    stores = {tap: FeatureStore(tmp_path, features_spec(backbone, tap=tap)) for tap in taps}
    extractor = Extractor(backbone, taps=taps, batch_size=4)
    assert extract(videos, extractor=extractor, stores=stores)["videos"] == 3
    for tap, store in stores.items():
        alone = FeatureStore(tmp_path / "alone", features_spec(backbone, tap=tap))
        extractor = Extractor(backbone, taps=(tap,), batch_size=4)
        extract(videos, extractor=extractor, stores={tap: alone})
        for video in videos:
            got, want = store.read(video), alone.read(video)
            assert got.dtype == want.dtype
            tolerance = 1e-5 if tap == "features" else 2e-3  # float16
            np.testing.assert_allclose(got, want, tolerance, tolerance * np.abs(want).max())


def test_stores_that_hold_a_video_keep_their_file(videos, backbone, tmp_path):
    stores = {
        t: FeatureStore(tmp_path, features_spec(backbone, tap=t)) for t in ("features", "map")
    }
    one = Extractor(backbone, taps=("features",), batch_size=4)
    extract(videos, extractor=one, stores={"features": stores["features"]})
    before = {path: path.stat().st_mtime_ns for path in stores["features"].folder.iterdir()}
    both = Extractor(backbone, taps=("features", "map"), batch_size=4)
    assert extract(videos, extractor=both, stores=stores)["videos"] == 3
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert all(stores["map"].holds(video) for video in videos)


def test_a_video_that_breaks_in_the_middle_leaves_nothing(videos, backbone, tmp_path):
    class Broken:
        def __len__(self):
            return 6

        def __iter__(self):
            yield from videos[0].frames
            raise UserError("train/x: frame 5 cannot be read")

    broken = Video(id="train/x", split="train", frames=Broken(), fingerprint="x")
    store, motion = stores(tmp_path, backbone, "features")
    extractor = Extractor(backbone, taps=("features",), batch_size=2)
    with pytest.raises(UserError, match="frame 5 cannot be read"):
        extract([broken], extractor=extractor, stores={"features": store}, motion_store=motion)
    assert not store.holds(broken) and not motion.holds(broken)


def test_features_that_are_not_finite_are_refused(videos, backbone, tmp_path):
    bad = jax.tree.map(lambda leaf: leaf * np.nan, backbone.variables)
    extractor = Extractor(
        dataclasses.replace(backbone, variables=bad), taps=("features",), batch_size=4
    )
    store, _ = stores(tmp_path, backbone, "features")
    with pytest.raises(UserError, match="NaN or infinity"):
        extract(videos, extractor=extractor, stores={"features": store})
    assert not any(store.holds(v) for v in videos)


class Slow:
    """Stands for an extractor: rows of 1,000 numbers, as many as images."""

    def __init__(self, backbone, fail=()):
        self.backbone, self.batch_size, self.fail, self.calls = backbone, 16, fail, 0

    def __call__(self, images):
        self.calls += 1
        if self.calls in self.fail:
            raise RuntimeError("broken")
        return {"features": np.full((len(images), 1000), self.calls, np.float32)}


def test_memory_does_not_grow_with_a_video(backbone, tmp_path):
    peaks = []
    for count in (500, 4000):
        video = clip(tmp_path, f"long{count}", np.zeros((count, 8, 8, 3), np.uint8))
        store, motion = stores(tmp_path / str(count), backbone, "features")
        tracemalloc.start()
        extract(
            [video],
            extractor=Slow(backbone),
            stores={"features": store},
            motion_store=motion,
            num_threads=1,
        )
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert store.read(video).shape == (count, 1000)
    assert peaks[1] - peaks[0] < 2e6  # all rows of the long video are 16 MB


def test_an_extraction_that_breaks_leaves_no_file_of_rows(videos, backbone, tmp_path):
    store, motion = stores(tmp_path, backbone, "features")
    kwargs = {"stores": {"features": store}, "motion_store": motion, "num_threads": 2}
    long = clip(tmp_path, "long", np.zeros((50, 40, 60, 3), np.uint8))
    with pytest.raises(RuntimeError, match="broken"):
        extract([long], extractor=Slow(backbone, fail=(3,)), **kwargs)
    assert not list(store.folder.glob("*.npy")) and not list(store.folder.glob(".tmp-*"))
    extract([long], extractor=Slow(backbone), **kwargs)
    assert store.read(long)[:, 0].tolist() == [1] * 16 + [2] * 16 + [3] * 16 + [4] * 2
