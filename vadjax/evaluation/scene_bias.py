"""How well what a clip looks like, and not what happens in it, tells two groups of clips apart.

Where normal test clips differ from training clips in light, size or compression, a detector of
novelty calls them abnormal for that (Abdulaziz and Bondarev 2026, arXiv 2608.11985). Each cue is
one number a clip; what the best of several gets by chance is seen by permuting the groups.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import rankdata

PERMUTATIONS = 2000
LEAST = 4  # clips of each group


def told_apart(
    group: Sequence[Mapping[str, float | None]],
    other: Sequence[Mapping[str, float | None]],
    *,
    seed: int = 0,
) -> tuple[dict | None, str]:
    """Tell two groups of clips apart by each cue alone.

    Args:
        group: cue -> its value, for each clip of one group.
        other: the same of the other group.
        seed: of the permutations.

    Returns:
        `cues`, for each cue that is known of all clips the larger of AUC and 1 - AUC; the `best` of
        them and its `auc`; `chance95`, below which the best of the cues stays in 95 % of the
        permutations of the clips; `p_value` of the best; `clips` of each group. None, with the
        reason, where there are too few.
    """
    counts = [len(group), len(other)]
    if min(counts) < LEAST:
        return None, f"{counts[0]} and {counts[1]} clips; telling them apart needs {LEAST} of each"
    both = [*group, *other]
    names = [name for name in both[0] if all(one.get(name) is not None for one in both)]
    values = np.array([[one[name] for name in names] for one in both], np.float64)  # [n, k]
    ranks = rankdata(values, axis=0)
    member = np.arange(len(both)) < len(group)
    rng = np.random.default_rng(seed)
    drawn = np.stack([member, *(rng.permutation(member) for _ in range(PERMUTATIONS))])
    auc = (drawn @ ranks - counts[0] * (counts[0] + 1) / 2) / (counts[0] * counts[1])
    apart = np.maximum(auc, 1 - auc)  # [1 + permutations, k]
    highest = apart.max(1)
    found = apart[0]
    best = int(np.argmax(found))
    return {
        "cues": dict(zip(names, found.tolist(), strict=True)),
        "best": names[best],
        "auc": float(found[best]),
        "chance95": float(np.quantile(highest[1:], 0.95)),
        "p_value": float((1 + np.sum(highest[1:] >= highest[0] - 1e-12)) / (1 + PERMUTATIONS)),
        "clips": counts,
    }, ""
