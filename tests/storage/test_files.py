"""JSON as vadjax writes it reads back as it was."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vadjax.storage.files import to_json, write_json

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
TREES = st.recursive(PLAIN, lambda t: st.lists(t) | st.dictionaries(st.text(), t), max_leaves=20)


@given(TREES)
def test_what_is_written_reads_back(tree):
    try:
        text = to_json(tree)
    except ValueError:
        assert "Infinity" in json.dumps(tree)
        return
    assert json.loads(text) == tree


def test_a_curve_is_one_line_and_a_key_is_one_too(tmp_path):
    write_json(tmp_path / "a.json", {"curve": [0.0, 0.5], "rows": [{"a": 1}, {"a": None}]})
    lines = (tmp_path / "a.json").read_text().splitlines()
    assert ' "curve": [0.0, 0.5],' in lines and '   "a": null' in lines


def test_what_is_not_finite_leaves_the_file_before(tmp_path):
    write_json(tmp_path / "a.json", {"loss": 1.0})
    with pytest.raises(ValueError):
        write_json(tmp_path / "a.json", {"loss": float("nan")})
    assert json.loads((tmp_path / "a.json").read_text()) == {"loss": 1.0}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
