"""Test frames that are changed on purpose so that a detector of windows is wrong about them."""

import pathlib
from collections.abc import Iterator

import numpy as np

from vadjax.backbones.preprocess import Preprocess
from vadjax.data.arrays.row_view import release
from vadjax.data.frames.altered import to_bytes
from vadjax.data.frames.on_demand import Frames
from vadjax.data.splits.units import Segment
from vadjax.data.video import Video
from vadjax.detectors.window_model import WindowModel
from vadjax.features.extract import images_of
from vadjax.pipeline.anomaly_maps import AnomalyMaps
from vadjax.pipeline.run import Run

STRENGTHS = (1, 2, 4, 8)
UNIT = "grey levels of every pixel"
BATCH = 16  # frames


def refusal(run: Run) -> str:
    """Say why the frames of a run cannot be attacked; "" where they can.

    Args:
        run: trained.

    Returns:
        A clause.
    """
    if not isinstance(run.detector, WindowModel) or not run.detector.maps:
        return f"detector {run.detector.name} has no gradient in single frames"
    if len(run.taps) != 1 or run.config.features.fit not in ("stretch", "native"):
        return "it needs one stage of a backbone that sees whole frames (features.fit=stretch)"
    return ""


class Attacked(Frames):
    """Frames at the size of the network's input, each moved along its signs.

    Args:
        base: the frames.
        preprocess: of the backbone.
        signs: int8 [t, h, w, c], which way the score grows.
        labels: [t], 1 is abnormal: its score is lowered, that of normal frames is raised.
        strength: grey levels.
    """

    def __init__(
        self,
        base: Frames,
        preprocess: Preprocess,
        signs: np.ndarray,
        *,
        labels: np.ndarray,
        strength: float,
    ):
        super().__init__(len(base), size=signs.shape[1:3], files=base.files)
        self._base, self._preprocess, self._signs = base, preprocess, signs
        self._steps = np.where(np.asarray(labels) > 0, -1, 1) * strength

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self._moved(frame, index) for index, frame in enumerate(self._base))

    def _read(self, index: int) -> np.ndarray:
        return self._moved(self._base[index], index)

    def _moved(self, frame: np.ndarray, index: int) -> np.ndarray:
        image = self._preprocess(frame) + self._steps[index] * self._signs[index].astype(float)
        release(self._signs)
        return to_bytes(image[..., 0] if image.shape[2] == 1 else image)


class Attacker:
    """Finds which way each pixel of a frame moves the frame's score.

    Args:
        run: of one fold, with its rows in the store; see `refusal`.
    """

    def __init__(self, run: Run):
        from vadjax.explain.attack import make_sign_fn
        from vadjax.explain.cam import make_gradient_fn

        (tap,) = run.taps.values()
        self._run, self._maps = run, AnomalyMaps(run)
        self._gradient_of = make_gradient_fn(self._maps.model, self._maps.objective)
        self._sign_of = make_sign_fn(run.backbone, rows=tap)

    def signs(self, video: Video, path: pathlib.Path) -> np.ndarray:
        """Compute the signs of all frames of a test video.

        Args:
            video: whole.
            path: of the .npy file that holds them, which is made.

        Returns:
            int8 [t, h, w, c] of -1, 0 and 1, memory-mapped.
        """
        variables, standard = self._maps.trained(self._run.folds[0])
        segment, start = Segment(video.id, 0, len(video.frames)), 0
        signs: np.ndarray | None = None
        for _, images, count in images_of(
            [video], preprocess=self._run.preprocess, batch_size=BATCH, num_threads=1
        ):
            rows = self._maps.rows(segment, np.arange(start, start + BATCH))
            gradients = self._gradient_of(variables, standard.mean, standard.std, rows)[1]
            found = np.asarray(self._sign_of(images, gradients))[:count]
            if signs is None:
                shape = (len(video.frames), *found.shape[1:])
                signs = np.lib.format.open_memmap(path, "w+", np.int8, shape)
            signs[start : start + count] = found
            start += count
        del signs  # written
        return np.load(path, mmap_mode="r")
