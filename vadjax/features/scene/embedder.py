"""Crops in batches of two sizes through whatever embeds them."""

import abc

import cv2
import numpy as np

BATCH, REST = 32, 4  # crops of a call, and of a call of those that fill no whole batch


class Embedder(abc.ABC):
    """Embeds crops of any number and size.

    Attributes:
        size: height and width of the crops that `embed` takes.
        width: values of an embedding.
        batches: crops of a call; and of a call of those that fill no whole batch, as the crops of
            one frame do, which are filled up.
    """

    size: tuple[int, int]
    width: int
    batches: tuple[int, int] = BATCH, REST

    @abc.abstractmethod
    def embed(self, crops: np.ndarray) -> np.ndarray:
        """Embed a whole batch.

        Args:
            crops: uint8 [n, h, w, 3], or [n, h, w] grey; n is one of `batches`.

        Returns:
            float [as many, width].
        """

    def none(self) -> np.ndarray:
        """Return the embeddings of no crop, float16 [0, d]."""
        return np.zeros((0, self.width), np.float16)

    def __call__(self, crops: np.ndarray) -> np.ndarray:
        """Embed crops.

        Args:
            crops: uint8 [n, h, w, 3], or [n, h, w] grey.

        Returns:
            float16 [n, d].
        """
        (height, width), (batch, rest) = self.size, self.batches
        if len(crops) and crops.shape[1:3] != (height, width):  # patches of a transformer, say
            crops = np.stack([cv2.resize(crop, (width, height)) for crop in crops])
        found = np.empty((len(crops), self.width), np.float16)
        start = 0
        while start < len(crops):
            size = batch if len(crops) - start >= batch else rest
            part = crops[start : start + size]
            full = np.zeros((size, *part.shape[1:]), np.uint8)
            full[: len(part)] = part
            found[start : start + size] = self.embed(full)[: len(part)]
            start += size
        return found
