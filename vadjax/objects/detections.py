"""What an object detector is, and what it returns for a frame."""

import abc
import dataclasses
from collections.abc import Sequence

import numpy as np

from vadjax.objects import suppression


@dataclasses.dataclass(frozen=True, eq=False)
class Detections:
    """The objects of one frame, the highest score first.

    Attributes:
        boxes: [n, 4] float32, (x0, y0, x1, y1) in pixels of the frame, clipped to it. Edges, not
            centres: a frame of width w spans 0 .. w.
        scores: [n] float32 in 0 .. 1.
        classes: [n] int64, numbers of the detector's classes.
        names: The n names of these classes, such as "person".
    """

    boxes: np.ndarray
    scores: np.ndarray
    classes: np.ndarray
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.scores)


@dataclasses.dataclass(frozen=True)
class Limits:
    """Which candidates become detections.

    Attributes:
        least_score: Detections have at least this score, in 0 .. 1.
        overlap: Of two boxes of one class whose intersection over union is above this, the one of
            lower score is removed.
        most: Detections of a frame, the highest scores.
    """

    least_score: float = 0.3
    overlap: float = 0.6
    most: int = 100


@dataclasses.dataclass(frozen=True, eq=False)
class Candidates:
    """What a network gives for one image, in no order.

    Attributes:
        boxes: [n, 4] float, (x0, y0, x1, y1) in pixels of the frame.
        scores: [n] float.
        classes: [n] int.
        suppressed: Whether overlapping boxes have been removed already.
    """

    boxes: np.ndarray
    scores: np.ndarray
    classes: np.ndarray
    suppressed: bool = False

    def select(self, limits: Limits, names: Sequence[str]) -> Detections:
        """Return the candidates that are detections.

        Args:
            limits: Which are.
            names: Of the classes; a class without one is called "class 7".

        Returns:
            Detections, the highest score first.
        """
        above = np.flatnonzero(self.scores >= limits.least_score)
        order = above[np.argsort(-self.scores[above], kind="stable")]
        boxes, scores, classes = self.boxes[order], self.scores[order], self.classes[order]
        if self.suppressed:
            kept = np.arange(len(order))[: limits.most]
        else:
            kept = suppression.kept(boxes, classes, overlap=limits.overlap, most=limits.most)
        numbers = classes[kept].astype(np.int64)
        return Detections(
            boxes=boxes[kept].astype(np.float32),
            scores=scores[kept].astype(np.float32),
            classes=numbers,
            names=tuple(names[n] if 0 <= n < len(names) else f"class {n}" for n in numbers),
        )


class ObjectDetector(abc.ABC):
    """Frames in, named boxes out. `objects.create` makes one from a file.

    Attributes:
        names: Of the classes; `Detections.classes` are indices into it.
    """

    names: tuple[str, ...]

    def detect(self, frame: np.ndarray) -> Detections:
        """Detect the objects of one frame.

        Args:
            frame: [h, w, 3] RGB uint8; [h, w] and [h, w, 1] are grey frames.

        Returns:
            Boxes in pixels of this frame.

        Raises:
            UserError: It is no such frame.
        """
        return self.detect_batch([frame])[0]

    @abc.abstractmethod
    def detect_batch(self, frames: Sequence[np.ndarray]) -> list[Detections]:
        """Detect the objects of several frames, which may differ in size.

        Args:
            frames: Each as `detect` takes it; an array [n, h, w, 3] is a sequence of frames.

        Returns:
            One for each frame.

        Raises:
            UserError: One of them is no frame.
        """

    @abc.abstractmethod
    def spec(self) -> dict:
        """Describe everything that determines the detections, for a fingerprint."""
