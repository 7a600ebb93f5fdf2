"""Every detector: its contract, its state on disk, and its stream against batch scoring."""

import dataclasses

import numpy as np
import pytest
from ml_collections import ConfigDict
from sklearn.neighbors import NearestNeighbors

from tests import drawn
from vadjax import config as configs
from vadjax import detectors
from vadjax.data.clip import Clip
from vadjax.data.frames.on_demand import Frames
from vadjax.data.splits.units import Segment, Units
from vadjax.data.video import Video
from vadjax.detectors.contract import Progress
from vadjax.detectors.inputs import taps_of
from vadjax.errors import UserError
from vadjax.features.extractor import Extractor
from vadjax.features.motion import MotionMeter
from vadjax.features.scene.reference import fit_reference
from vadjax.pipeline.run import Run
from vadjax.runtime.console import Console
from vadjax.storage.state import load_state, save_state

LENGTH = 4
BY_PLACE = {
    "features__backbone": "flow",
    "features__tap": "map",
    "model__name": "place_gru",
    "model__lag": 2,
    "model__mean": 2,
    "objective__name": "density",
}
OF_BAGS = {
    "dataset__protocol": "weak",
    "model__name": "bag_mlp",
    "objective__name": "mil_ranking",
    "train__batches": "pairs",
}
NEEDS = {"bag_model": OF_BAGS, "knn_places": {"features__tap": "map"}}  # beyond the default
STREAMING = [
    name
    for name in detectors.DETECTORS
    if detectors.create(name, configs.default_config()).delay == 0
]


class Moving(Frames):
    """A bright square that moves over noise."""

    def __init__(self, seed: int, num_frames: int = 24):
        super().__init__(num_frames, size=(64, 96))
        self._seed = seed

    def _read(self, index: int) -> np.ndarray:
        rng = np.random.default_rng([self._seed, index])
        frame = rng.integers(0, 60, (64, 96, 3), dtype=np.uint8)
        left = (3 * index + 7 * self._seed) % 80
        frame[20:40, left : left + 16] = 220
        return frame


def video(name: str, seed: int, labels=None) -> Video:
    return Video(id=name, split=name.split("/")[0], frames=Moving(seed), fps=10.0, labels=labels)


def config(**changes) -> ConfigDict:
    """A config that runs in seconds; `changes` have their dots written as two underscores."""
    made = configs.default_config()
    f, t = made.features, made.train
    f.backbone, f.weights, f.height, f.width = "mobilenetv2_100", "random", 32, 32
    made.window.length, made.model.units = LENGTH, (4,)
    t.epochs, t.patience, t.batch_size = 1, 0, 16
    made.update_from_flattened_dict({k.replace("__", "."): v for k, v in changes.items()})
    return made


