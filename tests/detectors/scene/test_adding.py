"""Further clips for a fitted detector: scored by it first, then learnt, in bounded memory."""

import copy
import itertools
import types

import numpy as np
import pytest
from scipy.stats import genpareto

from tests.detectors.scene.test_detector import (
    BACK,
    CAMERA,
    PROGRESS,
    bodies_of,
    clip,
    fitted,
    make,
    walk,
)
from vadjax.detectors.scene import adding, held_out
from vadjax.detectors.scene.cue import Camera
from vadjax.detectors.scene.cues import CUES
from vadjax.detectors.scene.cues.course import Course
from vadjax.detectors.scene.cues.look import Look
from vadjax.detectors.scene.cues.speed import Speed
from vadjax.detectors.scene.cues.still import Still
from vadjax.errors import UserError
from vadjax.scoring.fusion import Surprise
from vadjax.storage import artifacts

LEFT = {"number": 25, "y": 40}


def flat(state, at=""):
    if isinstance(state, list) and state and isinstance(state[0], dict):
        state = {str(number): part for number, part in enumerate(state)}
    if isinstance(state, dict):
        return {k: v for name, part in state.items() for k, v in flat(part, f"{at}/{name}").items()}
    return {at: state}


@pytest.fixture(scope="module")
def train():
    return [clip(f"train/{n}", walk(1.6 + 0.2 * n, y=36 + n)) for n in range(4)]


@pytest.fixture(scope="module")
def further():
    """Walkers to the left, which no training clip has; and one in which nothing moves."""
    return [clip("added/left", walk(-1.8, **LEFT)), clip("added/empty", [BACK] * 15)]


@pytest.fixture(scope="module")
def grown(train, further):
    detector, state = fitted(train)
    before = copy.deepcopy(state)
    after, scored = detector.add(state, further, progress=PROGRESS)
    for name, value in flat(before).items():  # the state of before is not changed
        np.testing.assert_array_equal(flat(state)[name], value)
    return detector, state, after, scored


def test_what_is_normal_in_a_further_clip_alone_is_abnormal_before_and_normal_after(grown):
    detector, before, after, _ = grown
    new = clip("test/left", walk(-1.7, number=24, y=39))
    found = {name: detector.score(s, new) for name, s in (("was", before), ("is", after))}
    assert found["was"].parts["course"].max() > 3 * found["is"].parts["course"].max()
    assert found["was"].scores.max() > 3 * found["is"].scores.max()
    fast = clip("test/fast", walk(6.0, number=19))  # as abnormal as ever
    assert detector.score(after, fast).scores.max() > 2 * found["is"].scores.max()


def test_held_out_scores_are_those_of_the_detector_as_it_was(grown, further):
    detector, before, after, scored = grown
    for one, found in zip(further, scored, strict=True):
        wanted = detector.score(before, one)
        np.testing.assert_array_equal(found.scores, wanted.scores)
        np.testing.assert_array_equal(found.predicted, wanted.predicted)
        assert found.id == one.id
    assert np.abs(detector.score(after, further[0]).scores - scored[0].scores).max() > 1


def test_a_further_clip_is_not_scored_by_what_the_one_before_it_taught(train):
    detector, state = fitted(train)
    pair = [clip(f"added/{n}", walk(-1.8 + 0.1 * n, number=25, y=40 - n)) for n in range(2)]
    _, scored = detector.add(state, pair, progress=PROGRESS)
    np.testing.assert_array_equal(scored[1].scores, detector.score(state, pair[1]).scores)
    after, _ = detector.add(state, pair[:1], progress=PROGRESS)
    assert np.abs(detector.score(after, pair[1]).scores - scored[1].scores).max() > 1


def test_surprises_are_made_of_the_held_out_values_of_all_clips(grown, further):
    """Against the maps of each cue as it was, on the further clips."""
    _, before, after, _ = grown
    camera = Camera(CAMERA, 10.0)
    for name, cue in before["cues"].items():
        tops = [each["values"] for each in before["held_out"][name]]
        for one in further:
            follower = CUES[name]().follow(cue, camera)

            tops.append(np.array([follower.update(b).max() for b in bodies_of(one)][1:]))
        wanted = Surprise.fit(tops)
        np.testing.assert_allclose(after["surprise"][name]["levels"], wanted.levels, rtol=1e-6)
        np.testing.assert_allclose(after["surprise"][name]["excess"], wanted.excess, rtol=1e-6)


