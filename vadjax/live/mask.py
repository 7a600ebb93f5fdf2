"""The cells of a source's maps that count, by the zones that people have drawn."""

from collections.abc import Callable

import numpy as np

from vadjax.live.settings import SourceSettings
from vadjax.live.zones import mask


class Mask:
    """Keeps the mask of the zones that hold, for the last shape of a map.

    Args:
        asked: gives the settings of the source; called once a frame.
    """

    def __init__(self, asked: Callable[[], SourceSettings]):
        self._asked = asked
        self._key: tuple | None = None
        self._mask: np.ndarray | None = None

    def hides(self, shape: tuple[int, ...]) -> bool:
        """Look at the settings again; return whether they hide any cell of a map of this shape."""
        settings = self._asked()
        key = shape, settings.zones
        if key != self._key:
            counts = mask((shape[0], shape[1]), settings)
            self._key, self._mask = key, None if counts.all() else counts
        return self._mask is not None

    def kept(self, number: int, values: np.ndarray) -> np.ndarray:
        """Return a map whose hidden cells have its least value; see `abilities.Kept`.

        Args:
            number: of the frame.
            values: float [h, w].

        Returns:
            float32 [h, w].
        """
        if self._mask is None or self._mask.shape != values.shape:
            return values
        return np.where(self._mask, values, values.min()).astype(np.float32)
