"""Pretrained vision networks: frames in, features and feature maps out.

>>> from vadjax import backbones
>>> backbones.list_backbones()
['efficientnet_lite0', 'flow', 'mobilenetv2_100', 'pixels', 'pixels_rgb', 'tf_efficientnet_lite0']
>>> backbone = backbones.create("tf_efficientnet_lite0", weights="random", size=64)
>>> backbone.map_shape()
(2, 2, 1280)
"""

import importlib
from typing import TYPE_CHECKING

from vadjax.errors import unknown

if TYPE_CHECKING:
    from vadjax.backbones.backbone import Backbone

# Module -> the names that it holds, here so that listing them imports no JAX.
_FAMILIES = {
    "convnext": tuple(
        f"convnext_{size}" for size in ("atto", "base", "femto", "nano", "pico", "small", "tiny")
    ),
    "efficientnet": (
        *(f"efficientnet_{size}" for size in ("b0", "b1", "b2", "b3", "lite0")),
        *(
            f"tf_efficientnet_{size}"
            for size in ("b0", "lite0", "lite1", "lite2", "lite3", "lite4")
        ),
        *(f"mobilenetv2_{size}" for size in ("050", "100", "110d", "120d", "140")),
    ),
    "flow": ("flow",),
    "inception": ("inception_v3",),
    "pixels": ("pixels", "pixels_rgb"),
    "poolformer": tuple(f"poolformer_{size}" for size in ("m36", "m48", "s12", "s24", "s36")),
    "resnet": tuple(f"resnet{depth}" for depth in (18, 34, 50, 101, 152)),
    "vgg": tuple(f"vgg{depth}{norm}" for depth in (11, 13, 16, 19) for norm in ("", "_bn")),
}


def list_backbones() -> list[str]:
    """List the names that `create` knows: those of timm, `flow`, and the pixel backbones."""
    return sorted(name for names in _FAMILIES.values() for name in names)


def family_of(name: str) -> str:
    """Return the family of a backbone, which is the module that holds it.

    Raises:
        UserError: Unknown name.
    """
    for family, names in _FAMILIES.items():
        if name in names:
            return family
    raise unknown("backbone", name, list_backbones())


def create(
    name: str,
    *,
    weights: str = "",
    size: int | tuple[int, int] | None = None,
    fit: str = "stretch",
    cache_dir: str | None = None,
    dtype: str = "float32",
    folded: bool = True,
) -> "Backbone":
    """Create a frozen backbone with its weights and its preprocessing.

    Args:
        name: One of `list_backbones()`.
        weights: "" takes `cache_dir/weights/<name>.safetensors`, else the Python package that
            carries the weights, if there is one; a path takes that .safetensors, .pth or .pt
            file; "random" takes random weights (`backbone.random` is then True).
        size: Input height and width in pixels; None is the checkpoint's own size.
        fit: How a frame becomes an input of that size: "stretch" (whole frame, aspect ratio not
            kept), "pad" (whole frame, aspect ratio kept, borders filled), "crop" (the
            checkpoint's centre crop; loses the frame's sides), "native" (the frame's own size).
        cache_dir: Folder whose `weights/` is searched; None searches nowhere.
        dtype: "float32" or "bfloat16", of parameters and computation.
        folded: Fold batch norm into the convolutions, as inference wants it. False keeps it,
            with its statistics in `variables["batch_stats"]`, as fine-tuning wants it.

    Raises:
        UserError: Unknown name, fit or dtype; no weights; weights that cannot be read or fit not.
    """
    family = importlib.import_module(f"{__name__}.{family_of(name)}")
    builder = importlib.import_module(f"{__name__}.backbone")
    return builder.build(
        name,
        family.ARCHITECTURES[name],
        weights=weights,
        size=size,
        fit=fit,
        cache_dir=cache_dir,
        dtype=dtype,
        folded=folded,
    )
