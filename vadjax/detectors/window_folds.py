"""Several trainings of one window model on parts of the same clips, in one compiled program."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from vadjax.data.clip import Clip
from vadjax.data.splits.units import Segment
from vadjax.data.splits.windows import join_tables
from vadjax.detectors.contract import Progress, State
from vadjax.detectors.window_model import WindowModel
from vadjax.detectors.window_state import state_of
from vadjax.errors import UserError
from vadjax.training.batches import num_steps
from vadjax.training.budget import choose_arrays
from vadjax.training.hyperparameters import hyperparameters
from vadjax.training.inputs import TrainingData, check, run_size
from vadjax.training.member import Member
from vadjax.training.population import train_members
from vadjax.training.runs import pad_tables
from vadjax.training.step import Settings

Pair = tuple[Sequence[Clip], Sequence[Clip]]  # training clips, clips for early stopping


def fit_folds(
    detector: WindowModel,
    pairs: Sequence[Pair],
    *,
    seed: int,
    progress: Progress,
    epochs: int | None = None,
) -> list[State]:
    """Fit a detector for each pair of training and validation clips; no label is read.

    All share the rows on the device and one program. No checkpoint is written: what is interrupted
    begins again.

    Args:
        detector: of an objective that reads no labels.
        pairs: the clips of each training.
        seed: of each training.
        progress: where progress is reported.
        epochs: after which each training ends at the latest; None is the config's. Schedules of the
            learning rate are those of the config.

    Returns:
        A state for each pair, of its best epoch, as `WindowModel.fit` returns it.

    Raises:
        UserError: the clips hold no window, or a training's loss is not finite.
    """
    train, objective = detector.config.train, detector.objective
    rows, data = _raw_inputs(detector, pairs)
    for each in data:
        check(each, objective)
    standards = [detector.standardizer(clips) for clips, _ in pairs]
    size = run_size(train)
    tables = {
        split: pad_tables([getattr(each, split) for each in data], size)
        for split in ("train", "validation")
    }
    shared, _ = choose_arrays(data[0], train)
    programs: dict[Settings, list[Member]] = defaultdict(list)
    for index, (each, standard) in enumerate(zip(data, standards, strict=True)):
        own: dict[str, Any] = {split: padded[index] for split, padded in tables.items()}
        own["standard"] = {"mean": standard.mean, "std": standard.std}
        member = Member(str(index), seed, hyperparameters(each, detector.config, objective), own)
        steps = num_steps(len(each.train), train.batch_size)
        if size:
            steps = int(own["train"]["count"])
        scheduled = train.schedule != "constant" or train.warmup_epochs
        programs[Settings.of(train, steps if scheduled else 1)].append(member)
    states: dict[int, State] = {}
    last = min(epochs or train.epochs, train.epochs)
    done, total = [0], last * len(pairs)
    with progress.bar("epochs", total=total) as advance:

        def report(member: Member, row: dict) -> bool:
            done[0] += 1
            losses = f"loss {row['train_loss']:.4f}, validation {row['select_loss']:.4f}"
            advance(done[0], f"block {int(member.name) + 1}: {losses}")
            return row["epoch"] >= last

        for settings, members in programs.items():
            slots = 1 if _one_at_a_time(rows) else len(members)
            for ended in train_members(
                detector.model(rows[0].shape[1:]),
                objective,
                settings,
                members=members,
                shared=shared,
                train=train,
                slots=slots,
                report=report,
            ):
                if ended.variables is None:
                    raise UserError(ended.error)
                index = int(ended.member.name)
                noted = data[index].fitted_on
                states[index] = state_of(ended.variables, standards[index], noted)
    return [states[index] for index in range(len(pairs))]


def _one_at_a_time(rows: Sequence[np.ndarray]) -> bool:
    """Say that members gain nothing side by side: maps on a CPU fill it, and take its memory."""
    return jax.default_backend() == "cpu" and rows[0].ndim > 2


def _raw_inputs(
    detector: WindowModel, pairs: Sequence[Pair]
) -> tuple[list[np.ndarray], list[TrainingData]]:
    """Return the rows of all clips, each once, and what each training reads of them."""
    window = detector.config.window
    pool: dict[Segment, np.ndarray] = {}
    for clips, stops in pairs:
        for clip in (*clips, *stops):
            for segment, rows in zip(clip.units.segments, clip.arrays("features"), strict=True):
                pool.setdefault(segment, rows)
    starts = np.cumsum([0, *map(len, pool)]).tolist()
    cut: dict[str, Any] = {"length": window.length, "dilation": window.dilation}
    cut["start_of"] = dict(zip(pool, starts, strict=False)).__getitem__
    cut["pad"] = window.short_clips == "pad"
    pooled = list(pool.values())
    return pooled, [
        TrainingData(
            pooled,
            join_tables([c.units.window_table(stride=window.stride, **cut) for c in clips]),
            join_tables([c.units.window_table(stride=1, **cut) for c in stops]),
            segments=list(pool),
        )
        for clips, stops in pairs
    ]
