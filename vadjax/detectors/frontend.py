"""Frames to the inputs of detectors, one frame at a time."""

import contextlib
import functools
import pathlib
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any

import numpy as np

from vadjax.detectors.contract import FrameScore
from vadjax.detectors.inputs import TAP, taps_of
from vadjax.detectors.shared_reader import Read, SharedReaders
from vadjax.errors import unknown

Rows = dict[str, np.ndarray | None]  # name of an input -> row, None where there is none yet
Reader = Callable[[np.ndarray], Rows]
INPUTS = ("features", f"{TAP}NAME", "motion")  # that single frames can be turned into


class Frontend:
    """Makes readers, each of which turns the frames of one video into the rows of inputs.

    "features" are the rows of the backbone's tap that the config names, "tap:stage3" those of the
    tap stage3, "motion" the measures of `features.motion`. Rows equal those of the store.

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
        self._extractors: dict[tuple[str, ...], Any] = {}
        self._shared: SharedReaders | None = None
        self._opening = threading.Lock()

    @contextlib.contextmanager
    def sharing(self) -> Iterator[None]:
        """Let streams that are made inside read each frame of their one video once for all.

        One thread at a time: those of other videos that are opened meanwhile wait.
        """
        with self._opening:
            self._shared = SharedReaders()
            try:
                yield
            finally:
                self._shared = None

    def shared(self, key: Hashable, make: Callable[[], Read]) -> Read:
        """Return what `make` returns, or inside `sharing` a reader that all of the key share.

        Args:
            key: of what is measured.
            make: returns a function that measures the frames of one video in order.

        Returns:
            A function of a frame.
        """
        return make() if self._shared is None else self._shared.reader(key, make)

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

    def _extractor(self, taps: tuple[str, ...]) -> Any:
        """Return the compiled network that all readers of these taps share."""
        if taps in self._extractors:
            return self._extractors[taps]
        from vadjax.features.calibrate import choose_micro_batch
        from vadjax.features.extractor import Extractor

        f, backbone = self._config.features, self._backbone()
        options = {"taps": taps, "batch_size": f.batch_size}
        micro_batch = choose_micro_batch(
            backbone,
            **options,
            cache_dir=pathlib.Path(f.cache_dir).expanduser(),
            num_frames=0,
        )
        self._extractors[taps] = Extractor(backbone, **options, micro_batch=micro_batch)
        return self._extractors[taps]

    def reader(self, *names: str) -> Reader:
        """Return a reader for one video; the backbone passes over a frame once for all inputs.

        Args:
            names: of inputs, of `INPUTS`.

        Returns:
            A function: frame uint8 [h, w, 3] or [h, w] -> the row of each input, None where it has
            none yet (the first frame has no motion).

        Raises:
            UserError: unknown input, or the backbone has no such tap.
        """
        taps = taps_of(names, features=self._config.features.tap)
        if others := [name for name in names if name != "motion" and name not in taps]:
            raise unknown("input of a stream", others[0], INPUTS)
        return self.shared(names, lambda: self._reader(names, taps))

    def _reader(self, names: Sequence[str], taps: dict[str, str]) -> Reader:
        meter = self._motion() if "motion" in names else None
        network = self._network(tuple(dict.fromkeys(taps.values()))) if taps else None

        def read(frame: np.ndarray) -> Rows:
            rows: Rows = {} if meter is None else {"motion": meter(frame)}
            if network is not None:
                by_tap = network(frame)
                rows |= {name: by_tap[tap] for name, tap in taps.items()}
            return rows

        return read

    def _network(self, taps: tuple[str, ...]) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
        from vadjax.features.extractor import FrameExtractor

        return FrameExtractor(self._extractor(taps))

    def _motion(self) -> Callable[[np.ndarray], np.ndarray | None]:
        """Measure motion; the first frame has none before it."""
        from vadjax.features.motion import MotionMeter

        meter, count = MotionMeter(keep=False), 0

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
        score: rows by input -> score, or None; or score and map [h, w].
    """

    def __init__(
        self,
        frontend: Frontend,
        inputs: Sequence[str],
        score: Callable[[Rows], float | tuple[float, np.ndarray] | None],
    ):
        self._read = frontend.reader(*inputs)
        self._score, self._count = score, 0

    def update(self, frame: np.ndarray, time: float | None = None) -> list[FrameScore]:
        """Score the next frame; see `contract.Stream`.

        Args:
            frame: uint8 [h, w, 3] RGB, or [h, w] grey.
            time: timestamp in seconds.

        Returns:
            Its score.
        """
        rows = self._read(frame)
        self._count += 1
        found = self._score(rows)
        value, heat = found if isinstance(found, tuple) else (found, None)
        return [FrameScore(self._count - 1, time, value, heat)]

    def close(self) -> list[FrameScore]:
        """Return nothing: no frame waits."""
        return []
