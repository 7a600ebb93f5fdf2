"""timm's vision transformers whose positions are for 224 pixels."""

import functools

import numpy as np

from tools.references import timm_outputs, timm_shapes

NAMES = (
    "vit_tiny_patch16_224",
    "vit_small_patch16_224",
    "vit_small_patch32_224",
    "vit_base_patch16_224",
    "vit_base_patch32_224",
    "vit_xsmall_patch16_clip_224",
    "vit_base_patch16_clip_224",
    "vit_base_patch32_clip_224",
    "vit_base_patch16_clip_quickgelu_224",
    "vit_base_patch32_clip_quickgelu_224",
)
# At the second size positions are resampled: to fewer rows, which antialiases, and more columns.
SIZES = ((224, 224), (160, 288))
GOLDENS = {"vit_tiny_patch16_224": (64, 96), "vit_xsmall_patch16_clip_224": (64, 96)}

shapes = functools.partial(timm_shapes, dynamic_img_size=True)


def _taps(network) -> dict:
    blocks = {f"stage{i}": block for i, block in enumerate(network.blocks, start=1)}
    return {"stem": network.norm_pre, **blocks}


def outputs(name: str, state: dict[str, np.ndarray], images: np.ndarray) -> dict[str, np.ndarray]:
    """Run timm's network; taps are the patch tokens in their rows and columns."""
    out = timm_outputs(name, state, images, taps=_taps, channels_last=True, dynamic_img_size=True)
    patch = state["patch_embed.proj.weight"].shape[-1]
    rows, columns = (side // patch for side in images.shape[1:3])
    for key, tokens in out.items():
        if tokens.ndim == 3:
            patches = tokens[:, tokens.shape[1] - rows * columns :]
            out[key] = patches.reshape(len(tokens), rows, columns, -1)
    if "head.weight" not in state:
        del out["logits"]
    elif "norm_pre.weight" in state and len(state["head.weight"]) == 512:  # CLIP's projection
        out["embedding"] = out.pop("logits")
    return out
