"""The pixels of the images of one category, counted by level of their maps, image by image.

Sorting every pixel would take memory that grows with the images (MVTec AD's screw: 160 megapixels);
a table of counts does not, and can be redrawn for a bootstrap. Where the maps hold few values each
is a level and every figure is exact. Else levels stand at quantiles of the pixels, and `bounds`
says how far the figures can be from those of all thresholds.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence

import cv2
import numpy as np

from vadjax.evaluation import levels
from vadjax.evaluation.image_metrics import LIMIT, Curves

NUM_LEVELS = 4096
MAX_CELLS = 1 << 23  # of a table, 20 bytes each: more images than 2,048 have fewer levels
SAMPLED = 1 << 21  # pixels of either kind from which levels are chosen

Pairs = Callable[[], Iterator[tuple[np.ndarray, np.ndarray]]]  # map and mask [h, w] of each image


@dataclasses.dataclass(frozen=True, eq=False)
class PixelTable:
    """Pixels by image and level; level 0 is the highest.

    Attributes:
        normal: int32 [n, k], pixels outside the mask.
        abnormal: int32 [n, k], pixels inside.
        overlap: float32 [n, k], summed over the image's regions: the share of a region's pixels.
        regions: int64 [n], connected parts (8 neighbours) of the mask.
        exact: every value of the maps is a level.
    """

    normal: np.ndarray
    abnormal: np.ndarray
    overlap: np.ndarray
    regions: np.ndarray
    exact: bool

    def of(self, chosen: np.ndarray) -> "PixelTable":
        """Return the table of some images, bool [n]."""
        counts = (each[chosen] for each in (self.normal, self.abnormal, self.overlap))
        normal, abnormal, overlap = counts
        return PixelTable(normal, abnormal, overlap, self.regions[chosen], self.exact)

    def curves(self, draws: np.ndarray | None = None) -> Curves:
        """Sum over images.

        Args:
            draws: [r, n], how often each image is taken; None takes each once.
        """
        weight = np.ones((1, len(self.regions))) if draws is None else np.asarray(draws, np.float64)
        fp, tp, overlap = (
            np.cumsum(weight @ each, axis=1) for each in (self.normal, self.abnormal, self.overlap)
        )
        regions = weight @ self.regions  # [r]
        return Curves(tp, fp, overlap / np.maximum(regions, 1)[:, None])

    def without_location(self, scores: np.ndarray) -> "PixelTable":
        """Return the table of maps in which each pixel has its image's score: a control.

        Args:
            scores: float [n].
        """
        values, at = np.unique(-np.asarray(scores, np.float64), return_inverse=True)
        shape, rows = (len(at), len(values)), np.arange(len(at))
        parts = []
        for each in (self.normal, self.abnormal, self.overlap):
            sums = np.zeros(shape, each.dtype)
            sums[rows, at] = each.sum(1)
            parts.append(sums)
        normal, abnormal, overlap = parts
        return PixelTable(normal, abnormal, overlap, self.regions, exact=True)

    def bounds(self) -> dict[str, float]:
        """Return by how much AUROC and AUPRO can differ from those of all thresholds.

        Between two levels the true curve rises from one corner of a rectangle to the opposite one,
        so that its area and that of the straight line differ by half of the rectangle at most.
        """
        if self.exact:
            return {"auroc": 0.0, "aupro": 0.0}
        curves = self.curves()
        assert curves.overlap is not None  # of pixels
        counts = (curves.tp, curves.fp, curves.overlap)
        [tp], [fp], [overlap] = (np.diff(each, prepend=0) for each in counts)
        rate = fp / max(fp.sum(), 1)
        start = np.cumsum(rate) - rate
        inside = np.clip(LIMIT - start, 0, rate)
        cut = inside < rate  # the level in which the limit lies may rise anywhere
        return {
            "auroc": float(np.sum(rate * tp) / 2 / max(tp.sum(), 1)),
            "aupro": float(np.sum(inside * overlap * np.where(cut, 1, 0.5)) / LIMIT),
        }


def count_pixels(pairs: Pairs, num_images: int, *, num_levels: int = NUM_LEVELS) -> PixelTable:
    """Count the pixels of some images by level.

    Args:
        pairs: yields the map, float32 [h, w], and the mask, above 0 where abnormal, of each image;
            called two or three times.
        num_images: that it yields.
        num_levels: at most about so many, fewer for very many images.

    Returns:
        The table.
    """
    most = max(2, min(num_levels, MAX_CELLS // max(num_images, 1)))
    values = levels.few_values((heat for heat, _ in pairs()), most)
    edges = _quantiles(pairs, num_images, most) if values is None else values[::-1]
    shape = (num_images, len(edges) + (values is None))
    normal, abnormal = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    overlap, regions = np.zeros(shape, np.float32), np.zeros(num_images, np.int64)
    below = int(values is not None)  # the first edge is the least value: nothing lies below it
    for row, (heat, mask) in enumerate(pairs()):
        at = np.searchsorted(edges, heat, side="right").astype(np.int32) - below  # [h, w], rising
        inside = np.asarray(mask) > 0
        normal[row] = np.bincount(at[~inside], minlength=shape[1])
        abnormal[row] = np.bincount(at[inside], minlength=shape[1])
        count, labels = cv2.connectedComponents(inside.view(np.uint8), connectivity=8)
        regions[row] = count - 1
        named = labels[inside]
        share = 1 / np.maximum(np.bincount(named, minlength=count), 1)
        overlap[row] = np.bincount(at[inside], weights=share[named], minlength=shape[1])
    falling = normal[:, ::-1], abnormal[:, ::-1], overlap[:, ::-1]
    return PixelTable(*falling, regions, values is not None)


def _quantiles(pairs: Pairs, num_images: int, num_levels: int) -> np.ndarray:
    """Place levels at quantiles of the pixels outside masks, above `LIMIT` too, and inside."""
    most = max(1, SAMPLED // max(num_images, 1))
    kinds: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for heat, mask in pairs():
        inside = np.asarray(mask) > 0
        for kind, pixels in zip(kinds, (heat[~inside], heat[inside]), strict=True):
            kind.append(pixels[:: max(1, -(-len(pixels) // most))])
    third = num_levels // 3
    tops = ((kinds[0], 1.0), (kinds[0], LIMIT), (kinds[1], 1.0))
    return np.unique(np.concatenate([_top(kind, share, third) for kind, share in tops]))


def _top(samples: Sequence[np.ndarray], share: float, num: int) -> np.ndarray:
    """Return quantiles of the highest pixels, none where there is no pixel."""
    pixels = np.concatenate(samples)
    if not len(pixels):
        return pixels
    return np.quantile(pixels, 1 - share * np.linspace(0, 1, num), method="nearest")
