"""MobileOne, arXiv 2206.04040, tables 8 and 9: depthwise 3x3 and 1x1 blocks in turn, of branches.

Variants differ in widths, in the number of equal branches, and in squeeze-and-excitation of the
last blocks of a stage. Names of weights are timm's.
"""

import dataclasses
from collections.abc import Iterator

from vadjax.backbones.branches import BlockSpec, architecture
from vadjax.backbones.preprocess import Preprocess

DEPTHS = (2, 8, 10, 1)  # pairs of blocks in each stage


@dataclasses.dataclass(frozen=True)
class Variant:
    """What tells one network of the family from another.

    Attributes:
        widths: Factors of the channels of each stage.
        copies: Equal branches of each block behind the stem.
        squeezed: How many of the last pairs of each stage have squeeze-and-excitation.
    """

    widths: tuple[float, ...]
    copies: int = 1
    squeezed: tuple[int, ...] = (0, 0, 0, 0)


VARIANTS = {
    "mobileone_s0": Variant((0.75, 1.0, 1.0, 2.0), copies=4),
    "mobileone_s1": Variant((1.5, 1.5, 2.0, 2.5)),
    "mobileone_s2": Variant((1.5, 2.0, 2.5, 4.0)),
    "mobileone_s3": Variant((2.0, 2.5, 3.0, 4.0)),
    "mobileone_s4": Variant((3.0, 3.5, 3.5, 4.0), squeezed=(0, 0, 5, 1)),
}


def _stages(variant: Variant, channels: int) -> Iterator[tuple[BlockSpec, ...]]:
    """Yield the blocks of each stage, the first of which gets so many channels."""
    base = (64, 128, 256, 512)
    settings = zip(DEPTHS, base, variant.widths, variant.squeezed, strict=True)
    for depth, base_width, factor, squeezed in settings:
        width = int(base_width * factor)
        blocks: list[BlockSpec] = []
        for i in range(depth):
            ratio = 16 if i >= depth - squeezed else 0
            for features, kernel in ((channels, 3), (width, 1)):
                block = BlockSpec(
                    features,
                    kernel=kernel,
                    stride=1 if blocks else 2,
                    depthwise=kernel == 3,
                    copies=variant.copies,
                    squeeze=features // ratio if ratio else 0,
                )
                blocks.append(block)
            channels = width
        yield tuple(blocks)


def _architecture(name: str):
    variant = VARIANTS[name]
    stem = min(64, int(64 * variant.widths[0]))
    return architecture(
        BlockSpec(stem, stride=2),
        tuple(_stages(variant, stem)),
        branch="conv_kxk.{}",
        pointwise="conv_scale",
        preprocess=Preprocess(
            interpolation="bilinear", crop_pct=0.875 if name == "mobileone_s0" else 0.9
        ),
        checkpoint=f"timm/{name}.apple_in1k",
        licence="LicenseRef-mobileone-license",
    )


ARCHITECTURES = {name: _architecture(name) for name in VARIANTS}
