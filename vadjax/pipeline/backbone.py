"""The backbone that a config names."""

import pathlib
from typing import Any

from ml_collections import ConfigDict

from vadjax import backbones


def load_backbone(
    config: ConfigDict, *, cache_dir: pathlib.Path, size: tuple[int, int] | None
) -> Any:
    """Create the backbone that `config.features` names.

    Args:
        config: whole.
        cache_dir: where weights are looked for and kept.
        size: height and width of its input in pixels; None is the checkpoint's own.

    Returns:
        A `backbones.backbone.Backbone`.
    """
    f = config.features
    backbone = backbones.create(
        f.backbone,
        weights=f.weights,
        size=size,
        preprocess=f.preprocess,
        fit=f.fit,
        cache_dir=str(cache_dir),
        dtype=f.dtype,
        last_stage=f.last_stage,
    )
    if f.crops == 1:
        return backbone
    from vadjax.backbones.ten_crops import with_ten_crops

    return with_ten_crops(backbone, kept=config.dataset.crops)
