"""The data set of docs/adding_a_dataset.md works as it stands there."""

import importlib.util
import pathlib
import re
import sys

import numpy as np
import pytest

from tests.data import layouts
from vadjax import config as configs
from vadjax import data
from vadjax.errors import UserError

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "adding_a_dataset.md"


@pytest.fixture
def corridor(tmp_path, monkeypatch):
    """Write the page's code and line, and a folder as it describes."""
    text = PAGE.read_text(encoding="utf-8")
    [code] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    [(name, target)] = re.findall(r'^    "(\w+)": "(builders\.\w+:\w+)",$', text, re.MULTILINE)
    module = f"vadjax.data.{target.split(':')[0]}"
    (tmp_path / "corridor.py").write_text(code)
    spec = importlib.util.spec_from_file_location(module, tmp_path / "corridor.py")
    monkeypatch.setitem(sys.modules, module, importlib.util.module_from_spec(spec))
    spec.loader.exec_module(sys.modules[module])
    monkeypatch.setitem(data._BUILDERS, name, target)
    root = tmp_path / "corridor"
    for clip, length in (
        ("normal/01", 12),
        ("normal/02", 10),
        ("events/01", 14),
        ("events/02", 10),
    ):
        layouts.write_video(root / f"{clip}.avi", length, fps=15)
    (root / "events.csv").write_text("clip,first,last\n1,3,5\n1,9,10\n")
    layouts.strew(root)
    return root


def load(root, tmp_path):
    return data.load(layouts.config("corridor", root), cache_dir=tmp_path / "cache")


def test_it_loads_and_its_facts_are_known(corridor, tmp_path):
    dataset = load(corridor, tmp_path)
    assert (dataset.title, dataset.official_split) == ("Corridor", True)
    assert [v.id for v in (*dataset.train, *dataset.test)] == [
        *("train/01", "train/02", "test/01", "test/02")
    ]
    np.testing.assert_array_equal(
        dataset.test[0].labels, [0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0]
    )
    assert not dataset.test[1].labels.any() and dataset.test[0].fps == 15
    assert [d.what for d in dataset.deviations] == ["4 clips are 36x24 pixels instead of 320x240"]
    assert dataset.coverage is None
    assert data.title("corridor") == "Corridor"
    assert data.builder("corridor").identity(configs.default_config().dataset) == {}


def test_what_is_missing_is_said(corridor, tmp_path):
    (corridor / "normal/02.avi").unlink()
    dataset = load(corridor, tmp_path)
    assert dataset.coverage == "3 of 4 clips"
    (corridor / "events.csv").write_text("clip,first,last\n1,3,15\n")
    with pytest.raises(UserError, match=r"frames 2 to 15 .* do not fit a clip of 14 frames"):
        load(corridor, tmp_path)
    (corridor / "events.csv").write_text("clip,first,last\n1,3\n")
    with pytest.raises(UserError, match="line 2: wanted clip,first,last"):
        load(corridor, tmp_path)
    (corridor / "events.csv").write_text("clip,first,last\n3,1,2\n")
    with pytest.raises(UserError, match="line 2: Corridor has no test clip 3"):
        load(corridor, tmp_path)
    (corridor / "events.csv").unlink()
    with pytest.raises(UserError, match="is not Corridor: wanted the folders"):
        load(corridor, tmp_path)
