"""Vision transformers: ViT, DINOv2 with and without registers, CLIP's image towers.

ViT, arXiv 2010.11929; DINOv2, arXiv 2304.07193; registers, arXiv 2309.16588; CLIP, arXiv
2103.00020. Besides the named networks, those of any checkpoint folder of transformers whose
model type is among `MODEL_TYPES` (`from_folder`).

"features" is the normalised class token, "map" the normalised patch tokens, "stage1" and so on
what each block returns. The class token goes beside the map, and "features" is read from it
alone: explanations by gradients start from an earlier stage, because nothing flows back to "map".
Where a CLIP checkpoint holds the projection into the joint space of images and texts,
"embedding" is the projected class token, not scaled to length one.

A named network computes as timm does, whichever layout its weights come in: layer norm's epsilon,
how positions are resampled. A network of a folder computes as transformers does, without `pooler`.
"""

import dataclasses
import functools
import json
import math
import pathlib
from typing import Any

from vadjax.backbones.network import Architecture
from vadjax.backbones.preprocess import IMAGENET_MEAN, IMAGENET_STD, Preprocess
from vadjax.backbones.vit_layouts import CLASSIFIER, IGNORE, layouts
from vadjax.backbones.vit_network import Variant, VisionTransformer
from vadjax.errors import UserError, unknown

# Mean and standard deviation.
HALF: dict[str, Any] = {"mean": (0.5,) * 3, "std": (0.5,) * 3}
IMAGENET: dict[str, Any] = {"mean": IMAGENET_MEAN, "std": IMAGENET_STD}
CLIP: dict[str, Any] = {
    "mean": (0.48145466, 0.4578275, 0.40821073),
    "std": (0.26862954, 0.26130258, 0.27577711),
}


def _architecture(variant: Variant, preprocess: Preprocess, **more) -> Architecture:
    return Architecture(
        network=functools.partial(VisionTransformer, variant),
        preprocess=preprocess,
        taps=("stem", *(f"stage{i + 1}" for i in range(variant.depth)), "map"),
        num_features=variant.width,
        layouts=layouts(variant),
        classifier=CLASSIFIER,
        ignore=IGNORE,
        stem=("patches", "kernel"),
        multiple=variant.patch,
        least=variant.patch,
        **more,
    )


# The named networks

_Fields = dict[str, Any]  # of a Variant

