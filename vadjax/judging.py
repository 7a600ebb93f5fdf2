"""The maps of a run against masks, deletion and randomised weights: `explain` of metrics.json."""

import functools
from collections.abc import Iterator, Mapping

import numpy as np

from vadjax.context import Run
from vadjax.data.splits import Fold, Part
from vadjax.explain import judge
from vadjax.explain.maps import to_frame
from vadjax.mapper import Mapper
from vadjax.results import read_scores

NO_MASKS = "no scored abnormal frame of a labelled test video has a mask"
ALL_OR_NOTHING = "the mask of every judged frame is empty or the whole frame"
BACKGROUND = 15  # frames of a video whose median is its background

Chosen = Mapping[str, list[int]]  # test video -> frames


def parts_of(run: Run) -> dict[str, tuple[Fold, Part]]:
    """Return test video -> (fold, part)."""
    scored = zip(run.folds, read_scores(run, "test"), strict=True)
    return {n: (f, p) for f, s in scored for n, p in zip(s, f.test, strict=True)}


def choose(run: Run, count: int) -> Chosen:
    """Return at most `count` abnormal, scored frames of videos with masks, evenly spaced."""
    found, first = [], run.span - 1
    for name, (_, part) in parts_of(run).items():
        video = run.videos[part.video_id]
        if video.masks is not None and video.labels is not None:
            abnormal = np.flatnonzero(run.labels(part) == 1)
            found += [(name, part.start + int(i)) for i in abnormal if i >= first]
    picked = np.linspace(0, len(found) - 1, min(count, len(found))).round().astype(int)
    chosen: dict[str, list[int]] = {}
    for name, frame in (found[i] for i in picked):
        chosen.setdefault(name, []).append(frame)
    return chosen


