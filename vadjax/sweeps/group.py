"""Runs that share shapes, trained as one population; each leaves an ordinary workdir."""

import dataclasses
import json
import pathlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import jax

from vadjax import config as configs
from vadjax.detectors import window_model
from vadjax.errors import UserError
from vadjax.pipeline import stages, window_protocols
from vadjax.pipeline.run import Run
from vadjax.runtime.console import Console
from vadjax.storage import workdir as workdirs
from vadjax.storage.files import atomic_write, write_json
from vadjax.sweeps.members import Task, members, split_of
from vadjax.sweeps.plan import Spec
from vadjax.training.population import Ended, Member, train_members
from vadjax.training.step import Settings

SHARED = ("dataset", "videos", "copies", "backbone", "store", "motion_store", "environment")


def open_runs(specs: Sequence[Spec], folder: pathlib.Path, ground: Run | None = None) -> list[Run]:
    """Return the runs of a group; they share the data set, the backbone and the feature store.

    Args:
        specs: of one shape.
        folder: of all runs.
        ground: a run of another group with the same `plan.Spec.ground`, to share these with.
    """
    found: list[Run] = []
    for spec in specs:
        run = Run(spec.config, folder / spec.name, Console(quiet=True))
        first = found[0] if found else ground
        if first:
            run.memory = first.memory
            for name in SHARED:  # cached properties
                run.__dict__[name] = getattr(first, name)
        found.append(run)
    return found


@dataclasses.dataclass(frozen=True, eq=False)
class Group:
    """Runs of one shape, ready to train.

    Attributes:
        runs: all of them, on one model and objective.
        tasks: a member for each fold of each run.
        shared: the arrays that all members read.
        failed: {run's name: why it cannot be trained}.
    """

    runs: Sequence[Run]
    tasks: Sequence[Task]
    shared: Mapping
    failed: Mapping[str, str]

    def only(self, names: Collection[str]) -> "Group":
        """Return the group of the runs of these names."""
        return Group(
            [run for run in self.runs if run.workdir.name in names],
            [task for task in self.tasks if task.run.workdir.name in names],
            self.shared,
            {name: why for name, why in self.failed.items() if name in names},
        )


def share_model(runs: Sequence[Run]) -> None:
    """Give runs of one shape one model and objective: what differs between them is in no program.

    Their features are there.
    """
    for run in runs[1:]:
        run.__dict__.update(model=runs[0].model, objective=runs[0].objective)


def prepare(runs: Sequence[Run]) -> Group:
    """Read the features and cut the windows of runs of one shape.

    Raises:
        UserError: the runs' data cannot be trained on.
    """
    share_model(runs)
    return Group(runs, *members(runs))


def trained(
    group: Group,
    *,
    slots: int,
    report: Callable[[Member, dict], object] = lambda member, row: None,
) -> Iterator[tuple[Run, list[tuple[Task, Ended]]]]:
    """Train all runs, `slots` members at a time; yield each as its last fold ends, for `finished`.

    The folds' ends are in the folds' order.
    """
    first = group.runs[0]
    by_name = {task.member.name: task for task in group.tasks}
    ended_of: dict[str, list[Ended]] = defaultdict(list)
    for settings, together in _programs(group.tasks):
        for ended in train_members(
            first.model,
            first.objective,
            settings,
            members=[task.member for task in together],
            shared=group.shared,
            train=first.config.train,
            slots=slots,
            report=report,
        ):
            run = by_name[ended.member.name].run
            all_ended = ended_of[run.workdir.name]
            all_ended.append(ended)
            if len(all_ended) == len(run.folds):
                pairs = [(by_name[e.member.name], e) for e in all_ended]
                yield run, sorted(pairs, key=lambda pair: pair[0].fold.index)


