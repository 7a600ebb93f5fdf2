"""The detector of a fixed camera on drawn clips: folds, calibration, streams, messages."""

import dataclasses

import numpy as np
import pytest
from scipy.ndimage import maximum_filter

from tests import drawn
from vadjax import config as configs
from vadjax.data.splits.units import Segment
from vadjax.detectors.contract import Progress
from vadjax.detectors.scene import detector as module
from vadjax.detectors.scene import doubts
from vadjax.detectors.scene.bodies import BodyReader
from vadjax.detectors.scene.cue import Camera
from vadjax.detectors.scene.cues import CUES
from vadjax.detectors.scene.detector import Scene
from vadjax.detectors.scene.follower import SceneFollower
from vadjax.errors import UserError
from vadjax.runtime.console import Console
from vadjax.scoring.fusion import Surprise
from vadjax.storage import artifacts

BACK = drawn.backdrop()
CAMERA = drawn.reference(BACK, body=20)
FPS = 10.0
PROGRESS = Progress(Console(quiet=True))


def walk(speed, *, number=25, y=38, start=None, seed=7):
    """Somebody walks along a row, pixels a frame; to the left where it is negative."""
    body = drawn.texture(20, 10, seed)
    first = start if start is not None else (4 if speed > 0 else 114)
    return [drawn.put(BACK.copy(), body, first + speed * k, y) for k in range(number)]


def clip(name, frames, **more):
    return drawn.clip(name, frames, CAMERA, **more)


def make(**changes):
    config = configs.default_config()
    config.update_from_flattened_dict({k.replace("__", "."): v for k, v in changes.items()})
    return Scene(config, drawn.frontend(CAMERA))


def fitted(train, **changes):
    detector = make(**changes)
    return detector, detector.fit(train, (), seed=0, progress=PROGRESS)


@pytest.fixture(scope="module")
def train():
    """Four clips of walkers to the right, at 1.6 to 2.2 pixels a frame."""
    return [clip(f"train/{n}", walk(1.6 + 0.2 * n, y=36 + n)) for n in range(4)]


@pytest.fixture(scope="module")
def normal(train):
    return fitted(train)


def bodies_of(one, fps=FPS):
    reader = BodyReader(CAMERA, fps)
    rows = zip(one.rows("cells"), one.rows("windows"), strict=True)
    return [reader.update(*pair) for pair in rows]


def raw_maps(state, name, one):
    follower = CUES[name]().follow(state["cues"][name], Camera(CAMERA, FPS))
    return np.stack([follower.update(bodies) for bodies in bodies_of(one)])


@pytest.mark.parametrize(
    ("name", "frames"),
    [("speed", walk(6.0, number=19)), ("course", walk(-1.8)), ("course", walk(1.8, y=70))],
    ids=["fast", "to the left", "elsewhere"],
)
def test_what_is_unusual_scores_above_all_that_is_normal(normal, name, frames):
    detector, state = normal
    usual = detector.score(state, clip("test/0", walk(1.9, y=37, seed=7)))
    found = detector.score(state, clip("test/1", frames))
    assert 10_000 > found.scores.max() > 2 * usual.scores.max()
    assert found.parts[name].max() > 2 * usual.parts[name].max()


def test_something_that_is_left_there_stands_still_for_too_long(normal):
    detector, state = normal
    bag = walk(1.9, number=20) + [
        drawn.put(BACK.copy(), drawn.texture(12, 12), 60, 50) for _ in range(50)
    ]
    found = detector.score(state, clip("test/bag", bag))
    still = found.parts["still"]
    assert still[-1] == still.max() > still[:20].max() + 1
    assert still.max() < 10  # nothing stood still in training: no reason for any number


def test_a_score_is_the_largest_value_of_the_fused_surprises(normal):
    """Against the maps of each cue by itself, dilated by scipy and calibrated one by one."""
    detector, state = normal
    one = clip("test/1", walk(3.0, number=20))
    found = detector.score(state, one)
    own = {}
    for name in state["cues"]:
        surprise = Surprise(**state["surprise"][name])
        maps = surprise(maximum_filter(raw_maps(state, name, one), (1, 3, 3), mode="nearest"))
        np.testing.assert_allclose(found.parts[name][1:], maps[1:].max((1, 2)), rtol=1e-6)
        own[name] = maps.astype(np.float64)
    sure = own["speed"] + own["look"]
    total = np.maximum(1.5 * sure, sure + own["course"] + own["still"])
    np.testing.assert_allclose(found.maps[1:], total[1:], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.scores[1:], total[1:].max((1, 2)), rtol=1e-5)
    assert list(found.parts) == ["speed", "look", "course", "still"]


