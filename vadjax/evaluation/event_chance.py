"""What the event average precision is by chance: of the same scores, moved in time at random.

Of frames chance is the share of abnormal ones, whatever the scores. Of events it depends on how
long the alarms are and how many: one that never ends matches an event that fills a fifth of its
clip. So the scores of all clips, end to end as in a ring, are turned by a random number of frames.
What they look like stays, clips and events too; which moment got which score is lost.
"""

from collections.abc import Callable, Sequence

import numpy as np

from vadjax.data.scored_video import ScoredVideo

TURNS = 100  # of the ring, at most
FRAMES = 1_000_000  # that are evaluated in all, at most, but for one turn


def by_chance(
    videos: Sequence[ScoredVideo],
    figures: Callable[[np.ndarray], np.ndarray],
    *,
    seed: int = 0,
) -> float:
    """Return the mean of a figure over turns of the ring of all scores.

    Args:
        videos: scored ones, at least one frame in all.
        figures: of float [k, n], the scores of all videos end to end after each of k turns, to
            float [k], the figure of each of them.
        seed: of the turns.

    Returns:
        The mean over all turns where there are `TURNS` at most, else over random ones.
    """
    flat = np.concatenate([video.scores for video in videos])
    count = max(1, min(TURNS, FRAMES // len(flat)))
    rng = np.random.default_rng(seed)
    turns = np.arange(len(flat)) if len(flat) <= count else rng.integers(0, len(flat), count)
    twice = np.lib.stride_tricks.sliding_window_view(np.concatenate([flat, flat]), len(flat))
    return float(np.mean(figures(twice[len(flat) - turns])))
