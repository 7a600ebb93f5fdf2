"""The embedded benchmark: exact truth, determinism, and no way to score without seeing."""

import subprocess
import sys
import tempfile
import types

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

import vadjax.data
from vadjax.data.synthetic import builder, render
from vadjax.data.synthetic.actors import KINDS
from vadjax.data.synthetic.backdrop import make_backdrop
from vadjax.data.synthetic.camera import Camera
from vadjax.data.synthetic.render import Renderer, min_pixels
from vadjax.data.synthetic.scenario import HALF_WIDTH, make_scenario
from vadjax.errors import UserError

# Of the clips that `settings()` asks for: frames, mean colours, abnormal frames.
LENGTHS = [22, 24, 24]
MEANS = [[131.5, 129.4, 99.1], [103.3, 105.5, 79.9], [107.5, 109.4, 83.8]]
ABNORMAL = [24, 0]


def settings(**changes):
    chosen = {"seed": 0, "num_train": 1, "num_test": 2, "num_frames": 24, "height": 64, "width": 96}
    return types.SimpleNamespace(name="synthetic", **{**chosen, **changes})


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def small(cache):
    return vadjax.data.load(settings(), cache_dir=cache)


@pytest.fixture(scope="module")
def moderate(cache):
    """As many clips as by default, shorter and in a small frame."""
    return vadjax.data.load(
        settings(num_test=16, num_frames=90, height=72, width=108), cache_dir=cache
    )


def pixels(video):
    return np.stack(list(video.frames))


def micro_auc(dataset, score):
    """Rank-sum form of the area under the ROC curve, all test frames together."""
    labels = np.concatenate([v.labels for v in dataset.test])
    ranks = rankdata(np.concatenate([score(v) for v in dataset.test]))
    positive = labels.sum()
    return (ranks[labels == 1].sum() - positive * (positive + 1) / 2) / (
        positive * (len(labels) - positive)
    )


def test_the_same_seed_draws_the_same(small, tmp_path):
    again = vadjax.data.load(settings(), cache_dir=tmp_path)
    for first, second in zip(small.train + small.test, again.train + again.test, strict=True):
        assert first.id == second.id
        assert first.fingerprint == second.fingerprint
        assert (pixels(first) == pixels(second)).all()
        assert (np.stack(list(first.masks)) == np.stack(list(second.masks))).all()
        assert first.metadata["tracks"] == second.metadata["tracks"]


def test_another_seed_draws_another_world(small, cache):
    other = vadjax.data.load(settings(seed=1), cache_dir=cache)
    assert other.test[0].fingerprint != small.test[0].fingerprint
    count = min(len(other.test[0].frames), len(small.test[0].frames))
    assert (pixels(other.test[0])[:count] != pixels(small.test[0])[:count]).mean() > 0.5


def test_more_clips_leave_the_training_clips_as_they_are(small, cache):
    more = vadjax.data.load(settings(num_train=2), cache_dir=cache)
    assert (pixels(more.train[0]) == pixels(small.train[0])).all()


def test_the_generator_is_frozen(small):
    """A change of these figures is a change of the benchmark: raise GENERATOR_VERSION."""
    assert builder.GENERATOR_VERSION == 1
    means = [np.round(pixels(v).mean((0, 1, 2)), 1).tolist() for v in small.train + small.test]
    assert [len(v.frames) for v in small.train + small.test] == LENGTHS
    np.testing.assert_allclose(means, MEANS, atol=0.3)  # drawing differs a little by platform
    assert [int(v.labels.sum()) for v in small.test] == ABNORMAL


def test_what_a_data_set_says_of_itself(small):
    assert (small.name, small.coverage, small.label_version) == ("synthetic", None, "exact")
    assert [v.id for v in small.train + small.test] == ["train/01", "test/01", "test/02"]
    for video in small.train + small.test:
        assert video.frames.shape == (64, 96)
        assert video.frames.channels == 3
        assert video.frames[0].dtype == np.uint8
        assert 20 <= len(video.frames) <= 24
        assert video.fps == 10
    assert not small.train[0].labels.any()
    assert not np.stack(list(small.train[0].masks)).any()
    assert sorted(v.video_label for v in small.test) == [0, 1]


