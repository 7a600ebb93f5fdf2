"""Many trainings in one compiled epoch: members of equal shapes, in slots.

A member is one training: its seed, its hyperparameters and, where it has them, its own windows.
Slots run at once under `vmap`, divided over the devices. Slots of members that have ended are
refilled from the queue. A single training is a population of one slot.
"""

import dataclasses
import functools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from vadjax.errors import UserError
from vadjax.models.model import Model, Objective
from vadjax.training import state as states
from vadjax.training.chunked import SPLITS, ChunkedEpoch
from vadjax.training.chunks import Chunked
from vadjax.training.member import Member, keep_idle, make_state, member_epoch
from vadjax.training.parallel import Devices
from vadjax.training.progress import Progress
from vadjax.training.step import Settings
from vadjax.training.waiting import Keeper, Seated, Waiting


@dataclasses.dataclass(frozen=True)
class Ended:
    """The result of a member that has ended.

    Attributes:
      member: which.
      variables: of its best epoch, numpy arrays; None where it failed.
      progress: its history; `progress.ended` says why.
      best_epoch: 1-based.
      best_metric: the least validation loss.
      error: the message of a member that failed; else "".
      stopped: `report` asked for its end.
    """

    member: Member
    variables: dict | None
    progress: Progress
    best_epoch: int
    best_metric: float
    error: str = ""
    stopped: bool = False


class Population:
    """Slots of one compiled epoch.

    Args:
      model: see `Model`.
      objective: see `Objective`.
      settings: what the compiled epoch fixes.
      members: the first to take the slots, one each.
      shared: what all members read, of `budget.choose_arrays` or `inputs.resident_arrays`.
      devices: for so many members.
      states: of the members [slots, ...], to go on from; None starts all at the beginning.
    """

    def __init__(
        self,
        model: Model,
        objective: Objective,
        settings: Settings,
        *,
        members: Sequence[Member],
        shared: Mapping,
        devices: Devices,
        states: Any = None,
    ):
        self._devices = devices
        self._last = [dict(member.own) for member in members]
        data = {**shared, **self._last[0]}
        self._make = make_state(model, data, settings.optimizer, objective)
        if states is None:
            states = _stack([self.start_of(member) for member in members])
        self._states = devices.place_members(states)
        masks, features = functools.partial(keep_idle, masks=len(members) > 1), data["features"]
        chunked = isinstance(features, Chunked)
        self._tables = {split: shared[split] for split in SPLITS} if chunked else {}
        own = {"own": _stack(list(map(self._on_device, self._last)))}
        self._placed = devices.place_members({**own, "active": np.ones(len(members), bool)})
        self._chunks: ChunkedEpoch | None = None
        if isinstance(features, Chunked):
            self._chunks = ChunkedEpoch(
                model,
                objective,
                settings,
                source=features,
                tables=[{**self._tables, **own} for own in self._last],
                alike=not any(split in self._last[0] for split in SPLITS),
                devices=devices,
                states=self._states,
                own=self._placed,
                wrap=masks,
            )
            return
        self._shared = devices.place({k: v for k, v in shared.items() if k not in self._last[0]})
        run = member_epoch(model, objective, settings, masks)
        self._epoch = devices.compile(run, self._states, self._placed, self._shared)

    @property
    def num_chunks(self) -> int:
        """Chunks of training data in an epoch; 0 where the data are resident."""
        return self._chunks.count("train") if self._chunks else 0

    def _on_device(self, own: Mapping) -> dict:
        """Return what of a member's own arrays its program reads: of chunked data no tables."""
        return {k: v for k, v in own.items() if k not in self._tables}

    def start_of(self, member: Member) -> states.State:
        """Return a member's state before its first step, on the host."""
        return jax.tree.map(np.array, self._make(member))

    def epoch(self) -> dict[str, np.ndarray]:
        """Train every active slot for an epoch; returns the scalars, [slots] each."""
        if self._chunks:
            self._states, scalars = self._chunks(self._states, self._placed)
        else:
            self._states, scalars = self._epoch(self._states, self._placed, self._shared)
        return self._devices.fetch(scalars)

    def fetch(self, slot: int | None = None) -> states.State:
        """Return a host copy of the state of a slot, or of all, [slots, ...]."""
        return self._devices.fetch(self._states, slot)

    def best(self, slot: int) -> tuple[dict, int, float]:
        """Return what a slot's best epoch left: variables, its number and its validation loss."""
        state = self._states
        found = {"best": state.best, "epoch": state.best_epoch, "metric": state.best_metric}
        found = self._devices.fetch(found, slot)
        return states.variables_of(**found["best"]), int(found["epoch"]), float(found["metric"])

    def replace(self, others: Mapping[int, Seated | None]) -> None:
        """Give slots to other members, or to none."""
        starts, rows = {}, {}
        for slot, seated in others.items():
            member = seated.member if seated else None
            if seated and member is not None:
                self._last[slot] = dict(member.own)
                if self._chunks:
                    self._chunks.tables[slot] = {**self._tables, **member.own}
                starts[slot] = self.start_of(member) if seated.state is None else seated.state
            # An idle slot reads what it read before.
            rows[slot] = {
                "own": self._on_device(self._last[slot]),
                "active": np.bool_(member is not None),
            }
        if starts:
            self._states = self._devices.insert(self._states, starts)
        self._placed = self._devices.insert(self._placed, rows)


