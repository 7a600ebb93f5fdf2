"""Mean 0 and standard deviation 1 for every feature, by the statistics of the fitted clips."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from vadjax.errors import UserError

CONSTANT = 1e-6  # a standard deviation below this share of the mean is rounding
# A channel that hardly ever fires in the fitted clips must not drown all others when it does: no
# deviation counts as less than this share of the median one (docs/decisions.md).
FLOOR = 0.1


@dataclass(frozen=True, eq=False)
class Standardizer:
    """(x - mean) / std over the last axis: by feature, or by channel of a map.

    Attributes:
      mean: float32 [c].
      std: float32 [c]; at least `FLOOR` times the median of the channels that vary.
    """

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def fit(cls, clips: Iterable[np.ndarray], *, chunk_bytes: int = 1 << 26) -> "Standardizer":
        """Measure the fitted clips, in float64 and one chunk at a time.

        Chunks are joined by the pairwise update of Chan, Golub and LeVeque (1983), which keeps
        its precision where the mean is far larger than the deviation.

        Args:
          clips: [rows, ..., c] float each; memory-mapped ones are never held whole.
          chunk_bytes: of rows that are held in float64 at once.

        Raises:
          UserError: there is no row, or rows hold NaN or infinity.
        """
        count, mean, squares = 0, 0.0, 0.0
        rows, bad = 0, 0
        for clip in clips:
            chunk_rows = max(1, chunk_bytes // max(1, 8 * clip[:1].size))
            for start in range(0, len(clip), chunk_rows):
                chunk = np.asarray(clip[start : start + chunk_rows], np.float64)
                rows += len(chunk)
                finite = np.isfinite(chunk.reshape(len(chunk), -1)).all(1)
                bad += int((~finite).sum())
                values = chunk[finite].reshape(-1, chunk.shape[-1])  # [n, c]
                if not len(values):
                    continue
                centre = values.mean(0)
                total, gap = count + len(values), centre - mean
                squares += np.square(values - centre).sum(0)
                squares += np.square(gap) * count * len(values) / total
                mean += gap * len(values) / total
                count = total
        if bad:
            raise UserError(
                f"{bad} of {rows} feature rows hold NaN or infinity; extract those videos again "
                "(remove them from features.cache_dir), or choose other weights."
            )
        if not rows:
            raise UserError("there is no feature row to fit: every training clip is empty.")
        std = np.sqrt(squares / count)
        varying = std[std > CONSTANT * np.abs(mean)]
        floor = FLOOR * np.median(varying) if len(varying) else 1.0
        std = np.maximum(std, floor)
        return cls(mean.astype(np.float32), std.astype(np.float32))

    def apply(self, rows: np.ndarray) -> np.ndarray:
        """Return [rows, ..., c] standardised, float32.

        Raises:
          ValueError: the last axis is not as long as in the fitted clips.
        """
        if rows.shape[-1] != len(self.mean):
            raise ValueError(f"{rows.shape[-1]} channels, but {len(self.mean)} were fitted")
        rows = np.subtract(rows, self.mean, dtype=np.float32)
        return np.divide(rows, self.std, out=rows)

    def to_dict(self) -> dict[str, list[float]]:
        """Return what JSON holds."""
        return {"mean": self.mean.tolist(), "std": self.std.tolist()}

    @classmethod
    def from_dict(cls, values: Mapping[str, list[float]]) -> "Standardizer":
        """Build it from what `to_dict` returned."""
        return cls(np.asarray(values["mean"], np.float32), np.asarray(values["std"], np.float32))
