"""A detector's state comes back as it was, and damage gives one clear error."""

import math

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from vadjax.errors import UserError
from vadjax.storage import state as module
from vadjax.storage.state import load_state, replace_state, save_state

DTYPES = ("float32", "float64", "float16", "int8", "uint8", "int32", "bool", "complex64", "<U3")
EXTENDED = (ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.int4)


def arrays():
    shapes = arrays_of.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
    plain = st.sampled_from(DTYPES).flatmap(lambda dtype: arrays_of.arrays(dtype, shapes))
    small = arrays_of.arrays(np.int8, shapes, elements=st.integers(-8, 7))
    return plain | st.builds(lambda a, dtype: a.astype(dtype), small, st.sampled_from(EXTENDED))


def states():
    values = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
    return st.recursive(
        values | arrays(),
        lambda inside: (
            st.lists(inside, max_size=3)
            | st.lists(inside, max_size=3).map(tuple)
            | st.dictionaries(st.text(), inside, max_size=3)
        ),
        max_leaves=8,
    )


def equal(a, b) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return a == b and math.copysign(1, a) == math.copysign(1, b) if a == 0 else a == b or a != a


@given(state=states())
@settings(max_examples=150, deadline=None)
def test_a_state_comes_back_as_it_was(state, tmp_path_factory):
    folder = tmp_path_factory.mktemp("state")
    save_state(folder, state)
    assert equal(load_state(folder), state)


def test_jax_arrays_come_back_as_numpy_arrays(tmp_path):
    save_state(tmp_path, {"a": jnp.arange(3, dtype=jnp.bfloat16), "b": np.float32(0.5)})
    state = load_state(tmp_path)
    assert equal(state["a"], np.arange(3).astype(ml_dtypes.bfloat16))
    assert equal(state["b"], np.array(0.5, np.float32))


def test_equal_states_give_equal_bytes_and_replace_one_another(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    save_state(second, {"old": np.zeros(5)})
    for folder in (first, second):
        save_state(folder, {"bank": np.asfortranarray(np.ones((3, 4))), "k": 5})
    files = sorted(path.name for path in first.iterdir())
    assert files == ["state.json", "state.npz"]
    for name in files:
        assert (first / name).read_bytes() == (second / name).read_bytes()


@pytest.mark.parametrize("name", ["state.npz", "state.json"])
@pytest.mark.parametrize("damage", ["cut", "flipped", "removed"])
def test_damage_gives_one_error_that_names_the_file(tmp_path, name, damage):
    save_state(tmp_path, {"bank": np.arange(100.0), "threshold": 0.25})
    path = tmp_path / name
    content = path.read_bytes()
    if damage == "removed":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    else:
        middle = content.index(b"0.25") + 3 if name == "state.json" else len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    with pytest.raises(UserError, match=rf"{name} .*run the training again"):
        load_state(tmp_path)


def test_a_writer_that_dies_halfway_leaves_no_state(tmp_path, monkeypatch):
    save_state(tmp_path, {"bank": np.zeros(3)})

    def die(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("vadjax.storage.state.write_json", die)
    with pytest.raises(KeyboardInterrupt):
        save_state(tmp_path, {"bank": np.ones(3)})
    with pytest.raises(UserError, match="holds no trained detector"):
        load_state(tmp_path)


def test_pickles_are_never_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr("vadjax.storage.state._file_sha256", lambda path: "the checksum that fits")
    save_state(tmp_path, {"bank": np.zeros(3)})
    with (tmp_path / "state.npz").open("wb") as file:
        np.savez(file, **{"0": np.array([{"pickled": 1}])})
    with pytest.raises(UserError, match=r"state.npz is damaged .*not a plain array"):
        load_state(tmp_path)


def test_a_newer_format_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("vadjax.storage.state.PLAIN", 3)
    save_state(tmp_path, {})
    monkeypatch.undo()
    with pytest.raises(UserError, match="newer vadjax"):
        load_state(tmp_path)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"a": [{1, 2}]}, r"state\['a'\]\[0\] is a set"),
        ({"a": {3: 1}}, r"state\['a'\]: the key 3 is no string"),
        ({"a": np.array([None])}, r"state\['a'\] is an array of dtype object"),
        ({"key": jax.random.key(0)}, r"state\['key'\]"),
    ],
)
def test_what_cannot_be_written_is_named(tmp_path, state, message):
    with pytest.raises(TypeError, match=message):
        save_state(tmp_path, state)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("moment", ["_write_arrays", "write_json"])
def test_a_state_is_replaced_at_once_or_not_at_all(tmp_path, monkeypatch, moment):
    """However the writing ends, one of the two can be read, and the arrays of no other stay."""
    first, second = ({"values": np.full(3, number)} for number in (1, 2))
    save_state(tmp_path, first)

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(module, moment, killed)
        replace_state(tmp_path, second)
    np.testing.assert_array_equal(load_state(tmp_path)["values"], first["values"])
    replace_state(tmp_path, second)
    np.testing.assert_array_equal(load_state(tmp_path)["values"], second["values"])
    assert len(list(tmp_path.iterdir())) == 2
    save_state(tmp_path, first)
    np.testing.assert_array_equal(load_state(tmp_path)["values"], first["values"])
    assert len(list(tmp_path.iterdir())) == 2
