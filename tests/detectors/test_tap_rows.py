"""Detectors of places: what they learn from, and what they refuse."""

import numpy as np
import pytest

from vadjax import config as configs
from vadjax import detectors
from vadjax.data.clip import Clip
from vadjax.data.splits.units import Segment, Units
from vadjax.data.video import Video
from vadjax.detectors import patchcore
from vadjax.detectors.contract import Progress
from vadjax.errors import UserError
from vadjax.models import student
from vadjax.runtime.console import Console
from vadjax.scoring.coreset import k_centres

NAMES = ("padim", "patchcore", "student_teacher")
SIZES = {"stage2": (16, 24, 6), "stage3": (8, 12, 8), "stage5": (4, 6, 10)}


def maps(num, seed, sizes=SIZES):
    """Maps of noise on a pattern that stays where it is."""
    rng, pattern = np.random.default_rng(seed), np.random.default_rng(99)
    return {
        f"tap:{tap}": (
            pattern.normal(size=size) + 0.3 * rng.normal(size=(num, *size)) + rng.normal() * 0.1
        ).astype(np.float16)
        for tap, size in sizes.items()
    }


def clip(rows, labels=None, name="clip"):
    num = len(next(iter(rows.values())))
    one = Video(id=name, split="", frames=range(num), fps=1.0, labels=labels)
    return Clip(name, Units((Segment(name, 0, num),)), (one,), lambda tap, _: rows[tap])


def made(name, **changes):
    config = configs.default_config()
    config.detector.name, config.places.updates = name, 60
    config.update_from_flattened_dict({k.replace("__", "."): v for k, v in changes.items()})
    return detectors.create(name, configs.validate(config))


def fit(detector, *clips):
    return detector.fit(list(clips), (), seed=0, progress=Progress(Console(quiet=True)))


