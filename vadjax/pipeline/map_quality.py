"""The maps of a run against masks, deletion and randomised weights: `explain` of metrics.json."""

import functools
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from vadjax.data.clip import segment_name
from vadjax.data.scored_video import ScoredVideo
from vadjax.data.splits.units import Fold, Segment
from vadjax.explain import map_measures
from vadjax.explain.maps import to_frame
from vadjax.pipeline.anomaly_maps import AnomalyMaps
from vadjax.pipeline.run import Run
from vadjax.storage import artifacts

NO_MASKS = "no scored abnormal frame of a labelled test video has a mask"
ALL_OR_NOTHING = "the mask of every judged frame is empty or the whole frame"
BACKGROUND = 15  # frames of a video whose median is its background

NO_MOTION = "single images have no motion"
NO_BACKGROUND = "of a single image it is not known what is behind what would be deleted"
OWN_MAPS = "the maps come with the scores, from no network that could be asked again"

NUM_KEPT = 24  # frames for what takes the network again
# A frame's windows of the deletion: as it is, and for each rival and chance.
NUM_WINDOWS = 1 + (len(map_measures.RIVALS) + 1) * len(map_measures.FRACTIONS)

Chosen = Mapping[str, list[int]]  # test video -> frames


class Tested(NamedTuple):
    """A test video of a fold: its segment, and its scores."""

    fold: Fold
    segment: Segment
    scored: ScoredVideo


def tested(run: Run) -> dict[str, Tested]:
    """Return test video -> its fold, segment and scores."""
    scored = {video.id: video for video in artifacts.read_scores(run.workdir).test}
    return {
        name: Tested(fold, segment, scored[name])
        for fold in run.folds
        for segment in fold.test.segments
        if (name := segment_name(segment, run.videos[segment.video_id])) in scored
    }


def choose(run: Run, count: int) -> Chosen:
    """Choose abnormal, scored frames of videos with masks, evenly spaced.

    Args:
        run: that was scored.
        count: at most so many.

    Returns:
        Test video -> frames.
    """
    candidates, first = [], run.span - 1
    for name, (_, segment, scored) in tested(run).items():
        if run.videos[segment.video_id].masks is not None and scored.labels is not None:
            abnormal = np.flatnonzero(scored.labels == 1)
            candidates += [(name, segment.start + int(i)) for i in abnormal if i >= first]
    some = np.linspace(0, len(candidates) - 1, min(count, len(candidates))).round().astype(int)
    chosen: dict[str, list[int]] = {}
    for name, frame in (candidates[i] for i in some):
        chosen.setdefault(name, []).append(frame)
    return chosen


