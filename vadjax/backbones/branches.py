"""Networks whose layers are trained as parallel branches and run as one convolution each.

RepVGG, arXiv 2101.03697, and MobileOne, arXiv 2206.04040. A branch is a k x k convolution, a 1x1
convolution or the identity, each with its batch norm; their sum is linear, so that it is one k x k
convolution with bias, which `fold_branches` computes.
"""

import dataclasses
import functools
from collections.abc import Iterator, Mapping

import flax.linen as nn
import jax
import numpy as np

from vadjax.backbones.convolution import module_conv
from vadjax.backbones.layers import (
    ACTIVATIONS,
    BatchNorm,
    ConvBnAct,
    SqueezeExcite,
    fold_batch_norm,
)
from vadjax.backbones.network import Architecture, Layout, Network
from vadjax.backbones.port import Rule, conv_rules, dense_rules, norm_rules
from vadjax.backbones.preprocess import Preprocess


@dataclasses.dataclass(frozen=True)
class BlockSpec:
    """One block of branches.

    Attributes:
        features: Output channels.
        kernel: Height and width of the convolutions; above 1 there is a 1x1 branch beside them.
        stride: Of all branches; the identity is one of them where shapes allow.
        depthwise: One group per channel, in all branches.
        copies: Number of the k x k convolutions.
        squeeze: Width of the squeeze-and-excitation behind the sum; 0 is none.
    """

    features: int
    kernel: int = 3
    stride: int = 1
    depthwise: bool = False
    copies: int = 1
    squeeze: int = 0


class Branches(nn.Module):
    """Sum of branches, ReLU; folded, one convolution with bias in the place of the sum."""

    spec: BlockSpec
    folded: bool = True

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        spec, channels = self.spec, x.shape[-1]
        if self.folded:
            shape = (spec.kernel, spec.kernel, 1 if spec.depthwise else channels, spec.features)
            kernel = self.param("kernel", nn.initializers.he_normal(), shape)
            x = module_conv(self, x, kernel, stride=spec.stride)  # [b, h', w', features]
            x = x + self.param("bias", nn.initializers.zeros, (spec.features,))
        else:
            x = sum(branch(x, train) for branch in self._branches(channels))
        if spec.squeeze:
            x = SqueezeExcite(spec.squeeze, name="squeeze")(x)
        return ACTIVATIONS["relu"](x)

    def _branches(self, channels: int) -> Iterator[nn.Module]:
        spec = self.spec
        branch = functools.partial(
            ConvBnAct,
            spec.features,
            stride=spec.stride,
            depthwise=spec.depthwise,
            act="",
            folded=False,
        )
        for i in range(spec.copies):
            yield branch(kernel=spec.kernel, name=f"branch{i}")
        if spec.kernel > 1:
            yield branch(kernel=1, name="pointwise")
        if spec.stride == 1 and channels == spec.features:
            yield BatchNorm(folded=False, name="identity")


