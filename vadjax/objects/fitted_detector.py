"""An object detector of inputs of one size: frames are fitted in, candidates are mapped back."""

import abc
from collections.abc import Mapping, Sequence

import numpy as np

from vadjax.objects import frame_fit
from vadjax.objects.detections import Candidates, Detections, Limits, ObjectDetector


class FittedDetector(ObjectDetector):
    """Detects in batches of one size, the last one filled up.

    Attributes:
        size: (height, width) of the network's input in pixels.
        limits: Which candidates become detections.
        fit: How a frame becomes an input, see `frame_fit.fit`.
        batch: Frames that the network sees at once.
    """

    size: tuple[int, int]
    limits: Limits
    fit: str
    batch: int

    @abc.abstractmethod
    def candidates(self, images: np.ndarray) -> Mapping[str, np.ndarray]:
        """Return what may be an object.

        Args:
            images: [batch, h, w, 3] uint8 RGB.

        Returns:
            "scores" [batch, k], "classes" [batch, k] and "boxes" [batch, k, 4] in pixels of the
            image.
        """

    def detect_batch(self, frames: Sequence[np.ndarray]) -> list[Detections]:
        """Detect the objects of several frames; see `ObjectDetector`."""
        found: list[Detections] = []
        for start in range(0, len(frames), self.batch):
            chunk = [frame_fit.colour(frame) for frame in frames[start : start + self.batch]]
            fitted = [frame_fit.fit(frame, size=self.size, how=self.fit, pad=0) for frame in chunk]
            images = np.zeros((self.batch, *self.size, 3), np.uint8)
            for row, (image, _) in enumerate(fitted):
                images[row] = image
            outputs = self.candidates(images)
            for row, (_, placed) in enumerate(fitted):
                one = Candidates(
                    boxes=placed.to_frame(outputs["boxes"][row]),
                    scores=outputs["scores"][row],
                    classes=outputs["classes"][row],
                )
                found.append(one.select(self.limits, self.names))
        return found
