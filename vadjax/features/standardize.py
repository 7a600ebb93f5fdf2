"""Standardisation of features by the mean and standard deviation of the training clips."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vadjax.data.arrays.half import to_single
from vadjax.data.arrays.row_view import Rows, release
from vadjax.errors import UserError

CONSTANT = 1e-6  # a standard deviation below this share of the mean is rounding
# A channel that is nearly constant in the training clips must not outweigh all others when it
# changes: no deviation is below this share of the median one (docs/decisions.md).
FLOOR = 0.1
PLACE_FLOOR = 0.3  # of a channel's deviation, for places that hardly ever change


@dataclass(frozen=True, eq=False)
class Standardizer:
    """(x - mean) / std by feature, by channel of a map, or by channel at each place of a map.

    Attributes:
      mean: float32 [c], or [h, w, c] by place.
      std: the same shape; at least `FLOOR` times the median of the channels that vary, and by place
        at least `PLACE_FLOOR` times the channel's over all places.
      fitted_on: (video, first frame, frame after the last) of what was measured, where noted.
    """

    mean: np.ndarray
    std: np.ndarray
    fitted_on: Sequence[tuple[str, int, int]] = ()

    @classmethod
    def fit(
        cls,
        clips: Iterable[Rows],
        *,
        by_place: bool = False,
        chunk_bytes: int = 1 << 26,
    ) -> "Standardizer":
        """Measure the training clips, in float64 and one chunk at a time.

        Chunks are joined by the pairwise update of Chan, Golub and LeVeque (1983), which keeps
        its precision where the mean is far larger than the deviation.

        Args:
          clips: [rows, ..., c] float each; memory-mapped ones and views are never held whole.
          by_place: measure each place of maps [rows, h, w, c] by itself: what a fixed camera always
            sees there becomes 0, and what comes into view stands out.
          chunk_bytes: of rows that are held in float64 at once.

        Returns:
          The statistics.

        Raises:
          UserError: there is no row, or rows hold NaN or infinity.
        """
        count, mean, squares = 0, np.zeros(()), np.zeros(())
        rows, bad = 0, 0
        for clip in clips:
            chunk_rows = max(1, chunk_bytes // max(1, 8 * clip[:1].size))
            for start in range(0, len(clip), chunk_rows):
                chunk = np.asarray(clip[start : start + chunk_rows], np.float64)
                release(clip)
                rows += len(chunk)
                finite = np.isfinite(chunk.reshape(len(chunk), -1)).all(1)
                bad += int((~finite).sum())
                shape = chunk.shape[1:] if by_place else chunk.shape[-1:]
                values = chunk[finite].reshape(-1, *shape)  # [n, c]
                if not len(values):
                    continue
                centre = values.mean(0)
                total, gap = count + len(values), centre - mean
                squares = squares + np.square(values - centre).sum(0)
                squares = squares + np.square(gap) * count * len(values) / total
                mean = mean + gap * len(values) / total
                count = total
        if bad:
            raise UserError(
                f"{bad} of {rows} feature rows hold NaN or infinity; extract those videos again "
                "(remove them from features.cache_dir), or choose other weights."
            )
        if not rows:
            raise UserError("there are no feature rows: every training clip is empty.")
        variance = squares / count
        if by_place:
            places = tuple(range(variance.ndim - 1))
            whole = variance.mean(places) + mean.var(places)
            variance = variance + PLACE_FLOOR**2 * whole
        std = np.sqrt(variance)
        varying = std[std > CONSTANT * np.abs(mean)]
        floor = FLOOR * np.median(varying) if len(varying) else 1.0
        std = np.maximum(std, floor)
        return cls(mean.astype(np.float32), std.astype(np.float32))

    @classmethod
    def of_pixels(cls, channels: int) -> "Standardizer":
        """Return the one that maps pixels 0 .. 255 to -1 .. 1; it is not fitted on anything."""
        half = np.full(channels, 127.5, np.float32)
        return cls(half, half)

    def apply(self, rows: np.ndarray) -> np.ndarray:
        """Return [rows, ..., c] standardised, float32.

        Raises:
          ValueError: the last axis is not as long as in the training clips.
        """
        if rows.shape[-1] != self.mean.shape[-1]:
            raise ValueError(
                f"{rows.shape[-1]} channels; the training clips have {self.mean.shape[-1]}"
            )
        if rows.dtype == np.float16:
            rows = to_single(rows)
        rows = np.subtract(rows, self.mean, dtype=np.float32)
        return np.divide(rows, self.std, out=rows)

    def to_dict(self) -> dict[str, list[float]]:
        """Return what JSON holds."""
        return {"mean": self.mean.tolist(), "std": self.std.tolist()}

    @classmethod
    def from_dict(cls, values: Mapping[str, list[float]]) -> "Standardizer":
        """Build it from what `to_dict` returned."""
        return cls(np.asarray(values["mean"], np.float32), np.asarray(values["std"], np.float32))
