"""How rare a value is at its place, where a cue counts values by cell: a density of both."""

import numpy as np

from vadjax.detectors.scene import rarity as rarities
from vadjax.detectors.scene.cue import Camera, CueState
from vadjax.detectors.scene.usual import LOWEST, bounds
from vadjax.features.scene.reference import CELL

_ACROSS, _DOWN = 3.0, 0.75  # bodies that count as 1, as for the cue course


def of_counts(counts: np.ndarray, camera: Camera) -> CueState | None:
    """Take a sample of what was counted, evenly spaced.

    Args:
        counts: int32 [bins, h, w], of normal frames; the first bin, of nothing, is left out.
        camera: that they are of.

    Returns:
        points float16 [n, 3], standardised: place across and down, and logarithm of the value;
        count, of what they stand for; mean float32 [3] and axes float32 [3, 3] of the
        standardisation. None where nothing was counted.
    """
    ends = np.cumsum(counts[1:].ravel())
    if not ends[-1]:
        return None
    number = rarities.NUM_POINTS
    at = np.searchsorted(ends, (np.arange(number) + 0.5) / number * ends[-1])
    bins, rows, columns = np.unravel_index(at, counts[1:].shape)
    vectors = _vectors(rows, columns, bounds()[1 + bins], camera)
    mean, spread = vectors.mean(0), np.maximum(vectors.std(0), 1e-3)
    points = ((vectors - mean) / spread).astype(np.float16)
    axes = np.diag(1 / spread).astype(np.float32)
    return {"points": points, "count": int(ends[-1]), "mean": mean, "axes": axes}


def rare_cells(rarity: CueState, values: np.ndarray, camera: Camera) -> np.ndarray:
    """Measure how rare the values of cells are.

    Args:
        rarity: of a sample of `of_counts`.
        values: float [h, w], in the cue's unit.
        camera: that they are of.

    Returns:
        float32 [h, w]; 0 where there is nothing.
    """
    found = np.zeros(values.shape, np.float32)
    rows, columns = np.nonzero(values > LOWEST)
    at = rows, columns
    vectors = (_vectors(rows, columns, values[at], camera) - rarity["mean"]) @ rarity["axes"]
    found[at] = rarities.rarity(rarity, vectors)
    return found


def _vectors(rows, columns, values, camera: Camera) -> np.ndarray:
    """Return float32 [n, 3]."""
    body = float(np.median(camera.reference.body))
    place = columns * CELL / (_ACROSS * body), rows * CELL / (_DOWN * body)
    return np.stack([*place, np.log(values)], axis=1).astype(np.float32)
