"""What the stages of one run share; everything heavy is made when first asked for."""

import dataclasses
import functools
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from vadjax import data, detectors
from vadjax.data.arrays.new_array import New, in_memory
from vadjax.data.clip import Clip, without_frame_truth
from vadjax.data.splits.protocols import PROTOCOLS
from vadjax.data.splits.units import Fold, Segment, Units
from vadjax.data.splits.windows import window_span
from vadjax.data.video import Video
from vadjax.detectors.frontend import Frontend
from vadjax.detectors.inputs import taps_of
from vadjax.detectors.rules import Rules, read_rules
from vadjax.pipeline import run_folds, run_frames
from vadjax.pipeline.backbone import load_backbone
from vadjax.pipeline.known import Added, load_dataset
from vadjax.pipeline.memory import Memory
from vadjax.pipeline.metrics_file import read_metrics
from vadjax.pipeline.specs import scene_specs, tap_specs
from vadjax.runtime import devices, processes
from vadjax.runtime.console import Console
from vadjax.storage import artifacts
from vadjax.storage.environment import environment
from vadjax.storage.features import FeatureStore
from vadjax.storage.given_rows import GivenRows
from vadjax.storage.mirror import FeatureMirror

Spread = Callable[["Run", Sequence[Video]], None]


@dataclasses.dataclass
class Run:
    """One config on one workdir.

    Attributes:
        config: validated.
        workdir: folder of the run, locked by the caller.
        console: where progress goes.
        command: how a person would start this again.
        memory: what is computed once for runs that share it; a sweep hands it from run to run.
        known: training clips of before, which need not be there; none where they have to be.
        added: clips that were added to the detector, see `pipeline.added`.
        extractors: compiled ones of `backbone`, by their options.
        spread: extracts videos on other machines, see `fleet.extraction`; None: here.
    """

    config: ConfigDict
    workdir: pathlib.Path
    console: Console
    command: str = ""
    memory: Memory = dataclasses.field(default_factory=Memory)
    known: tuple[Video, ...] = ()
    added: tuple[Added, ...] = ()
    extractors: dict = dataclasses.field(default_factory=dict)
    spread: "Spread | None" = None

    @functools.cached_property
    def cache(self) -> pathlib.Path:
        """Folder of features, indexes and compiled programs."""
        return pathlib.Path(self.config.features.cache_dir).expanduser()

    @functools.cached_property
    def environment(self) -> dict:
        """Versions, machine and devices."""
        return environment(devices.describe())

    @functools.cached_property
    def dataset(self) -> Any:
        """The data set of `config.dataset`."""
        return load_dataset(self.config.dataset, cache_dir=self.cache, known=self.known)

    @functools.cached_property
    def videos(self) -> dict:
        """All videos by id: training, test, altered copies."""
        return {v.id: v for v in (*self.dataset.train, *self.dataset.test, *self.copies)}

    @functools.cached_property
    def copies(self) -> tuple:
        """Altered copies of what is trained on; see `run_folds.copies_of_run`."""
        return run_folds.copies_of_run(self)

    @property
    def protocol(self) -> Any:
        """The `data.splits.protocols.Protocol` of the config."""
        return PROTOCOLS[self.config.dataset.protocol]

    @property
    def of_windows(self) -> bool:
        """The protocol divides windows of clips, not whole clips."""
        return self.protocol.unit == "window"

    @property
    def gradient(self) -> bool:
        """The detector is trained by gradient, over windows."""
        return detectors.DETECTORS[self.config.detector.name].gradient

    @property
    def span(self) -> int:
        """Frames that the detector needs to score one."""
        window = self.config.window
        return window_span(window.length, window.dilation) if self.gradient else 1

    @property
    def shortest(self) -> int:
        """Frames that a clip has to have so that it can be scored."""
        return run_folds.shortest_clip(self)

    @functools.cached_property
    def folds(self) -> tuple[Fold, ...]:
        """What is trained on, validated on, calibrated on and tested on."""
        return self.with_copies(self.folds_without_copies)

    def with_copies(self, folds: Sequence[Fold]) -> tuple[Fold, ...]:
        """Add the altered copies of whole clips to what folds of whole clips train on."""
        return run_folds.with_copies(self, folds)

    @functools.cached_property
    def folds_without_copies(self) -> tuple[Fold, ...]:
        """The folds of the data set's own clips; see `run_folds.folds_of`."""
        return run_folds.folds_of(self)

    @functools.cached_property
    def rules(self) -> Rules:
        """The rules of `config.score.rules`, which change the scores of the detector."""
        return read_rules(self.config.score.rules)

    @functools.cached_property
    def detector(self) -> Any:
        """The detector of `config.detector`."""
        return self.make_detector(self.config.detector.name)

    def make_detector(self, name: str) -> Any:
        """Return another detector over the same inputs, such as a baseline."""
        return detectors.create(name, self.config, frontend=self.frontend)

    @functools.cached_property
    def frontend(self) -> Frontend:
        """Turns frames into the inputs of detectors."""
        return Frontend(
            self.config,
            lambda: self.backbone,
            crops=lambda: self.crop_backbone,
            reference=lambda: self.reference,
        )

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs that are extracted; see `run_frames.inputs_of`."""
        return run_frames.inputs_of(self)

    @property
    def pictures(self) -> bool:
        """The data set has frames to be seen; else its features are given."""
        return self._input_kind != "features"

    @property
    def unit(self) -> str:
        """What the data set consists of: a "frame" of video, or an "image" by itself."""
        return "image" if self._input_kind == "images" else "frame"

    @property
    def _input_kind(self) -> str:
        return data.builder(self.config.dataset.name).input_kind

    @property
    def taps(self) -> dict[str, str]:
        """The inputs that the backbone makes, with the tap of each; empty where none is read."""
        if not self.pictures:
            return {}
        # Not `inputs`, which asks for the videos: a trained detector needs none of them.
        return taps_of(self.detector.inputs, features=self.config.features.tap)

    @functools.cached_property
    def backbone(self) -> Any:
        """The backbone of `config.features`."""
        return load_backbone(self.config, cache_dir=self.cache, size=self.input_size)

    @functools.cached_property
    def crop_backbone(self) -> Any:
        """The backbone of `config.features` for crops of moving bodies."""
        return run_frames.crop_backbone(self)

    @functools.cached_property
    def reference(self) -> Any:
        """What detector scene knows of the camera, learnt from the training clips."""
        return run_frames.learn_camera(self)

    @functools.cached_property
    def frame_shapes(self) -> list[tuple[tuple[int, int], int]]:
        """(height, width) of the training frames and how many there are, the commonest first."""
        return run_frames.frame_shapes(self.dataset.train or self.dataset.test)

    @functools.cached_property
    def input_size(self) -> tuple[int, int] | None:
        """Height and width of the backbone's input in pixels; None is the checkpoint's own."""
        return run_frames.input_size(self)

    @property
    def preprocess(self) -> Any:
        """How frames become inputs of the backbone; None where the detector does not read it."""
        return self.backbone.preprocess if self.taps else None

    @functools.cached_property
    def tap_specs(self) -> dict[str, dict]:
        """What the rows of each tap depend on."""
        return tap_specs(self.backbone, self.taps, detector=self.config.detector.name)

    @functools.cached_property
    def tap_stores(self) -> dict[str, FeatureStore]:
        """Rows of each tap of the backbone that an input names."""
        return {tap: self.feature_store(spec) for tap, spec in self.tap_specs.items()}

    @property
    def store(self) -> FeatureStore | GivenRows:
        """Rows of the input "features"."""
        return self.tap_stores[self.config.features.tap] if self.pictures else GivenRows()

    @functools.cached_property
    def motion_store(self) -> FeatureStore:
        """Motion measures."""
        from vadjax.features.motion import motion_spec

        return self.feature_store(motion_spec())

    @functools.cached_property
    def scene_stores(self) -> dict[str, FeatureStore]:
        """Cells and windows of detector scene."""
        specs = scene_specs(self.reference, self.frontend)
        return {name: self.feature_store(spec) for name, spec in specs.items()}

    @functools.cached_property
    def stores(self) -> dict[str, Any]:
        """Return the store of each of the run's inputs."""
        if not self.pictures:
            return dict.fromkeys(self.inputs, GivenRows())
        stores: dict[str, Any] = {name: self.tap_stores[tap] for name, tap in self.taps.items()}
        stores |= {"motion": self.motion_store} if "motion" in self.inputs else {}
        return stores | (self.scene_stores if "cells" in self.inputs else {})

    @functools.cached_property
    def mirror(self) -> FeatureMirror | None:
        """The copy of the feature store in an object store, where the config names one."""
        address = self.config.features.mirror
        return FeatureMirror(address, self.cache / "features") if address else None

    def feature_store(self, spec: dict) -> FeatureStore:
        """Return the store of rows that are made as `spec` says, of videos of this data set."""
        return FeatureStore(self.cache / "features" / self.config.dataset.name, spec)

    def read(self, name: str, segment: Segment) -> np.ndarray:
        """Return stored rows.

        Args:
            name: of an input.
            segment: which frames.

        Returns:
            [frames, ...], memory-mapped.
        """
        return self.stores[name].read(self.videos[segment.video_id])[segment.start : segment.stop]

    def clips(self, units: Units, fold: Fold, *, new_maps: New = in_memory) -> list[Clip]:
        """Return the clips of one of a fold's tables.

        Args:
            units: the table.
            fold: that it belongs to.
            new_maps: see `data.clip.Clip`.

        Returns:
            See `data.clip.clips_of`.
        """
        return run_folds.clips_of_units(self, units, fold, new_maps)

    @functools.cached_property
    def videos_without_truth(self) -> dict:
        """All videos as a detector sees them that learns from labels of videos."""
        return {name: without_frame_truth(video) for name, video in self.videos.items()}

    @property
    def metrics(self) -> dict:
        """metrics.json as it lies in the workdir, with today's keys.

        Raises:
            UserError: it is missing or damaged.
        """
        return read_metrics(self.workdir)

    def add_timing(self, **seconds: float) -> None:
        """Keep measured seconds in timing.json; the first of several processes does it."""
        if processes.is_first():
            artifacts.add_timing(self.workdir, **seconds)
