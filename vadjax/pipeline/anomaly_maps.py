"""A run's detectors and test frames -> anomaly maps, a video at a time."""

import functools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from vadjax.data.arrays.new_array import New, in_memory
from vadjax.data.arrays.row_view import release
from vadjax.data.clip import segment_name
from vadjax.data.scored_video import ScoredVideo
from vadjax.data.splits.units import Fold, Segment
from vadjax.detectors.window_model import WindowModel
from vadjax.detectors.window_state import Trained, trained_of
from vadjax.errors import UserError
from vadjax.models import MODELS
from vadjax.pipeline.map_filling import Filling, scale
from vadjax.pipeline.run import Run
from vadjax.scoring.first_frames import repeated_windows
from vadjax.storage import artifacts

Maps = Iterator[tuple[str, np.ndarray]]
WHAT = {
    "motion": "the largest error of each cell over its motion channels, in units of the largest "
    "that fitted clips have shown",
    "density": "the surprise of each place, in standard deviations from its average in training",
    "classify": "the softplus of each place's log odds of being abnormal",
    "segment": "the softplus of each place's log odds of being abnormal",
    "predict": "the squared error of each place; a frame's mean is its score",
    "adversarial": "the squared error of each place; a frame's mean is its score",
    "reconstruct": "the squared error of each place; a frame's mean is its score",
}


