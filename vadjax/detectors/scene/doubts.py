"""What makes the scores of detector `scene` doubtful: another scene, a cut, too few clips."""

import numpy as np

from vadjax.data.clip import Clip
from vadjax.detectors.scene.sampled import sampled

DIFFERENT = 0.35  # share of foreground from which on a frame shows something else
FEWEST = 2  # of the frames that are looked at, below which a difference is passing


def doubt_of(clip: Clip) -> str:
    """Say that the picture differs from the background, for most of a clip or a part of it.

    Args:
        clip: that is scored.

    Returns:
        The sentence, or "".
    """
    numbers, shares = sampled(clip, "share")
    share = shares.mean((1, 2), np.float32)
    middle = float(np.median(share))
    if middle >= DIFFERENT:
        return (
            f"{middle:.0%} of the picture differ from the background of the training clips: "
            "another scene, or a camera that moves or was moved; its scores mean nothing"
        )
    other = np.flatnonzero(share >= DIFFERENT)
    if len(other) < FEWEST:
        return ""
    video = clip.videos[0]
    first = int(numbers[other[0]])
    place = f"frame {first}" if not video.fps else f"{first / video.fps:.0f} s"
    return (
        f"in {len(other) / len(share):.0%} of its frames, the first at {place}, most of the "
        "picture differs from the background: a cut to another scene, a covered lens or a light "
        "that was switched; scores there mean nothing"
    )


def caution_of(count: int, wanted: int) -> list[str]:
    """Say that there were too few clips to hold some out.

    Args:
        count: training clips.
        wanted: at least.

    Returns:
        A sentence, or none.
    """
    if count >= wanted:
        return []
    return [
        f"calibrated on stretches of {count} clip{'s' * (count > 1)}: what is held out shows the "
        f"same minutes as what is learnt, so that new footage scores too high; give at least "
        f"{wanted} normal clips"
    ]
