"""Inception-V3: blocks of parallel branches, some of kernels 1x7 and 7x1.

arXiv 1512.00567, table 1, in the form of TensorFlow's and torchvision's checkpoints; one network.
The auxiliary classifier, which only training uses, is left out. timm and torchvision name the
weights alike; torchvision's own input normalisation (`transform_input`) amounts to the mean and
standard deviation of 0.5 that the preprocessing has.
"""

import dataclasses
from collections.abc import Callable, Iterator

import flax.linen as nn
import jax
import jax.numpy as jnp

from vadjax.backbones.layers import ConvBnAct, edged
from vadjax.backbones.network import Architecture, Layout, Network
from vadjax.backbones.port import conv_rules, dense_rules
from vadjax.backbones.preprocess import Preprocess

EPS = 1e-3
NUM_FEATURES = 2048


@dataclasses.dataclass(frozen=True)
class Conv:
    """A convolution with batch norm and ReLU, by its name in checkpoints."""

    name: str
    features: int
    kernel: int | tuple[int, int] = 1
    stride: int = 1
    padding: str | int = "symmetric"


POOLS = {
    "max": lambda x: nn.max_pool(x, window_shape=(3, 3), strides=(2, 2)),
    "mean": lambda x: nn.avg_pool(edged(x, 0.0), window_shape=(3, 3)),  # zeros count
}

# Layers one after another: a convolution, a key of POOLS, or a tuple of chains that all start
# from the same input and whose outputs are concatenated.
Chain = tuple["Conv | str | tuple[Chain, ...]", ...]


def _block_a(name: str, pooled: int) -> tuple[Chain, ...]:
    conv = _named(name)
    return (
        (conv("branch1x1", 64),),
        (conv("branch5x5_1", 48), conv("branch5x5_2", 64, 5)),
        (
            conv("branch3x3dbl_1", 64),
            conv("branch3x3dbl_2", 96, 3),
            conv("branch3x3dbl_3", 96, 3),
        ),
        ("mean", conv("branch_pool", pooled)),
    )


def _block_b(name: str) -> tuple[Chain, ...]:
    conv = _named(name)
    return (
        (conv("branch3x3", 384, 3, stride=2, padding=0),),
        (
            conv("branch3x3dbl_1", 64),
            conv("branch3x3dbl_2", 96, 3),
            conv("branch3x3dbl_3", 96, 3, stride=2, padding=0),
        ),
        ("max",),
    )


def _block_c(name: str, width: int) -> tuple[Chain, ...]:
    conv = _named(name)
    return (
        (conv("branch1x1", 192),),
        (
            conv("branch7x7_1", width),
            conv("branch7x7_2", width, (1, 7)),
            conv("branch7x7_3", 192, (7, 1)),
        ),
        (
            conv("branch7x7dbl_1", width),
            conv("branch7x7dbl_2", width, (7, 1)),
            conv("branch7x7dbl_3", width, (1, 7)),
            conv("branch7x7dbl_4", width, (7, 1)),
            conv("branch7x7dbl_5", 192, (1, 7)),
        ),
        ("mean", conv("branch_pool", 192)),
    )


def _block_d(name: str) -> tuple[Chain, ...]:
    conv = _named(name)
    return (
        (conv("branch3x3_1", 192), conv("branch3x3_2", 320, 3, stride=2, padding=0)),
        (
            conv("branch7x7x3_1", 192),
            conv("branch7x7x3_2", 192, (1, 7)),
            conv("branch7x7x3_3", 192, (7, 1)),
            conv("branch7x7x3_4", 192, 3, stride=2, padding=0),
        ),
        ("max",),
    )


def _block_e(name: str) -> tuple[Chain, ...]:
    conv = _named(name)

    def both(prefix):
        return (conv(f"{prefix}a", 384, (1, 3)),), (conv(f"{prefix}b", 384, (3, 1)),)

    return (
        (conv("branch1x1", 320),),
        (conv("branch3x3_1", 384), both("branch3x3_2")),
        (conv("branch3x3dbl_1", 448), conv("branch3x3dbl_2", 384, 3), both("branch3x3dbl_3")),
        ("mean", conv("branch_pool", 192)),
    )


