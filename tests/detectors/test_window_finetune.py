"""Fine-tuning for sensitivity: which windows, and a step on them from the first training's end."""

import json

import jax
import numpy as np
import pytest

from tests.detectors.test_detectors import LENGTH, World, config, video
from vadjax import config as configs
from vadjax.errors import UserError

RATE, FACTOR, SHARE = 0.05, 40.0, 0.2  # a large step, so that it can be measured


def trained(tmp_path, epochs):
    made = config(
        train__optimizer="sgd",
        train__clip_norm=0.0,
        train__learning_rate=RATE,
        train__batch_size=64,
        train__finetune_epochs=epochs,
        train__finetune_share=SHARE,
        train__finetune_rate=FACTOR,
        evaluate__cross_fit=0,
    )
    world = World(tmp_path, configs.validate(made))
    clips = [world.clip(video(f"train/{n}", n)) for n in range(2)]
    detector = world.run.make_detector("window_model")
    held_out = [world.clip(video("train/9", 9))]
    return detector, detector.fit(clips, held_out, seed=0, progress=world.progress), clips


def test_a_step_on_the_highest_windows_follows_the_first_training(tmp_path):
    detector, first, clips = trained(tmp_path / "one", 0)
    _, second, _ = trained(tmp_path / "two", 1)
    rows = [(clip.rows("features") - first["mean"]) / first["std"] for clip in clips]
    windows = np.stack([x[i : i + LENGTH] for x in rows for i in range(len(x) - LENGTH + 1)])
    model, objective = detector.model(windows.shape[2:]), detector.objective

    def errors(params, chosen):
        outputs, _ = model.apply({"params": params}, chosen)
        return (outputs["output"] - chosen[:, 1:]) ** 2

    params = first["variables"]["params"]
    scores = np.asarray(errors(params, windows))[:, -1].mean(-1)
    kept = np.sort(np.argsort(-scores)[: round(SHARE * len(windows))])
    assert len(kept) == 8 and objective.name == "predict"
    grads = jax.grad(lambda p: errors(p, windows[kept]).mean())(params)
    moved = second["variables"]["params"]
    triples = zip(*map(jax.tree.leaves, (moved, params, grads)), strict=True)
    steps = [(after - before, -FACTOR * RATE * grad) for after, before, grad in triples]
    assert max(np.abs(step).max() for step, _ in steps) > 2e-4
    for step, wanted in steps:
        np.testing.assert_allclose(step, wanted, rtol=5e-3, atol=1e-6)
    log = (tmp_path / "two" / "log.jsonl").read_text().splitlines()
    names = [json.loads(line).get("name", "") for line in log]
    assert names == ["", "sensitivity"]


@pytest.mark.parametrize(
    "changes, words",
    [
        ({}, "set evaluate.cross_fit=0"),
        ({"train__finetune_share": 0.0}, "must be above 0 and at most 1"),
        ({"objective__name": "classify", "dataset__protocol": "by_video"}, "normal clips alone"),
    ],
)
def test_what_does_not_go_with_it_is_refused(changes, words):
    with pytest.raises(UserError, match=words):
        configs.validate(config(train__finetune_epochs=2, **changes))


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"objective__coherence_of": "output", "objective__name": "classify"}, "of=hidden"),
        ({"window__length": 2}, "set at least 3"),
        ({"model__name": "dense"}, "one state a window"),
    ],
)
def test_a_coherence_that_compares_nothing_is_refused(changes, words):
    if "objective__name" in changes:
        changes = {**changes, "dataset__protocol": "by_video"}
    with pytest.raises(UserError, match=words):
        configs.validate(config(objective__coherence=0.1, **changes))
