"""Weights of NanoDet-g: both kinds of file hold the same, and what is wrong is said."""

import json
import math

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.objects.nanodet_reference import random_weights
from vadjax.errors import UserError
from vadjax.objects import nanodet_weights


def write_graph(folder, arrays):
    """Write arrays as a TensorFlow.js graph: float16 in one file, among constants of integers."""
    nodes, entries, content = [], [], b""
    for number in reversed(range(34)):
        weight, bias = arrays[f"conv{number:02d}.weight"], arrays[f"conv{number:02d}.bias"]
        suffix = f"_{number}" if number else ""
        kernel, constant = f"Call/split{suffix}", f"unknown_{2 * number}"
        conv = f"Call/convolution{suffix}"
        nodes.append({"op": "Conv2D", "name": conv, "input": ["x", kernel]})
        nodes.append({"op": "AddV2", "name": f"Call/add{suffix}", "input": [conv, constant]})
        shape = [7] if number % 2 else []
        entries.append({"name": f"perm{number}", "shape": shape, "dtype": "int32"})
        content += np.arange(math.prod(shape), dtype="<i4").tobytes()
        for name, array in ((kernel, weight.transpose(2, 3, 1, 0)), (constant, bias)):
            stored = {"quantization": {"dtype": "float16", "original_dtype": "float32"}}
            entries.append({"name": name, "shape": array.shape, "dtype": "float32", **stored})
            content += array.astype("<f2").tobytes()
    graph = {
        "modelTopology": {"node": nodes},
        "weightsManifest": [{"paths": ["nanodet.bin"], "weights": entries}],
    }
    (folder / "nanodet.json").write_text(json.dumps(graph))
    (folder / "nanodet.bin").write_bytes(content)
    return folder / "nanodet.json"


@pytest.fixture(scope="module")
def arrays():
    return random_weights()


@pytest.fixture
def graph(tmp_path, arrays):
    return write_graph(tmp_path, arrays)


def test_the_published_graph_and_a_safetensors_file_hold_the_same(tmp_path, graph, arrays):
    halves = {key: array.astype(np.float16) for key, array in arrays.items()}
    save_file(halves, tmp_path / "w.safetensors")
    ours = nanodet_weights.read(tmp_path / "w.safetensors")
    theirs = nanodet_weights.read(graph)
    assert ours.keys() == theirs.keys() and len(ours) == 68
    for key, array in ours.items():
        assert array.dtype == theirs[key].dtype == np.float32
        np.testing.assert_array_equal(array, theirs[key])


def test_a_graph_without_its_weights_is_refused(graph):
    (graph.parent / "nanodet.bin").unlink()
    with pytest.raises(UserError, match=r"nanodet\.bin is missing"):
        nanodet_weights.read(graph)


@pytest.mark.parametrize("change", [lambda b: b[:-2], lambda b: b + b"\0\0"])
def test_weights_of_another_length_are_refused(graph, change):
    file = graph.parent / "nanodet.bin"
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(UserError, match=r"nanodet\.bin is .*get both files again"):
        nanodet_weights.read(graph)


@pytest.mark.parametrize("text", ["", "[1]", '"a"', "{}", '{"modelTopology": 1}'])
def test_another_json_file_is_refused(tmp_path, text):
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(UserError, match=r"other\.json is not the published graph of NanoDet-g"):
        nanodet_weights.read(path)