class World:
    """Clips of drawn videos, with rows extracted as the pipeline extracts them."""

    def __init__(self, tmp_path, made: ConfigDict):
        self.config, self.run = made, Run(made, tmp_path, Console(quiet=True))
        self.progress = Progress(Console(quiet=True), tmp_path)
        self._rows: dict[tuple[str, str], np.ndarray] = {}
        self._videos: dict[str, Video] = {}

    def clip(self, one: Video) -> Clip:
        self._videos[one.id] = one
        return Clip(one.id, Units((Segment(one.id, 0, len(one.frames)),)), (one,), self._read)

    def _read(self, name: str, segment: Segment) -> np.ndarray:
        key = (name, segment.video_id)
        if key not in self._rows:
            tap = taps_of([name], features=self.config.features.tap).get(name)
            one = self._videos[segment.video_id]
            self._rows[key] = self._of_tap(one, tap) if tap else getattr(self, f"_{name}")(one)
        return self._rows[key][segment.start : segment.stop]

    def _motion(self, one: Video) -> np.ndarray:
        meter = MotionMeter()
        for frame in one.frames:
            meter.update(frame)
        return meter.rows()

    def _of_tap(self, one: Video, tap: str) -> np.ndarray:
        extractor = Extractor(self.run.backbone, taps=(tap,), batch_size=8)
        images = np.stack(list(map(self.run.backbone.preprocess.reader(), one.frames)))
        size = extractor.batch_size
        index = np.arange(-(-len(images) // size) * size).reshape(-1, size) % len(images)
        return np.concatenate([np.asarray(extractor(images[at])[tap]) for at in index])[
            : len(images)
        ]

    def _cells(self, one: Video) -> np.ndarray:
        return self._scene(one, "cells")

    def _windows(self, one: Video) -> np.ndarray:
        return self._scene(one, "windows")

    def _scene(self, one: Video, name: str) -> np.ndarray:
        if "reference" not in self.run.__dict__:
            frames = [frame for known in self._videos.values() for frame in known.frames]
            self.run.__dict__["reference"] = fit_reference(frames)
            self.run.frontend.__dict__["looks"] = drawn.Means()  # no network is compiled
        rows = drawn.measured(one.frames, self.run.reference, one.fps, self.run.frontend.looks)
        self._rows |= {(other, one.id): values for other, values in rows.items()}
        return rows[name]


def fitted(world: World, name: str):
    detector = world.run.make_detector(name)
    videos = [video(f"train/{n}", n) for n in range(3 if name == "scene" else 2)]
    held_out = [video("train/9", 9)]
    if name == "bag_model":  # learns from the labels of whole videos, of both classes
        videos += [video(f"train/{n}", n) for n in (2, 3)]
        videos = [dataclasses.replace(v, video_label=n % 2) for n, v in enumerate(videos)]
        held_out += [video("train/8", 8)]
        held_out = [dataclasses.replace(v, video_label=n) for n, v in enumerate(held_out)]
    train = [world.clip(one) for one in videos]
    if name == "scene":
        train[0].rows("cells")  # the reference is of the training clips
    validation = [world.clip(one) for one in held_out]
    state = detector.fit(train, validation, seed=3, progress=world.progress)
    return detector, state


@pytest.mark.parametrize("name", detectors.DETECTORS)
def test_a_registered_detector_is_what_the_registry_says(name):
    entry, detector = detectors.DETECTORS[name], detectors.create(name, configs.default_config())
    assert detector.name == name and set(detector.inputs) == set(entry.inputs)
    for method in ("fit", "score", "score_clips", "stream", "describe"):
        assert callable(getattr(detector, method))


def test_an_unknown_detector_is_refused():
    with pytest.raises(UserError, match="Did you mean 'flow_box'"):
        detectors.create("flowbox", configs.default_config())


@pytest.mark.parametrize("name", STREAMING)
def test_a_stream_gives_the_scores_of_batch_scoring(name, tmp_path):
    """Frames that batch scoring fills from their nearest have no score in the stream."""
    world = World(tmp_path, config(**NEEDS.get(name, {})))
    detector, state = fitted(world, name)
    save_state(tmp_path / "state", state)
    state = load_state(tmp_path / "state")
    one = video("", 5)
    batch = detector.score(state, world.clip(one))
    stream, results = detector.stream(state), []
    for index, frame in enumerate(one.frames):
        (result,) = stream.update(frame, index / 10)  # causal: at once
        results.append(result)
    assert not stream.close()
    assert [(r.index, r.time) for r in results] == [(i, i / 10) for i in range(len(one.frames))]
    assert [r.score is not None for r in results] == batch.predicted.tolist()
    scores = [r.score for r in results if r.score is not None]
    np.testing.assert_allclose(scores, batch.scores[batch.predicted], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "changes, num_filled",
    [
        ({}, 1),  # the scan over the frames so far; the first has nothing to be predicted from
        ({"window__dilation": 2}, 2),
        ({"model__name": "tcn"}, 1),
        ({"model__name": "attention_pooling"}, 1),
        ({"model__bidirectional": True}, 1),  # the first frame repeated
        ({"model__bidirectional": True, "window__dilation": 2}, 1),
        ({"objective__name": "reconstruct"}, 0),
        ({"model__name": "dense_autoencoder", "objective__name": "reconstruct"}, 0),
        ({"score__first_frames": "fill"}, LENGTH - 1),
        (BY_PLACE, 1),
    ],
)
def test_a_stream_scores_the_first_frames_as_batch_scoring_does(changes, num_filled, tmp_path):
    world = World(tmp_path, config(**changes))
    detector, state = fitted(world, "window_model")
    one = video("test/5", 5)
    batch, stream = detector.score(state, world.clip(one)), detector.stream(state)
    assert (~batch.predicted).sum() == num_filled and not batch.predicted[:num_filled].any()
    results = [result for frame in one.frames for result in stream.update(frame)]
    scores = np.array([np.nan if r.score is None else r.score for r in results])
    np.testing.assert_array_equal(~np.isnan(scores), batch.predicted)
    known = batch.predicted
    np.testing.assert_allclose(scores[known], batch.scores[known], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("aggregate, reduce", [("mean", np.mean), ("max", np.max)])
def test_a_delayed_stream_gives_the_scores_of_batch_scoring(aggregate, reduce, tmp_path):
    names = {"model__name": "dense_autoencoder", "objective__name": "reconstruct"}
    world = World(tmp_path, config(**names, score__aggregate=aggregate, window__dilation=2))
    detector, state = fitted(world, "window_model")
    assert detector.delay == 2 * (LENGTH - 1)
    one = video("test/5", 5)
    batch = detector.score(state, world.clip(one))
    stream, results = detector.stream(state), []
    for count, frame in enumerate(one.frames):
        results += stream.update(frame)
        assert len(results) == max(0, count + 1 - detector.delay)
    results += stream.close()
    assert [r.index for r in results] == list(range(len(one.frames)))
    scores = np.array([np.nan if r.score is None else r.score for r in results])
    np.testing.assert_array_equal(~np.isnan(scores), batch.predicted)
    np.testing.assert_allclose(
        scores[batch.predicted], batch.scores[batch.predicted], rtol=1e-6, atol=1e-6
    )


# Detectors of windows alone are run by tests/pipeline/test_window_protocols.py.
@pytest.mark.parametrize(
    "name", [name for name, entry in detectors.DETECTORS.items() if "segment" in entry.units]
)
def test_scores_of_several_clips_are_those_of_each(name, tmp_path):
    world = World(tmp_path, config(**NEEDS.get(name, {})))
    detector, state = fitted(world, name)
    clips = [world.clip(video(f"test/{n}", n)) for n in (5, 6)]
    for both, clip in zip(detector.score_clips(state, clips), clips, strict=True):
        alone = detector.score(state, clip)
        np.testing.assert_allclose(both.scores, alone.scores, rtol=1e-6, atol=1e-6)
        assert both.id == clip.id and both.fps == 10.0 and both.labels is None


def test_what_needs_the_whole_video_says_so(tmp_path):
    for name in ("frame_index", "clip_centre", "nearest_in_time"):
        detector = detectors.create(name, configs.default_config())
        assert detector.delay is None
        with pytest.raises(UserError, match=f"detector '{name}'"):
            detector.stream({"seed": 0})


def test_content_free_scores(tmp_path):
    world = World(tmp_path, config())
    clip = world.clip(video("test/5", 5))
    index = detectors.create("frame_index", world.config).score({"seed": 0}, clip).scores
    centre = detectors.create("clip_centre", world.config).score({"seed": 0}, clip).scores
    np.testing.assert_allclose(index, np.arange(24) / 24, rtol=1e-6)
    np.testing.assert_allclose(centre, centre[::-1], atol=1e-6)  # it knows no direction
    assert centre.argmax() in (11, 12)
    random = detectors.create("random", world.config)
    first, again, other = (random.score({"seed": s}, clip).scores for s in (0, 0, 1))
    assert (first == again).all() and (first != other).any() and first.dtype == np.float32
    twin = random.score({"seed": 0}, world.clip(video("test/6", 5))).scores
    assert (twin != first).any()  # another clip has other numbers


def test_knn_is_fitted_on_the_normal_training_frames(tmp_path):
    world = World(tmp_path, config(evaluate__knn=3))
    labels = (np.arange(24) >= 16).astype(np.uint8)
    train = [world.clip(video("train/0", 0)), world.clip(video("test/1", 1, labels))]
    detector = world.run.make_detector("knn")
    state = detector.fit(train, (), seed=0, progress=world.progress)
    test = world.clip(video("test/5", 5))
    normal = np.concatenate([train[0].rows("features"), train[1].rows("features")[:16]])
    mean, std = normal.mean(0), normal.std(0)
    std = np.maximum(std, 0.1 * np.median(std[std > 1e-6 * np.abs(mean)]))
    found = NearestNeighbors(n_neighbors=3).fit((normal - mean) / std)
    wanted = found.kneighbors((test.rows("features") - mean) / std)[0].mean(1)
    np.testing.assert_allclose(detector.score(state, test).scores, wanted, rtol=1e-4)
