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

from vadjax.backbones.input_size import follows_frames, size_of_crops, size_of_frames
from vadjax.backbones.registry import (
    FOLDER,
    family_of,
    has_weights,
    list_backbones,
    takes_any_size,
)
from vadjax.errors import UserError

if TYPE_CHECKING:
    from vadjax.backbones.backbone import Backbone

__all__ = [
    "check_input",
    "check_weights",
    "create",
    "family_of",
    "follows_frames",
    "has_weights",
    "list_backbones",
    "size_of_crops",
    "size_of_frames",
    "takes_any_size",
]


def check_input(name: str, *, size: tuple[int, int] | None, fit: str) -> None:
    """Check an input size (None: the checkpoint's own) and a fit without creating anything.

    Args:
        name: of the backbone.
        size: height and width in pixels.
        fit: see `create`.

    Raises:
        UserError: The backbone is unknown, or does not take them.
    """
    family = importlib.import_module(f"{__name__}.{family_of(name)}")
    architecture = getattr(family, "ARCHITECTURES", {}).get(name)
    if architecture is not None:  # else it is known when its folder is read
        builder = importlib.import_module(f"{__name__}.build")
        size = size or architecture.preprocess.size
        builder.check_input(name, architecture, size=size, fit=fit)


def check_weights(weights: str) -> None:
    """Look whether a file of weights is there, without JAX.

    Raises:
        UserError: `weights` is written as a file, and there is none.
    """
    path = pathlib.Path(weights).expanduser()
    if path.suffix in (".safetensors", ".pth", ".pt", ".bin") and not path.is_file():
        raise UserError(
            f"features.weights={weights} does not exist; give the path of a .safetensors, .pth, "
            ".pt or .bin file, '' for the cache, the package or the hub, or 'random'."
        )


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
        name: One of `list_backbones()`, or "transformers" for a ViT, DINOv2 or CLIP checkpoint of
            that package, of which `weights` gives the folder or the hub id (`vit.from_folder`).
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

    Returns:
        The network with its variables and its preprocessing.

    Raises:
        UserError: Unknown name, fit, dtype or stage; no weights; weights that cannot be read or
            do not fit.
    """
    family = importlib.import_module(f"{__name__}.{family_of(name)}")
    if name == FOLDER:
        if weights in ("", "random"):
            raise UserError(
                "backbone transformers is whatever a checkpoint folder holds: give the folder with "
                "config.json and model.safetensors, as save_pretrained writes it, with "
                "--config.features.weights=FOLDER, or the id of such a checkpoint on the model "
                "hub, such as google/vit-base-patch16-224"
            )
        folder = pathlib.Path(weights).expanduser()
        hub = importlib.import_module(f"{__name__}.hub")
        if not folder.is_dir() and hub.is_hub_id(weights):
            architecture = family.from_folder(hub.checkpoint_folder(weights))
        else:
            architecture = family.from_folder(folder)
            weights = str(folder / "model.safetensors")
    else:
        architecture = family.ARCHITECTURES[name]
    builder = importlib.import_module(f"{__name__}.build")
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
