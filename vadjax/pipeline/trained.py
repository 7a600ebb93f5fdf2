"""A detector that a run has left behind, ready for new videos."""

import dataclasses
import functools
import os
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from vadjax import config as configs
from vadjax import data
from vadjax.data.arrays.new_array import New, in_memory
from vadjax.data.clip import Clip
from vadjax.data.scored_video import ScoredVideo
from vadjax.data.splits.units import Segment, Units
from vadjax.data.video import Video
from vadjax.detectors.abilities import Doubter, Explainer
from vadjax.detectors.rules import RuledStream, Rules
from vadjax.errors import UserError
from vadjax.evaluation.decisions import decide
from vadjax.pipeline.findings import doubts, with_findings
from vadjax.pipeline.fold_mean import MeanStream, mean_video
from vadjax.pipeline.lengths import check_length
from vadjax.pipeline.make_rows import extract_taps
from vadjax.pipeline.run import Run
from vadjax.pipeline.score import score_clips
from vadjax.pipeline.sensitivity import Asked, asked_threshold
from vadjax.pipeline.specs import scene_specs
from vadjax.runtime import devices
from vadjax.runtime.console import Console
from vadjax.storage import artifacts
from vadjax.storage import workdir as workdirs
from vadjax.storage.features import FeatureStore
from vadjax.storage.given_rows import GivenRows


