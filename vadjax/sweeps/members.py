"""The members of a population: one for each fold of each run, with the arrays that it reads."""

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np

from vadjax.data.leakage.fitted import FittedOn
from vadjax.data.splits.units import Fold, Segment, Units
from vadjax.data.splits.windows import WindowTable
from vadjax.detectors.bag_model import BagModel
from vadjax.errors import UserError
from vadjax.features.standardize import Standardizer
from vadjax.pipeline.run import Run
from vadjax.training.batches import num_steps, steps_of
from vadjax.training.budget import choose_arrays
from vadjax.training.hyperparameters import hyperparameters
from vadjax.training.inputs import TrainingData, check, pair_table, run_size
from vadjax.training.member import Member
from vadjax.training.runs import pad_tables

NO_FINETUNING = (
    "train.finetune_epochs is a second training of one run, which a sweep has not: set it to 0, or "
    "train the run by itself (vadjax train)"
)


@dataclasses.dataclass(frozen=True, eq=False)
class Task:
    """One fold of one run: a member of the population.

    Attributes:
        run, fold: the run and the fold.
        standardizer: fitted on the fold's clips or windows.
        member: what the population trains.
        steps: batches of an epoch over the member's windows.
        fitted_on: the frames of these windows, by purpose.
    """

    run: Run
    fold: Fold
    standardizer: Standardizer
    member: Member
    steps: int
    fitted_on: FittedOn


def split_key(fold: Fold) -> tuple[Units, Units]:
    """Return a key that is equal for folds with the same training and validation windows."""
    return (fold.train, fold.validation)


def make_tasks(runs: Sequence[Run]) -> tuple[list[Task], dict, dict[str, str]]:
    """Return the tasks of a group of runs and the arrays that they share.

    Where all train on the same windows, they share the windows and the standardised features, as
    in a single run. Otherwise they share the raw features; each has its own window tables, padded
    to one length, and standardises the windows that it gathers.

    Returns:
        The tasks, the shared arrays, and {run's name: why it cannot be trained}.

    Raises:
        UserError: the group's data cannot be trained on.
    """
    pairs, failed = [], {}
    for run in runs:
        if run.gradient and run.config.train.finetune_epochs:
            failed[run.workdir.name] = NO_FINETUNING
            continue
        try:
            pairs += [(run, fold) for fold in run.folds]
        except UserError as error:
            failed[run.workdir.name] = str(error)
    if not pairs:
        return [], {}, failed
    if len({split_key(fold) for _, fold in pairs}) == 1:
        inputs, shared = _same_windows(pairs)
    else:
        inputs, shared = _different_windows(pairs)
    size, tasks = run_size(runs[0].config.train), []
    for (run, fold), (standardizer, data, own) in zip(pairs, inputs, strict=True):
        try:
            hparams = hyperparameters(data, run.config, run.detector.objective)
        except UserError as error:
            failed.setdefault(run.workdir.name, str(error))
            continue
        member = Member(f"{run.workdir.name}|{fold.index}", run.config.seed, hparams, own)
        steps = num_steps(len(data.train), run.config.train.batch_size)
        if data.pairs:
            steps = steps_of(own.get("train", shared["train"]), run.config.train.batch_size)
        if size:
            table = own.get("train", shared["train"])
            steps = int(table.get("count", len(table["frames"])))
        tasks.append(Task(run, fold, standardizer, member, steps, data.fitted_on))
    return [task for task in tasks if task.run.workdir.name not in failed], shared, failed


def _same_windows(pairs: Sequence[tuple[Run, Fold]]) -> tuple[list, dict]:
    """Return (standardizer, data, no own arrays) for each pair, and the shared arrays."""
    run, fold = pairs[0]
    train, validation = run.clips(fold.train, fold), run.clips(fold.validation, fold)
    standardizer, data = run.detector.training_data(train, validation)
    check(data, run.detector.objective)
    shared, _ = choose_arrays(data, run.config.train)
    return [(standardizer, data, {})] * len(pairs), shared


def _different_windows(pairs: Sequence[tuple[Run, Fold]]) -> tuple[list, dict]:
    """Return (standardizer, data, own arrays) for each pair, and the shared arrays."""
    inputs = _raw_bags(pairs) if _bags(pairs) else _raw_inputs(pairs)
    empty = [data for _, data in inputs if not (len(data.train) and len(data.validation))]
    data = (empty or [data for _, data in inputs])[0]
    check(data, pairs[0][0].detector.objective)
    size = run_size(pairs[0][0].config.train)
    tables = {}
    for split in ("train", "validation"):
        each = [getattr(data, split) for _, data in inputs]
        more = [pair_table(data, getattr(data, split)) for _, data in inputs if data.pairs]
        tables[split] = pad_tables(each, size, more)
    with_own = []
    for index, (standardizer, data) in enumerate(inputs):
        own = {
            **{split: padded[index] for split, padded in tables.items()},
            "standard": {"mean": standardizer.mean, "std": standardizer.std},
        }
        with_own.append((standardizer, data, own))
    shared, _ = choose_arrays(inputs[0][1], pairs[0][0].config.train)
    return with_own, shared


def _bags(pairs: Sequence[tuple[Run, Fold]]) -> bool:
    return isinstance(pairs[0][0].detector, BagModel)


def _raw_bags(pairs: Sequence[tuple[Run, Fold]]) -> list[tuple[Standardizer, TrainingData]]:
    """Return the inputs of folds of a model of bags; all have the bags of all used videos."""
    first = pairs[0][0]
    splits = {split_key(fold): fold for _, fold in pairs}
    made = first.detector.pooled(
        [(first.clips(f.train, f), first.clips(f.validation, f)) for f in splits.values()]
    )
    by_key = dict(zip(splits, made, strict=True))
    return [by_key[split_key(fold)] for _, fold in pairs]


def _raw_inputs(pairs: Sequence[tuple[Run, Fold]]) -> list[tuple[Standardizer, TrainingData]]:
    """Return the inputs of folds; all have the rows of all used videos."""
    first, window = pairs[0][0], pairs[0][0].config.window
    tables = [units for _, fold in pairs for units in (fold.train, fold.validation)]
    videos = dict.fromkeys(s.video_id for units in tables for s in units.segments)
    rows = {name: first.store.read(first.videos[name]) for name in videos}
    starts = np.cumsum([0, *(len(x) for x in rows.values())]).tolist()
    offset = dict(zip(videos, starts, strict=False))
    whole = Units(tuple(Segment(name, 0, len(x)) for name, x in rows.items()))
    clips = first.clips(whole, pairs[0][1])
    pool = {clip.units.segments[0]: clip.videos[0] for clip in clips}
    labels = first.detector.row_labels(pool)

    @functools.cache
    def table(units: Units, stride: int) -> WindowTable:
        return units.window_table(
            length=window.length,
            dilation=window.dilation,
            stride=stride,
            start_of=lambda segment: offset[segment.video_id] + segment.start,
            pad=window.short_clips == "pad",
        )

    @functools.cache
    def standardizer(units: Units) -> Standardizer:
        return first.detector.standardizer(first.clips(units, pairs[0][1]))

    def data(fold: Fold) -> TrainingData:
        both = table(fold.train, window.stride), table(fold.validation, 1)
        return TrainingData(list(rows.values()), *both, **labels, segments=list(whole.segments))

    return [(standardizer(fold.train), data(fold)) for _, fold in pairs]
