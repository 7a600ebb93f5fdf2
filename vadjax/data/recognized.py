"""What a model says of the class of each row of a video, and what is true of it."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Recognized:
    """Probabilities of classes, row by row.

    Attributes:
        names: of the classes, the first is normal.
        probabilities: float32 [t, len(names)], each row sums to 1.
        truth: int32 [t], number of the class of each row; len(names) is a class without a name
            here; None where unknown.
        video_class: that of the whole video; -1 where unknown.
        chunk_ends: int [m], rows at which the windows end that lie one behind the other, from the
            first row on, without overlap.
    """

    names: tuple[str, ...]
    probabilities: np.ndarray
    truth: np.ndarray | None = None
    video_class: int = -1
    chunk_ends: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0, np.int32))
