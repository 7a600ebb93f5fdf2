"""The recurrent scanner as a cue: what it finds, that it streams, and what it says."""

import dataclasses

import numpy as np
import pytest

from tests import drawn
from tests.detectors.scene.test_detector import PROGRESS, clip, make, walk
from vadjax.detectors.scene import place_rows, scanner_network
from vadjax.detectors.scene.cue import Camera, Moving
from vadjax.detectors.scene.cues import scanner as module
from vadjax.detectors.scene.cues.scanner import Scanner
from vadjax.errors import UserError
from vadjax.storage import artifacts
from vadjax.training.place_density import place_model

CAMERA = Camera(drawn.reference(drawn.backdrop(), body=16), 10.0)
GRID = CAMERA.reference.grid


@pytest.fixture(autouse=True, scope="module")
def quick():
    with pytest.MonkeyPatch.context() as patch:
        small = {"units": 8, "embed": 8, "steps": 120, "batch_size": 16, "learning_rate": 1e-2}
        patch.setattr(
            scanner_network, "RECIPE", dataclasses.replace(scanner_network.RECIPE, **small)
        )
        patch.setattr(module, "NUM_WINDOWS", 24)
        yield


def walker(speed, *, count=40, row=40, start=None, fps=10.0):
    """Frames of somebody who goes along a row; heights of a body a second, left if negative."""
    x, frames = (8.0 if speed > 0 else 120.0) if start is None else start, []
    rng = np.random.default_rng(count)
    for number in range(count):
        cells = np.zeros((*GRID, 6), np.float32)
        x = 8 + (x - 8 + speed * 16 / fps) % 112
        at = np.s_[row // 8 - 1 : row // 8 + 2, int(x // 8) - 1 : int(x // 8) + 2]
        if number:
            cells[at][..., 0] = speed * 16 / fps
        cells[at][..., 2] = 1.0
        looks = np.array([[1.0, 1.0, 0.5]]) + 0.1 * rng.normal(size=(1, 3))
        frames.append(drawn.bodies([(x, row)], cells=cells, looks=looks))
    return frames


def lessons(speeds=(0.9, 1.0, 1.1), **more):
    found = []
    for number, speed in enumerate(speeds):
        learner = Scanner().learner(CAMERA)
        for bodies in walker(speed, count=90, start=8.0 + 11 * number, **more):
            learner.update(bodies)
        found.append(learner.lesson())
    return found


@pytest.fixture(scope="module")
def state(quick):
    return Scanner(seed=3).fit(lessons(), CAMERA)


def followed(state, frames, camera=CAMERA):
    follower = Scanner().follow(state, camera)
    return np.stack([follower.update(bodies) for bodies in frames])


def test_the_wrong_way_and_what_is_fast_are_unlikely(state):
    usual = followed(state, walker(1.0, start=30.0)).max()
    assert followed(state, walker(-1.0)).max() > 4 * usual
    assert followed(state, walker(3.0)).max() > 4 * usual
    found = followed(state, walker(-1.0, count=3, start=60.0))[-1]
    row, column = np.unravel_index(found.argmax(), found.shape)
    assert abs(row - 5) <= 4 and abs(column - 7) <= 4  # at its place


def by_hand(state, frames, number, camera=CAMERA, step=1):
    """The surprise of one frame from the windows of all frames, by the model as it trains."""
    maps = []
    reader = place_rows.Rows(camera)
    for bodies in frames[1:]:
        moved = place_rows.channels(reader.update(bodies))
        moved[..., :5] /= state["scale"]
        look = place_rows.of_bodies(bodies, state["mean"], state["axes"], 8)
        maps.append(np.concatenate([moved, look], -1).astype(np.float16))
    rows = [max(number - 1 - step * k, 0) for k in reversed(range(place_rows.LENGTH))]
    window = np.stack([maps[k] for k in rows])[None]
    model = place_model(scanner_network.RECIPE, row_shape=window.shape[2:], num_motion=5)
    outputs, _ = model.apply(state["variables"], window.astype(np.float32))
    found = np.maximum(np.asarray(outputs["surprise"])[0, 0], 0)
    return np.kron(found, np.ones((4, 4)))[: GRID[0], : GRID[1]]


def test_frame_by_frame_it_gives_what_the_model_gives_to_whole_windows(state):
    frames = walker(-0.7, count=45)
    found = followed(state, frames)
    assert not found[0].any()  # no flow
    for number in (1, 2, 10, 24, 25, 44):
        np.testing.assert_allclose(found[number], by_hand(state, frames, number), atol=2e-3)
    assert found[44].max() > 0.5


def test_rows_are_as_far_apart_at_another_frame_rate(state):
    camera = CAMERA._replace(fps=30.0)
    frames = walker(-0.7, count=90, fps=30.0)
    found = followed(state, frames, camera)[80]
    np.testing.assert_allclose(found, by_hand(state, frames, 80, camera, 3), atol=2e-3)


@pytest.mark.parametrize("fps", [2.0, 10.0, 14.0, 25.0, 30.0])
def test_it_depends_on_no_frame_before_its_memory(state, fps):
    camera = CAMERA._replace(fps=fps)
    frames = walker(-0.7, count=camera.frames(Scanner.memory_s) + 40, fps=fps)
    whole = followed(state, frames, camera)
    # As `explaining` reads: the memory, the path of bodies, and a first frame without flow.
    part = followed(state, frames[-camera.frames(Scanner.memory_s) - 6 :], camera)
    np.testing.assert_allclose(part[-1], whole[-1], atol=1e-4)


def test_the_training_is_reproducible_and_another_seed_is_another_scanner(state):
    again, other = (Scanner(seed=s).fit(lessons(), CAMERA) for s in (3, 4))
    frames = walker(-0.7, count=20)
    np.testing.assert_array_equal(followed(again, frames), followed(state, frames))
    assert not np.array_equal(followed(other, frames), followed(state, frames))


def test_where_nothing_was_learnt_or_nothing_moves_it_is_not_surprised(state):
    none = Scanner().fit([Scanner().learner(CAMERA).lesson()], CAMERA)
    assert not followed(none, walker(3.0, count=4)).any()
    still = [drawn.bodies([], cells=np.zeros((*GRID, 6), np.float32), looks=np.zeros((0, 3)))] * 30
    assert followed(state, still).max() < followed(state, walker(1.0, start=30.0)).max()


def test_the_sentence_has_what_was_seen_and_what_was_expected(state):
    follower = Scanner().follow(state, CAMERA)
    for bodies in walker(-1.0, count=25, start=100.0):
        found = follower.update(bodies)
    cell = np.unravel_index(found.argmax(), found.shape)
    said = follower.say((int(cell[0]), int(cell[1])), float(found.max()), Moving("", 0.0))
    assert said.text.startswith("moves to the left at ") and "body heights/s" in said.text
    assert "the recurrent scanner expected" in said.text and said.unit == "body heights/s"
    assert f"{said.value:.1f}" in said.text and 0 < said.value < 1.2
    assert "to the left" not in said.text.split("expected")[1]


@pytest.fixture(scope="module")
def detector(quick):
    """Detector scene with the cue, on four clips of walkers to the right."""
    scene = make(scene__cues=("speed", "scanner"))
    train = [clip(f"train/{n}", walk(1.6 + 0.2 * n, y=36 + n)) for n in range(4)]
    return scene, scene.fit(train, (), seed=0, progress=PROGRESS), train


def test_it_is_calibrated_on_clips_that_it_was_not_fitted_on(detector):
    """The largest values of each clip, by a scanner fitted by hand on the three others."""
    from tests.detectors.scene.test_detector import CAMERA as OWN
    from tests.detectors.scene.test_detector import bodies_of

    _, state, train = detector
    camera, own = Camera(OWN, 10.0), []
    for one in train:
        learner = Scanner().learner(camera)
        for bodies in bodies_of(one):
            learner.update(bodies)
        own.append(learner.lesson())
    for held in range(4):
        known = Scanner(0).fit([own[n] for n in range(4) if n != held], camera)
        found = followed(known, bodies_of(train[held]), camera).max((1, 2))[1:]
        np.testing.assert_allclose(state["held_out"]["scanner"][held]["values"], found, rtol=1e-3)


def test_the_stream_gives_the_scores_of_the_clip_through_files(detector, tmp_path):
    scene, state, _ = detector
    artifacts.write_state(tmp_path, 0, state)
    state, frames = artifacts.read_state(tmp_path, 0), walk(3.0, number=20)
    found = scene.score(state, clip("test/1", frames))
    stream = scene.stream(state, 10.0)
    results = [one for frame in frames for one in stream.update(frame)]
    given = [one.parts["scanner"] for one in results[1:]]
    np.testing.assert_allclose(given, found.parts["scanner"][1:], atol=1e-5)
    np.testing.assert_allclose([one.map for one in results[1:]], found.maps[1:], atol=1e-5)
    assert found.parts["scanner"].max() > 1


def test_a_detector_with_it_cannot_learn_further_clips(detector):
    scene, state, train = detector
    with pytest.raises(UserError, match="the cue scanner of this detector cannot learn further"):
        scene.add(state, train[:1], progress=PROGRESS)