def test_surprises_keep_the_tail_of_the_training(grown, further):
    detector, before, _, _ = grown
    after, _ = detector.add({**before, "tail": "pareto"}, further, progress=PROGRESS)
    for name, clips in after["held_out"].items():
        wanted = held_out.surprise_of(clips, "pareto")
        assert after["surprise"][name]["shape"] == wanted["shape"]
    values = genpareto(0.4).rvs((8, 800), random_state=0)
    clips = [held_out.kept(each) for each in values]
    found, plain = held_out.surprise_of(clips, "pareto"), held_out.surprise_of(clips)
    assert found["shape"] == Surprise.fit([*values], "pareto").shape > 0.2 and not plain["shape"]
    checked = held_out.tail_of(clips)
    assert checked["pareto"] and checked["misfit"]["pareto"] < checked["misfit"]["exponential"]


def test_it_says_what_it_has_read(grown):
    _, before, after, _ = grown
    assert after["clips"] == [*before["clips"], "added/left", "added/empty"]
    for frames in after["fitted_on"].values():
        assert {("added/left", 0, 25), ("added/empty", 0, 15), ("train/0", 0, 25)} <= set(frames)
    assert after["traffic"]["frames"] == before["traffic"]["frames"] + 40


@pytest.mark.parametrize("cue", [Speed, Still, Course])
def test_a_cue_that_is_extended_is_the_cue_of_all_clips(cue, train, further):

    camera, lessons = Camera(CAMERA, 10.0), []
    for one in (*train, *further):
        learner = cue().learner(camera)
        for bodies in bodies_of(one):
            learner.update(bodies)
        lessons.append(learner.lesson())
    state = cue().fit(lessons[:4], camera)
    for number, lesson in enumerate(lessons[4:], 4):
        state = cue().extend(state, lesson, number=number, camera=camera)
    wanted = cue().fit(lessons, camera)
    assert state.keys() == wanted.keys()
    for name, value in wanted.items():
        np.testing.assert_array_equal(state[name], value)


def test_objects_take_the_larger_scores_and_keep_their_names():
    def lesson(classes, score):
        most = np.full((len(classes), 12, 16), score, np.float32)
        return {"classes": np.array(classes, np.int32), "most": most}

    cue, camera = CUES["objects"](), Camera(CAMERA, 10.0)
    first, second = lesson([0, 3], 0.5), lesson([2, 3], 0.7)
    state = {**cue.fit([first], camera), "names": ["a", "b", "c", "d"]}
    after = cue.extend(state, second, number=1, camera=camera)
    wanted = cue.fit([first, second], camera)
    assert after["names"] == state["names"] and after["classes"].tolist() == [0, 2, 3]
    for name, value in wanted.items():
        np.testing.assert_array_equal(after[name], value)


def test_look_keeps_its_components_and_bounds_its_exemplars(monkeypatch):
    rng, camera = np.random.default_rng(0), Camera(CAMERA, 10.0)

    def lesson(centre, count=60):
        vectors = (centre + rng.normal(size=(count, 3))).astype(np.float16)
        return {"vectors": vectors, "source": rng.integers(0, 90, (count, 3)).astype(np.int32)}

    monkeypatch.setattr("vadjax.detectors.scene.cues.look.NUM_EXEMPLARS", 80)
    cue, first, second = Look(), lesson(0.0), lesson(5.0)
    state = cue.fit([first], camera)
    after = cue.extend(state, second, number=1, camera=camera)
    assert len(after["kept"]) <= 80 and after["radius"] > 0
    for name in ("mean", "axes", "base"):
        np.testing.assert_array_equal(after[name], state[name])
    assert {*after["source"][:, 0].tolist()} == {0, 1}
    placed = (second["vectors"].astype(np.float32) - state["mean"]) @ state["axes"]
    away = np.linalg.norm(placed[:, None] - after["kept"][None], axis=-1).min(1)
    assert away.max() <= 3 * after["radius"]
    nothing = {"vectors": np.zeros((0, 1), np.float32), "source": np.zeros((0, 3), np.int32)}
    assert cue.extend(state, nothing, number=2, camera=camera) is state
    late = cue.extend(cue.fit([nothing], camera), second, number=7, camera=camera)
    assert {*late["source"][:, 0].tolist()} == {7}


