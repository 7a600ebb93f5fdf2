"""The tree of defaults, its choices, and `validate`, which every config passes before a run."""

from vadjax.config.choices import DATASETS, MAP_MODELS, WINDOW_PROTOCOLS
from vadjax.config.defaults import (
    FREE_KEYS,
    FREE_SECTIONS,
    OF_FIGURES,
    changed,
    default_config,
    fingerprint,
    flatten,
    identity,
    is_free,
    validate,
    with_argument,
)

__all__ = [
    "DATASETS",
    "FREE_KEYS",
    "FREE_SECTIONS",
    "MAP_MODELS",
    "OF_FIGURES",
    "WINDOW_PROTOCOLS",
    "changed",
    "default_config",
    "fingerprint",
    "flatten",
    "identity",
    "is_free",
    "validate",
    "with_argument",
]