def _programs(tasks: Sequence[Task]) -> list[tuple[Settings, list[Task]]]:
    """Return what the compiled epochs fix, and who shares each.

    Schedules and warm-ups know how long the training is, and folds may differ in length.
    """
    found: dict[Settings, list[Task]] = defaultdict(list)
    for task in tasks:
        train = task.run.config.train
        planned = train.schedule != "constant" or train.warmup_epochs
        steps = task.steps if planned else 1
        settings = Settings.of(train, steps)
        found[settings].append(task)
    return list(found.items())


def finished(run: Run, pairs: Sequence[tuple[Task, Ended]]) -> str:
    """Keep, score and evaluate a run whose folds have ended; return its error or "".

    Without folds' ends its detectors are kept already. Its workdir then holds what `vadjax.main`
    would leave of it, but the checkpoints and the report.

    Raises:
        jax.errors.JaxRuntimeError: the device has no room.
    """
    errors = [ended.error for _, ended in pairs if ended.error]
    if errors:
        return errors[0]
    (run.workdir / "metrics.json").unlink(missing_ok=True)  # of what is now overwritten
    try:
        if pairs:
            _keep(run, pairs)
        if any(ended.stopped for _, ended in pairs):
            _stop(run, pairs)
        else:
            finish(run)
    except UserError as error:
        return str(error)
    except Exception as error:  # one failing run stops no other
        if out_of_memory(error):
            raise
        return f"{type(error).__name__}: {error}"
    return ""


def out_of_memory(error: Exception) -> bool:
    """Say whether a device had no room."""
    return isinstance(error, jax.errors.JaxRuntimeError) and "RESOURCE_EXHAUSTED" in str(error)


def finish(run: Run) -> None:
    """Audit, score and evaluate a run whose detectors are kept."""
    write_json(run.workdir / "environment.json", run.environment)
    key = ("leakage", *((*split_of(run, f), () if run.by_window else f.test) for f in run.folds))
    write_json(run.workdir / "leakage.json", run.memory.once(key, lambda: _audited(run)))
    made_by = {**stages.STAGES, **window_protocols.STAGES} if run.by_window else stages.STAGES
    made_by["score"](run)
    _claim(run)  # before metrics.json, which says that the run is done
    made_by["evaluate"](run)
    (run.workdir / "stopped.json").unlink(missing_ok=True)


def _audited(run: Run) -> dict:
    stages.audit(run)
    return run.read("leakage.json")


def _claim(run: Run) -> None:
    workdirs.claim(
        run.workdir,
        config=run.config.to_dict(),
        identity=configs.identity(run.config),
        data_dir=run.config.dataset.data_dir,
        videos={name: video.fingerprint for name, video in run.videos.items()},
        frame_sizes=[v.frames.shape for v in run.dataset.train or run.dataset.test],
    )


def _stop(run: Run, pairs: Sequence[tuple[Task, Ended]]) -> None:
    """Note that a search has ended the run; it is neither scored nor evaluated."""
    _claim(run)
    epochs = max(len(ended.progress.history) for _, ended in pairs)
    losses = [ended.best_metric for _, ended in pairs]
    loss = sum(losses) / len(losses)
    write_json(run.workdir / "stopped.json", {"epochs": epochs, "heldout_loss": loss})


def _keep(run: Run, pairs: Sequence[tuple[Task, Ended]]) -> None:
    """Write the detector of each fold, the history of all, and the time."""
    lines = []
    for task, ended in pairs:
        assert ended.variables is not None  # a run with an error is not kept
        window_model.save(run.detector_dir(task.fold), ended.variables, task.standardizer)
        name = {"name": f"fold{task.fold.index}"} if len(run.folds) > 1 else {}
        for row in ended.progress.history:
            rest = {key: value for key, value in row.items() if key != "name"}
            lines.append(json.dumps({**name, **rest}) + "\n")
    with atomic_write(run.workdir / "log.jsonl") as beside:
        beside.write_text("".join(lines), "utf-8")
    run.note_timing(
        train_epochs_s=sum(ended.progress.train_s for _, ended in pairs),
        train_compile_s=sum(ended.progress.compile_s for _, ended in pairs),
    )
