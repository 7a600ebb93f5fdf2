"""Which tail the largest normal values have: exponential, or generalised Pareto, and its check.

Peaks over threshold: beyond a high level excesses follow a generalised Pareto distribution
(Pickands 1975), whose shape is 0 where the tail is exponential. A heavier one makes far values less
surprising. The shape is chosen by clips that it was not fitted on.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

TAILS = ("exponential", "pareto", "checked")
HEAVIEST = 0.5  # shape: above, the variance is infinite and the estimate means nothing
LEAST = 20  # excesses to fit a shape to
ERRORS = 2.0  # standard errors over clips by which the shape has to be better


class Tail(NamedTuple):
    """A generalised Pareto distribution of excesses.

    Attributes:
        shape: 0 is exponential; never below, as that would be an end that nothing exceeds.
        scale: above 0.
    """

    shape: float
    scale: float

    def decades(self, over: np.ndarray) -> np.ndarray:
        """Return minus the logarithm (base 10) of the share that reaches excesses, float64."""
        far = np.maximum(over, 0) / self.scale
        return (np.log1p(self.shape * far) / self.shape if self.shape > 0 else far) / np.log(10)

    def log_density(self, over: np.ndarray) -> np.ndarray:
        """Return the natural logarithm of the density at excesses."""
        return -self.decades(over) * np.log(10) * (1 + self.shape) - np.log(self.scale)


class TailCheck(NamedTuple):
    """How the two tails fit clips that they were not fitted on.

    Attributes:
        pareto: the Pareto tail is used.
        shape: of the tail that is used.
        gain: mean difference of the log-likelihoods of an excess, Pareto less exponential.
        error: standard error of the gain over clips.
        misfit: largest difference between the shares that the exponential and the Pareto tail
            expect and those that were seen (Kolmogorov's distance), held out.
    """

    pareto: bool
    shape: float
    gain: float
    error: float
    misfit: tuple[float, float]


def exponential(over: np.ndarray) -> Tail:
    """Fit an exponential tail to excesses; of none, a unit is the scale."""
    return Tail(0.0, max(float(over.mean()), 1e-12) if len(over) else 1.0)


def pareto(over: np.ndarray) -> Tail:
    """Fit a Pareto tail by probability-weighted moments (Hosking and Wallis 1987).

    Args:
        over: float [n], excesses above 0; fewer than `LEAST` have an exponential tail.

    Returns:
        The tail, of a shape from 0 to `HEAVIEST`.
    """
    if len(over) < LEAST or not over.std() > 0:
        return exponential(over)
    ordered, rank = np.sort(over), np.arange(len(over))
    mean = float(ordered.mean())
    weighted = float((ordered * (len(over) - 1 - rank)).mean() / (len(over) - 1))
    shape = 2 - mean / max(mean - 2 * weighted, 1e-12)
    if shape <= 0:
        return exponential(over)
    shape = min(shape, HEAVIEST)
    return Tail(shape, mean * (1 - shape))  # the mean is scale / (1 - shape)


def check(clips: Sequence[np.ndarray]) -> TailCheck:
    """Compare both tails on each clip in turn, fitted on the others.

    Args:
        clips: the excesses of each held-out normal clip, float [n] above 0; some may have none.

    Returns:
        The check; the Pareto tail is used where it is better by `ERRORS` standard errors.
    """
    own = [clip for clip in clips if len(clip)]
    every = np.concatenate([*own, np.zeros(0)])
    gains: list[float] = []
    reached: dict[Callable[[np.ndarray], Tail], list[np.ndarray]] = {exponential: [], pareto: []}
    for number, clip in enumerate(own if len(own) > 1 else []):
        others = np.concatenate([*own[:number], *own[number + 1 :]])
        tails = {fit: fit(others) for fit in reached}
        for fit, tail in tails.items():
            reached[fit].append(10 ** -tail.decades(clip))
        difference = tails[pareto].log_density(clip) - tails[exponential].log_density(clip)
        gains.append(float(difference.sum()))
    if not gains:
        return TailCheck(False, 0.0, 0.0, 0.0, (0.0, 0.0))
    spread = float(np.std(gains, ddof=1) * np.sqrt(len(gains)))
    better = sum(gains) > ERRORS * spread
    misfit = tuple(_distance(np.concatenate(shares)) for shares in reached.values())
    return TailCheck(
        better,
        pareto(every).shape if better else 0.0,
        sum(gains) / len(every),
        spread / len(every),
        (misfit[0], misfit[1]),
    )


def _distance(shares: np.ndarray) -> float:
    """Return how far shares in [0, 1] are from a uniform distribution."""
    ordered, count = np.sort(shares), len(shares)
    above = np.arange(1, count + 1) / count - ordered
    return float(max(above.max(), (ordered - np.arange(count) / count).max()))