def train_members(
    model: Model,
    objective: Objective,
    settings: Settings,
    *,
    members: Sequence[Member],
    shared: Mapping,
    train: Any,
    slots: int,
    report: Callable[[Member, dict], object] = lambda member, row: None,
    keeper: Keeper | None = None,
) -> Iterator[Ended]:
    """Train all members, `slots` at a time; yield each as it ends.

    A member whose loss is not finite ends with its error and stops no other.

    Args:
      model: see `Model`.
      objective: see `Objective`.
      settings: what the compiled epoch fixes.
      members: all of them.
      shared: see `Population`.
      train: the config section, for epochs, patience, devices.
      slots: members at a time.
      report: called with each row of each member's history; true ends the member there.
      keeper: keeps members in training; those that it has go on from there.

    Yields:
      What is left of each member, as it ends.
    """
    if not members:
        return
    own = members[0].own
    windows = len(own.get("train", shared.get("train"))["rows"])

    def begin(member: Member, kept: Mapping) -> Progress:
        rate = float(member.hparams["learning_rate"])
        return Progress(train, name=member.name, windows=windows, kept=kept, rate=rate)

    make = make_state(model, {**shared, **own}, settings.optimizer, objective)
    waiting = Waiting(members, begin=begin, make=make, keeper=keeper)
    taken = (waiting.take() for _ in range(min(slots, len(members))))
    seated: list[Seated | None] = [one for one in taken if one]
    yield from map(_ended_before, waiting.ended)
    waiting.ended.clear()
    if not seated:
        return
    whole = train.batches == "pairs"
    devices = Devices(train.num_devices, mode=train.parallel, members=len(seated), whole=whole)
    start = time.perf_counter()
    first = [one for one in seated if one]
    population = Population(
        model,
        objective,
        settings,
        members=[one.member for one in first],
        shared=shared,
        devices=devices,
    )
    going_on = {slot: one for slot, one in enumerate(first) if one.state is not None}
    if going_on:
        population.replace(going_on)
    first[0].progress.compile_s = time.perf_counter() - start
    while any(seated):
        start = time.perf_counter()
        scalars = population.epoch()
        seconds = (time.perf_counter() - start) / sum(one is not None for one in seated)
        all_ended: list[Ended] = []
        others: dict[int, Seated | None] = {}
        for slot, one in enumerate(seated):
            if one is None:
                continue
            (member, _, progress), error, stopped = one, "", False
            try:
                row = progress.add({k: v[slot] for k, v in scalars.items()}, seconds)
                stopped = bool(report(member, row))
            except UserError as found:
                error = str(found)
            if not (error or stopped or progress.ended):
                continue
            if keeper and not (error or stopped) and keeper.wants_end(member):
                keeper.write([(member, population.fetch(slot), progress.kept())])
            variables, best_epoch, best_metric = population.best(slot)
            all_ended.append(
                Ended(
                    member,
                    None if error else variables,
                    progress,
                    best_epoch,
                    best_metric,
                    error,
                    stopped and not progress.ended,
                )
            )
            seated[slot] = others[slot] = waiting.take()
        all_ended += map(_ended_before, waiting.ended)
        waiting.ended.clear()
        if others and any(seated):
            population.replace(others)
        if keeper and keeper.due():
            whole = population.fetch()
            keeper.write(
                (one.member, jax.tree.map(lambda x, slot=slot: x[slot], whole), one.progress.kept())
                for slot, one in enumerate(seated)
                if one
            )
        yield from all_ended  # the caller's threads, which take time from this one, begin now


def _ended_before(one: Seated) -> Ended:
    """Return what is left of a member that had ended when a killed population was started again."""
    variables = states.variables_of(**one.state.best)
    best = int(one.state.best_epoch), float(one.state.best_metric)
    return Ended(one.member, variables, one.progress, *best)


def _stack(trees: Sequence[Any]) -> Any:
    return jax.tree.map(lambda *leaves: np.stack(leaves), *trees)
