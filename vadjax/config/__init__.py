"""The tree of defaults, its choices, and `validate`, which every config passes before a run."""

from vadjax.config.argument import ABBREVIATIONS, assign, with_argument
from vadjax.config.checks import validate
from vadjax.config.choices import choices
from vadjax.config.defaults import default_config, flatten
from vadjax.config.identity import (
    FREE_KEYS,
    FREE_SECTIONS,
    OF_FIGURES,
    STAGES,
    changed,
    differing,
    fingerprint,
    follows_frames,
    identity,
    is_free,
    run_hash,
    stage_of,
)
from vadjax.config.meanings import meant, unknown_key
from vadjax.config.renamed import upgrade
from vadjax.config.saved import default_config_before, known_values, of_saved

__all__ = [
    "ABBREVIATIONS",
    "FREE_KEYS",
    "FREE_SECTIONS",
    "OF_FIGURES",
    "STAGES",
    "assign",
    "changed",
    "choices",
    "default_config",
    "default_config_before",
    "differing",
    "fingerprint",
    "flatten",
    "follows_frames",
    "identity",
    "is_free",
    "known_values",
    "meant",
    "of_saved",
    "run_hash",
    "stage_of",
    "unknown_key",
    "upgrade",
    "validate",
    "with_argument",
]