class Judging:
    """Judges the maps of a run.

    Args:
        run: of which every stage up to `evaluate` is done.
        mapper: that made the maps.
        maps: test video -> float [t, h, w].
        few: the frames that `mapper` kept, for what takes the network again.
    """

    def __init__(self, run: Run, mapper: Mapper, maps: Mapping[str, np.ndarray], few: Chosen):
        self.run, self.mapper, self.maps, self.few = run, mapper, maps, few
        self.parts = parts_of(run)

    def __call__(self) -> tuple[dict, dict[str, str]]:
        """Return the part `explain` of metrics.json, and the reason for each null in it."""
        chosen = choose(self.run, self.run.config.explain.num_judged)
        measures, counts = judge.by_masks(self._with_masks(chosen))
        why = ALL_OR_NOTHING if counts["left_out"] else self._none("num_judged")
        part = {"method": self.mapper.method, "tap": self.mapper.tap, **counts, **measures}
        reasons = {f"explain.{measure}": why for measure in judge.PLACES}
        for name, make in (("deletion", self._deletion), ("sanity", self._sanity)):
            off = None, self._none("num_deleted")
            part[name], reasons[f"explain.{name}"] = make() if self.few else off
        return part, reasons

    def _none(self, key: str) -> str:
        """Say why no frame was chosen."""
        return NO_MASKS if self.run.config.explain[key] else f"explain.{key} is 0"

    def _frames(self, chosen: Chosen) -> Iterator[tuple]:
        """Yield (name, frame's number, frame, {rival: map at the frame's size}) of each frame."""
        for name, frames in chosen.items():
            part = self.parts[name][1]
            video = self.run.videos[part.video_id]
            for number in frames:
                before = video.frames[max(number - 1, 0)]
                frame = video.frames[number]
                values = np.float32(self.maps[name][number - part.start])
                grids = {
                    "value": values,
                    "centre": judge.centre_prior(values.shape),
                    "motion": judge.difference_map(before, frame, values.shape),
                }
                yield name, number, frame, self._to_frame(grids, frame)

    def _to_frame(self, grids: dict[str, np.ndarray], frame: np.ndarray) -> dict[str, np.ndarray]:
        maps = to_frame(np.stack(list(grids.values())), self.run.backbone.preprocess, frame.shape)
        return dict(zip(grids, maps, strict=True))

    def _with_masks(self, chosen: Chosen) -> Iterator[tuple]:
        for name, number, _, rivals in self._frames(chosen):
            yield name, self.run.videos[self.parts[name][1].video_id].masks[number], rivals

    def _deletion(self) -> tuple[dict | None, str]:
        """Delete what maps show in the scored frame alone; the other rows of its window stay."""
        preprocess = self.run.backbone.preprocess
        if preprocess.reader() is not preprocess:
            return None, (
                f"an image of backbone {self.run.backbone.name} is made of several frames: to "
                "delete something in one of them makes motion"
            )
        found, random = [], np.random.default_rng(0)
        for name, number, frame, rivals in self._frames(self.few):
            noise = random.random((1, *self.maps[name].shape[1:]), np.float32)
            rivals["chance"] = to_frame(noise, preprocess, frame.shape)[0]
            score = functools.partial(self._score, name, number)
            left = judge.deletion(frame, self._background(name), rivals, score)
            found += [left] if left is not None else []
        if not found:
            return None, "every frame that was chosen has the score 0"
        means = {rival: float(np.mean([row[rival] for row in found])) for rival in found[0]}
        return {**means, "frames": len(found)}, ""

    def _sanity(self) -> tuple[dict | None, str]:
        """Compare the maps with those under a model that was never trained."""
        import jax

        model, window = self.run.model, self.run.config.window.length
        pairs = []
        for name, frames in self.few.items():
            fold, part = self.parts[name]
            zeros = np.zeros((1, window, *model.feature_shape), np.float32)
            fresh = model.init(jax.random.key(fold.index), zeros)["params"]
            variables = {**self.mapper.detector(fold)[0], "params": fresh}
            trained = self.maps[name][np.asarray(frames) - part.start]
            pairs += zip(trained, self.mapper.again(fold, part, name, variables), strict=True)
        value = judge.rank_correlation(*zip(*pairs, strict=True))
        if value is None:
            return None, "the maps of every frame that was chosen have no differences"
        return {"correlation": value, "frames": len(pairs)}, ""

    @functools.lru_cache(maxsize=1)  # noqa: B019 the object lives as long as the stage
    def _background(self, name: str) -> np.ndarray:
        frames = self.run.videos[self.parts[name][1].video_id].frames
        some = np.linspace(0, len(frames) - 1, min(BACKGROUND, len(frames))).astype(int)
        return np.median([frames[i] for i in some], axis=0).astype(np.uint8)

    def _score(self, name: str, number: int, frames: np.ndarray) -> np.ndarray:
        """Score frames [n, h, w(, 3)] in the place of one frame of a video."""
        fold, part = self.parts[name]
        extractor, scores = self._network
        images = np.stack([self.run.backbone.preprocess(frame) for frame in frames])
        fill = np.arange(-(-len(images) // extractor.batch_size) * extractor.batch_size)
        batches = images[fill % len(images)].reshape(-1, extractor.batch_size, *images.shape[1:])
        rows = np.concatenate([np.asarray(extractor(batch)) for batch in batches])[: len(images)]
        window = self.run.rows(part)[self.mapper.windows(np.array([number]), part)]
        windows = np.repeat(window, len(rows), axis=0)
        windows[:, -1] = rows
        variables, standardizer = self.mapper.detector(fold)
        return np.asarray(scores(variables, standardizer.apply(windows)))

    @functools.cached_property
    def _network(self) -> tuple:
        import jax

        from vadjax.explain.cam import window_score
        from vadjax.features.extract import Extractor

        run = self.run

        @jax.jit
        def scores(variables, windows):
            return window_score(run.model, run.objective, variables)(windows)

        batch_size = 1 + (len(judge.RIVALS) + 1) * len(judge.FRACTIONS)
        return Extractor(run.backbone, tap=run.config.features.tap, batch_size=batch_size), scores
