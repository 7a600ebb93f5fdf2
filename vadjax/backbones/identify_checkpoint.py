"""Identify the architecture of a checkpoint by the names of its keys."""

import importlib
import re
from collections.abc import Mapping, Sequence

import numpy as np

from vadjax.backbones.registry import family_of, list_backbones


def identify_checkpoint(state: Mapping[str, np.ndarray]) -> list[str]:
    """Return the backbones whose porting table fits a checkpoint's keys best.

    Args:
        state: {key: array}.

    Returns:
        Names, the only one or a few that differ in widths alone; none if no table fits most keys.
    """
    fits = {}
    for name in list_backbones():
        family = importlib.import_module(f"vadjax.backbones.{family_of(name)}")
        architecture = family.ARCHITECTURES[name]
        shares = []
        for layout in architecture.layouts:
            keys = [
                key
                for key in layout.prepare(dict(state))
                if not any(re.fullmatch(p, key) for p in architecture.ignore)
            ]
            shares.append(_share([rule[0] for rule in layout.rules], keys))
        widths = [state[k].shape[1:2] for k in architecture.classifier if k in state]
        bonus = 0.01 * (not widths or (architecture.num_features,) in widths)
        fits[name] = max(shares, default=0.0) + bonus
    best = max(fits.values())
    return [name for name, fit in fits.items() if fit == best > 0.9]


def _share(patterns: Sequence[str], keys: Sequence[str]) -> float:
    """Return how well a table and keys cover each other: the smaller of both shares."""
    if not keys:
        return 0.0
    table = re.compile("|".join(f"({p})" for p in map(_without_groups, patterns)))
    matches = [table.fullmatch(key) for key in keys]
    used = {match.lastindex for match in matches if match}
    return min(sum(m is not None for m in matches) / len(keys), len(used) / len(patterns))


def _without_groups(pattern: str) -> str:
    """Make the pattern's own groups nameless, so that each table row has one group."""
    return re.sub(r"(?<!\\)\((?!\?)", "(?:", pattern)
