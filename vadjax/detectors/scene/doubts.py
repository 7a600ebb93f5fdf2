"""What makes the scores of detector `scene` doubtful: another scene, night, noise, few clips."""

import numpy as np

from vadjax.data.clip import Clip
from vadjax.detectors.contract import State
from vadjax.detectors.scene.sampled import sampled
from vadjax.features.scene.foreground import THRESHOLD
from vadjax.features.scene.passing import MANY

DIFFERENT = 0.35  # share of foreground from which on a frame shows something else
NIGHT = 0.35  # brightness at which a body of 40 grey levels falls below the limit of foreground
DARK = 40.0  # grey levels that nine tenths of a dark background lie below
FEW = 200  # frames of training
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
    return (
        f"in {len(other) / len(share):.0%} of its frames, the first at "
        f"{_place(clip, numbers[other[0]])}, most of the "
        "picture differs from the background: a cut to another scene, a covered lens or a light "
        "that was switched; scores there mean nothing"
    )


def noise_of(clip: Clip) -> str:
    """Say that the picture is noisy, and in how many frames.

    Args:
        clip: that is scored.

    Returns:
        The sentence, or "".
    """
    noisy = sampled(clip, "noise")[1].max((1, 2)) >= MANY
    if noisy.sum() < FEWEST:
        return ""
    return (
        f"in {noisy.mean():.0%} of its frames the picture is noisy (rain, snow, a weak sensor): "
        "these are measured as the median of three frames, in which what is small and fast is seen "
        "less well"
    )


def night_of(clip: Clip) -> str:
    """Say that a clip, or a part of it, is much darker than the training clips.

    Args:
        clip: that is scored.

    Returns:
        The sentence, or "".
    """
    numbers, light = sampled(clip, "light")
    light = light.max((1, 2))  # the same at each cell
    unseen = f"what differs by less than {THRESHOLD:.0f} grey levels is not seen"
    if (middle := float(np.median(light))) < NIGHT:
        return (
            f"its frames have {middle:.0%} of the brightness of the training clips (night, a "
            f"covered lens): {unseen}, so that low scores mean nothing; learn the night from clips "
            "of the night"
        )
    dark = np.flatnonzero(light < NIGHT)
    if len(dark) < FEWEST:
        return ""
    return (
        f"in {len(dark) / len(light):.0%} of its frames, the first at "
        f"{_place(clip, numbers[dark[0]])}, there is less than {NIGHT:.0%} of the brightness of "
        f"the training clips (a covered lens, a light that was switched off): {unseen}; scores "
        "there mean nothing"
    )


def _place(clip: Clip, number: int) -> str:
    video = clip.videos[0]
    return f"frame {number}" if not video.fps else f"{number / video.fps:.0f} s"


def cautions_of(state: State, wanted: int) -> list[str]:
    """Say what the training clips lacked.

    Args:
        state: what `Scene.fit` returned.
        wanted: clips, of which some can be held out.

    Returns:
        Sentences, or none.
    """
    clips, said = len(set(state["clips"])), []
    frames = sum(stop - start for _, start, stop in state["fitted_on"]["training"])
    if clips < wanted:
        said.append(
            f"calibrated on stretches of {clips} clip{'s' * (clips > 1)}: what is held out shows "
            "the same minutes as what is learnt, so that new footage scores too high; give "
            f"more, so that at least {wanted} normal clips are left to learn from"
        )
    if frames < FEW:
        said.append(
            f"learnt from {frames} frames, below the {FEW} with which usual speeds, ways and "
            "pictures begin to be known: much that is normal will score high; give some minutes"
        )
    unsteady = float((state["reference"]["limit"] > THRESHOLD).mean())
    if unsteady >= DIFFERENT:
        said.append(
            f"{unsteady:.0%} of the picture differ all the time in the training clips: a camera "
            "that moves, or a picture full of noise; detector scene learns one fixed camera, and "
            "its scores mean little here"
        )
    if dark := darkness_of(state["reference"]["background"]):
        said.append(dark)
    return said


def darkness_of(background: np.ndarray) -> str:
    """Say that the training clips are dark.

    Args:
        background: grey, of the training clips.

    Returns:
        The sentence, or "".
    """
    if (level := float(np.quantile(background, 0.9))) >= DARK:
        return ""
    return (
        f"the training clips are dark: nine tenths of the picture lie below {level:.0f} of 255 "
        f"grey levels, and what differs from it by less than {THRESHOLD:.0f} is not seen"
    )
