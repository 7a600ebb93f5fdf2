"""Frames to the inputs of detectors, one frame at a time."""

import functools
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from vadjax.detectors.contract import FrameScore
from vadjax.errors import unknown

Reader = Callable[[np.ndarray], np.ndarray | None]
INPUTS = ("features", "motion")


class Frontend:
    """Makes readers, each of which turns the frames of one video into the rows of one input.

    "features" are the rows of the backbone's tap that the config names, "motion" the measures of
    `features.motion`. Rows equal those of the store.

    Args:
        config: the whole config; `features` is read.
        backbone: returns the backbone; called when features are first asked for.
        crops: returns the backbone for crops of moving bodies; called when first asked for.
        reference: returns the reference of the camera, learnt from the training clips.
    """

    def __init__(
        self,
        config: Any,
        backbone: Callable[[], Any],
        *,
        crops: Callable[[], Any] | None = None,
        reference: Callable[[], Any] | None = None,
    ):
        self._config, self._backbone = config, backbone
        self._crops, self._reference = crops, reference

    @property
    def reference(self) -> Any:
        """The `features.scene.reference.Reference` of the training clips."""
        assert self._reference is not None  # a run has one
        return self._reference()

    @functools.cached_property
    def looks(self) -> Any:
        """The `features.scene.looks.Looks` that embeds moving bodies."""
        from vadjax.features.scene.looks import Looks

        assert self._crops is not None  # a run has them
        return Looks(self._crops(), self._config.scene.tap)

    @functools.cached_property
    def objects(self) -> Any:
        """The `objects.ObjectDetector` of detector scene; None where no weights are named."""
        from vadjax import objects
        from vadjax.features.scene.seen_objects import LEAST_SCORE, NUM_OBJECTS

        if not (path := self._config.scene.objects):
            return None
        return objects.create(path, least_score=LEAST_SCORE, most=NUM_OBJECTS)

    @functools.cached_property
    def _extractor(self) -> Any:
        """The compiled network that all readers share."""
        from vadjax.features.calibrate import choose_micro_batch
        from vadjax.features.extractor import Extractor

        f, backbone = self._config.features, self._backbone()
        options = {"batch_size": f.batch_size}
        micro_batch = choose_micro_batch(
            backbone,
            tap=f.tap,
            **options,
            cache_dir=pathlib.Path(f.cache_dir).expanduser(),
            num_frames=0,
        )
        return Extractor(backbone, taps=(f.tap,), **options, micro_batch=micro_batch)

    def reader(self, name: str) -> Reader:
        """Return a reader for one video.

        Args:
            name: one of `INPUTS`.

        Returns:
            A function: frame uint8 [h, w, 3] or [h, w] -> row, None where the input has none yet
            (the first frame has no motion).

        Raises:
            UserError: unknown input.
        """
        if name == "motion":
            from vadjax.features.motion import MotionMeter

            return _measured(MotionMeter(keep=False))
        if name == "features":
            from vadjax.features.extractor import FrameExtractor

            read, tap = FrameExtractor(self._extractor), self._config.features.tap
            return lambda frame: read(frame)[tap]
        raise unknown("input of a detector", name, INPUTS)


def _measured(meter: Any) -> Reader:
    """Read motion; the first frame has none before it."""
    count = 0

    def read(frame: np.ndarray) -> np.ndarray | None:
        nonlocal count
        measures, count = meter.update(frame), count + 1
        return measures if count > 1 else None

    return read


class RowStream:
    """A stream of a causal detector that needs the current frame's rows alone.

    Args:
        frontend: of the detector.
        inputs: names of what it reads.
        score: rows by input -> score, or None.
    """

    def __init__(
        self,
        frontend: Frontend,
        inputs: Sequence[str],
        score: Callable[[dict[str, np.ndarray | None]], float | None],
    ):
        self._readers = {name: frontend.reader(name) for name in inputs}
        self._score, self._count = score, 0

    def update(self, frame: np.ndarray, time: float | None = None) -> list[FrameScore]:
        """Score the next frame; see `contract.Stream`.

        Args:
            frame: uint8 [h, w, 3] RGB, or [h, w] grey.
            time: timestamp in seconds.

        Returns:
            Its score.
        """
        rows = {name: read(frame) for name, read in self._readers.items()}
        self._count += 1
        return [FrameScore(self._count - 1, time, self._score(rows))]

    def close(self) -> list[FrameScore]:
        """Return nothing: no frame waits."""
        return []