def _named(block: str) -> Callable[..., Conv]:
    return lambda name, *args, **options: Conv(f"{block}.{name}", *args, **options)


# A stage ends where the next one halves the map; the last is the tap "map".
STAGES: dict[str, Chain] = {
    "stem": (
        Conv("Conv2d_1a_3x3", 32, 3, stride=2, padding=0),
        Conv("Conv2d_2a_3x3", 32, 3, padding=0),
        Conv("Conv2d_2b_3x3", 64, 3),
    ),
    "stage1": ("max", Conv("Conv2d_3b_1x1", 80), Conv("Conv2d_4a_3x3", 192, 3, padding=0)),
    "stage2": (
        "max",
        _block_a("Mixed_5b", 32),
        _block_a("Mixed_5c", 64),
        _block_a("Mixed_5d", 64),
    ),
    "stage3": (
        _block_b("Mixed_6a"),
        _block_c("Mixed_6b", 128),
        _block_c("Mixed_6c", 160),
        _block_c("Mixed_6d", 160),
        _block_c("Mixed_6e", 192),
    ),
    "stage4": (_block_d("Mixed_7a"), _block_e("Mixed_7b"), _block_e("Mixed_7c")),
}
TAPS = (*list(STAGES)[:-1], "map")


class Stage(nn.Module):
    """A chain of layers."""

    chain: Chain
    folded: bool

    @nn.compact
    def __call__(self, x: jax.Array, train: bool = False) -> jax.Array:
        def run(chain, x):
            for layer in chain:
                if isinstance(layer, tuple):
                    x = jnp.concatenate([run(branch, x) for branch in layer], axis=-1)
                elif isinstance(layer, Conv):
                    x = ConvBnAct(
                        layer.features,
                        kernel=layer.kernel,
                        stride=layer.stride,
                        padding=layer.padding,
                        act="relu",
                        eps=EPS,
                        folded=self.folded,
                        name=_ours(layer),
                    )(x, train)
                else:
                    x = POOLS[layer](x)
            return x

        return run(self.chain, x)


class InceptionV3(Network):
    """Stem, stages of blocks, mean, classifier.

    Attributes:
        num_classes: Of the classifier; 0 is none.
        folded: Expects variables with batch norm folded.
    """

    num_classes: int = 1000
    folded: bool = True

    def setup(self):
        for name, chain in STAGES.items():
            setattr(self, name, Stage(chain, self.folded))
        if self.num_classes:
            self.classifier = nn.Dense(self.num_classes)

    def stages(self):
        return {tap: getattr(self, name) for tap, name in zip(TAPS, STAGES, strict=True)}


def _ours(conv: Conv) -> str:
    return conv.name.replace(".", "_")


def _convs(chain: Chain) -> Iterator[Conv]:
    for layer in chain:
        if isinstance(layer, Conv):
            yield layer
        elif isinstance(layer, tuple):
            for branch in layer:
                yield from _convs(branch)


def _rules() -> Iterator[tuple[str, str, str]]:
    yield from dense_rules("classifier", "fc")
    for stage, chain in STAGES.items():
        for conv in _convs(chain):
            yield from conv_rules(f"{stage}/{_ours(conv)}", f"{conv.name}.conv", f"{conv.name}.bn")


ARCHITECTURES = {
    "inception_v3": Architecture(
        network=InceptionV3,
        preprocess=Preprocess(size=(299, 299), mean=(0.5,) * 3, std=(0.5,) * 3, crop_pct=0.875),
        taps=TAPS,
        num_features=NUM_FEATURES,
        layouts=(Layout("Conv2d_1a_3x3.conv.weight", tuple(_rules())),),
        classifier=("fc.weight",),
        ignore=(r".*\.num_batches_tracked", r"AuxLogits\..*"),
        eps=EPS,
        stem=("stem", "Conv2d_1a_3x3", "kernel"),
        least=75,
        checkpoint="timm/inception_v3.tv_in1k",
        licence="Apache-2.0",
    )
}