def test_the_first_frame_is_not_predicted_and_takes_all_of_the_second(normal):
    detector, state = normal
    found = detector.score(state, clip("test/1", walk(6.0, number=12)))
    assert found.predicted.tolist() == [False] + [True] * 11
    assert found.scores[0] == found.scores[1] and found.scores[1] != found.scores[2]
    np.testing.assert_array_equal(found.maps[0], found.maps[1])
    assert all(values[0] == values[1] for values in found.parts.values())
    single = detector.score(state, clip("test/2", walk(6.0, number=1)))
    assert len(single.scores) == 1 and np.isfinite(single.scores).all()


def test_every_cue_is_calibrated_on_clips_that_it_was_not_fitted_on(train):
    """Against fits of each cue by hand, without the clips of the fold."""
    extra = clip("train/fast", walk(5.0, number=22))
    clips = [*train, extra]
    _, state = fitted(clips)
    camera = Camera(CAMERA, FPS)
    for name in state["cues"]:
        cue, lessons = CUES[name](), []
        for each in clips:
            learner = cue.learner(camera)
            for bodies in bodies_of(each):
                learner.update(bodies)
            lessons.append(learner.lesson())
        tops = []
        for held in range(4):  # of five clips the first and the last share a fold
            others = [n for n in range(5) if n % 4 != held]
            known = cue.fit([lessons[n] for n in others], camera)
            for n in (n for n in range(5) if n % 4 == held):
                follower = cue.follow(known, camera)
                tops.append([follower.update(bodies).max() for bodies in bodies_of(clips[n])][1:])
        wanted = Surprise.fit([np.array(each, np.float32) for each in tops])
        np.testing.assert_allclose(state["surprise"][name]["levels"], wanted.levels, rtol=1e-5)
        np.testing.assert_allclose(state["surprise"][name]["excess"], wanted.excess, rtol=1e-4)
    own = raw_maps(state, "speed", extra).max()
    assert own < 1.2  # once it is known it is usual
    assert state["surprise"]["speed"]["levels"][-1] > 1.5  # while it was held out it was not


