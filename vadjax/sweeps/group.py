"""Runs that share shapes, trained as one population; each leaves an ordinary workdir."""

import dataclasses
import functools
import json
import pathlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from vadjax import config as configs
from vadjax import detector, results, stages
from vadjax.console import Console
from vadjax.context import Run
from vadjax.data.splits import Fold, Part
from vadjax.data.windows import WindowTable, window_table
from vadjax.errors import UserError
from vadjax.features.standardize import Standardizer
from vadjax.storage import workdir as workdirs
from vadjax.storage.files import whole, write_json
from vadjax.sweeps.plan import Spec
from vadjax.training.inputs import TrainingData, check, hyperparameters, resident_arrays
from vadjax.training.population import Ended, Member, train_members
from vadjax.training.step import Settings, num_steps

SHARED = ("dataset", "videos", "backbone", "store", "motion_store", "environment")


@dataclasses.dataclass(frozen=True)
class Task:
    """One fold of one run: a member of the population."""

    run: Run
    fold: Fold
    standardizer: Standardizer
    member: Member


def open_runs(specs: Sequence[Spec], folder: pathlib.Path) -> list[Run]:
    """Return the runs of a group; they share the data set, the backbone and the feature store."""
    found: list[Run] = []
    for spec in specs:
        run = Run(spec.config, folder / spec.name, Console(quiet=True))
        if found:
            first = found[0]
            run.memory = first.memory
            for name in SHARED:  # cached properties
                run.__dict__[name] = getattr(first, name)
        found.append(run)
    return found


def train_group(
    runs: Sequence[Run], *, slots: int, report: Callable[[Member, dict], None]
) -> Iterator[tuple[Run, str]]:
    """Train all runs, `slots` members at a time; yield (run, error) as each is done.

    A run's workdir holds what `vadjax.main` would leave of it, but the checkpoints.

    Raises:
        UserError: the runs' data cannot be trained on.
    """
    first = runs[0]
    tasks, shared = _members(runs)
    by_name = {task.member.name: task for task in tasks}
    left = {id(run): len(run.folds) for run in runs}
    failed: dict[int, str] = {}
    train = first.config.train
    table = tasks[0].member.own.get("train", shared.get("train"))
    steps = num_steps(len(table["rows"]), train.batch_size)
    settings = Settings(
        batch_size=train.batch_size,
        optimizer=train.optimizer,
        schedule=train.schedule,
        clip_norm=float(train.clip_norm),
        warmup_steps=round(train.warmup_epochs * steps),
        total_steps=train.epochs * steps,
    )
    for ended in train_members(
        first.model,
        first.objective,
        settings,
        members=[task.member for task in tasks],
        shared=shared,
        train=train,
        slots=slots,
        report=report,
    ):
        task = by_name[ended.member.name]
        key = id(task.run)
        left[key] -= 1
        if ended.error:
            failed[key] = ended.error
        else:
            _keep(task, ended)
        if not left[key]:
            error = failed.get(key, "")
            try:
                if not error:
                    finish(task.run)
            except UserError as found:
                error = str(found)
            yield task.run, error


def finish(run: Run) -> None:
    """Score and evaluate a run whose folds are trained."""
    run.workdir.mkdir(parents=True, exist_ok=True)
    write_json(run.workdir / "environment.json", run.environment)
    key = ("leakage", *((fold.fit, fold.select, fold.test) for fold in run.folds))
    if key not in run.memory:
        stages.audit(run)
        run.memory[key] = run.read("leakage.json")
    write_json(run.workdir / "leakage.json", run.memory[key])
    results.score(run)
    workdirs.claim(  # before metrics.json, which says that the run is done
        run.workdir,
        config=run.config.to_dict(),
        identity=configs.identity(run.config),
        data_dir=run.config.dataset.data_dir,
        videos={name: video.fingerprint for name, video in run.videos.items()},
    )
    results.evaluate(run)