def test_labels_masks_kinds_and_tracks_agree(moderate):
    least = min_pixels(72, 108)
    for video in moderate.test:
        masks = np.stack(list(video.masks))
        area = masks.sum((1, 2))
        kinds = video.metadata["kinds"]
        assert set(np.unique(masks)) <= {0, 1}
        assert ((area > 0) == video.labels).all()
        assert (area[video.labels == 1] >= least).all()
        assert set(kinds) <= set(KINDS)
        union = np.zeros(len(area), np.uint8)
        for frames in kinds.values():
            union |= frames
        assert (union == video.labels).all()
        seen = np.zeros_like(area)
        for track in video.metadata["tracks"]:
            for t, (box, count, abnormal) in enumerate(
                zip(track["boxes"], track["pixels"], track["abnormal"], strict=True), track["start"]
            ):
                if abnormal and count >= least:
                    x, y, width, height = box
                    seen[t] += count
                    assert masks[t, y : y + height, x : x + width].sum() >= count
        assert (seen == area).all()


def test_abnormal_pixels_move_or_lie_where_the_scene_was(moderate):
    """A mask's pixels differ from the same clip's median picture: it marks a thing."""
    for video in moderate.test:
        if "dropped_object" in video.metadata["kinds"] or not video.labels.any():
            continue
        frames = pixels(video).astype(float)
        difference = np.abs(frames - np.median(frames, 0)).mean(-1)
        masks = np.stack(list(video.masks)) == 1
        assert difference[masks].mean() > 2 * difference[~masks].mean()


def test_every_kind_occurs_among_normal_life(moderate):
    frames = dict.fromkeys(KINDS, 0)
    for video in moderate.test:
        company = np.zeros(len(video.labels), int)
        for track in video.metadata["tracks"]:
            if track["kind"] == "walker":
                company[track["start"] : track["start"] + len(track["pixels"])] += 1
        assert (company >= 1).mean() > 0.9
        for kind, hits in video.metadata["kinds"].items():
            frames[kind] += int(hits.sum())
    assert min(frames.values()) >= 15
    labels = np.concatenate([v.labels for v in moderate.test])
    assert 0.25 <= labels.mean() <= 0.42
    assert sum(v.video_label == 0 for v in moderate.test) == 2


def test_scores_without_content_know_nothing(moderate):
    rng = np.random.default_rng(0)

    def index(video):
        return np.arange(len(video.labels))

    def centre(video):
        return -np.abs(index(video) - (len(video.labels) - 1) / 2)

    for score in (lambda v: rng.random(len(v.labels)), index, centre):
        assert 0.4 <= micro_auc(moderate, score) <= 0.6


def test_brightness_and_change_know_little(moderate):
    def brightness(video):
        return pixels(video).mean((1, 2, 3))

    def energy(video):
        change = np.abs(np.diff(pixels(video).astype(np.float32), axis=0)).mean((1, 2, 3))
        return np.r_[change[:1], change]

    assert 0.2 <= micro_auc(moderate, brightness) <= 0.8
    assert micro_auc(moderate, energy) <= 0.8


