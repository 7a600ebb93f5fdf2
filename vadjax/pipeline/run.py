"""What the stages of one run share; everything heavy is made when first asked for."""

import dataclasses
import functools
import json
import pathlib
import threading
from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from ml_collections import ConfigDict

from vadjax import config as configs
from vadjax import data
from vadjax.data.splits import Fold, Part, make_folds
from vadjax.data.windows import window_span
from vadjax.errors import UserError
from vadjax.evaluation import schema
from vadjax.runtime import devices, processes
from vadjax.runtime.console import Console
from vadjax.storage import workdir as workdirs
from vadjax.storage.features import FeatureStore
from vadjax.storage.files import write_json

if TYPE_CHECKING:
    from vadjax.data.window_splits import WindowFold


class Memory:
    """What is computed once and kept, whichever thread asks for it first."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Any] = {}
        self._locks: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return what `make` returned when `key` was first asked for; others wait for it."""
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._kept:
                self._kept[key] = make()
            return self._kept[key]


@dataclasses.dataclass
class Run:
    """One config on one workdir.

    Attributes:
        config: validated.
        workdir: folder of the run, locked by the caller.
        console: where progress goes.
        command: how a person would start this again.
        memory: what is computed once for runs that share it; a sweep hands it from run to run.
    """

    config: ConfigDict
    workdir: pathlib.Path
    console: Console
    command: str = ""
    memory: Memory = dataclasses.field(default_factory=Memory)

    @functools.cached_property
    def cache(self) -> pathlib.Path:
        return pathlib.Path(self.config.features.cache_dir).expanduser()

    @functools.cached_property
    def environment(self) -> dict:
        return workdirs.environment(devices.describe())

    @functools.cached_property
    def dataset(self):
        return data.load(self.config.dataset, cache_dir=self.cache)

    @functools.cached_property
    def videos(self) -> dict:
        return {v.id: v for v in (*self.dataset.train, *self.dataset.test, *self.copies)}

    @functools.cached_property
    def copies(self) -> tuple:
        """Altered copies of abnormal frames, where the config asks for them; clips of their own."""
        d = self.config.dataset
        if d.augment == "none":
            return ()
        from vadjax.data import copies, window_splits

        videos = window_splits.used_videos(self.dataset, d.protocol)
        return copies.copies(videos, recipe=d.augment, like=self.dataset.copies_like)

    @property
    def by_window(self) -> bool:
        """The protocol deals out windows instead of clips: see windowed.py."""
        return self.config.dataset.protocol in configs.WINDOW_PROTOCOLS

    @functools.cached_property
    def span(self) -> int:
        return window_span(self.config.window.length, self.config.window.dilation)

    @functools.cached_property
    def window_fold(self) -> "WindowFold":
        """The one fold where `by_window`."""
        from vadjax.data.window_splits import make_window_fold

        window = self.config.window
        return make_window_fold(
            self.dataset,
            protocol=self.config.dataset.protocol,
            length=window.length,
            stride=window.stride,
            dilation=window.dilation,
            window_label=self.objective.window_label,
            copies=self.copies,
            seed=self.config.seed,
        )

    @functools.cached_property
    def folds(self) -> tuple[Fold, ...]:
        """The folds; where `by_window`, `window_fold`, of which all share index and stamps."""
        d = self.config.dataset
        if self.by_window:
            return (cast(Fold, self.window_fold),)
        return make_folds(
            self.dataset,
            protocol=d.protocol,
            holdout=d.holdout,
            num_folds=d.num_folds,
            window_span=self.span,
            seed=self.config.seed,
        )

    @functools.cached_property
    def backbone(self):
        return load_backbone(self.config, cache_dir=self.cache)

    @functools.cached_property
    def store(self) -> FeatureStore:
        from vadjax.features.extractor import features_spec

        return self.feature_store(features_spec(self.backbone, tap=self.config.features.tap))

    @functools.cached_property
    def motion_store(self) -> FeatureStore:
        from vadjax.features.motion import motion_spec

        return self.feature_store(motion_spec())

    def feature_store(self, spec: dict) -> FeatureStore:
        """Return the store of rows that are made as `spec` says, of this run's videos."""
        d = self.config.dataset
        root = " ".join(data.builder(d.name).identity(d).values())
        return FeatureStore(self.cache / "features" / d.name, {**spec, "root": root})

    @functools.cached_property
    def objective(self):
        return load_objective(self.config)

    @functools.cached_property
    def model(self):
        shape = self.store.read(next(iter(self.videos))).shape[1:]
        return load_model(self.config, self.objective, feature_shape=shape)

    def rows(self, part: Part) -> np.ndarray:
        """Return the stored rows of a part, [frames, ...]."""
        return self.store.read(part.video_id)[part.start : part.stop]

    def labels(self, part: Part) -> np.ndarray:
        """Return the part's labels, uint8 [frames]; those of an unlabelled training clip are 0."""
        labels = self.videos[part.video_id].labels
        if labels is None:
            labels = np.zeros(len(self.videos[part.video_id].frames), np.uint8)
        return labels[part.start : part.stop]

    def place_labels(self, part: Part) -> np.ndarray:
        """Return the abnormal share of each place of the stored maps, float16 [frames, h, w].

        Raises:
            UserError: the video has no masks, or the maps do not show whole frames.
        """
        from vadjax.data.masks import place_shares

        video, fit = self.videos[part.video_id], self.config.features.fit
        if fit not in ("stretch", "native"):
            raise UserError(
                f"masks are laid over whole frames, but features.fit is {fit!r}; set it to stretch."
            )
        if video.masks is None:
            raise UserError(
                f"objective 'segment' learns from masks, and {video.id} has none; set "
                "objective.name=classify, or dataset.masks_dir where the masks lie apart."
            )
        grid = self.store.read(video.id).shape[1:3]
        return place_shares(video.masks, grid)[part.start : part.stop]

    def detector_dir(self, fold: "Fold | WindowFold") -> pathlib.Path:
        return self.workdir / "detector" / f"fold{fold.index}"

    def read(self, name: str) -> dict:
        """Return a JSON file of the workdir.

        Raises:
            UserError: it is not there, with the stage that makes it.
        """
        made_by = {"metrics.json": "evaluate", "leakage.json": "train"}
        path = self.workdir / name
        if not path.is_file():
            raise UserError(f"{path} is missing; run --stage={made_by.get(name, 'all')} first.")
        content = json.loads(path.read_text(encoding="utf-8"))
        return schema.upgrade(content) if name == "metrics.json" else content

    @property
    def timing(self) -> dict:
        path = self.workdir / "timing.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}

    def note_timing(self, **values: float) -> None:
        """Keep measured times across the stages, which may run in processes of their own."""
        if not processes.is_first():
            return
        rounded = {k: round(float(v), 2) for k, v in values.items()}
        write_json(self.workdir / "timing.json", {**self.timing, **rounded})