class AnomalyMaps:
    """Makes one map a frame, as the config section `explain` says.

    The map of a frame is that of the window that ends there, whose score the frame has by default.
    The first frames, at which no whole window ends, have those of windows that repeat frame 0 at
    their beginning; those that carry the score of a later frame (all of them with
    score.first_frames=fill, frame 0 of a predictor) carry its map.

    Args:
        run: of which every stage up to `score` is done.
        keep: test video -> frames for which `again` will be asked.
        new: makes the array that the maps of a video are written to.

    Raises:
        UserError: a method or tap that does not go with the run's detector.
    """

    def __init__(
        self, run: Run, keep: Mapping[str, Sequence[int]] | None = None, *, new: New = in_memory
    ):
        e, f = run.config.explain, run.config.features
        self.run, self._keep, self._new = run, keep or {}, new
        self._kept: dict[tuple[str, int], np.ndarray] = {}
        detector = run.detector
        assert isinstance(detector, WindowModel)  # `explain` has looked
        self.objective = detector.objective
        self.model = detector.model(run.store.read(next(iter(run.videos.values()))).shape[1:])
        self._trained: dict[int, Trained] = {}
        first = detector.first_frames(self.model)
        self._short, self._filled = any(first), first.filled if any(first) else run.span - 1
        self.shape = self._flat_shape()
        shows_errors = MODELS[run.config.model.name].reads == "maps" or self.shape
        self.method = e.method
        if e.method == "auto":
            self.method = "error" if shows_errors else "gradcam++"
        if self.method == "error":
            if not shows_errors:
                raise UserError(
                    f"explain.method=error: model {run.config.model.name!r} reads pooled features, "
                    "whose errors have no place; choose auto, gradcam++, gradcam, hirescam or "
                    "input_gradient."
                )
            self.tap = f.tap
        elif self.method == "input_gradient":
            from vadjax.explain.taps import INPUT

            self.tap = INPUT
        else:
            from vadjax.explain.taps import choose_tap

            self.tap = choose_tap(run.backbone, tap=e.tap, rows=f.tap)

    def __call__(self) -> Maps:
        """Yield (test video, float32 [t, h, w])."""
        scored = {video.id: video for video in artifacts.read_scores(self.run.workdir).test}
        for fold in self.run.folds:
            make = self._errors if self.method == "error" else self._cam
            segments = {self._name(segment): segment for segment in fold.test.segments}
            yield from make(fold, segments, scored)

    @property
    def what(self) -> str:
        """What the maps are, in words."""
        if self.method == "error":
            return WHAT[self.objective.name]
        return f"{self.method} at {self.tap}, scaled so that a frame's mean is its score"

    def _flat_shape(self) -> tuple[int, ...]:
        """Return (h, w, c) of rows that are images laid flat, else ()."""
        f, objective = self.run.config.features, self.objective
        pixels = f.backbone.startswith("pixels") and f.tap == "features"
        return self.run.backbone.map_shape() if pixels and not objective.supervised else ()

    def windows(self, frames: np.ndarray, segment: Segment) -> np.ndarray:
        """Return the rows of the windows that end at some frames.

        Args:
            frames: int [b], of the video.
            segment: that holds them.

        Returns:
            int [b, t], rows of the segment.
        """
        w = self.run.config.window
        ends = (frames - segment.start).clip(0, len(segment) - 1)
        ends = ends.clip(self._filled)  # what carries the next score carries its map
        if self._short:
            return repeated_windows(ends, length=w.length, dilation=w.dilation)
        return ends[:, None] - w.dilation * np.arange(w.length)[::-1]

    def again(
        self, fold: Fold, segments: Mapping[str, Segment], variables
    ) -> dict[str, np.ndarray]:
        """Return the maps of the frames to keep, under other variables of the model.

        Args:
            fold: whose standardisation is used.
            segments: test video -> its segment.
            variables: of the model.

        Returns:
            Test video -> [n, h, w].
        """
        frames = {name: np.asarray(self._keep[name]) for name in segments}
        rows = np.concatenate([self.rows(segments[name], at) for name, at in frames.items()])
        make: Callable = self._errors_at
        inputs = [rows]
        if self.method != "error":
            kept = [self._kept[name, i] for name, at in frames.items() for i in at]
            make, inputs = self._launch, [rows, np.stack(kept)]
        size = self._batch_size
        index = np.arange(-(-len(rows) // size) * size).reshape(-1, size) % len(rows)
        found = [make(fold, *(x[at] for x in inputs), variables=variables) for at in index]
        cuts = np.cumsum([len(at) for at in frames.values()])
        maps = np.split(np.concatenate([np.asarray(x) for x in found]), cuts)
        return dict(zip(frames, maps, strict=False))

    def rows(self, segment: Segment, frames: np.ndarray) -> np.ndarray:
        """Return the stored rows of the windows that end at some frames.

        Args:
            segment: of a video.
            frames: int [b], of the video.

        Returns:
            [b, t, ...].
        """
        stored = self.run.read("features", segment)
        rows = np.asarray(stored[self.windows(frames, segment)])
        release(stored)
        return rows

    def _errors(
        self, fold: Fold, segments: dict[str, Segment], scored: dict[str, ScoredVideo]
    ) -> Maps:
        size = self._batch_size
        for name, segment in segments.items():
            found = Filling(self._new)
            for start in range(segment.start, segment.stop, size):
                part = self._errors_at(fold, self.rows(segment, np.arange(start, start + size)))
                found.add(part, start - segment.start, len(segment))
            yield name, found.whole()

    def _errors_at(self, fold: Fold, rows: np.ndarray, variables=None) -> np.ndarray:
        trained, standardizer = self.trained(fold)
        return np.asarray(self._errors_of(variables or trained, standardizer.apply(rows)))

    def _cam(
        self, fold: Fold, segments: dict[str, Segment], scored: dict[str, ScoredVideo]
    ) -> Maps:
        """Differentiate and combine; a batch is launched before the last is fetched."""
        by_video = {segment.video_id: name for name, segment in segments.items()}
        found = {name: Filling(self._new) for name in segments}
        for video, inputs in self._inputs([self.run.videos[v] for v in by_video]):
            name, size = by_video[video.id], len(inputs)
            done, segment = found[name], segments[name]
            first = size * done.batches
            for frame in self._keep.get(name, ()):
                if 0 <= frame - first < size:
                    self._kept[name, frame] = inputs[frame - first]
            windows = self.rows(segment, np.arange(first, first + size))
            done.add(self._launch(fold, windows, inputs), first - segment.start, len(segment))
            if size * done.batches >= len(video.frames):
                own = self._spread(found.pop(name).whole())
                scale(own, scored[name].scores)
                yield name, own

    def _inputs(self, videos: list) -> Iterator[tuple]:
        """Yield (video, batch of its images, or of what the store holds of them), in order."""
        from vadjax.features.extract import extract, images_of
        from vadjax.features.extractor import Extractor, features_spec

        run, size, threads = self.run, self._batch_size, os.cpu_count() or 1
        if not self._stage:
            images = images_of(
                videos, preprocess=run.backbone.preprocess, batch_size=size, num_threads=threads
            )
            yield from ((video, batch) for video, batch, _ in images)
            return
        store = run.feature_store(features_spec(run.backbone, tap=self._stage))
        extractor = Extractor(
            run.backbone, taps=(self._stage,), batch_size=size, micro_batch=self._micro_batch
        )
        extract(videos, extractor=extractor, stores={self._stage: store}, num_threads=threads)
        for video in videos:
            rows = store.read(video)
            for start in range(0, len(rows), size):
                yield video, rows[np.arange(start, start + size).clip(max=len(rows) - 1)]
                release(rows)

    def _launch(self, fold: Fold, rows: np.ndarray, inputs: np.ndarray, variables=None):
        """Return the maps of frames, on their way."""
        gradient_of, maps_of = self._compiled
        trained, standardizer = self.trained(fold)
        statistics = standardizer.mean, standardizer.std
        _, gradients = gradient_of(variables or trained, *statistics, rows)
        return maps_of(inputs, gradients)

    def trained(self, fold: Fold) -> Trained:
        """Return the fold's variables and standardisation, read once."""
        if fold.index not in self._trained:
            state = artifacts.read_state(self.run.workdir, fold.index)
            self._trained[fold.index] = trained_of(state)
        return self._trained[fold.index]

    def _name(self, segment: Segment) -> str:
        return segment_name(segment, self.run.videos[segment.video_id])

    @functools.cached_property
    def _errors_of(self):
        from vadjax.explain.maps import make_error_fn

        return make_error_fn(self.model, self.objective, shape=self.shape)

    @functools.cached_property
    def _micro_batch(self) -> int:
        from vadjax.features.calibrate import choose_micro_batch

        run, f = self.run, self.run.config.features
        options = {"taps": (f.tap,), "batch_size": f.batch_size, "cache_dir": run.cache}
        return choose_micro_batch(run.backbone, **options, num_frames=0)

    @functools.cached_property
    def _batch_size(self) -> int:
        import jax

        unit = jax.local_device_count() * max(self._micro_batch, 1)
        return -(-self.run.config.explain.batch_size // unit) * unit

    @functools.cached_property
    def _stage(self) -> str:
        """The stage that is kept in the store, so that frames are not decoded for each run."""
        from vadjax.explain.taps import INPUT, lightest

        run = self.run
        if self.tap == INPUT:
            return ""
        stage, values = lightest(run.backbone, self.tap)
        frames = sum(len(run.videos[s.video_id].frames) for f in run.folds for s in f.test.segments)
        there = stage == run.config.features.tap
        return stage if there or 2 * values * frames <= run.config.explain.store_mb * 1e6 else ""

    @functools.cached_property
    def _compiled(self) -> tuple:
        """The two halves of the chain rule."""
        from vadjax.explain import cam

        run = self.run
        maps_of = cam.make_frame_fn(
            run.backbone,
            tap=self.tap,
            rows=run.config.features.tap,
            method=self.method,
            start=self._stage,
            micro_batch=self._micro_batch,
        )
        return cam.make_gradient_fn(self.model, self.objective), maps_of

    def _spread(self, maps: np.ndarray) -> np.ndarray:
        """Give the first frames that have no score of their own the first map."""
        maps[: self._filled] = maps[self._filled]
        return maps