@given(st.integers(1, 64), st.integers(0, 1000))
def test_plan_is_balanced(num_test, seed):
    plan = builder.plan_events(num_test, np.random.default_rng(seed))
    assert len(plan) == num_test
    events = [event for clip in plan for event in clip]
    assert events
    assert sum(not clip for clip in plan) == (num_test + 6) // 8
    places = np.sort([place for _, place in events])
    assert (np.floor(places * len(places)) == np.arange(len(places))).all()
    if num_test % 8 == 0:
        singles = [clip[0][0] for clip in plan if len(clip) == 1]
        assert {singles.count(kind) for kind in KINDS} == {num_test // 8}


def test_any_frame_size(cache):
    dataset = vadjax.data.load(
        settings(num_test=1, num_frames=8, height=97, width=131), cache_dir=cache
    )
    assert dataset.test[0].masks[0].shape == dataset.test[0].frames.shape == (97, 131)


def test_settings_out_of_range():
    with pytest.raises(UserError, match=r"seed -1 \(at least 0\), height 8 \(at least 64, or 0"):
        vadjax.data.load(settings(seed=-1, height=8), cache_dir="unused")


def test_a_cache_that_cannot_be_written(tmp_path):
    (tmp_path / "synthetic").write_text("a file where a folder should be")
    with pytest.raises(UserError, match=r"features\.cache_dir"):
        vadjax.data.load(settings(), cache_dir=tmp_path)


def test_drawings_of_ended_processes_are_removed_and_those_of_others_are_not(tmp_path):
    """Killed while it draws: the folder goes at the next start, and not while the process lives."""
    code = (
        "import sys, time, types\n"
        "import vadjax.data\n"
        "from vadjax.data.synthetic.render import Renderer\n"
        "def hang(*_, **__):\n"
        "    print('drawing', flush=True); time.sleep(60)\n"
        "Renderer.render = hang\n"
        "keys = ('seed', 'num_train', 'num_test', 'num_frames', 'height', 'width')\n"
        "config = types.SimpleNamespace(name='synthetic', **dict.fromkeys(keys, 0))\n"
        "vadjax.data.load(config, cache_dir=sys.argv[1])\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout.readline().startswith("drawing")
        tiny = settings(num_test=1)
        vadjax.data.load(tiny, cache_dir=tmp_path)
        assert len(list((tmp_path / "synthetic").glob(".drawing-*"))) == 1
    finally:
        child.kill()
        child.wait()
    vadjax.data.load(tiny, cache_dir=tmp_path)  # which is drawn already
    assert not list((tmp_path / "synthetic").glob(".drawing-*"))


def test_a_failed_drawing_leaves_nothing(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Renderer, "render", fail)
    with pytest.raises(KeyboardInterrupt):
        vadjax.data.load(settings(), cache_dir=tmp_path)
    assert not list((tmp_path / "synthetic").iterdir())


SIZES = {
    "num_test": st.integers(1, 3),
    "num_frames": st.integers(8, 20),
    "height": st.integers(64, 160),
    "width": st.integers(64, 160),
    "seed": st.integers(0, 2**31),
}


@hypothesis.settings(max_examples=3)
@hypothesis.example(num_test=1, num_frames=8, height=64, width=64, seed=0)  # no bench in view
@hypothesis.example(num_test=2, num_frames=8, height=307, width=65, seed=876363)  # no leaves
@hypothesis.example(num_test=1, num_frames=8, height=64, width=64 * 16, seed=1)
@given(**SIZES)
def test_every_size_that_is_allowed_is_drawn(num_test, num_frames, height, width, seed):
    sizes = {"num_frames": num_frames, "height": height, "width": width}
    with tempfile.TemporaryDirectory() as folder:
        asked = settings(num_test=num_test, seed=seed, **sizes)
        dataset = vadjax.data.load(asked, cache_dir=folder)
        assert len(dataset.test) == num_test
        for video in (*dataset.train, *dataset.test):
            assert pixels(video).shape[1:] == (height, width, 3)
            assert [int(mask.any()) for mask in video.masks] == video.labels.tolist()


def test_a_frame_without_anybody_is_drawn():
    camera = Camera(64, 64)
    backdrop = make_backdrop(camera, np.random.default_rng(0))
    clip = Renderer(camera, backdrop).render([], np.random.default_rng(1), num_frames=8)
    assert clip.frames.shape == (8, 64, 64, 3) and not clip.masks.any() and clip.tracks == []


def test_more_people_than_ids_share_them_one_after_the_other(monkeypatch):
    """A long clip has more actors than a byte has values."""
    camera = Camera(64, 96)
    backdrop = make_backdrop(camera, np.random.default_rng(0))
    scenario = make_scenario(
        np.random.default_rng(5),
        num_frames=150,
        span=camera.span(HALF_WIDTH),
        events=[("runner", 0.3), ("cyclist", 0.8)],
    )
    want, found = [], []
    for clips, ids in ((want, render.FURNITURE), (found, len(scenario) - 2)):
        monkeypatch.setattr(render, "FURNITURE", ids)
        rng = np.random.default_rng(1)
        clips.append(Renderer(camera, backdrop).render(scenario, rng, num_frames=150))
    assert found[0].tracks == want[0].tracks and len(want[0].tracks) > 2
    for part in ("frames", "masks", "labels"):
        np.testing.assert_array_equal(getattr(found[0], part), getattr(want[0], part))
    monkeypatch.setattr(render, "FURNITURE", 3)
    with pytest.raises(ValueError, match="more than 2 actors"):
        Renderer(camera, backdrop).render(scenario, rng, num_frames=150)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"height": 10_000, "width": 10_000}, r"10000x10000 pixels \(at most 2088960\)"),
        ({"height": 64, "width": 1025}, r"width 1025 \(at most 16 times the height, 64\)"),
        ({"num_frames": 10**6}, r"num_frames 1000000 at 96x64 \(24.6 GB a clip, at most 2.1\)"),
        ({"num_train": 10**9}, r"1000000002 clips take 589824.0 GB, but .* are free in"),
    ],
)
def test_what_is_too_large_is_said_before_anything_is_drawn(tmp_path, asked, message):
    with pytest.raises(UserError, match=message):
        vadjax.data.load(settings(**asked), cache_dir=tmp_path)
    assert not list(tmp_path.rglob(".drawing-*"))