def test_one_clip_is_divided(train):
    """Its stretches are held out in turn; and it works."""
    whole = clip("train/0", walk(1.7, number=60))
    detector, state = fitted([whole])
    assert state["clips"] == ["train/0"] * 4
    lesson, frame, x, _ = state["cues"]["look"]["source"].T
    assert (frame // 15 == lesson).all()  # numbers of frames of the clip
    np.testing.assert_allclose(x, 4 + 1.7 * frame + 5, atol=6)
    assert state["fitted_on"]["training"] == [("train/0", 0, 60)]
    fast, slow = (detector.score(state, clip("test/1", walk(v, number=18))) for v in (6.0, 1.7))
    assert fast.scores.max() > 2 * slow.scores.max()


def test_the_frames_that_were_read_are_named():
    parts = [clip("train/0", walk(1.7, number=40)), clip("train/1", walk(1.9, number=40))]
    second = dataclasses.replace(parts[1].units, segments=(Segment("train/1", 5, 35),))
    parts[1] = dataclasses.replace(parts[1], units=second)
    _, state = fitted(parts)
    for purpose in ("training", "standardisation"):
        assert state["fitted_on"][purpose] == [("train/0", 0, 40), ("train/1", 5, 35)]


def test_a_clip_in_which_nothing_moves_among_others_is_no_obstacle(train):
    empty = [BACK] * 15
    detector, state = fitted([train[0], *(clip(f"train/e{n}", empty) for n in range(3))])
    found = detector.score(state, clip("test/1", walk(6.0, number=15)))
    assert np.isfinite(found.scores).all() and np.isfinite(found.maps).all()


def test_too_few_frames_and_frames_in_which_nothing_moves_are_refused(train):
    with pytest.raises(UserError, match=f"25 normal frames.*needs {module.LEAST_FRAMES}"):
        fitted(train[:1])
    with pytest.raises(UserError, match=r"nothing moves.*what moves there: give longer clips, or"):
        fitted([clip("train/0", [BACK] * 60)])


def test_where_the_training_clips_are_dark_it_is_said_why_nothing_moves():
    camera = drawn.reference(0.1 * BACK, body=20)
    night = [(0.1 * BACK).astype(np.uint8)] * 60
    detector = Scene(make().config, drawn.frontend(camera))
    train = [drawn.clip("train/0", night, camera)]
    with pytest.raises(
        UserError, match=r"nothing moves.*are dark: nine tenths.*give brighter ones"
    ):
        detector.fit(train, (), seed=0, progress=PROGRESS)


@pytest.mark.parametrize("fps", [FPS, 25.0, None])
def test_a_stream_gives_the_scores_of_the_clip_at_its_frame_rate(normal, fps, tmp_path):
    """Through files; the rate that is not known is that of training."""
    detector, state = normal
    artifacts.write_state(tmp_path, 0, state)
    state = artifacts.read_state(tmp_path, 0)
    frames = walk(3.0, number=20) + walk(0.01, number=10, start=60)
    found = detector.score(state, clip("test/1", frames, fps=fps, default_fps=FPS))
    stream = detector.stream(state, fps)
    results = [one for number, frame in enumerate(frames) for one in stream.update(frame, number)]
    assert not stream.close()
    assert [one.index for one in results] == [*range(30)] and results[7].time == 7
    assert results[0].score is None and not results[0].parts
    np.testing.assert_allclose([one.score for one in results[1:]], found.scores[1:], atol=1e-6)
    np.testing.assert_allclose([one.map for one in results[1:]], found.maps[1:], atol=1e-6)
    for name, values in found.parts.items():
        given = [one.parts[name] for one in results[1:]]
        np.testing.assert_allclose(given, values[1:], atol=1e-6)


def test_the_frame_rate_matters(normal):
    """The same pixels a frame are two and a half times as fast at 25 frames a second."""
    detector, state = normal
    slow, fast = (clip("test/1", walk(1.9, y=37), fps=fps) for fps in (10.0, 25.0))
    slow, fast = (detector.score(state, one).parts["speed"].max() for one in (slow, fast))
    assert fast > 2 * slow


def test_clips_of_several_rates_are_learnt_each_at_its_own(train):
    """Half of the frames at half of the rate are the same walk."""
    half = [
        clip(f"train/{n}", walk(2 * (1.6 + 0.2 * n), y=36 + n, number=13), fps=5.0)
        for n in range(4)
    ]
    _, state = fitted(train)
    _, mixed = fitted([*train, *half])
    assert mixed["fps"] == 7.5
    ratio = mixed["cues"]["speed"]["usual"].max() / state["cues"]["speed"]["usual"].max()
    assert 0.8 < ratio < 1.3


def test_the_state_survives_the_files_with_the_same_scores(normal, tmp_path):
    detector, state = normal
    artifacts.write_state(tmp_path, 0, state)
    again, one = artifacts.read_state(tmp_path, 0), clip("test/1", walk(3.0, number=20))
    first, second = detector.score(state, one), make().score(again, one)
    np.testing.assert_array_equal(first.scores, second.scores)
    np.testing.assert_array_equal(first.maps, second.maps)
    assert detector.describe(again) == detector.describe(state)
    assert detector.describe(state)["body_height"] == 20 and detector.describe(state)["cues"]


def test_frames_of_another_size_are_refused_by_the_stream(normal):
    detector, state = normal
    with pytest.raises(UserError, match=r"64x48 pixels.*128x96"):
        detector.stream(state).update(np.zeros((48, 64), np.uint8))


def test_a_state_of_another_rule_is_refused(normal):
    detector, state = normal
    old = {name: value for name, value in state.items() if name != "rule"}
    with pytest.raises(UserError, match=r"older vadjax.*train anew"):
        detector.score(old, clip("test/1", walk(3.0, number=5)))
    with pytest.raises(UserError, match=r"older vadjax.*train anew"):
        detector.stream(old)


def test_one_cue_alone(train):
    detector, state = fitted(train, scene__cues=("speed",))
    found = detector.score(state, clip("test/1", walk(6.0, number=15)))
    np.testing.assert_allclose(found.parts["speed"], found.scores)
    assert list(found.parts) == ["speed"]


def test_scores_do_not_look_ahead(normal):
    detector, state = normal
    frames = walk(3.0, number=20)
    whole = detector.score(state, clip("test/1", frames)).scores
    part = detector.score(state, clip("test/1", frames[:12])).scores
    np.testing.assert_array_equal(whole[:12], part)


def test_a_cut_to_another_scene_is_said_with_its_place(normal):
    detector, state = normal
    own, other = walk(1.9), [np.roll(frame[::-1], 40, axis=1) for frame in walk(1.9)]
    words = detector.doubt(state, clip("test/cut", [*own, *own[:5], *other]))
    assert words.startswith("in 45% of its frames, the first at 3 s, most") and "a cut" in words
    assert detector.doubt(state, clip("test/flash", [*own, other[0], *own])) == ""


def test_an_alarm_is_explained_by_its_cue_place_and_numbers(normal):
    detector, state = normal
    one = clip("test/1", walk(6.0, number=17))
    [first, second, finding] = detector.explain(state, one, [0, 1, 12])
    assert (first.frame, second.frame, finding.frame) == (0, 1, 12)
    assert (first.text, first.box) == (second.text, second.box)  # it has the second one's score
    assert len(detector.explain(state, clip("test/2", walk(6.0, number=1)), [0])) == 1
    found = detector.score(state, one)
    assert finding.cue in found.parts
    left, top, width, height = finding.box
    middle = 4 + 6.0 * 12 + 5, 38 + 10
    assert abs(left + width / 2 - middle[0]) < 24 and abs(top + height / 2 - middle[1]) < 24
    assert height == 20
    alone, speed = fitted([clip(f"train/{n}", walk(1.8)) for n in range(4)], scene__cues=("speed",))
    [finding] = alone.explain(speed, one, [12])
    assert finding.cue == "speed" and "body heights/s" in finding.text


def test_another_scene_is_doubted_and_the_own_one_is_not(normal):
    detector, state = normal
    assert detector.doubt(state, clip("test/0", walk(1.9))) == ""
    other = [np.roll(frame[::-1], 40, axis=1) for frame in walk(1.9)]
    words = detector.doubt(state, clip("test/moved", other))
    share = int(words.partition("%")[0])
    assert share >= 100 * doubts.DIFFERENT and "another scene, or a camera" in words


def test_an_alarm_is_explained_by_the_cue_the_place_and_both_numbers(normal):
    detector, state = normal
    fast = clip("test/fast", walk(6.0, number=19))
    scored = detector.score(state, fast)
    peak = int(scored.scores.argmax())
    [found] = detector.explain(state, fast, [peak])
    assert found.frame == peak and found.cue == max(
        scored.parts, key=lambda k: scored.parts[k][peak]
    )
    left, top, width, height = found.box
    middle = left + width / 2, top + height / 2
    walker = 4 + 6.0 * peak + 5, 38 + 10
    assert abs(middle[0] - walker[0]) < 30 and abs(middle[1] - walker[1]) < 20
    assert found.text.startswith("moves to the right ")
    assert any(character.isdigit() for character in found.text) and not found.text.endswith(".")


def test_a_finding_from_few_frames_is_that_of_the_whole_clip(train, normal):
    """Against a follower of all frames from the first one on."""
    detector, state = normal
    frames = walk(1.9, number=30) + walk(6.0, number=18) + walk(-1.8, number=25)
    one, numbers = clip("test/long", frames), [20, 40, 41, 70]
    given = detector.explain(state, one, numbers)
    follower, wanted = SceneFollower(state, Camera(CAMERA, FPS)), []
    for number, bodies in enumerate(bodies_of(one)):
        follower.update(bodies)
        if number in numbers:
            wanted.append(follower.finding(number))
    assert given == wanted and [each.frame for each in given] == numbers


def test_what_is_normal_is_depicted_and_illustrated(train, normal, tmp_path):
    """Through files: arrows to the right where all walked, and a picture beside an alarm."""
    detector, state = normal
    artifacts.write_state(tmp_path, 0, detector.illustrate(state, train))
    state = artifacts.read_state(tmp_path, 0)
    scene = detector.normal_scene(state)
    assert scene.frames == 100 and scene.seconds == pytest.approx(10.0)
    assert scene.arrows and all(arrow.velocity[0] > 0.3 for arrow in scene.arrows)
    assert all(36 <= arrow.place[1] <= 64 for arrow in scene.arrows)
    assert scene.seen[5].max() > 0.05 and scene.seen[10:].max() == 0
    assert scene.speed == pytest.approx(1.9 * FPS / 20, rel=0.3)
    [finding] = detector.explain(state, clip("test/1", walk(6.0, number=17)), [12])
    assert finding.normal.video in {one.id for one in train} and finding.normal.jpeg
    older = {name: part for name, part in state.items() if name not in ("traffic", "pictures")}
    assert detector.normal_scene(older) is None
    [finding] = detector.explain(older, clip("test/1", walk(6.0, number=17)), [12])
    assert finding.normal is None
    alone, speed = fitted(train, scene__cues=("speed",))
    assert "pictures" not in alone.illustrate(speed, train)
