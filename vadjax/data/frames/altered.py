"""Frames of a video as another camera, light or channel would give them."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import cv2
import numpy as np

from vadjax.data.frames.on_demand import Frames

Alter = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]


class AlteredFrames(Frames):
    """The frames of a video, each altered by itself; the same at each reading.

    Args:
        base: the frames.
        alter: (frame, strength, random numbers) -> frame, see `ALTERATIONS`.
        strength: in the unit of the alteration.
        seed: of the random numbers, which are others in each frame.
    """

    def __init__(self, base: Frames, alter: Alter, strength: float, *, seed: int = 0):
        super().__init__(len(base), size=base.shape, files=base.files)
        self._base, self._alter = base, alter
        self._strength, self._seed = strength, seed

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self._changed(frame, index) for index, frame in enumerate(self._base))

    def _read(self, index: int) -> np.ndarray:
        return self._changed(self._base[index], index)

    def _changed(self, frame: np.ndarray, index: int) -> np.ndarray:
        rng = np.random.default_rng([self._seed, index])
        return self._alter(frame, self._strength, rng)


class Alteration(NamedTuple):
    """A way to alter frames.

    Attributes:
        alter: the function.
        unit: of its strength.
        strengths: that are tried, from the weakest to the strongest.
    """

    alter: Alter
    unit: str
    strengths: tuple[float, ...]


def to_bytes(values: np.ndarray) -> np.ndarray:
    """Round to uint8; what lies outside 0 to 255 is cut off."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _noise(frame: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    return to_bytes(frame + rng.normal(0.0, sigma, frame.shape))


def _brightness(frame: np.ndarray, factor: float, rng: np.random.Generator) -> np.ndarray:
    return to_bytes(frame * factor)


def _blur(frame: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    return cv2.GaussianBlur(frame, (0, 0), sigma)


def _jpeg(frame: np.ndarray, quality: float, rng: np.random.Generator) -> np.ndarray:
    coded = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_UNCHANGED))


ALTERATIONS = {
    "noise": Alteration(_noise, "standard deviation, grey levels", (2, 5, 10, 20)),
    "darker": Alteration(_brightness, "factor of all pixels", (0.9, 0.7, 0.5, 0.3)),
    "brighter": Alteration(_brightness, "factor of all pixels", (1.1, 1.3, 1.6, 2.0)),
    "blur": Alteration(_blur, "standard deviation, pixels", (0.5, 1, 2, 4)),
    "jpeg": Alteration(_jpeg, "quality", (80, 50, 20, 5)),
}