class TrainedDetector:
    """Scores new videos with the detector of a finished run.

    A run of several folds (protocol by_video) has left several detectors: a frame's score is the
    mean of theirs, and so are its map, its parts and the threshold.

    Args:
        workdir: folder of a run whose stage `evaluate` has been done.
        console: where progress goes; None prints nothing.
        command: how a person would start this again.
        threshold: a score, in place of the run's threshold; None is the run's.
        sensitivity: "low", "medium", "high", or a number of false alarms an hour, in place of it.

    Raises:
        UserError: there is no trained detector, or its backbone's weights have changed.
    """

    def __init__(
        self,
        workdir: str | os.PathLike,
        *,
        console: Console | None = None,
        command: str = "",
        threshold: float | None = None,
        sensitivity: str = "",
    ):
        self.workdir = pathlib.Path(workdir)
        config = configs.of_saved(workdirs.read_config(self.workdir))
        devices.setup(config.features.cache_dir)
        devices.check()
        self.run = Run(config, self.workdir, console or Console(quiet=True), command)
        self.metrics = self.run.metrics
        if configs.follows_frames(config) and (size := self.metrics["detector"].get("size")):
            config.features.height, config.features.width = size  # that of the training frames
        known = self.metrics["detector"].get("weights_sha256")
        if self.run.taps and self.run.backbone.weights_sha256 != known:
            raise UserError(
                f"the weights of {self.run.backbone.name} are others than those that "
                f"{self.workdir} was trained with ({self.run.backbone.weights_source}); give it "
                "the same file."
            )
        self.doubts: list[str] = []  # of the videos that were scored last
        self.stores = self.run.cache / "features" / "detect"  # folder of what videos were read as
        self.asked: Asked | None = None
        if threshold is not None or sensitivity:
            held_out = artifacts.read_scores(self.workdir).calibration
            self.asked = asked_threshold(held_out, threshold=threshold, sensitivity=sensitivity)

    @classmethod
    def load(cls, workdir: str | os.PathLike) -> "TrainedDetector":
        """Return the detector of a finished run; the same as the constructor, without output."""
        return cls(workdir)

    @functools.cached_property
    def states(self) -> list[Any]:
        """The state of each fold's detector."""
        count = artifacts.num_states(self.workdir)
        if not count:
            raise UserError(f"no trained detector in {self.workdir}; run vadjax.main on it first.")
        return [artifacts.read_state(self.workdir, fold) for fold in range(count)]

    @property
    def threshold(self) -> float | None:
        """Score from which a frame is called abnormal; None where the run has none."""
        if self.asked is not None:
            return self.asked.value
        values = self.metrics["threshold"]["values"]
        return None if None in values else float(np.mean(values))

    def threshold_part(self) -> dict:
        """Return the part `threshold` of a page about unlabelled videos."""
        own, asked, value = self.metrics["threshold"], self.asked, self.threshold
        part = {key: own.get(key) for key in ("rule", "expected", "fallback")}
        if asked is not None:
            part = {"rule": asked.rule, "expected": None, "fallback": None}
            if asked.expected is not None and not asked.expected.reason:
                part["expected"] = {**asked.expected._asdict(), "asked": None, "cross_fit": 0}
        return {**part, "value": value, "values": [value]}

    def check_pictures(self) -> None:
        """Refuse to score frames by a detector that was trained on given features.

        Raises:
            UserError: it was; which network made these features is not known.
        """
        if not self.run.pictures:
            raise UserError(
                f"{self.workdir} was trained on feature files, and its detector scores no videos: "
                "extract their features as those were, and give them as feature files with "
                "dataset.name=features."
            )

    def score(self, path: str | os.PathLike, *, fps: float | None = None) -> ScoredVideo:
        """Score one video.

        Args:
            path: a video file or a folder of images.
            fps: frames a second of a video that does not say its own.

        Returns:
            The scores, with the run's threshold and the alarms.

        Raises:
            UserError: the video cannot be read, or is too short.
        """
        return self.score_videos([with_fps(data.open_video(path), fps)])[0]

    def score_videos(
        self,
        videos: Sequence[Video],
        *,
        report: Callable[[dict], None] = lambda progress: None,
        new_maps: New = in_memory,
        known: Callable[[Video], ScoredVideo] | None = None,
    ) -> list[ScoredVideo]:
        """Score videos; their features are kept in the cache.

        Args:
            videos: opened.
            report: called with {"frames", "total"} as frames are extracted.
            new_maps: see `data.clip.Clip`; for detectors that give maps with their scores.
            known: returns the scores of a video where they are known (`fleet.detection`).

        Returns:
            A record for each video, with the run's threshold and the alarms.

        Raises:
            UserError: a video cannot be read, or is too short.
        """
        check_length(videos, self.run.shortest)
        says_more = isinstance(self.run.detector, (Doubter, Explainer))
        stores = self._extract(videos, report) if known is None or says_more else {}
        by_id = {kept.id: kept for kept in map(stored, videos)}

        def read(name: str, segment: Segment) -> np.ndarray:
            return stores[name].read(by_id[segment.video_id])[segment.start : segment.stop]

        clips = []
        for video in videos:
            kept = stored(video)
            units = Units((Segment(kept.id, 0, len(kept.frames)),))
            clips.append(Clip(video.id, units, (kept,), read, new_maps=new_maps))
        self.doubts = doubts(self.run.detector, self.states[0], clips)
        if known is None:
            by_fold = [score_clips(self.run, state, clips) for state in self.states]
            means = [mean_video(one, new_maps=new_maps) for one in zip(*by_fold, strict=True)]
        else:
            means = [known(video) for video in videos]
        decided = [decide(video, self.threshold) for video in means]
        return [
            with_findings(self.run, self.states[0], clip, video)
            for clip, video in zip(clips, decided, strict=True)
        ]

    def stream(self, *, fps: float | None = None) -> "MeanStream":
        """Return an object that scores one video frame by frame.

        Args:
            fps: frames a second of the video; detector scene reads it, and takes that of training
                where it is None.

        Returns:
            The stream.

        Raises:
            UserError: the detector needs the whole video, or was trained on feature files.
        """
        self.check_pictures()
        detector = self.run.detector
        rate = {"fps": fps} if "cells" in detector.inputs else {}
        with self.run.frontend.sharing():  # each frame is measured once for all folds
            streams = [detector.stream(state, **rate) for state in self.states]
        if (rules := self.run.rules) != Rules():
            streams = [RuledStream(stream, rules, fps=fps) for stream in streams]
        return MeanStream(streams)

    def _extract(self, videos: Sequence[Video], report: Callable[[dict], None]) -> dict[str, Any]:
        """Extract what the detector reads; return the store of each input."""
        if not self.run.pictures:
            return dict.fromkeys(self.run.detector.inputs, GivenRows())
        try:
            return self._extract_stored([stored(video) for video in videos], report)
        except UserError as error:  # says the names of the store, which nobody has seen
            said = str(error)
            for video in videos:
                said = said.replace(stored(video).id, video.id)
            raise UserError(said) from None

    def _extract_stored(
        self, videos: Sequence[Video], report: Callable[[dict], None]
    ) -> dict[str, Any]:
        run = self.run
        threads, stores = os.cpu_count() or 1, dict[str, Any]()
        if "motion" in run.detector.inputs:
            from vadjax.features.measure_motion import measure_motion
            from vadjax.features.motion import motion_spec

            stores["motion"] = self._store(motion_spec())
            measure_motion(videos, store=stores["motion"], num_threads=threads, report=report)
        if "cells" in run.detector.inputs:
            from vadjax.features.scene.extract import measure_scene
            from vadjax.features.scene.reference import Reference

            reference = Reference.from_arrays(self.states[0]["reference"])
            specs = scene_specs(reference, run.frontend)
            stores |= {name: self._store(spec) for name, spec in specs.items()}
            measure_scene(
                videos,
                reference=reference,
                looks=run.frontend.looks,
                objects=run.frontend.objects,
                stores={name: stores[name] for name in specs},
                fps=self.states[0]["fps"],
                num_threads=threads,
                report=report,
            )
        if run.taps:
            by_tap = {tap: self._store(spec) for tap, spec in run.tap_specs.items()}
            extract_taps(run, videos, stores=by_tap, report=report)
            stores |= {name: by_tap[tap] for name, tap in run.taps.items()}
        return stores

    def _store(self, spec: dict) -> FeatureStore:
        return FeatureStore(self.stores, spec)


def stored(video: Video) -> Video:
    """Return the video under an id that no other video has: two files may share their names.

    Its end is the name of the file alone: what `detect` calls the video depends on the others.
    """
    name = video.id.rpartition("/")[2]
    return dataclasses.replace(video, id=f"test/{video.fingerprint}/{name}")


def with_fps(video: Video, fps: float | None) -> Video:
    """Give a video a frame rate where it does not say its own.

    Args:
        video: opened.
        fps: frames a second, or None.

    Returns:
        The video.
    """
    if video.fps is None and fps:
        return dataclasses.replace(video, fps=fps, fps_assumed=True)
    return video