def _keep(task: Task, ended: Ended) -> None:
    """Write the detector of a fold, and its history."""
    run, history = task.run, ended.progress.history
    detector.save(run.detector_dir(task.fold), ended.variables, task.standardizer)
    path = run.workdir / "log.jsonl"
    before = path.read_text(encoding="utf-8") if path.is_file() and task.fold.index else ""
    with whole(path) as beside:
        beside.write_text(before + "".join(json.dumps(row) + "\n" for row in history), "utf-8")
    known = run.timing.get("train_epochs_s", 0.0) if task.fold.index else 0.0
    run.note_timing(
        train_epochs_s=known + ended.progress.train_s, train_compile_s=ended.progress.compile_s
    )


def _members(runs: Sequence[Run]) -> tuple[list[Task], dict]:
    """Return the members, and what they share.

    Where all fit the same clips, they share windows and standardised features, as a run alone has
    them. Else the features are shared as they are, and each has its tables, padded to one length,
    and standardises what it gathers.
    """
    pairs = [(run, fold) for run in runs for fold in run.folds]
    run, fold = pairs[0]
    if all((f.fit, f.select) == (fold.fit, fold.select) for _, f in pairs):
        standardizer, data = stages.training_data(run, fold)
        check(data, run.objective)
        tasks = [_task(run, f, standardizer, data) for run, f in pairs]
        return tasks, resident_arrays(data)
    return _own_members(pairs)


def _own_members(pairs: Sequence[tuple[Run, Fold]]) -> tuple[list[Task], dict]:
    first = pairs[0][0]
    used = [(*fold.fit, *fold.select) for _, fold in pairs]
    videos = list(dict.fromkeys(part.video_id for parts in used for part in parts))
    rows = {name: first.store.read(name) for name in videos}
    starts = np.cumsum([0, *(len(x) for x in rows.values())])[:-1]
    offset = dict(zip(videos, starts.tolist(), strict=True))
    labels = None
    if first.objective.supervised:
        whole_videos = [Part(name, 0, len(x)) for name, x in rows.items()]
        labels = np.concatenate([first.labels(part) for part in whole_videos]).astype(np.int32)
    features, window = np.concatenate(list(rows.values())), first.config.window

    @functools.cache
    def table(parts: tuple[Part, ...], stride: int) -> WindowTable:
        return window_table(
            [part.stop - part.start for part in parts],
            length=window.length,
            dilation=window.dilation,
            stride=stride,
            starts=[offset[part.video_id] + part.start for part in parts],
        )

    @functools.cache
    def standardizer(parts: tuple[Part, ...]) -> Standardizer:
        return Standardizer.fit([first.rows(part) for part in parts])

    fitted = [table(fold.fit, window.stride) for _, fold in pairs]
    held = [table(fold.select, 1) for _, fold in pairs]
    most = max(map(len, fitted)), max(map(len, held))
    tasks = []
    for (run, fold), train, select in zip(pairs, fitted, held, strict=True):
        own, data = standardizer(fold.fit), TrainingData(features, labels, None, train, select)
        task = _task(run, fold, own, data)
        arrays = {
            "train": _padded(train, most[0]),
            "select": _padded(select, most[1]),
            "standard": {"mean": own.mean, "std": own.std},
        }
        tasks.append(dataclasses.replace(task, member=task.member._replace(own=arrays)))
    check(data, first.objective)
    return tasks, resident_arrays(data)


def _task(run: Run, fold: Fold, standardizer: Standardizer, data: TrainingData) -> Task:
    hparams = hyperparameters(data, run.config, run.objective)
    name = f"{run.workdir.name}|{fold.index}"
    return Task(run, fold, standardizer, Member(name, run.config.seed, hparams))


def _padded(table: WindowTable, length: int) -> dict[str, np.ndarray]:
    """Return a window table as arrays, repeated up to a length, with its own count."""
    missing = length - len(table)
    return {
        "rows": np.concatenate([table.rows, np.repeat(table.rows[:1], missing, axis=0)]),
        "video": np.concatenate([table.video, np.repeat(table.video[:1], missing)]),
        "count": np.int32(len(table)),
    }
