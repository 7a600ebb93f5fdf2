"""Densities of the cues speed, course and still: what is rare where, and one program for all."""

import numpy as np
import pytest

from tests import drawn
from vadjax.detectors.scene import rarity as module
from vadjax.detectors.scene import rarity_fit
from vadjax.detectors.scene.cue import Camera
from vadjax.detectors.scene.cues import CUES, made
from vadjax.detectors.scene.cues.course import Course
from vadjax.detectors.scene.cues.look import Look
from vadjax.detectors.scene.cues.speed import Speed
from vadjax.detectors.scene.cues.still import Still
from vadjax.detectors.scene.densities import fit_together
from vadjax.detectors.scene.place_rarity import of_counts, rare_cells
from vadjax.detectors.scene.usual import Counts
from vadjax.features.scene.meter import CHANNELS
from vadjax.training import score_matching
from vadjax.training.score_matching import Recipe

CAMERA = Camera(drawn.reference(drawn.backdrop(), body=16), 10.0)
GRID = CAMERA.reference.grid


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(module, "NUM_POINTS", 1024)
    monkeypatch.setattr(rarity_fit, "RECIPE", Recipe(units=(32, 32), steps=300, learning_rate=5e-3))


def counted(left=0.5, right=2.0, seed=0):
    """A lesson of values around `left` in the left half of the grid, around `right` elsewhere."""
    counts, rng = Counts(GRID), np.random.default_rng(seed)
    middle = GRID[1] // 2
    for _ in range(40):
        values = np.exp(0.1 * rng.normal(size=GRID))
        values[:, :middle] *= left
        values[:, middle:] *= right
        counts.add(values)
    return {"counts": counts.counts}


def grid_of(value):
    return np.full(GRID, value, np.float32)


def courses(number=600, seed=0):
    """Bodies in two lanes of other ways: vectors of place and velocity."""
    rng = np.random.default_rng(seed)
    lane = rng.integers(0, 2, number)
    found = 0.1 * rng.normal(size=(number, 4))
    found[:, 1] += 3 * lane
    found[:, 2] += np.where(lane, 2, -2)
    return {"vectors": found.astype(np.float32), "source": np.zeros((number, 3), np.int32)}


def looks(number=600, seed=0):
    found = np.random.default_rng(seed).normal(size=(number, 6)).astype(np.float16)
    return {"vectors": found, "source": np.zeros((number, 3), np.int32)}


def test_a_sample_of_counts_is_what_was_counted():
    """Places and values by hand: two cells, one with three times the frames."""
    counts = np.zeros((256, *GRID), np.int32)
    counts[0] = 1000  # nothing: not sampled
    counts[100, 1, 2], counts[200, 3, 4] = 30, 10
    found = of_counts(counts, CAMERA)
    body = float(np.median(CAMERA.reference.body))
    first = [2 * 8 / (3 * body), 8 / (0.75 * body), np.log(1e-2 * 1e4 ** (100 / 255))]
    other = [4 * 8 / (3 * body), 3 * 8 / (0.75 * body), np.log(1e-2 * 1e4 ** (200 / 255))]
    points = found["points"].astype(np.float32) @ np.linalg.inv(found["axes"]) + found["mean"]
    assert found["count"] == 40 and points.shape == (1024, 3)
    near = np.abs(points - first).max(1) < 0.02
    assert near.sum() == 768 and (np.abs(points[~near] - other) < 0.02).all()
    np.testing.assert_allclose(found["points"].astype(float).std(0), 1, atol=0.02)
    assert of_counts(np.where(np.arange(256)[:, None, None] == 0, counts, 0), CAMERA) is None


@pytest.mark.parametrize("cue", [Speed("mulde"), Still("mulde")])
def test_what_is_usual_elsewhere_is_rare_here(cue):
    state = cue.fit([counted(), counted(seed=1)], CAMERA)
    middle = GRID[1] // 2
    slow, fast = (rare_cells(state["rarity"], grid_of(v), CAMERA) for v in (0.5, 2.0))
    left, right = np.s_[:, 2 : middle - 2], np.s_[:, middle + 2 : -2]
    assert np.median(fast[left]) > 1.5 * np.quantile(slow[left], 0.9)
    assert np.median(slow[right]) > 1.5 * np.quantile(fast[right], 0.9)
    assert not rare_cells(state["rarity"], grid_of(0.0), CAMERA).any()