@pytest.mark.parametrize("name", NAMES)
def test_what_is_new_at_a_place_is_found_there(name):
    detector = made(name)
    state = fit(detector, clip(maps(40, 0)))
    test = maps(6, 1)
    for tap, values in test.items():  # the fifth image has something at the right
        h, w, _ = SIZES[tap.removeprefix("tap:")]
        values[4, h // 4 : h // 2, 3 * w // 4 :] += 3
    scored = detector.score(state, clip(test))
    assert (
        scored.scores.argmax() == 4 and scored.scores[4] > 1.3 * np.delete(scored.scores, 4).max()
    )
    heat = scored.maps[4]
    y, x = np.unravel_index(heat.argmax(), heat.shape)
    assert heat.shape[0] / 4 - 1 <= y <= heat.shape[0] / 2 and x >= 3 * heat.shape[1] / 4 - 1


@pytest.mark.parametrize("name", NAMES)
def test_nothing_but_normal_frames_is_learnt_from(name):
    rows, labels = maps(30, 0), np.uint8(np.arange(30) % 3 == 2)
    spoiled = {tap: values.copy() for tap, values in rows.items()}
    for values in spoiled.values():
        values[labels == 1] = np.nan
    detector, test = made(name), clip(maps(3, 1))
    first, second = (fit(detector, clip(each, labels)) for each in (rows, spoiled))
    np.testing.assert_array_equal(
        detector.score(first, test).scores, detector.score(second, test).scores
    )


@pytest.mark.parametrize("name", NAMES)
def test_clips_are_learnt_from_alike_however_they_are_cut(name):
    rows, detector, test = maps(21, 0), made(name), clip(maps(3, 1))
    parts = [
        clip({tap: values[cut] for tap, values in rows.items()}, name=str(cut))
        for cut in (slice(0, 4), slice(4, 21))
    ]
    whole, cut = fit(detector, clip(rows)), fit(detector, *parts)
    np.testing.assert_allclose(
        detector.score(whole, test).scores, detector.score(cut, test).scores, rtol=1e-4
    )


def test_padim_takes_some_channels_or_projects_all():
    rows = maps(20, 0)
    state = fit(made("padim", places__dims=5), clip(rows))
    assert state["mean"].shape == (16 * 24, 5) and len(set(state["embedding"].tolist())) == 5
    everything = fit(made("padim", places__dims=0), clip(rows))
    assert everything["embedding"].tolist() == list(range(24))
    projected = fit(made("padim", places__dims=5, places__embedding="orthogonal"), clip(rows))
    basis = projected["embedding"]
    np.testing.assert_allclose(basis.T @ basis, np.eye(5), atol=1e-6)


def test_patchcore_chooses_among_evenly_spaced_places(monkeypatch):
    monkeypatch.setattr(patchcore, "CANDIDATE_BYTES", 4 * 18 * 300)  # 300 places of 18 channels
    detector = made("patchcore", places__coreset=0.1)
    rows = maps(20, 0)
    state = fit(detector, clip(rows))
    places = np.asarray(patchcore._places(tuple(rows.values())[1:])).reshape(-1, 18)
    every = places[np.arange(300) * (20 * 96) // 300]
    first = int(np.random.default_rng(0).integers(300))
    np.testing.assert_array_equal(state["bank"], every[k_centres(every, count=30, first=first)])
    assert detector.describe(state) == {
        "normal_places": 20 * 96,
        "normal_places_compared": 300,
        "normal_places_kept": 30,
    }


@pytest.mark.parametrize("name", NAMES)
def test_no_normal_image_is_an_error(name):
    with pytest.raises(UserError, match=r"got (no|0) normal row"):
        fit(made(name), clip(maps(3, 0), np.ones(3, np.uint8)))


def test_numbers_that_are_not_finite_are_refused():
    rows = maps(4, 0)
    rows["tap:stage3"][1, 2, 3] = np.nan
    for name in NAMES:
        with pytest.raises(UserError, match="hold NaN or infinity"):
            fit(made(name), clip(rows))


def test_stages_that_do_not_go_together_are_refused():
    with pytest.raises(UserError, match="names a stage twice: stage3, stage3"):
        made("padim", places__taps="stage3, stage3")
    pooled = {**maps(3, 0), "tap:features": np.zeros((3, 5), np.float32)}
    with pytest.raises(UserError, match="features gives 1 axes a frame"):
        fit(made("patchcore", places__taps="stage3,features"), clip(pooled))
    with pytest.raises(UserError, match="names one stage, and a student wants two"):
        fit(made("student_teacher", places__taps="stage3"), clip(maps(3, 0)))
    with pytest.raises(UserError, match="no whole stride leads from a map of 8x12 to one of 16x24"):
        fit(made("student_teacher", places__taps="stage3,stage2"), clip(maps(3, 0)))


def test_a_student_equals_convolutions_by_hand():
    import jax

    params = student.init(jax.random.key(0), [(4, 6, 3), (2, 3, 2)])
    rows = np.random.default_rng(0).normal(size=(1, 4, 6, 3)).astype(np.float32)
    [found] = student.apply(params, rows, strides=[2])
    layer = {name: np.asarray(value, float) for name, value in params[0].items()}
    hidden = np.maximum(convolved(rows[0], layer["first"], 2) + layer["first_bias"], 0)
    hidden = np.maximum(convolved(hidden, layer["second"], 1) + layer["second_bias"], 0)
    np.testing.assert_allclose(found[0], hidden @ layer["last"] + layer["last_bias"], atol=1e-5)


def convolved(x, kernel, stride):
    """Convolve [h, w, c], a place at a time; even sizes at stride 2 have zeros after them alone."""
    before = 0 if stride == 2 else 1
    padded = np.pad(x, ((before, 2), (before, 2), (0, 0)))
    size = [-(-n // stride) for n in x.shape[:2]]
    found = np.zeros((*size, kernel.shape[3]))
    for y, z in np.ndindex(*size):
        part = padded[stride * y : stride * y + 3, stride * z : stride * z + 3]
        found[y, z] = np.einsum("yxc,yxcd->d", part, kernel)
    return found
