"""extract -> train -> score -> evaluate -> report: one run, each stage alone or all.

The middle floor's folders know nothing of one another; this file hands arrays, variables and
paths from one to the next.
"""

import dataclasses
import functools
import json
import os
import pathlib
import time

import numpy as np
from ml_collections import ConfigDict

from vadjax import config as configs
from vadjax import devices
from vadjax.console import Console
from vadjax.errors import UserError
from vadjax.storage import workdir as workdirs
from vadjax.storage.files import write_json

ORDER = ("extract", "train", "score", "evaluate", "report")


def run(
    config: ConfigDict,
    workdir: pathlib.Path,
    *,
    stage: str = "all",
    command: str = "",
    quiet: bool = False,
) -> dict | None:
    """Run one stage, or all of them in order, on a locked workdir.

    Args:
      config: a validated config.
      workdir: folder of the run.
      stage: one of `ORDER`, or "all".
      command: how a person would start this again, for the report.
      quiet: print nothing.

    Returns:
      The metrics (`metrics.json`) where they exist when the run ends, else None.

    Raises:
      UserError: whatever the user can mend.
    """
    console = Console(quiet=quiet)
    identity = configs.identity(config)
    with workdirs.opened(workdir, config=config.to_dict(), identity=identity):
        devices.setup(config.features.cache_dir)
        this = Run(config, workdir, console, command)
        console.say(f"vadjax: {config.dataset.name}, {config.dataset.protocol}, in {workdir}")
        write_json(workdir / "environment.json", this.environment)
        names = ORDER if stage == "all" else (stage,)
        for number, name in enumerate(names, 1):
            start = time.perf_counter()
            console.say(f"[{number}/{len(names)}] {name}")
            _STAGES[name](this)
            this.time(name, time.perf_counter() - start)
        if stage in ("all", "evaluate", "report"):
            from vadjax.report import tables

            console.show(tables.summary(this.metrics()))
            console.say(f"report: {workdir / 'report.html'}")
    path = workdir / "metrics.json"
    return json.loads(path.read_text()) if path.is_file() else None


@dataclasses.dataclass
class Run:
    """What the stages share; everything heavy is made when first asked for."""

    config: ConfigDict
    workdir: pathlib.Path
    console: Console
    command: str = ""

    @functools.cached_property
    def cache(self) -> pathlib.Path:
        return pathlib.Path(self.config.features.cache_dir).expanduser()

    @functools.cached_property
    def environment(self) -> dict:
        return workdirs.environment(devices.describe())

    @functools.cached_property
    def dataset(self):
        from vadjax import data

        return data.load(self.config.dataset, cache_dir=self.cache)

    @functools.cached_property
    def videos(self) -> dict:
        return {v.id: v for v in (*self.dataset.train, *self.dataset.test)}

    @functools.cached_property
    def backbone(self):
        return load_backbone(self.config, cache_dir=self.cache)

    @functools.cached_property
    def store(self):
        from vadjax.features.extract import features_spec

        f = self.config.features
        return self._store(features_spec(self.backbone, tap=f.tap, dtype=f.dtype))

    @functools.cached_property
    def motion_store(self):
        from vadjax.features.motion import motion_spec

        return self._store(motion_spec())

    def _store(self, spec: dict):
        from vadjax.storage.features import FeatureStore

        d = self.config.dataset
        root = str(pathlib.Path(d.data_dir).resolve()) if d.name == "folder" else ""
        return FeatureStore(self.cache / "features" / d.name, {**spec, "root": root})

    @functools.cached_property
    def folds(self):
        from vadjax.data.splits import make_folds

        c = self.config
        return make_folds(
            self.dataset,
            protocol=c.dataset.protocol,
            holdout=c.dataset.holdout,
            num_folds=c.dataset.num_folds,
            window_span=(c.window.length - 1) * c.window.dilation + 1,
            seed=c.seed,
        )

    @functools.cached_property
    def objective(self):
        from vadjax.models import objectives

        c = self.config
        return objectives.create({**c.objective.to_dict(), "label_rule": c.window.label})

    @functools.cached_property
    def model(self):
        from vadjax import models

        shape = self.store.read(next(iter(self.videos))).shape[1:]
        return models.create(self.config.model, feature_shape=shape, objective=self.objective)

    def rows(self, part) -> np.ndarray:
        return self.store.read(part.video_id)[part.start : part.stop]

    def fold_name(self, fold) -> str:
        return f"fold{fold.index}" if len(self.folds) > 1 else ""

    def metrics(self) -> dict:
        return json.loads((self.workdir / "metrics.json").read_text(encoding="utf-8"))

    def timings(self) -> dict:
        path = self.workdir / "timing.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}

    def time(self, name: str, seconds: float, **more) -> None:
        before = self.timings()
        before[f"{name}_s"] = round(seconds, 2)
        write_json(self.workdir / "timing.json", {**before, **more})


