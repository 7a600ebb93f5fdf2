"""Pretrained vision networks: frames in, features and feature maps out.

>>> from vadjax import backbones
>>> len(backbones.list_backbones()) > 80
True
>>> backbone = backbones.create("tf_efficientnet_lite0", weights="random", size=64)
>>> backbone.map_shape()
(2, 2, 1280)
"""

import importlib
import pathlib
from typing import TYPE_CHECKING

from vadjax.errors import UserError, unknown

if TYPE_CHECKING:
    from vadjax.backbones.backbone import Backbone

# Module -> the names that it holds, here so that listing them imports no JAX.
_FAMILIES = {
    "coatnet": tuple(f"coatnet_{size}_rw_224" for size in ("0", "1", "2", "nano")),
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
    "flow_lite0": ("flow_lite0",),
    "inception": ("inception_v3",),
    "maxvit": tuple(f"maxvit_{size}_tf_224" for size in ("base", "small", "tiny")),
    "mobileone": tuple(f"mobileone_s{i}" for i in range(5)),
    "pixels": ("pixels", "pixels_rgb"),
    "poolformer": tuple(f"poolformer_{size}" for size in ("m36", "m48", "s12", "s24", "s36")),
    "regnet": tuple(f"regnety_{size}" for size in ("002", "004", "006", "008", "016", "032")),
    "repvgg": tuple(f"repvgg_{size}" for size in ("a0", "a1", "a2", "b0", "b1", "b2", "b3")),
    "resnet": tuple(f"resnet{depth}" for depth in (18, 34, 50, 101, 152)),
    "vgg": tuple(f"vgg{depth}{norm}" for depth in (11, 13, 16, 19) for norm in ("", "_bn")),
    "vit": (
        *(f"vit_{size}_patch16_224" for size in ("tiny", "small", "base")),
        *(f"vit_{size}_patch32_224" for size in ("small", "base")),
        *(
            f"vit_{size}_patch14_{kind}dinov2"
            for size in ("small", "base")
            for kind in ("", "reg4_")
        ),
        *(f"vit_base_patch{n}_clip_{kind}224" for n in (16, 32) for kind in ("", "quickgelu_")),
        "vit_xsmall_patch16_clip_224",
    ),
}
# The name of all networks whose architecture is read from a folder, with their weights.
_FOLDER = "transformers"


def list_backbones() -> list[str]:
    """List the named backbones: those of timm, `flow`, and the pixel backbones.

    `create` also takes the name "transformers", which stands for whatever a folder holds.
    """
    return sorted(name for names in _FAMILIES.values() for name in names)


def family_of(name: str) -> str:
    """Return the family of a backbone, which is the module that holds it.

    Raises:
        UserError: Unknown name.
    """
    for family, names in _FAMILIES.items():
        if name in names or (family, name) == ("vit", _FOLDER):
            return family
    raise unknown("backbone", name, [*list_backbones(), _FOLDER])


def has_weights(name: str) -> bool:
    """Tell whether a backbone has parameters at all."""
    return family_of(name) not in ("flow", "pixels")


def takes_any_size(name: str) -> bool:
    """Tell whether a backbone takes other input sizes than its checkpoint's (within limits)."""
    return family_of(name) not in ("coatnet", "maxvit")


def check_input(name: str, *, size: tuple[int, int] | None, fit: str) -> None:
    """Check an input size (None: the checkpoint's own) and a fit without creating anything.

    Raises:
        UserError: The backbone is unknown, or does not take them.
    """
    family = importlib.import_module(f"{__name__}.{family_of(name)}")
    architecture = getattr(family, "ARCHITECTURES", {}).get(name)
    if architecture is not None:  # else it is known when its folder is read
        builder = importlib.import_module(f"{__name__}.backbone")
        size = size or architecture.preprocess.size
        builder.check_input(name, architecture, size=size, fit=fit)


def create(
    name: str,
    *,
    weights: str = "",
    size: int | tuple[int, int] | None = None,
    preprocess: str = "checkpoint",
    fit: str = "stretch",
    cache_dir: str | None = None,
    dtype: str = "float32",
    folded: bool = True,
    last_stage: str = "",
) -> "Backbone":
    """Create a frozen backbone with its weights and its preprocessing.

    Args:
        name: One of `list_backbones()`, or "transformers" for a ViT, DINOv2 or CLIP checkpoint
            folder of that package, given as `weights` (`vit.from_folder`).
        weights: "" takes `cache_dir/weights/<name>.safetensors`, else the Python package that
            carries the weights, if there is one, else the model hub; a path takes that
            .safetensors, .pth, .pt or .bin file; "owner/name" that checkpoint of the hub;
            "random" takes random weights (`backbone.random` is then True).
        size: Input height and width in pixels; None is the checkpoint's own size.
        preprocess: "checkpoint" is the checkpoint's own; "rahmani_compat" that of the published
            recurrent baselines for all networks: 224 x 224 bilinear, ImageNet's statistics.
        fit: How a frame becomes an input of that size: "stretch" (whole frame, aspect ratio not
            kept), "pad" (whole frame, aspect ratio kept, borders filled), "crop" (the
            checkpoint's centre crop; loses the frame's sides), "native" (the frame's own size).
        cache_dir: Folder whose `weights/` is searched and keeps converted parameters, so that
            the second load is quick; None does neither.
        dtype: "float32" or "bfloat16", of parameters and computation.
        folded: Fold batch norm into the convolutions, as inference wants it. False keeps it,
            with its statistics in `variables["batch_stats"]`, as fine-tuning wants it.
        last_stage: Ends the network with this stage, whose mean over places are the features then;
            the weights need hold no more. "" is the whole network.

    Raises:
        UserError: Unknown name, fit, dtype or stage; no weights; weights that cannot be read or
            fit not.
    """
    family = importlib.import_module(f"{__name__}.{family_of(name)}")
    if name == _FOLDER:
        if weights in ("", "random"):
            raise UserError(
                "backbone transformers is whatever a checkpoint folder holds: give the folder with "
                "config.json and model.safetensors, as save_pretrained writes it, with "
                "--config.features.weights=FOLDER"
            )
        architecture = family.from_folder(weights)
        weights = str(pathlib.Path(weights) / "model.safetensors")
    else:
        architecture = family.ARCHITECTURES[name]
    builder = importlib.import_module(f"{__name__}.backbone")
    return builder.build(
        name,
        architecture,
        weights=weights,
        size=size,
        preprocess=preprocess,
        fit=fit,
        cache_dir=cache_dir,
        dtype=dtype,
        folded=folded,
        last_stage=last_stage,
    )