def fold_branches(variables: Mapping, *, eps: float) -> dict:
    """Fold every batch norm, then every sum of branches into one convolution with bias.

    Args:
        variables: {"params", "batch_stats"} of a network built with `folded=False`.
        eps: Batch norm's epsilon.

    Returns:
        {"params"} of the same network built with `folded=True`, float32, summed in float64.
    """

    def merge(params):
        if "branch0" not in params:
            return {
                key: merge(value) if isinstance(value, Mapping) else np.float32(value)
                for key, value in params.items()
            }
        rest = dict(params)
        copies = [rest.pop(key) for key in params if key.startswith("branch")]
        bias = sum(branch["bias"] for branch in copies)
        kernel = sum(branch["kernel"] for branch in copies)  # [k, k, c / groups, d]
        centre = kernel[kernel.shape[0] // 2, kernel.shape[1] // 2]  # a view
        if pointwise := rest.pop("pointwise", None):
            centre += pointwise["kernel"][0, 0]
            bias += pointwise["bias"]
        if identity := rest.pop("identity", None):
            # Channel i comes from channel i, which is the (i mod c / groups)th of its group.
            channels = np.arange(kernel.shape[3])
            centre[channels % kernel.shape[2], channels] += identity["scale"]
            bias += identity["bias"]
        return {"kernel": np.float32(kernel), "bias": np.float32(bias), **merge(rest)}

    return {"params": merge(fold_batch_norm(variables, eps=eps, dtype=np.float64)["params"])}


class Chain(nn.Module):
    """One stage: blocks, one after the other."""

    specs: tuple[BlockSpec, ...]
    folded: bool = True

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        for i, spec in enumerate(self.specs):
            x = Branches(spec, self.folded, name=f"block{i}")(x, train)
        return x


class BranchedNetwork(Network):
    """Stem and four stages of branches, mean, classifier.

    Attributes:
        stem_spec: Of the first block.
        stage_specs: Of the blocks of each stage.
        num_classes: Of the classifier; 0 is none.
        folded: Expects variables that `fold_branches` made.
    """

    stem_spec: BlockSpec
    stage_specs: tuple[tuple[BlockSpec, ...], ...]
    num_classes: int = 1000
    folded: bool = True

    def setup(self):
        self.stem = Branches(self.stem_spec, self.folded)
        for i, specs in enumerate(self.stage_specs, start=1):
            setattr(self, f"stage{i}", Chain(specs, self.folded))
        if self.num_classes:
            self.classifier = nn.Dense(self.num_classes)

    def stages(self):
        chains = [getattr(self, f"stage{i + 1}") for i in range(len(self.stage_specs))]
        return dict(zip(_taps(self.stage_specs), [self.stem, *chains], strict=True))


def architecture(
    stem: BlockSpec,
    stages: tuple[tuple[BlockSpec, ...], ...],
    *,
    branch: str,
    pointwise: str,
    preprocess: Preprocess,
    checkpoint: str,
    licence: str,
) -> Architecture:
    """Describe a network of branches.

    Checkpoints hold the branches, or what timm's `reparameterize_model` makes of them.

    Args:
        stem: The first block.
        stages: The blocks of each stage.
        branch: timm's name of a k x k branch, with {} in the place of its number.
        pointwise: timm's name of the 1x1 branch.
        preprocess: The checkpoint's own.
        checkpoint: Its hub id.
        licence: Its licence.

    Returns:
        The architecture.
    """
    return Architecture(
        network=functools.partial(BranchedNetwork, stem, stages),
        preprocess=preprocess,
        taps=_taps(stages),
        num_features=stages[-1][-1].features,
        layouts=(
            Layout(
                f"stem.{branch.format(0)}.conv.weight",
                tuple(_rules(stem, stages, branch=branch, pointwise=pointwise)),
            ),
            Layout("stem.reparam_conv.weight", tuple(_folded_rules(stages)), folded=True),
        ),
        classifier=("head.fc.weight",),
        fold=fold_branches,
        checkpoint=checkpoint,
        licence=licence,
    )


def _taps(stages) -> tuple[str, ...]:
    return ("stem", *(f"stage{i}" for i in range(1, len(stages))), "map")


def _rules(stem, stages, *, branch: str, pointwise: str) -> Iterator[Rule]:
    for ours, theirs, spec in [("stem", "stem", stem), *_blocks(stages)]:
        for i in range(spec.copies):
            name = f"{theirs}.{branch.format(i)}"
            yield from conv_rules(f"{ours}/branch{i}", f"{name}.conv", f"{name}.bn")
        name = f"{theirs}.{pointwise}"
        yield from conv_rules(f"{ours}/pointwise", f"{name}.conv", f"{name}.bn")
        yield from norm_rules(f"{ours}/identity", f"{theirs}.identity")
    yield from _other_rules(stages)


def _folded_rules(stages) -> Iterator[Rule]:
    for ours, theirs in [("stem", "stem"), *(names for *names, _ in _blocks(stages))]:
        yield from conv_rules(ours, f"{theirs}.reparam_conv")
    yield from _other_rules(stages)


def _other_rules(stages) -> Iterator[Rule]:
    for ours, theirs, spec in _blocks(stages):
        if spec.squeeze:
            yield from dense_rules(f"{ours}/squeeze/reduce", f"{theirs}.attn.fc1", "conv_as_linear")
            yield from dense_rules(f"{ours}/squeeze/expand", f"{theirs}.attn.fc2", "conv_as_linear")
    yield from dense_rules("classifier", "head.fc")


def _blocks(stages) -> Iterator[tuple[str, str, BlockSpec]]:
    """Yield our name, timm's name and the spec of each block behind the stem."""
    for i, specs in enumerate(stages):
        for j, spec in enumerate(specs):
            yield f"stage{i + 1}/block{j}", f"stages.{i}.{j}", spec
