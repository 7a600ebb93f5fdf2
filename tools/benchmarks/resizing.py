"""Other ways to resize as Pillow does: `python -m tools.benchmarks.resizing`.

One thread, processor time, the least of many; beside it how far the result is from Pillow's, on
noise and on a smooth picture with edges. The resampling is bicubic and antialiased, as checkpoints
of the shipped backbones want it. A way is of use within one grey level and three times as fast.
"""

import time
from collections.abc import Callable

import cv2
import numpy as np
import scipy.sparse
from PIL import Image

from tools.benchmarks.report import table

CASES = (((240, 360), (224, 336)), ((360, 640), (224, 224)), ((720, 1280), (224, 224)))
REPEATS = 60
BICUBIC, SUPPORT = -0.5, 2.0  # Pillow's
OPENCV = {
    "OpenCV, area": cv2.INTER_AREA,
    "OpenCV, cubic": cv2.INTER_CUBIC,
    "OpenCV, Lanczos": cv2.INTER_LANCZOS4,
}

Resize = Callable[[np.ndarray], np.ndarray]


def weights(old: int, new: int) -> np.ndarray:
    """Return Pillow's weights of an axis, float64 [new, old]."""
    scale = old / new
    wide = max(scale, 1.0)
    found = np.zeros((new, old))
    for row in range(new):
        centre = (row + 0.5) * scale
        first = max(int(centre - SUPPORT * wide + 0.5), 0)
        last = min(int(centre + SUPPORT * wide + 0.5), old)
        x = np.abs((np.arange(first, last) - centre + 0.5) / wide)
        near = ((BICUBIC + 2) * x - (BICUBIC + 3)) * x * x + 1
        far = (((x - 5) * x + 8) * x - 4) * BICUBIC
        value = np.where(x < 1, near, np.where(x < 2, far, 0))
        found[row, first:last] = value / value.sum()
    return found


def ways(old: tuple[int, int], new: tuple[int, int]) -> dict[str, Resize]:
    """Return the functions that are compared, Pillow's first.

    Args:
        old: height and width of frames.
        new: the same of inputs.

    Returns:
        Name -> function of uint8 [h, w, 3] to uint8 [h', w', 3].
    """
    high, far = (weights(a, b).astype(np.float32) for a, b in zip(old, new, strict=True))
    rows, columns = scipy.sparse.csr_array(high), scipy.sparse.csr_array(far)

    def pillow(frame: np.ndarray) -> np.ndarray:
        return np.asarray(Image.fromarray(frame).resize(new[::-1], Image.Resampling.BICUBIC))

    def opencv(how: int) -> Resize:
        return lambda frame: cv2.resize(frame, new[::-1], interpolation=how)

    def rounded(values: np.ndarray) -> np.ndarray:
        return cv2.add(values, 0, dtype=cv2.CV_8U)  # cut off at 0 and 255

    def separable(product: Callable, *, between: bool = True) -> Resize:
        """Return two passes along the first axis; the picture is turned before either."""

        def resize(frame: np.ndarray) -> np.ndarray:
            wide = cv2.transpose(frame).astype(np.float32)  # [w, h, 3]
            wide = product(1, wide.reshape(old[1], -1)).reshape(new[1], old[0], 3)
            wide = cv2.transpose(rounded(wide) if between else wide)  # [h, w', 3]
            wide = wide.astype(np.float32, copy=False)
            return rounded(product(0, wide.reshape(old[0], -1))).reshape(*new, 3)

        return resize

    def dense(axis: int, values: np.ndarray) -> np.ndarray:
        return (high, far)[axis] @ values

    def sparse(axis: int, values: np.ndarray) -> np.ndarray:
        return (rows, columns)[axis] @ values

    bands = [_bands(each) for each in (high, far)]

    def banded(axis: int, values: np.ndarray) -> np.ndarray:
        found = 0
        for index, weight in zip(*bands[axis], strict=True):
            found = found + values[index] * weight[:, None]
        return found

    return {
        "Pillow": pillow,
        **{name: opencv(how) for name, how in OPENCV.items()},
        "two dense products": separable(dense),
        "two sparse products (SciPy)": separable(sparse),
        "the same, not rounded between": separable(sparse, between=False),
        "sums of shifted rows (NumPy)": separable(banded),
    }


def _bands(dense: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the columns and weights of each row's entries, [k, rows] each, padded by zeros."""
    width = int((dense != 0).sum(1).max())
    first = np.minimum((dense != 0).argmax(1), dense.shape[1] - width)
    index = first + np.arange(width)[:, None]
    return index, dense[np.arange(len(dense)), index]


def pictures(size: tuple[int, int]) -> list[np.ndarray]:
    """Return noise, and smooth ground with sharp edges, uint8 [h, w, 3] each."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (*size, 3), np.uint8)
    smooth = cv2.GaussianBlur(noise, (0, 0), 6)
    smooth[size[0] // 3 :: 17, size[1] // 4 :] = 255
    return [noise, smooth]


def run() -> list[list[str]]:
    """Measure; return the rows of the table."""
    cv2.setNumThreads(1)
    found = []
    for old, new in CASES:
        images, base = pictures(old), None
        for name, resize in ways(old, new).items():
            wanted = [ways(old, new)["Pillow"](image).astype(int) for image in images]
            away = [np.abs(resize(i).astype(int) - w) for i, w in zip(images, wanted, strict=True)]
            took = []
            for _ in range(REPEATS):
                start = time.process_time()
                resize(images[1])
                took.append(time.process_time() - start)
            base = base or min(took)
            size = f"{old[1]}x{old[0]} to {new[1]}x{new[0]}"
            largest = max(int(each.max()) for each in away)
            mean = max(float(each.mean()) for each in away)
            ratio = f"{base / min(took):.2f}"
            found.append([size, name, f"{1e3 * min(took):.2f}", ratio, str(largest), f"{mean:.2f}"])
    return found


def main() -> None:
    """Print the table."""
    head = ["sizes", "way", "ms", "times as fast", "largest difference", "mean difference"]
    print("\n".join(table(head, run())))


if __name__ == "__main__":
    main()