_TINY, _SMALL, _BASE = (_Fields(width=width, heads=width // 64) for width in (192, 384, 768))
_16, _32 = (_Fields(patch=patch, grid=(224 // patch,) * 2) for patch in (16, 32))
_DINOV2: _Fields = {"patch": 14, "grid": (37, 37), "layer_scale": True, "pool": "token+mean"}
_CLIP: _Fields = {"eps": 1e-5, "norm_first": True, "embedding": 512}
_OPENAI: _Fields = {**_CLIP, "act": "quick_gelu"}

# name: (variant, tag of timm's checkpoint, crop_pct)
VARIANTS = {
    "vit_tiny_patch16_224": (Variant(**_TINY, **_16), "augreg_in21k_ft_in1k", 0.9),
    "vit_small_patch16_224": (Variant(**_SMALL, **_16), "augreg_in21k_ft_in1k", 0.9),
    "vit_small_patch32_224": (Variant(**_SMALL, **_32), "augreg_in21k_ft_in1k", 0.9),
    "vit_base_patch16_224": (Variant(**_BASE, **_16), "augreg2_in21k_ft_in1k", 0.9),
    "vit_base_patch32_224": (Variant(**_BASE, **_32), "augreg_in21k_ft_in1k", 0.9),
    "vit_small_patch14_dinov2": (Variant(**_SMALL, **_DINOV2), "lvd142m", 1.0),
    "vit_small_patch14_reg4_dinov2": (Variant(**_SMALL, **_DINOV2, registers=4), "lvd142m", 1.0),
    "vit_base_patch14_dinov2": (Variant(**_BASE, **_DINOV2), "lvd142m", 1.0),
    "vit_base_patch14_reg4_dinov2": (Variant(**_BASE, **_DINOV2, registers=4), "lvd142m", 1.0),
    "vit_xsmall_patch16_clip_224": (
        Variant(width=256, heads=4, depth=10, **_16, **_CLIP),
        "tinyclip_yfcc15m",
        0.9,
    ),
    "vit_base_patch16_clip_224": (Variant(**_BASE, **_16, **_CLIP), "laion2b_ft_in12k_in1k", 0.95),
    "vit_base_patch32_clip_224": (Variant(**_BASE, **_32, **_CLIP), "laion2b_ft_in12k_in1k", 0.9),
    "vit_base_patch16_clip_quickgelu_224": (Variant(**_BASE, **_16, **_OPENAI), "openai", 0.9),
    "vit_base_patch32_clip_quickgelu_224": (Variant(**_BASE, **_32, **_OPENAI), "openai", 0.9),
}


def _timm(name: str, variant: Variant, tag: str, crop_pct: float) -> Architecture:
    statistics = CLIP if variant.norm_first else IMAGENET if variant.layer_scale else HALF
    size = (variant.grid[0] * variant.patch, variant.grid[1] * variant.patch)
    return _architecture(
        variant,
        Preprocess(size=size, interpolation="bicubic", crop_pct=crop_pct, **statistics),
        checkpoint=f"timm/{name.replace('_quickgelu', '')}.{tag}",
        licence="MIT" if tag.startswith("tinyclip") else "Apache-2.0",
    )


ARCHITECTURES = {name: _timm(name, *row) for name, row in VARIANTS.items()}

# Checkpoint folders of transformers

# model type: preprocessing, where the folder does not say it
MODEL_TYPES: dict[str, dict[str, Any]] = {
    "vit": {**HALF, "interpolation": "bilinear"},
    "dinov2": {**IMAGENET, "interpolation": "bicubic"},
    "dinov2_with_registers": {**IMAGENET, "interpolation": "bicubic"},
    "clip": {**CLIP, "interpolation": "bicubic"},
    "clip_vision_model": {**CLIP, "interpolation": "bicubic"},
}
_ACTIVATIONS = {
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "quick_gelu": "quick_gelu",
    "relu": "relu",
    "silu": "silu",
}
_RESAMPLE = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}  # Pillow's numbers


def from_folder(folder: str | pathlib.Path) -> Architecture:
    """Describe the network of a checkpoint folder that transformers wrote.

    Args:
        folder: Holds config.json and model.safetensors, and preprocessor_config.json or
            processor_config.json if the preprocessing is not the model type's usual one.

    Raises:
        UserError: No such folder, a file is missing or unreadable, another model type, a network
            that we cannot build, or transformers is not installed.
    """
    folder = pathlib.Path(folder).expanduser()
    missing = [
        name for name in ("config.json", "model.safetensors") if not (folder / name).is_file()
    ]
    if missing:
        raise UserError(
            f"{folder} is no checkpoint folder of transformers: {' and '.join(missing)} not found; "
            "give the folder that save_pretrained wrote (safetensors in one file) with "
            "--config.features.weights=FOLDER"
        )
    path = folder / "config.json"
    model_type = _read_json(path).get("model_type")
    if model_type not in MODEL_TYPES:
        raise unknown(f"model_type of {path}", model_type, MODEL_TYPES)
    try:
        from transformers import AutoConfig
    except ImportError:
        raise UserError(
            "backbone transformers reads config.json by the package transformers, which is not "
            "installed: pip install transformers"
        ) from None
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:
        raise UserError(f"{path} cannot be read by transformers: {error}") from None
    variant = _variant(config, path)
    size = (variant.grid[0] * variant.patch, variant.grid[1] * variant.patch)
    return _architecture(
        variant,
        _preprocess(folder, Preprocess(size=size, crop_pct=1.0, **MODEL_TYPES[model_type])),
        settings={**dataclasses.asdict(variant), "grid": list(variant.grid)},
    )


def _variant(config, path: pathlib.Path) -> Variant:
    tower = getattr(config, "vision_config", config)
    clip, dinov2 = "clip" in config.model_type, "dinov2" in config.model_type
    if tower.hidden_act not in _ACTIVATIONS:
        raise unknown(f"hidden_act of {path}", tower.hidden_act, _ACTIVATIONS)
    patch, image = _pair(tower.patch_size), _pair(tower.image_size)
    reasons = [
        reason
        for reason, wrong in {
            f"patch_size {tower.patch_size} is not square": patch[0] != patch[1],
            f"num_channels is {tower.num_channels}, not 3": tower.num_channels != 3,
            "use_swiglu_ffn is on": getattr(tower, "use_swiglu_ffn", False),
        }.items()
        if wrong
    ]
    if reasons:
        raise UserError(f"{path}: {'; '.join(reasons)}; no such network is built here")
    hidden = tower.hidden_size * tower.mlp_ratio if dinov2 else tower.intermediate_size
    return Variant(
        patch=patch[0],
        width=tower.hidden_size,
        heads=tower.num_attention_heads,
        depth=tower.num_hidden_layers,
        grid=(image[0] // patch[0], image[1] // patch[0]),
        hidden=int(hidden),
        act=_ACTIVATIONS[tower.hidden_act],
        eps=tower.layer_norm_eps,
        qkv_bias=getattr(tower, "qkv_bias", True),
        registers=getattr(tower, "num_register_tokens", 0),
        layer_scale=dinov2,
        norm_first=clip,
        embedding=config.projection_dim if clip else 0,
        pool="token+mean" if dinov2 else "token",
        antialias=config.model_type == "dinov2_with_registers",
    )


def _preprocess(folder: pathlib.Path, default: Preprocess) -> Preprocess:
    """Return the preprocessing that the folder's image processor states.

    Under fit="crop" an odd margin may be split one pixel differently from transformers.
    """
    paths = (folder / "preprocessor_config.json", folder / "processor_config.json")
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        return default
    stated = _read_json(path)
    stated = stated.get("image_processor", stated)
    try:
        rescaled = stated.get("do_rescale", True)
        factor = 255 * stated.get("rescale_factor", 1 / 255) if rescaled else 255
        mean = stated.get("image_mean", default.mean)
        std = stated.get("image_std", default.std)
        if not stated.get("do_normalize", True):
            mean, std = (0.0,) * 3, (1.0,) * 3
        size, crop_pct = _pair(stated.get("size", default.size)), 1.0
        if stated.get("do_center_crop", False):
            edge, size = min(size), _pair(stated.get("crop_size", default.size))
            crop_pct = min(size) / edge
            while math.floor(min(size) / crop_pct) < edge:  # rounded down, it must give the edge
                crop_pct = math.nextafter(crop_pct, 0)
        return Preprocess(
            size=size,
            interpolation=_RESAMPLE[stated["resample"]]
            if "resample" in stated
            else default.interpolation,
            mean=tuple(float(value) / factor for value in mean),
            std=tuple(float(value) / factor for value in std),
            crop_pct=crop_pct,
        )
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise UserError(f"{path}: no preprocessing that we know ({error!r})") from None


def _pair(value) -> tuple[int, int]:
    """Return (height, width) of what transformers calls a size."""
    if isinstance(value, dict):
        value = value.get("shortest_edge") or (value["height"], value["width"])
    return (value, value) if isinstance(value, int) else tuple(value)


def _read_json(path: pathlib.Path) -> dict:
    try:
        content = json.loads(path.read_text())
    except ValueError as error:
        raise UserError(f"{path} is no JSON ({error}); fetch it again") from None
    if not isinstance(content, dict):
        raise UserError(f"{path} holds no JSON object; fetch it again")
    return content
