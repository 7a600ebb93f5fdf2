"""A group of runs that share shapes, trained as one population."""

import dataclasses
import pathlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from vadjax.pipeline.run import Run
from vadjax.runtime.console import Console
from vadjax.sweeps.judge import share_inputs
from vadjax.sweeps.kept_members import KeptMembers
from vadjax.sweeps.members import Task, make_tasks
from vadjax.sweeps.plan import Spec
from vadjax.training.member import Member
from vadjax.training.population import Ended, train_members
from vadjax.training.step import Settings


def open_runs(
    specs: Sequence[Spec], folder: pathlib.Path, shared_with: Run | None = None
) -> list[Run]:
    """Return the runs of a group; they share the data set, the backbone and the feature store.

    Args:
        specs: of one shape.
        folder: the folder of all runs.
        shared_with: a run of another group with the same `plan.Spec.input_key`, to share with.

    Returns:
        A `Run` for each spec, silent on the console.
    """
    runs: list[Run] = []
    for spec in specs:
        run = Run(spec.config, folder / spec.name, Console(quiet=True))
        first = runs[0] if runs else shared_with
        if first:
            share_inputs(run, first)
        runs.append(run)
    return runs


@dataclasses.dataclass(frozen=True, eq=False)
class Group:
    """Runs of one shape, ready to train.

    Attributes:
        runs: all of them, with one model and objective.
        tasks: a member for each fold of each run.
        shared: the arrays that all members read.
        failed: {run's name: why it cannot be trained}.
    """

    runs: Sequence[Run]
    tasks: Sequence[Task]
    shared: Mapping
    failed: Mapping[str, str]

    def subset(self, names: Collection[str]) -> "Group":
        """Return the group of the runs with these names."""
        return Group(
            [run for run in self.runs if run.workdir.name in names],
            [task for task in self.tasks if task.run.workdir.name in names],
            self.shared,
            {name: why for name, why in self.failed.items() if name in names},
        )


def share_model(runs: Sequence[Run]) -> None:
    """Give runs of one shape the model and objective of the first, whose features are extracted.

    What differs between the runs is an array in the training state and not part of the program.
    """
    for run in runs[1:] if runs[0].gradient else ():
        run.detector.share(runs[0].detector)


def prepare(runs: Sequence[Run]) -> Group:
    """Read the features and make the windows of runs of one shape.

    Raises:
        UserError: the runs' data cannot be trained on.
    """
    share_model(runs)
    return Group(runs, *make_tasks(runs))


def train_group(
    group: Group,
    *,
    slots: int,
    report: Callable[[Member, dict], object] = lambda member, row: None,
    keep: bool = True,
) -> Iterator[tuple[Run, list[tuple[Task, Ended]]]]:
    """Train all runs of a group.

    Args:
        group: what `prepare` returned.
        slots: members trained at a time.
        report: called with (member, row of its history) after each epoch; true stops the member.
        keep: write members in training now and then, and go on from what was written.

    Yields:
        Each run as its last fold has ended, with the results of its folds in their order.
    """
    first = group.runs[0]
    by_name = {task.member.name: task for task in group.tasks}
    results_of: dict[str, list[Ended]] = defaultdict(list)
    for settings, tasks in _by_program(group.tasks):
        for result in train_members(
            first.detector.model(group.shared["features"].shape[1:]),
            first.detector.objective,
            settings,
            members=[task.member for task in tasks],
            shared=group.shared,
            train=first.config.train,
            slots=slots,
            report=report,
            keeper=KeptMembers(tasks) if keep else None,
        ):
            run = by_name[result.member.name].run
            results = results_of[run.workdir.name]
            results.append(result)
            if len(results) == len(run.folds):
                pairs = [(by_name[r.member.name], r) for r in results]
                yield run, sorted(pairs, key=lambda pair: pair[0].fold.index)


def _by_program(tasks: Sequence[Task]) -> list[tuple[Settings, list[Task]]]:
    """Return what each compiled program fixes, and the tasks that share it.

    Schedules and warm-ups depend on the number of steps, which may differ between folds.
    """
    programs: dict[Settings, list[Task]] = defaultdict(list)
    for task in tasks:
        train = task.run.config.train
        scheduled = train.schedule != "constant" or train.warmup_epochs
        settings = Settings.of(train, task.steps if scheduled else 1)
        programs[settings].append(task)
    return list(programs.items())
