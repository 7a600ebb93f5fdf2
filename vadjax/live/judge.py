"""Scores of a source -> episodes, by a threshold that moves with what is usual at the hour."""

import math

from vadjax.evaluation.episodes import Episode, EpisodeMachine, Rule
from vadjax.live.usual import Usual


class Judge:
    """An `EpisodeMachine` that is fed scores less what the threshold has moved by.

    The threshold stands still while an episode goes on.

    Args:
        rule: how scores become episodes; None raises none.
        usual: says by how much the threshold moves; None: it does not.
    """

    def __init__(self, rule: Rule | None, usual: Usual | None = None):
        self._threshold = None if rule is None else rule.threshold
        self._machine = EpisodeMachine(rule or Rule(float("inf")))
        self._usual = usual if rule is not None else None
        self.shift = 0.0  # that holds now

    @property
    def threshold(self) -> float | None:
        """From which on a score is abnormal now; None without a rule."""
        return None if self._threshold is None else self._threshold + self.shift

    @property
    def merge(self) -> float:
        """Quiet seconds after which an episode is over."""
        return self._machine.rule.merge

    @property
    def current(self) -> Episode | None:
        """See `EpisodeMachine`."""
        return self._machine.current

    @property
    def candidate(self) -> Episode | None:
        """See `EpisodeMachine`."""
        return self._machine.candidate

    def update(
        self, number: int, at: float, score: float, *, wall: float, means: bool = True
    ) -> list[Episode]:
        """Take the score of the next frame.

        Args:
            number: of the frame; numbers grow.
            at: when it begins, in seconds that only grow.
            score: of it.
            wall: the same as seconds since 1970 UTC.
            means: False of a frame of another scene, whose score says nothing.

        Returns:
            See `EpisodeMachine.update`; scores of episodes are less by `shift`.
        """
        if self._usual is not None:
            if self._machine.candidate is None:
                self.shift = self._usual.shift(wall)
            below = self.threshold is not None and score < self.threshold
            self._usual.update(wall, score, counts=means and below)
        counts = score - self.shift if means else -math.inf
        return self._machine.update(number, at, counts)

    def close(self, number: int, at: float) -> list[Episode]:
        """End what is open.

        Args:
            number: one past the last frame.
            at: when that ends.

        Returns:
            See `EpisodeMachine.close`.
        """
        return self._machine.close(number, at)
