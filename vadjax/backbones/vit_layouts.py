"""How checkpoints name the weights of `vit`'s networks: timm, Meta's DINOv2, transformers."""

import functools
import math
import re

import numpy as np

from vadjax.backbones.network import Layout
from vadjax.backbones.port import Rule
from vadjax.backbones.vit_network import Variant

# Keys whose value tells the number of classes, or the length of CLIP's joint space.
CLASSIFIER = ("head.weight", "classifier.weight", "visual_projection.weight")
IGNORE = (
    r"(?:.*\.)?mask_token",
    r".*\.position_ids",
    r"(?:vit\.)?pooler\..*",
    r"text_model\..*",
    r"text_projection\.weight",
    "logit_scale",
)


def _names(prefix: str, outer: dict[str, str], block: str, inner: dict[str, str]) -> dict[str, str]:
    """Return {our path: pattern of the checkpoint's name}, the blocks numbered by a group."""
    inner = {rf"blocks_\1/{ours}": rf"{block}\.(\d+)\.{theirs}" for ours, theirs in inner.items()}
    return {ours: prefix + theirs for ours, theirs in (outer | inner).items()}


# Meta's files differ from timm's in the names of what timm leaves out and of the registers.
_TIMM = _names(
    "",
    {
        "prefix": "cls_token",
        "registers": "reg_token|register_tokens",
        "position": "pos_embed",
        "patches": r"patch_embed\.proj",
        "first_norm": "norm_pre",
        "norm": "norm",
        "last": "head",
    },
    "blocks",
    {
        "norm1": "norm1",
        "attention/qkv": r"attn\.qkv",
        "attention/out": r"attn\.proj",
        "scale1": r"ls1\.gamma",
        "norm2": "norm2",
        "expand": r"mlp\.fc1",
        "project": r"mlp\.fc2",
        "scale2": r"ls2\.gamma",
    },
)
# ViT and DINOv2, as files name them and as the modules of transformers 5 do.
_TRANSFORMERS = {"last": "classifier"} | _names(
    r"(?:vit\.|dinov2\.|dinov2_with_registers\.)?",
    {
        "prefix": r"embeddings\.cls_token",
        "registers": r"embeddings\.register_tokens",
        "position": r"embeddings\.position_embeddings",
        "patches": r"embeddings\.patch_embeddings\.projection",
        "norm": "layernorm",
    },
    r"(?:encoder\.layer|layers)",
    {
        "norm1": "(?:norm1|layernorm_before)",
        "attention/qkv": r"attention\.(?:attention\.)?qkv",
        "attention/out": r"attention\.(?:output\.dense|o_proj)",
        "scale1": r"layer_scale1\.lambda1",
        "norm2": "(?:norm2|layernorm_after)",
        "expand": r"(?:mlp\.fc1|intermediate\.dense)",
        "project": r"(?:mlp\.fc2|output\.dense)",
        "scale2": r"layer_scale2\.lambda1",
    },
)
_TRANSFORMERS_CLIP = {"last": "visual_projection"} | _names(
    r"(?:vision_model\.)?",
    {
        "prefix": r"embeddings\.class_embedding",
        "position": r"embeddings\.position_embedding\.weight",
        "patches": r"embeddings\.patch_embedding",
        "first_norm": "pre_layrnorm",  # sic
        "norm": "post_layernorm",
    },
    r"encoder\.layers",
    {
        "norm1": "layer_norm1",
        "attention/qkv": r"self_attn\.qkv",
        "attention/out": r"self_attn\.out_proj",
        "norm2": "layer_norm2",
        "expand": r"mlp\.fc1",
        "project": r"mlp\.fc2",
    },
)
_MARKERS = {
    "cls_token": _TIMM,
    "embeddings.cls_token": _TRANSFORMERS,
    "vit.embeddings.cls_token": _TRANSFORMERS,
    "dinov2.embeddings.cls_token": _TRANSFORMERS,
    "dinov2_with_registers.embeddings.cls_token": _TRANSFORMERS,
    "embeddings.class_embedding": _TRANSFORMERS_CLIP,
    "vision_model.embeddings.class_embedding": _TRANSFORMERS_CLIP,
}


def layouts(variant: Variant) -> tuple[Layout, ...]:
    """Return all layouts of a network, each without what the network lacks."""
    lacks: tuple[str, ...] = () if variant.layer_scale else ("scale1", "scale2")
    lacks += () if variant.norm_first else ("first_norm",)
    return tuple(
        Layout(
            marker,
            _rules({ours: x for ours, x in names.items() if ours.rpartition("/")[2] not in lacks}),
            functools.partial(_prepare, names=names, grid=variant.grid),
        )
        for marker, names in _MARKERS.items()
    )


def _rules(names: dict[str, str]) -> tuple[Rule, ...]:
    rules = []
    for ours, theirs in names.items():
        leaf = ours.rpartition("/")[2]
        if leaf in ("prefix", "position"):
            rules.append((theirs, f"params/{ours}", "none"))
        elif leaf.startswith("scale"):
            rules.append((theirs, f"params/{ours}/scale", "none"))
        elif leaf != "registers":
            kind = "conv" if leaf == "patches" else "none" if "norm" in leaf else "linear"
            weight = "scale" if kind == "none" else "kernel"
            rules.append((rf"{theirs}\.weight", f"params/{ours}/{weight}", kind))
            rules.append((rf"{theirs}\.bias", f"params/{ours}/bias", "none"))
    return tuple(rules)


def _prepare(state: dict, *, names: dict[str, str], grid: tuple[int, int]) -> dict:
    """Fuse query, key and value, and join what makes the prefix tokens.

    What does not fit is left as it is, for `port` to report.
    """

    def rows(name):
        key = next((key for key in state if re.fullmatch(names.get(name, "(?!)"), key)), "")
        array = state.get(key, np.zeros((0, 1)))
        return key, array.reshape(-1, array.shape[-1] if array.ndim else 1)

    (token_key, token), (position_key, position) = rows("prefix"), rows("position")
    registers_key, registers = rows("registers")
    if not token_key or token.shape[1] != position.shape[1]:
        return state
    state = _fuse(state)
    if "visual_projection.weight" in state:
        state["visual_projection.bias"] = np.zeros(len(state["visual_projection.weight"]))
    if len(position) == 1 + math.prod(grid):  # a place for the class token too
        token, position = token + position[:1], position[1:]
    if len(position) == math.prod(grid):
        state[position_key] = position.reshape(*grid, -1)
    if registers_key and registers.shape[1] == token.shape[1]:
        token = np.concatenate([token, registers])
        del state[registers_key]
    state[token_key] = token
    return state


_QUERY = re.compile(r"(?!text_model\.)(.*\.(?:attention|self_attn)\.)(query|q_proj)(\.\w+)")


def _fuse(state: dict) -> dict:
    """Stack the rows of query, key and value, as timm's files have them."""
    state = dict(state)
    for match in filter(None, map(_QUERY.fullmatch, list(state))):
        start, query, end = match.groups()
        parts = ("query", "key", "value") if query == "query" else ("q_proj", "k_proj", "v_proj")
        keys = [f"{start}{part}{end}" for part in parts]
        shapes = {np.shape(state.get(key, 0)) for key in keys}  # of an absent one: ()
        if len(shapes) == 1 and () not in shapes:
            state[f"{start}qkv{end}"] = np.concatenate([state.pop(key) for key in keys])
    return state
