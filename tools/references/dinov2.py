"""timm's DINOv2, of the family `vit`, with positions for 518 pixels."""

from tools.references import vit

NAMES = (
    "vit_small_patch14_dinov2",
    "vit_small_patch14_reg4_dinov2",
    "vit_base_patch14_dinov2",
    "vit_base_patch14_reg4_dinov2",
)
SIZES = ((518, 518), (140, 224))
GOLDENS = {"vit_small_patch14_reg4_dinov2": (56, 84)}

shapes = vit.shapes
outputs = vit.outputs
