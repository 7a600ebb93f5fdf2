"""The model of docs/adding_a_model.md works as it stands there."""

import importlib.util
import pathlib
import re
import sys

import numpy as np
import pytest

from tests.detectors.test_detectors import World, config, fitted, video
from tests.models import build
from tests.models import test_models as every_model
from vadjax import models
from vadjax.config.choices import choices

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "adding_a_model.md"


@pytest.fixture
def name(tmp_path, monkeypatch):
    """Write the page's module and register it by the page's line."""
    text = PAGE.read_text(encoding="utf-8")
    [code] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    [(name, entry)] = re.findall(r'^    "(\w+)": (ModelEntry\(.*\)),$', text, re.MULTILINE)
    entry = eval(entry, {"ModelEntry": models.ModelEntry})
    (tmp_path / "page.py").write_text(code)
    module = f"vadjax.models.{entry.module}"
    spec = importlib.util.spec_from_file_location(module, tmp_path / "page.py")
    monkeypatch.setitem(sys.modules, module, importlib.util.module_from_spec(spec))
    spec.loader.exec_module(sys.modules[module])
    monkeypatch.setitem(models.MODELS, name, entry)
    return name


@pytest.mark.parametrize("task", ["predict", "classify"])
def test_it_keeps_what_holds_for_every_model(name, task):
    assert task in models.MODELS[name].objectives
    every_model.test_outputs_scores_and_gradients(name, False, task)
    every_model.test_members_under_vmap_equal_each_alone(name, False, task)
    every_model.test_dropout_does_not_depend_on_the_split_of_a_batch(name, False, task)
    assert name in choices()["model.name"]


def test_it_is_the_sum_that_the_page_says(name):
    model = build.model(name, units=(3, 4))
    x = build.windows(model)
    variables = build.variables(model, x)
    rows = x[:, :-1]
    for i in range(2):
        layer = variables["params"][f"layer_{i}"]
        seen = np.zeros((*rows.shape[:2], layer["kernel"].shape[1]))
        for t in range(rows.shape[1]):
            before = rows[:, t - 2**i] if t >= 2**i else 0 * rows[:, t]
            both = np.concatenate([before, rows[:, t]], -1)
            seen[:, t] = np.maximum(both @ layer["kernel"] + layer["bias"], 0)
        rows = seen
    head = variables["params"]["head"]["output"]
    outputs = build.jit(model.apply)(variables, x)[0]
    np.testing.assert_allclose(outputs["hidden"], rows, atol=1e-5)
    np.testing.assert_allclose(outputs["output"], rows @ head["kernel"] + head["bias"], atol=1e-5)


def test_a_later_row_changes_no_earlier_output(name):
    model = build.model(name, units=(3, 4))
    x = build.windows(model)
    variables, apply = build.variables(model, x), build.jit(model.apply)
    before, after = (
        apply(variables, rows)[0]["output"] for rows in (x, build.changed(x, row=2, amount=1.0))
    )
    np.testing.assert_array_equal(before[:, :2], after[:, :2])
    assert np.abs(before[:, 2:] - after[:, 2:]).max() > 1e-3


def test_it_trains_scores_and_streams(name, tmp_path):
    world = World(tmp_path, config(model__name=name, model__units=(4, 4)))
    detector, state = fitted(world, "window_model")
    one = video("test/5", 5)
    batch = detector.score(state, world.clip(one))
    stream = detector.stream(state)
    scores = [r.score for frame in one.frames for r in stream.update(frame)]
    assert [score is not None for score in scores] == batch.predicted.tolist()
    scores = [score for score in scores if score is not None]
    np.testing.assert_allclose(scores, batch.scores[batch.predicted], rtol=1e-6, atol=1e-6)
