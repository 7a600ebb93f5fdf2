"""RepVGG, arXiv 2101.03697, table 2: 3x3 convolutions, trained with 1x1 and identity beside them.

Variants differ in depths and widths. Names of weights are timm's.
"""

import dataclasses

from vadjax.backbones.branches import BlockSpec, architecture
from vadjax.backbones.preprocess import Preprocess


@dataclasses.dataclass(frozen=True)
class Variant:
    """What tells one network of the family from another.

    Attributes:
        depths: Blocks of each stage.
        widths: Factors of the channels of each stage.
    """

    depths: tuple[int, ...]
    widths: tuple[float, ...]


_A, _B = (2, 4, 14, 1), (4, 6, 16, 1)

VARIANTS = {
    "repvgg_a0": Variant(_A, (0.75, 0.75, 0.75, 2.5)),
    "repvgg_a1": Variant(_A, (1.0, 1.0, 1.0, 2.5)),
    "repvgg_a2": Variant(_A, (1.5, 1.5, 1.5, 2.75)),
    "repvgg_b0": Variant(_B, (1.0, 1.0, 1.0, 2.5)),
    "repvgg_b1": Variant(_B, (2.0, 2.0, 2.0, 4.0)),
    "repvgg_b2": Variant(_B, (2.5, 2.5, 2.5, 5.0)),
    "repvgg_b3": Variant(_B, (3.0, 3.0, 3.0, 5.0)),
}


def _architecture(name: str):
    variant = VARIANTS[name]
    widths = [
        int(channels * width)
        for channels, width in zip((64, 128, 256, 512), variant.widths, strict=True)
    ]
    return architecture(
        BlockSpec(min(64, widths[0]), stride=2),
        tuple(
            tuple(BlockSpec(width, stride=1 if i else 2) for i in range(depth))
            for depth, width in zip(variant.depths, widths, strict=True)
        ),
        branch="conv_kxk",
        pointwise="conv_1x1",
        preprocess=Preprocess(interpolation="bilinear"),
        checkpoint=f"timm/{name}.rvgg_in1k",
        licence="MIT",
    )


ARCHITECTURES = {name: _architecture(name) for name in VARIANTS}
