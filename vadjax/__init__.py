"""vadjax: video anomaly detection in JAX, honestly evaluated.

`fit`, `Detector`, `evaluate`, `evaluate_stream` and `load_config` are those of `vadjax.api`,
imported when they are first asked for; `backbones.create` gives pretrained networks,
`data.open_source` frames.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vadjax import backbones, data
    from vadjax.api import Detector, evaluate, evaluate_stream, fit, load_config

__version__ = "0.2.0"
__all__ = ["Detector", "backbones", "data", "evaluate", "evaluate_stream", "fit", "load_config"]


def __getattr__(name: str) -> Any:
    import importlib

    if name in ("backbones", "data"):
        return importlib.import_module(f"vadjax.{name}")
    if name in __all__:
        return getattr(importlib.import_module("vadjax.api"), name)
    raise AttributeError(f"module 'vadjax' has no attribute {name!r}")
