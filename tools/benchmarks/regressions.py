"""Finds what is slower than in another report by more than the scatter of the rounds.

Where both reports have another side, the ratio to it is compared, since the machine's drift affects
both sides; otherwise the rate is compared, and a difference may be the machine's. The logarithms of
the rounds are compared by Welch's t test, one-sided, at 5 % for all comparisons together
(Bonferroni): more rounds detect smaller differences.
"""

import json
import math
import pathlib
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from scipy import stats

from tools.benchmarks.report import FORMAT
from vadjax.errors import UserError

LEVEL = 0.05
ALIKE = ("suite", "precision")


class Change(NamedTuple):
    """One comparison.

    Attributes:
        name: case, what was measured, and the other side.
        factor: new over old, of the geometric means; below 1 is slower.
        noise: factors below 1 - noise count as slower; None where a report has too few rounds.
        slower: by more than the noise.
    """

    name: str
    factor: float
    noise: float | None
    slower: bool

    def __str__(self) -> str:
        """Return one line."""
        if self.noise is None:
            return f"{self.name}: {self.factor:.3f} of before; too few rounds to compare"
        verdict = "SLOWER" if self.slower else "no loss seen"
        return f"{self.name}: {self.factor:.3f} of before, noise {self.noise:.1%}: {verdict}"


def read(path: pathlib.Path) -> dict:
    """Read a report.

    Raises:
        UserError: it does not exist or is no report of this format.
    """
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        if report["format"] == FORMAT:
            return report
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None
    except (ValueError, KeyError, TypeError):
        pass
    raise UserError(f"{path} is no report of tools/bench.py --out; give the .json of one.")


def changes(old: Mapping, new: Mapping) -> list[Change]:
    """Compare the measurements that both reports have.

    Raises:
        UserError: they are of different suites, precisions or devices, or share no case.
    """
    _check(old, new)
    pairs = []
    for case, result in new["results"].items():
        for what, measured in result["measured"].items():
            before = old["results"].get(case, {}).get("measured", {}).get(what)
            if before:
                pairs += _series(", ".join(filter(None, (case, what))), before, measured)
    if not pairs:
        raise UserError("the two reports share no case.")
    return [_change(*pair, level=LEVEL / len(pairs)) for pair in pairs]


def missing(old: Mapping, new: Mapping) -> list[str]:
    """Return the cases of the old report that the new one does not have."""
    return [case for case in old["results"] if case not in new["results"]]


def _check(old: Mapping, new: Mapping) -> None:
    pairs = {key: (old[key], new[key]) for key in ALIKE}
    pairs["device"] = tuple(r["environment"]["device"] for r in (old, new))
    pairs["processor"] = tuple(r["environment"]["processor"] for r in (old, new))
    if pairs["device"][0] != "cpu":
        del pairs["processor"]
    wrong = [f"{k}: {a} there, {b} here" for k, (a, b) in pairs.items() if a != b]
    if wrong:
        raise UserError("the reports cannot be compared: " + "; ".join(wrong) + ".")


def _series(name: str, old: Mapping, new: Mapping) -> list[tuple[str, list, list]]:
    shared = [side for side in new["ratios"] if side in old["ratios"]]
    if shared:
        return [
            (f"{name}, vadjax / {s}", old["ratios"][s]["rounds"], new["ratios"][s]["rounds"])
            for s in shared
        ]
    sides = [side for side in new["rates"] if side in old["rates"]]
    ours = sides[:1]  # the rate of another side is not compared
    return [(f"{name}, {s}'s rate", old["rates"][s], new["rates"][s]) for s in ours]


def _change(name: str, old: list[float], new: list[float], *, level: float) -> Change:
    logs = [np.log(old), np.log(new)]
    difference = float(logs[1].mean() - logs[0].mean())
    if min(map(len, logs)) < 2:
        return Change(name, math.exp(difference), None, False)
    parts = [x.var(ddof=1) / len(x) for x in logs]
    noise = 0.0
    if sum(parts) > 0:
        free = sum(parts) ** 2 / sum(p**2 / (len(x) - 1) for p, x in zip(parts, logs, strict=True))
        noise = float(stats.t.ppf(1 - level, free)) * math.sqrt(sum(parts))
    return Change(name, math.exp(difference), 1 - math.exp(-noise), -difference > max(noise, 1e-9))
