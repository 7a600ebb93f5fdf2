"""The detector of docs/adding_a_detector.md works as it stands there."""

import importlib.util
import pathlib
import re
import sys

import numpy as np
import pytest

from tests.detectors.test_detectors import World, config, video
from vadjax import detectors
from vadjax.storage.state import load_state, save_state

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "adding_a_detector.md"


@pytest.fixture
def name(tmp_path, monkeypatch):
    """Write the page's module and register it by the page's line."""
    text = PAGE.read_text(encoding="utf-8")
    [code] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    [(name, entry)] = re.findall(r'^    "(\w+)": (Entry\(.*\)),$', text, re.MULTILINE)
    entry = eval(entry, vars(detectors).copy())
    (tmp_path / "page.py").write_text(code)
    module = f"vadjax.detectors.{entry.module}"
    spec = importlib.util.spec_from_file_location(module, tmp_path / "page.py")
    monkeypatch.setitem(sys.modules, module, importlib.util.module_from_spec(spec))
    spec.loader.exec_module(sys.modules[module])
    monkeypatch.setitem(detectors.DETECTORS, name, entry)
    return name


def test_its_scores_are_the_rise_of_the_flow(name, tmp_path):
    world = World(tmp_path, config())
    detector = world.run.make_detector(name)
    labels = (np.arange(24) >= 16).astype(np.uint8)
    train = [world.clip(video("train/0", 0)), world.clip(video("test/1", 1, labels))]
    state = detector.fit(train, (), seed=0, progress=world.progress)
    normal = np.concatenate([train[0].rows("motion")[:, 1], train[1].rows("motion")[:16, 1]])
    assert state["std"] == pytest.approx(normal.std(), rel=1e-5)
    one = world.clip(video("test/5", 5))
    speed = one.rows("motion")[:, 1].astype(np.float64)
    wanted, mean = [0.0, 0.0], speed[1]
    for value in speed[2:]:
        wanted.append((value - mean) / normal.std())
        mean = 0.9 * mean + 0.1 * value
    scored = detector.score(state, one)
    np.testing.assert_allclose(scored.scores, wanted, rtol=1e-4, atol=1e-5)
    assert scored.predicted.all() and scored.id == "test/5"


def test_it_keeps_the_contract(name, tmp_path, monkeypatch):
    world = World(tmp_path, config())
    detector = world.run.make_detector(name)
    entry = detectors.DETECTORS[name]
    assert (detector.name, detector.inputs, detector.delay) == (name, entry.inputs, 0)
    assert name in detectors.baselines("segment", ("motion",))
    assert name not in detectors.baselines("window", ("motion",))
    monkeypatch.setitem(detectors.DETECTORS, name, entry._replace(baseline=False))
    assert name not in detectors.baselines("segment", ("motion",))
    state = detector.fit([world.clip(video("train/0", 0))], (), seed=0, progress=world.progress)
    save_state(tmp_path / "state", state)
    state, one = load_state(tmp_path / "state"), video("test/5", 5)
    batch = detector.score_clips(state, [world.clip(one), world.clip(video("test/6", 6))])[0]
    stream = detector.stream(state)
    results = [result for frame in one.frames for result in stream.update(frame)]
    assert not stream.close() and detector.describe(state) == {}
    np.testing.assert_allclose([r.score for r in results], batch.scores, rtol=1e-6, atol=1e-6)