def load_backbone(config: ConfigDict, *, cache_dir: pathlib.Path):
    """Create the backbone that `config.features` names."""
    from vadjax import backbones

    f = config.features
    size = (f.height, f.width) if f.height else None
    return backbones.create(
        f.backbone, weights=f.weights, size=size, fit=f.fit, cache_dir=cache_dir, dtype=f.dtype
    )


def extract(run: Run) -> None:
    """Frames -> features and motion measures in the store."""
    from vadjax.features.extract import extract as bring

    start = time.perf_counter()
    dataset = run.dataset
    frames = sum(len(v.frames) for v in run.videos.values())
    coverage = f" ({dataset.coverage})" if dataset.coverage else ""
    run.console.say(
        f"  {dataset.name}{coverage}: {len(dataset.train)} training and {len(dataset.test)} test "
        f"clips, {frames} frames, indexed in {time.perf_counter() - start:.1f} s"
    )
    for deviation in dataset.deviations:
        run.console.say(f"  note: {deviation.what}: {deviation.meaning}")
    backbone = run.backbone
    run.console.say(f"  {backbone.name}, weights: {backbone.weights_source}")
    with run.console.bar("frames", total=frames, unit="frames") as advance:
        done = bring(
            list(run.videos.values()),
            backbone=backbone,
            store=run.store,
            motion_store=run.motion_store,
            tap=run.config.features.tap,
            batch_size=run.config.features.batch_size,
            num_threads=os.cpu_count() or 1,
            report=lambda p: advance(p["frames"] + frames - p["total"]),
        )
    if done["frames"]:
        run.console.say(
            f"  {done['frames']} frames in {done['seconds']:.1f} s, {done['frames_per_s']:.1f}/s"
        )
        run.time("extract", done["seconds"], extract_frames_per_s=round(done["frames_per_s"], 1))
    else:
        run.console.say("  every video is in the store already")


def train(run: Run) -> None:
    """Features of the fitted clips -> variables, a fold each."""
    from vadjax.data import audit
    from vadjax.data.windows import window_table
    from vadjax.features.standardize import Standardizer
    from vadjax.storage.checkpoints import export_npz
    from vadjax.training.fit import TrainingData, fit

    c, w = run.config, run.config.window
    leakage = audit.audit_folds(run.folds, length=w.length, dilation=w.dilation, stride=w.stride)
    write_json(run.workdir / "leakage.json", leakage)
    run.console.say(f"  leakage audit: {leakage['verdict']}")
    total = {"compile_s": 0.0, "train_s": 0.0}
    for fold in run.folds:
        fitted = [run.rows(p) for p in fold.fit]
        standardizer = Standardizer.fit(fitted)
        parts = (*fold.fit, *fold.select)
        features = np.concatenate([standardizer.apply(run.rows(p)) for p in parts])
        lengths = [p.stop - p.start for p in parts]
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        cut = functools.partial(window_table, length=w.length, dilation=w.dilation)
        n = len(fold.fit)
        labels = None
        if run.objective.name == "classify":
            labels = np.concatenate([run.videos[p.video_id].labels[p.start : p.stop]
                                     if run.videos[p.video_id].labels is not None
                                     else np.zeros(p.stop - p.start, np.uint8) for p in parts])
        data = TrainingData(
            features=features,
            frame_labels=None if labels is None else labels.astype(np.int32),
            video_labels=None,
            train=cut(lengths[:n], stride=w.stride, starts=starts[:n]),
            select=cut(lengths[n:], stride=1, starts=starts[n:]),
        )
        name = run.fold_name(fold)
        where = f"fold {fold.index + 1}/{len(run.folds)}: " if name else ""
        run.console.say(
            f"  {where}{len(data.train.rows)} windows of {len(fold.fit)} clips fitted, "
            f"{len(data.select.rows)} of {len(fold.select)} for early stopping; compiling"
        )
        with run.console.bar("epochs", total=c.train.epochs, unit="epochs") as advance:
            result = fit(
                run.model,
                run.objective,
                data,
                c,
                workdir=run.workdir,
                name=name,
                report=lambda row, advance=advance: advance(
                    row["epoch"], f"loss {row['train_loss']:.4f}, held out {row['select_loss']:.4f}"
                ),
            )
        for key in total:
            total[key] += getattr(result, key)
        run.console.say(
            f"  {where}{result.stopped}; best epoch {result.best_epoch}, held-out loss "
            f"{result.best_metric:.4f}; {result.windows_per_s:.0f} windows/s, "
            f"compilation {result.compile_s:.1f} s"
        )
        folder = run.workdir / "detector" / (name or "fold0")
        export_npz(folder / "variables.npz", result.variables)
        write_json(folder / "standardizer.json", standardizer.to_dict())
    run.time("train", total["train_s"], train_compile_s=round(total["compile_s"], 2))


_STAGES = {"extract": extract, "train": train}
