"""Which clips become pseudo-abnormal, and whose pictures are drawn into them."""

import types

import numpy as np
import pytest

from tests import drawn
from tests.pseudo.walkers import CAMERA, FPS, walk
from vadjax.data.clip import Clip
from vadjax.data.splits.units import Segment, Units
from vadjax.pipeline import pseudo_set as module
from vadjax.pipeline import tune

FOLD_OF = {f"train/{n}": n % 2 for n in range(4)}


def clip(name, number):
    return Clip(
        name,
        Units((Segment(name, 0, number),)),
        (drawn.video(name, [np.zeros((8, 8), np.uint8)] * number),),
        read=None,
    )


@pytest.fixture
def chosen():
    frames = {name: walk(1.8 + 0.1 * n, y=36 + n) for n, name in enumerate(FOLD_OF)}
    return {name: module.Stretch(drawn.video(name, own), 0, 40) for name, own in frames.items()}


def made(chosen, monkeypatch, **more):
    calls, make = [], module.make_clip

    def spy(stretch, kind, **given):
        calls.append((stretch.video.id, kind, given))
        return make(stretch, kind, **given)

    monkeypatch.setattr(module, "make_clip", spy)
    options = {"held_with": FOLD_OF, "reference": CAMERA, "fps": FPS, "seed": 0, "count": 2}
    return module.pseudo_clips(chosen, **{**options, **more}), calls


def test_pictures_are_of_clips_that_are_held_out_together(chosen, monkeypatch):
    (clips, missing), calls = made(chosen, monkeypatch)
    assert not missing
    assert [kind for kind, *_ in clips] == [
        name for kind in module.KINDS for name in (kind, kind, f"{kind}_first", f"{kind}_first")
    ]
    for name, _, given in calls:
        others = {track.clip.partition("[")[0] for track in given["actors"]}
        assert others == {n for n in FOLD_OF if n != name and FOLD_OF[n] == FOLD_OF[name]}


def test_a_clip_that_is_held_out_alone_has_pictures_of_its_own(chosen, monkeypatch):
    alone = {name: n for n, name in enumerate(FOLD_OF)}
    _, calls = made(chosen, monkeypatch, held_with=alone)
    for name, _, given in calls:
        assert {track.clip.partition("[")[0] for track in given["actors"]} == {name}


def test_kinds_that_nothing_serves_for_are_named(chosen, monkeypatch):
    frames = {name: walk(2.0 * (-1) ** n, y=36) for n, name in enumerate(FOLD_OF)}
    both = {name: module.Stretch(drawn.video(name, own), 0, 40) for name, own in frames.items()}
    (clips, missing), _ = made(both, monkeypatch)
    assert missing == ["reversed"] and {kind for kind, *_ in clips} >= {"fast", "stopped_first"}


def test_stretches_are_the_middle_of_clips(monkeypatch):
    monkeypatch.setattr(module, "LONGEST_S", 2.0)
    monkeypatch.setattr(module, "MOST", 3)
    found = module.stretches([clip(f"train/{n}", 15 + 10 * n) for n in range(9)], fps=FPS)
    assert [*found] == ["train/0", "train/4", "train/8"]
    assert [(one.start, one.stop) for one in found.values()] == [(0, 15), (17, 37), (37, 57)]


def test_each_fold_is_fitted_without_its_clips():
    clips = [clip(f"train/{n}", 5) for n in range(8)]
    fold_of = {one.id: n % tune.NUM_FOLDS for n, one in enumerate(clips)}
    read = []

    def fit(train, validation, **_):
        read.append({one.id for one in train})
        assert not len(validation)

    run = types.SimpleNamespace(
        console=None,
        config=types.SimpleNamespace(seed=0),
        detector=types.SimpleNamespace(fit=fit),
    )
    tune.fit(run, clips, fold_of)
    held = [{f"train/{n}", f"train/{n + 4}"} for n in range(4)]
    assert read == [set(fold_of) - each for each in held]
    assert np.all([len(each) == 6 for each in read])
