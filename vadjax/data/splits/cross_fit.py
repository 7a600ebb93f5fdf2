"""Cross-fitting: every normal training clip is scored by a detector that did not see it.

Where few clips can be held out, a threshold from them is a threshold of two or three clips. The
training clips are divided into blocks, and for each block a further detector is trained without it.
"""

import numpy as np

from vadjax.data.splits.units import Fold, Segment, Units

FEW_CLIPS = 16  # held-out clips; with so many the threshold needs no others
MIN_CLIPS = 3  # usable clips: one held out, one for early stopping, one to train on


def needs_cross_fit(fold: Fold) -> bool:
    """Say whether a fold's threshold has so few clips that others are worth their training."""
    return fold.test.kind == "segment" and len(fold.calibration) < FEW_CLIPS


def cross_folds(fold: Fold, *, num_blocks: int, fewest: int, seed: int) -> tuple[Fold, ...]:
    """Divide the clips that a fold trains and holds out into blocks; hold out one at a time.

    Each further detector stops early by clips of its own, as many as the fold's, which are neither
    trained on nor scored by it.

    Args:
        fold: of whole normal clips.
        num_blocks: at most so many detectors; three where there are three clips.
        fewest: frames of a clip that may be held out; shorter ones are always trained on.
        seed: of the division.

    Returns:
        A fold for each block: `calibration` is the block, `test` is empty. None where the fold has
        fewer than `MIN_CLIPS` clips that are long enough.
    """
    tables = (fold.train, fold.validation, fold.calibration)
    clips = list(dict.fromkeys(s for units in tables for s in units.segments))
    usable = [clip for clip in clips if len(clip) >= fewest]
    whole = len({clip.video_id for clip in clips}) == len(clips)
    if len(usable) < MIN_CLIPS or not whole or num_blocks < 2:
        return ()
    order = np.random.default_rng(seed).permutation(len(usable))
    if len(usable) == MIN_CLIPS:  # a block of two would leave no clip for early stopping
        num_blocks = MIN_CLIPS
    blocks = [
        [usable[i] for i in block] for block in np.array_split(order, min(num_blocks, len(usable)))
    ]
    apart = fold.validation != fold.calibration
    num_stops = len(fold.validation) if apart else 1
    folds = []
    for index, held in enumerate(blocks):
        after = [clip for block in (*blocks[index + 1 :], *blocks[:index]) for clip in block]
        stops = after[: min(num_stops, len(after) - 1)]
        train = [clip for clip in clips if clip not in held and clip not in stops]
        folds.append(
            Fold(
                index,
                _units(train),
                _units(stops),
                _units(held),
                Units(),
                protocol=fold.protocol,
            )
        )
    return tuple(folds)


def _units(clips: list[Segment]) -> Units:
    return Units(tuple(clips))