def check_length(videos: Iterable, span: int) -> None:
    """Refuse videos that hold no window, before anything is made of them.

    Raises:
        UserError: with the first of them and their lengths.
    """
    short = [f"{v.id} ({len(v.frames)})" for v in videos if len(v.frames) < span]
    if short:
        raise UserError(
            f"{len(short)} video(s) to score are shorter than a window of {span} frames: "
            f"{', '.join(short[:5])}; lower window.length, or leave these videos out."
        )


def load_backbone(config: ConfigDict, *, cache_dir: pathlib.Path):
    """Create the backbone that `config.features` names."""
    from vadjax import backbones

    f = config.features
    size = (f.height, f.width) if f.height else None
    return backbones.create(
        f.backbone,
        weights=f.weights,
        size=size,
        preprocess=f.preprocess,
        fit=f.fit,
        cache_dir=str(cache_dir),
        dtype=f.dtype,
        last_stage=f.last_stage,
    )


def load_objective(config: ConfigDict):
    """Create the objective that `config.objective` names."""
    from vadjax.models import objectives

    settings = ConfigDict({**config.objective.to_dict(), "label_rule": config.window.label})
    return objectives.create(settings)


def load_model(config: ConfigDict, objective, *, feature_shape: tuple[int, ...]):
    """Create the model that `config.model` names, for rows of `feature_shape`."""
    from vadjax import models

    return models.create(config.model, feature_shape=feature_shape, objective=objective)