def test_still_gives_rarity_and_says_seconds():
    state = Still("mulde").fit([counted()], CAMERA)
    follower = Still().follow(state, CAMERA)
    cells = np.zeros((*GRID, len(CHANNELS)), np.float32)
    cells[..., CHANNELS.index("still_s")] = 7.0
    bodies = drawn.bodies([], cells=cells)
    found = follower.update(bodies)
    np.testing.assert_allclose(found, rare_cells(state["rarity"], grid_of(7.0), CAMERA))
    said = follower.say((2, 3), float(found[2, 3]), None)
    assert said.text.startswith("stands still for 7.0 s") and said.value == 7.0


def test_the_other_way_is_rare_on_a_lane():
    state = Course("mulde").fit([courses(), courses(seed=1)], CAMERA)
    plain = Course().fit([courses(), courses(seed=1)], CAMERA)
    np.testing.assert_array_equal(state["kept"], plain["kept"])
    scale = state["rarity"]
    at = np.array([[0, 0, -2, 0], [0, 3, 2, 0], [0, 0, 2, 0], [0, 3, -2, 0]], np.float32)
    found = module.rarity(scale, (at - scale["mean"]) @ scale["axes"])
    assert found[2:].min() > 1.5 * found[:2].max()


def test_all_cues_are_fitted_by_one_call_and_as_each_beside_another(monkeypatch):
    calls = []
    real = score_matching.fit_log_densities
    monkeypatch.setattr(
        rarity_fit, "fit_log_densities", lambda *a, **k: calls.append(a) or real(*a, **k)
    )
    jobs = [
        (Look("mulde"), [looks()]),
        (Speed("mulde"), [counted()]),
        (Speed(), [counted()]),
        (Course("mulde"), [courses()]),
        (Course("mulde"), [{**courses(), "vectors": np.zeros((0, 4), np.float32)}]),
        (Still("mulde"), [counted(0.2, 5)]),
    ]
    states = fit_together(jobs, CAMERA)
    assert len(calls) == 1 and [own.shape[1] for own in calls[0][0]] == [6, 3, 4, 3]
    assert ["rarity" in state for state in states] == [True, True, False, True, False, True]
    (alone,) = fit_together([jobs[0]], CAMERA)  # as wide as the widest: the same network
    for one, other in zip(states[0]["rarity"]["network"], alone["rarity"]["network"], strict=True):
        np.testing.assert_allclose(one["kernel"], other["kernel"], atol=1e-4)
    assert states[1]["rarity"]["network"][0]["kernel"].shape == (4, 32)


@pytest.mark.parametrize("name", ["speed", "still", "course"])
def test_an_added_clip_is_no_longer_rare(name):
    lesson = courses if name == "course" else counted
    cue = CUES[name]("mulde", 3)
    state = cue.fit([lesson()], CAMERA)
    if name == "course":
        new = {**courses(seed=5), "vectors": courses(seed=5)["vectors"] + np.float32([6, 0, 0, 0])}
        at = np.array([[6, 0, -2, 0]], np.float32)

        def measured(own):
            return float(module.rarity(own, (at - own["mean"]) @ own["axes"])[0])
    else:
        new = counted(left=10.0, right=10.0, seed=5)

        def measured(own):
            return float(np.median(rare_cells(own, grid_of(10.0), CAMERA)))

    more = CUES[name]().extend(state, new, number=1, camera=CAMERA)  # as `--add` has it
    assert measured(more["rarity"]) < 0.6 * measured(state["rarity"])
    assert more["rarity"]["seed"] == 3
    assert "rarity" not in CUES[name]().extend(
        CUES[name]().fit([lesson()], CAMERA), new, number=1, camera=CAMERA
    )


def test_a_config_says_of_which_cues(tmp_path):
    from vadjax.config import default_config, validate
    from vadjax.errors import UserError

    config = default_config()
    config.detector.name, config.scene.density = "scene", "mulde"
    assert [c.density for c in made(config.scene, seed=0).values()].count("mulde") == 1
    config.scene.density_of = ("speed", "course")
    found = {name: cue.density for name, cue in made(config.scene, seed=0).items()}
    assert found == dict(speed="mulde", look="exemplars", course="mulde", still="exemplars")
    config.scene.density_of = ("objects",)
    with pytest.raises(UserError, match="density_of 'objects' unknown"):
        validate(config)