def test_pictures_of_before_stay_and_further_ones_come_from_further_clips(train, further):
    detector, state = fitted(train)
    state = detector.illustrate(state, train)
    for one in train:
        one.videos[0].frames._frames = None  # they are gone
    after, _ = detector.add(state, further, progress=PROGRESS)
    pictures, before = after["pictures"], state["pictures"]
    assert {*pictures["video"]} == {*before["video"], "added/left"}
    sources = after["cues"]["look"]["source"][pictures["number"]]
    for video, frame, source in zip(pictures["video"], pictures["frame"], sources, strict=True):
        assert after["clips"][source[0]] == video and source[1] == frame
    ends = (0, *pictures["ends"].tolist())
    jpegs = {pictures["jpegs"][a:b].tobytes() for a, b in itertools.pairwise(ends)}
    olds = (0, *before["ends"].tolist())
    assert {before["jpegs"][a:b].tobytes() for a, b in itertools.pairwise(olds)} <= jpegs


def test_what_is_kept_of_a_long_clip_has_its_quantiles_and_weight():
    values = np.random.default_rng(0).exponential(size=50_000).astype(np.float32)
    short = np.linspace(0, 1, 100, dtype=np.float32)
    long = held_out.kept(values)
    assert len(long["values"]) == held_out.KEPT and long["count"] == 50_000
    assert long["values"].max() == values.max()
    np.testing.assert_array_equal(held_out.kept(short)["values"], short)
    found, wanted = (
        held_out.surprise_of([long, held_out.kept(short)]),
        Surprise.fit([values, short]),
    )
    np.testing.assert_allclose(found["levels"], wanted.levels, atol=5e-3)
    np.testing.assert_allclose(found["excess"], wanted.excess, rtol=0.02)


def test_clips_are_added_to_a_state_from_files_one_after_the_other(train, further, tmp_path):
    """In one go and in two, with the files between: the same but for who has seen whom."""
    detector, state = fitted(train)
    artifacts.write_state(tmp_path, 0, state)
    for one in further:
        state, _ = make().add(artifacts.read_state(tmp_path, 0), [one], progress=PROGRESS)
        artifacts.replace_state(tmp_path, 0, state)
    state = artifacts.read_state(tmp_path, 0)
    whole, _ = detector.add(fitted(train)[1], further, progress=PROGRESS)
    for name, value in flat(whole["cues"]).items():
        np.testing.assert_array_equal(flat(state["cues"])[name], value)
    assert state["clips"] == whole["clips"]


def test_a_state_of_an_older_vadjax_and_a_cue_that_cannot_are_refused(train, monkeypatch):
    detector, state = fitted(train)
    older = {name: part for name, part in state.items() if name != "held_out"}
    with pytest.raises(UserError, match=r"older vadjax.*train anew"):
        detector.add(older, train, progress=PROGRESS)
    unable = types.SimpleNamespace(name="speed")
    monkeypatch.setattr(adding, "CUES", {**CUES, "speed": lambda: unable})
    with pytest.raises(UserError, match="cue speed of this detector cannot learn further"):
        detector.add(state, train, progress=PROGRESS)


def test_a_clip_of_one_frame_is_no_obstacle(train):
    detector, state = fitted(train)
    after, [scored] = detector.add(state, [clip("added/1", [BACK])], progress=PROGRESS)
    assert len(scored.scores) == 1 and scored.predicted.all()
    assert np.isfinite(detector.score(after, clip("test/1", walk(1.8))).scores).all()