class MapQuality:
    """Measures how good the maps of a run are: against masks, deletion and random weights.

    Args:
        run: of which every stage up to `evaluate` is done.
        maker: that made the maps; None where the detector gives them with its scores.
        maps: test video -> float [t, h, w].
        few: the frames that `maker` kept, for what takes the network again.
    """

    def __init__(
        self, run: Run, maker: AnomalyMaps | None, maps: Mapping[str, np.ndarray], few: Chosen
    ):
        self.run, self.maker, self.maps, self.few = run, maker, maps, few
        self.tested = tested(run)

    def __call__(self) -> tuple[dict, dict[str, str]]:
        """Return the part `explain` of metrics.json, and the reason for each null in it."""
        chosen = choose(self.run, self.run.config.explain.num_judged)
        measures, counts = map_measures.by_masks(self._with_masks(chosen))
        why = ALL_OR_NOTHING if counts["left_out"] else self._none("num_judged")
        made = {"method": "detector", "tap": None}
        if self.maker is not None:
            made = {"method": self.maker.method, "tap": self.maker.tap}
        part = {**made, **counts, **measures}
        reasons = {f"explain.{measure}": why for measure in map_measures.PLACES}
        reasons["explain.tap"] = OWN_MAPS
        if self.run.unit == "image":
            for measure in map_measures.PLACES:
                if measures[measure]:
                    part[measure] = {**measures[measure], "motion": None}
                    reasons[f"explain.{measure}.motion"] = NO_MOTION
        for name, make in (("deletion", self._deletion), ("sanity", self._sanity)):
            off = None, self._none("num_judged") if self.maker else OWN_MAPS
            asked = self.few and self.maker is not None
            part[name], reasons[f"explain.{name}"] = make() if asked else off
        return part, reasons

    @property
    def _asked(self) -> AnomalyMaps:
        """The maker, of which more is asked than its maps."""
        assert self.maker is not None  # the caller has looked
        return self.maker

    def _none(self, key: str) -> str:
        """Say why no frame was chosen."""
        return NO_MASKS if self.run.config.explain[key] else f"explain.{key} is 0"

    def _frames(self, chosen: Chosen) -> Iterator[tuple]:
        """Yield (name, frame's number, frame, {rival: map at the frame's size}) of each frame."""
        for name, frames in chosen.items():
            segment = self.tested[name].segment
            video = self.run.videos[segment.video_id]
            for number in frames:
                before = video.frames[max(number - 1, 0)]
                frame = video.frames[number]
                values = self.maps[name][number - segment.start].astype(np.float32)
                height, width = values.shape
                grids = {
                    "value": values,
                    "centre": map_measures.centre_prior((height, width)),
                    "motion": map_measures.difference_map(before, frame, (height, width)),
                }
                yield name, number, frame, self._to_frame(grids, frame)

    def _to_frame(self, grids: dict[str, np.ndarray], frame: np.ndarray) -> dict[str, np.ndarray]:
        maps = to_frame(np.stack(list(grids.values())), self.run.preprocess, frame.shape)
        return dict(zip(grids, maps, strict=True))

    def _with_masks(self, chosen: Chosen) -> Iterator[tuple]:
        for name, number, _, rivals in self._frames(chosen):
            yield name, self.run.videos[self.tested[name].segment.video_id].masks[number], rivals

    def _deletion(self) -> tuple[dict | None, str]:
        """Delete what maps show; of few frames alone the figure is noise, so of all kept or none.

        On Ped2 four frames put an LSTM's maps well before chance (.91 against 1.03), 24 behind it.
        """
        if self.run.unit == "image":
            return None, NO_BACKGROUND
        preprocess, span = self.run.backbone.preprocess, self.run.config.window.length
        kept, limit = sum(map(len, self.few.values())), self.run.config.explain.deletion_images
        if (needed := kept * span * NUM_WINDOWS) > limit:
            return None, (
                f"{kept} frames with windows of {span} take {needed} images through the network, "
                f"more than explain.deletion_images={limit}"
            )
        if preprocess.reader() is not preprocess:
            return None, (
                f"an image of backbone {self.run.backbone.name} is made of several frames: to "
                "delete something in one of them makes motion"
            )
        found, random = [], np.random.default_rng(0)
        for name, number, frame, rivals in self._frames(self.few):
            noise = random.random((1, *self.maps[name].shape[1:]), np.float32)
            rivals["chance"] = to_frame(noise, preprocess, frame.shape)[0]
            segment = self.tested[name].segment
            rows = self._asked.windows(np.array([number]), segment)[0] + segment.start
            window = np.stack([self.run.videos[segment.video_id].frames[i] for i in rows])
            score = functools.partial(self._score, self.tested[name].fold)
            left = map_measures.deletion(window, self._background(name), rivals, score)
            found += [left] if left is not None else []
        if not found:
            return None, "every frame that was chosen has the score 0"
        means = {rival: float(np.mean([row[rival] for row in found])) for rival in found[0]}
        return {**means, "frames": len(found)}, ""

    def _sanity(self) -> tuple[dict | None, str]:
        """Compare the maps with those under a model that was never trained."""
        import jax

        model, window = self._asked.model, self.run.config.window.length
        zeros = np.zeros((1, window, *model.feature_shape), np.float32)
        ours: list[np.ndarray] = []
        theirs: list[np.ndarray] = []
        for fold in self.run.folds:
            segments = {
                name: segment
                for name, (own, segment, _) in self.tested.items()
                if name in self.few and own is fold
            }
            if not segments:
                continue
            fresh = model.init(jax.random.key(fold.index), zeros)["params"]
            variables = {**self._asked.trained(fold).variables, "params": fresh}
            for name, maps in self._asked.again(fold, segments, variables).items():
                trained = self.maps[name][np.asarray(self.few[name]) - segments[name].start]
                ours += [*trained]
                theirs += [*maps]
        value = map_measures.rank_correlation(ours, theirs)
        if value is None:
            return None, "the maps of every frame that was chosen have no differences"
        return {"correlation": value, "frames": len(ours)}, ""

    @functools.lru_cache(maxsize=1)  # noqa: B019 the object lives as long as the stage
    def _background(self, name: str) -> np.ndarray:
        frames = self.run.videos[self.tested[name].segment.video_id].frames
        some = np.linspace(0, len(frames) - 1, min(BACKGROUND, len(frames))).astype(int)
        return np.median([frames[i] for i in some], axis=0).astype(np.uint8)

    def _score(self, fold: Fold, windows: np.ndarray) -> np.ndarray:
        """Score windows of frames [n, t, h, w(, 3)]."""
        extractor, scores = self._network
        frames = windows.reshape(-1, *windows.shape[2:])
        images = np.stack([self.run.backbone.preprocess(frame) for frame in frames])
        size = extractor.batch_size
        index = np.arange(-(-len(images) // size) * size).reshape(-1, size) % len(images)
        [tap] = extractor.taps
        batches = [np.asarray(extractor(images[at])[tap]) for at in index]
        rows = np.concatenate(batches)[: len(images)]
        variables, standardizer = self._asked.trained(fold)
        rows = standardizer.apply(rows.reshape(*windows.shape[:2], *rows.shape[1:]))
        return np.asarray(scores(variables, rows))

    @functools.cached_property
    def _network(self) -> tuple:
        import jax

        from vadjax.explain.cam import window_score
        from vadjax.features.extractor import Extractor

        run = self.run
        model, objective = self._asked.model, self._asked.objective

        @jax.jit
        def scores(variables, windows):
            return window_score(model, objective, variables)(windows)

        f = run.config.features
        return Extractor(run.backbone, taps=(f.tap,), batch_size=f.batch_size), scores
