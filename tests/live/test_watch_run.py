"""`vadjax watch` on a file: its scores are those of `detect`, and it makes the same alarms."""

import cv2
import numpy as np
import pytest

from vadjax import config as configs
from vadjax import data
from vadjax.live import start
from vadjax.live.disk import Disk
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


def told(out, after=0):
    """Closed anomalies of a store since a change; and the number of the last change."""
    store = EventStore(out)
    found = [e for _, e in store.changes(after) if e.state == "closed" and e.kind == "anomaly"]
    last = store.last_change()
    store.close()
    return found, last


def test_what_is_called_normal_raises_no_event_again_and_another_does(run, tmp_path):
    workdir, clips = run
    rng = np.random.default_rng(0)
    films = {}
    for number, clip in enumerate(clips):
        frames = [np.asarray(frame) for frame in clip.frames]
        noisy = [(f + rng.normal(0, 2, f.shape)).clip(0, 255).astype(np.uint8) for f in frames]
        for name, shown in ((f"{number}", frames), (f"{number}-again", noisy)):
            write(tmp_path / f"{name}.mkv", shown, 10)
            films[name] = tmp_path / f"{name}.mkv"
    detector = TrainedDetector(workdir)
    highest = [detector.score(films[str(number)]).scores.max() for number in range(2)]
    threshold = 0.7 * float(min(highest))
    out = tmp_path / "out"

    def watch(name):
        after = told(out)[1] if out.exists() else 0
        start.watch(
            sources_of([f"cam={films[name]}"]),
            {"cam": workdir},
            out=out,
            settings=Settings(as_fast=True, cooldown_s=1.0),
            threshold=threshold,
            quiet=True,
        )
        return told(out, after)[0]

    first, other, again = watch("0"), watch("1"), watch("0-again")
    assert first and other and again
    store = EventStore(out)
    for one in (*first, *again):
        store.answer(one.id, "normal")
    store.close()
    repeated = watch("0-again") + watch("0")
    assert len(repeated) == 0
    still = watch("1-again")
    assert len(still) >= 1 and max(e.score for e in still) > 0.8 * max(e.score for e in other)
    store = EventStore(out)
    for one in (*first, *again):
        store.answer(one.id, None)
    store.close()
    assert watch("0")  # taken back


def test_another_scene_is_said(run, tmp_path):
    workdir, clips = run
    frames = [np.asarray(frame) for clip in clips for frame in clip.frames]
    other = [255 - frame[::-1] for frame in frames]
    write(tmp_path / "a.mkv", frames + other + frames, 10)
    start.watch(
        sources_of([f"cam={tmp_path / 'a.mkv'}"]),
        {"cam": workdir},
        out=tmp_path / "out",
        settings=Settings(as_fast=True, start=1000.0),
        quiet=True,
    )
    store = EventStore(tmp_path / "out")
    (changed,) = store.list(kind="camera_changed")
    store.close()
    seconds = len(frames) / 10
    assert changed.start - 1000 == pytest.approx(seconds + 5, abs=1.0)
    assert changed.end - 1000 == pytest.approx(2 * seconds + 5, abs=1.5)
    assert "differ from the background" in changed.sentence


def test_a_full_disk_is_said_and_events_go_on(run, tmp_path, monkeypatch):
    monkeypatch.setattr(Disk, "has_room", property(lambda self: False))
    workdir, clips = run
    write(tmp_path / "a.mkv", [np.asarray(frame) for frame in clips[0].frames], 10)
    start.watch(
        sources_of([f"cam={tmp_path / 'a.mkv'}"]),
        {"cam": workdir},
        out=tmp_path / "out",
        settings=Settings(as_fast=True),
        threshold=0.0,
        quiet=True,
    )
    store = EventStore(tmp_path / "out")
    (full,) = store.list(kind="disk_full")
    (event,) = store.list(kind="anomaly")
    store.close()
    assert full.state == "closed" and "without clips" in full.sentence
    assert (event.state, event.clip, event.picture) == ("closed", None, None)
    assert not list((tmp_path / "out").rglob("*.mp4"))
