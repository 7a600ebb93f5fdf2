"""The parts of anomalib that PaDiM and PatchCore need, without what it wants beside them.

`import anomalib` takes lightning, torchvision and more. Here the packages between are left empty,
and hold of their modules those alone that the two models use: those modules are anomalib's own.
"""

import functools
import importlib
import importlib.util
import pathlib
import sys
import types
from typing import NamedTuple


class InferenceBatch(NamedTuple):
    """What a model gives for a batch."""

    pred_score: object
    anomaly_map: object


def available() -> bool:
    """Say whether anomalib's files and what these parts import can be found."""
    return all(importlib.util.find_spec(name) for name in ("anomalib", "kornia", "torch", "tqdm"))


@functools.cache
def models() -> tuple[type, type]:
    """Return anomalib's PadimModel and PatchcoreModel, without the backbones that they make."""
    spec = importlib.util.find_spec("anomalib")
    assert spec is not None and spec.origin is not None  # see `available`
    root = pathlib.Path(spec.origin).parent
    names = ("data", "utils", "models", "models.image", "models.components")
    parts = ("base", "filters", "stats", "sampling", "dimensionality_reduction")
    names += tuple(f"models.components.{part}" for part in (*parts, "feature_extractors"))
    names += ("models.image.padim", "models.image.patchcore")
    packages = {name: _package(f"anomalib.{name}", root) for name in ("", *names)}
    packages["data"].InferenceBatch = InferenceBatch
    packages["utils"].deprecate = lambda **_: lambda function: function
    packages["models.components.feature_extractors"].dryrun_find_featuremap_dims = None
    components = packages["models.components"]
    components.TimmFeatureExtractor = _no_backbone

    def give(package: str, module: str, name: str, *, above: bool = True) -> None:
        found = getattr(importlib.import_module(f"anomalib.{package}.{module}"), name)
        setattr(packages[package], name, found)
        if above:
            setattr(components, name, found)

    give("models.components.base", "dynamic_buffer", "DynamicBufferMixin")
    give("models.components.filters", "blur", "GaussianBlur2d")
    reduction = "models.components.dimensionality_reduction"
    give(reduction, "random_projection", "SparseRandomProjection")
    give("models.components.stats", "multi_variate_gaussian", "MultiVariateGaussian")
    give("models.components.sampling", "k_center_greedy", "KCenterGreedy")
    padim = importlib.import_module("anomalib.models.image.padim.torch_model")
    patchcore = importlib.import_module("anomalib.models.image.patchcore.torch_model")
    return padim.PadimModel, patchcore.PatchcoreModel


def _package(name: str, root: pathlib.Path) -> types.ModuleType:
    name = name.rstrip(".")
    package = types.ModuleType(name)
    package.__path__ = [str(root.joinpath(*name.split(".")[1:]))]
    sys.modules[name] = package
    return package


def _no_backbone(**_):
    """Return a network that hands on maps that were made before."""
    import torch

    class Given(torch.nn.Module):
        out_dims: tuple[int, ...] = (1 << 20,)  # anomalib draws its channels from so many

        def forward(self, maps):
            return maps

    return Given()
