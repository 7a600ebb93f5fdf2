"""`vadjax watch` on a file: its scores are those of `detect`, and it makes the same alarms."""

import cv2
import numpy as np
import pytest

from vadjax import config as configs
from vadjax import data
from vadjax.live import start
from vadjax.live.event_store import EventStore
from vadjax.live.settled import Settings
from vadjax.live.source import sources_of
from vadjax.live.watched import Watched
from vadjax.pipeline import stages
from vadjax.pipeline.trained import TrainedDetector

pytestmark = pytest.mark.slow


def tiny(cache):
    config = configs.default_config()
    d, f = config.dataset, config.features
    d.num_train, d.num_test, d.num_frames, d.height, d.width = 6, 2, 60, 96, 128
    f.backbone, f.weights, f.cache_dir = "mobilenetv2_100", "random", str(cache)
    config.detector.name, config.scene.tap = "scene", "stage2"
    config.evaluate.num_bootstrap, config.evaluate.cross_fit = 20, 2
    return configs.validate(config)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    cache, workdir = tmp_path_factory.mktemp("cache"), tmp_path_factory.mktemp("run")
    stages.run(tiny(cache), workdir, quiet=True)
    return workdir, data.load(tiny(cache).dataset, cache_dir=cache).test


@pytest.fixture
def scores(monkeypatch):
    """The scores of a watch by frame, as they come."""
    found = []
    own = Watched._take

    def take(self, one, waiting, score):
        found.append((waiting.arrival.at, score))
        return own(self, one, waiting, score)

    monkeypatch.setattr(Watched, "_take", take)
    return found


def write(path, frames, fps):
    """Write a film without loss."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=fps)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "bgr0"
        for frame in frames:
            shown = frame if frame.ndim == 3 else cv2.cvtColor(frame, cv2.COLOR_GRAY2RGB)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        container.mux(stream.encode())


def test_a_file_has_the_scores_and_the_alarms_of_detect(run, scores, tmp_path):
    workdir, clips = run
    frames = [np.asarray(frame) for clip in clips for frame in clip.frames]
    write(tmp_path / "night.mkv", frames, 10)
    detector = TrainedDetector(workdir)
    threshold = float(np.quantile(detector.score(tmp_path / "night.mkv").scores, 0.8))
    expected = TrainedDetector(workdir, threshold=threshold).score(tmp_path / "night.mkv")
    sources = sources_of([str(tmp_path / "night.mkv")])
    start.watch(
        sources,
        {"night": workdir},
        out=tmp_path / "out",
        settings=Settings(as_fast=True, cooldown_s=0.0, start=1_700_000_000.0),
        threshold=threshold,
        quiet=True,
    )
    assert len(scores) == len(expected.scores) == len(frames)
    np.testing.assert_allclose([score for _, score in scores], expected.scores, atol=1e-6)
    np.testing.assert_allclose([at for at, _ in scores], expected.edges[:-1], atol=1e-3)
    store = EventStore(tmp_path / "out")
    events = store.list()[::-1]
    assert len(expected.alarms) >= 2 and {event.state for event in events} == {"closed"}
    spans = [(event.start - 1_700_000_000, event.end - 1_700_000_000) for event in events]
    alarms = [tuple(expected.edges[list(alarm)]) for alarm in expected.alarms]
    np.testing.assert_allclose(spans, alarms, atol=2e-3)
    for event, finding in zip(events, expected.findings, strict=True):
        assert (event.cue, event.sentence) == (finding.cue, finding.text)
        assert (tmp_path / "out" / event.clip).is_file()
        assert (tmp_path / "out" / event.picture).is_file()
    store.close()
