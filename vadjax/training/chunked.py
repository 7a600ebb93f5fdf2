"""Epochs over chunked data: while the devices train on one chunk, a thread gathers the next.

Orders, batches and steps are those of resident training, and so are the results: equal bits on the
same devices.
"""

import concurrent.futures
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from vadjax.models.model import Model, Objective
from vadjax.training.batches import permutation, steps_of
from vadjax.training.chunks import (
    Chunked,
    RowReader,
    SplitPlan,
    cut_steps,
    most_rows,
    window_batches,
)
from vadjax.training.epoch import make_parts
from vadjax.training.host_buffers import HostBuffers
from vadjax.training.mixing import partners
from vadjax.training.parallel import Devices
from vadjax.training.step import Settings

SPLITS = ("train", "validation")
BUFFERS = 3  # of chunks: one that is read, one that waits, one that is gathered


class Chunk(NamedTuple):
    """Steps of an epoch that are gathered together.

    Attributes:
      split: "train" or "validation".
      start: the first of the epoch's steps.
      stop: the one after the last.
    """

    split: str
    start: int
    stop: int


class ChunkedEpoch:
    """The epoch of a population whose rows are gathered in chunks.

    Args:
      model: see `Model`.
      objective: see `Objective`.
      settings: what the compiled programs fix.
      source: the clips and the size of a chunk.
      tables: of each member, of one shape: see `inputs.tables`.
      alike: all members, also later ones, have the same tables.
      devices: for so many members.
      states: placed, [members, ...].
      own: placed, [members, ...]: `own` and `active`.
      wrap: (state -> (new state, anything), state, active) -> the same of an active member alone.
    """

    def __init__(
        self,
        model: Model,
        objective: Objective,
        settings: Settings,
        *,
        source: Chunked,
        tables: Sequence[Mapping],
        alike: bool,
        devices: Devices,
        states: Any,
        own: Any,
        wrap: Callable,
    ):
        self.tables = list(tables)  # replaced where a member is
        self._settings, self._devices = settings, devices
        self._reader = RowReader(source.data, objective.reads)
        self._reads = objective.reads
        self._numbers = np.zeros(self._reader.num_rows, np.int32)
        self._capacity: dict[Chunk, int] = {}
        self._buffers = [HostBuffers() for _ in range(BUFFERS)]
        self._chunks = self._cut(source.nbytes, alike)
        parts = make_parts(model, objective, settings)

        def train(state, own, shared, block):
            data = {**own["own"], **block["data"]}
            return wrap(
                lambda state: parts.train(state, data, block["steps"]), state, own["active"]
            )

        def validate(state, own, shared, block):
            return parts.validate(state, {**own["own"], **block["data"]}, block["steps"])

        def finish(state, own, shared):
            kept = own["metrics"], own["losses"], own["first_step"]
            return wrap(lambda state: parts.finish(state, *kept), state, own["active"])

        self._programs: dict[tuple[str, int], tuple[Callable, Any]] = {}
        kept: dict[str, list] = {split: [] for split in SPLITS}
        for chunk in self._chunks:
            key, training = (chunk.split, chunk.stop - chunk.start), chunk.split == "train"
            if key not in self._programs:
                run = train if training else validate
                blocks = devices.block_shapes(self._shapes(chunk))
                out = devices.output_shapes(run, states, own, {}, blocks)
                program = devices.compile(run, states, own, {}, blocks, donate=training)
                self._programs[key] = program, out[1] if training else out
            kept[chunk.split].append(self._programs[key][1])
        arrays = self._joined(
            jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), kept), np.zeros(len(tables), int)
        )
        self._finish = devices.compile(finish, states, {**arrays, "active": own["active"]}, {})

    def __call__(self, states: Any, own: Any) -> tuple[Any, Any]:
        """Train every member for an epoch.

        Args:
          states: placed, [members, ...]; donated.
          own: placed, as for the constructor.

        Returns:
          (states, scalars), placed.
        """
        seeds, epochs, steps = self._devices.fetch((states.seed, states.epoch, states.step))
        plans = {
            split: [
                self._plan(split, table, seed, epoch, step)
                for table, seed, epoch, step in zip(self.tables, seeds, epochs, steps, strict=True)
            ]
            for split in SPLITS
        }
        kept: dict[str, list] = {split: [] for split in SPLITS}
        done: list[Any] = []  # of each chunk; once it is there, nothing reads the chunk's buffer
        with concurrent.futures.ThreadPoolExecutor(1, "vadjax-chunks") as thread:
            coming = thread.submit(self._gather, plans, self._chunks[0], self._buffers[0])
            for i, chunk in enumerate(self._chunks):
                block = coming.result()
                if i + 1 < len(self._chunks):
                    if i + 1 >= BUFFERS:
                        jax.block_until_ready(done[i + 1 - BUFFERS])
                    buffers = self._buffers[(i + 1) % BUFFERS]
                    coming = thread.submit(self._gather, plans, self._chunks[i + 1], buffers)
                run, _ = self._programs[chunk.split, chunk.stop - chunk.start]
                if chunk.split == "train":
                    states, found = run(states, own, {}, block)
                else:
                    found = run(states, own, {}, block)
                kept[chunk.split].append(found)
                done.append(found)
                del block
        jax.block_until_ready(done)
        arrays = self._joined(jax.tree.map(self._devices.fetch, kept), steps)
        return self._finish(states, {**arrays, "active": own["active"]}, {})

    def count(self, split: str) -> int:
        """Return the chunks of an epoch."""
        return sum(chunk.split == split for chunk in self._chunks)

    def _joined(self, kept: Mapping[str, list], first_step: np.ndarray) -> dict:
        """Return what the last part of an epoch reads, placed: the chunks' results in one."""
        metrics, losses = (
            jax.tree.map(lambda *parts: np.concatenate(parts, 1), *found)
            for found in (kept["train"], kept["validation"])
        )
        first_step = np.asarray(first_step, np.int32)
        return self._devices.place_members(
            {"metrics": metrics, "losses": losses, "first_step": first_step}
        )

    def _cut(self, nbytes: int, alike: bool) -> list[Chunk]:
        """Cut the epoch into chunks of at most `nbytes` on a device."""
        each, along = self._devices.shape
        batch_size, chunks = self._settings.batch_size, []
        for split in SPLITS:
            in_order = split == "validation"
            table = self.tables[0][split]
            share = batch_size if "frames" in table else -(-batch_size // along)
            most = most_rows(
                table,
                share,
                in_order=in_order and alike and along == 1,
                mix=bool(self._settings.mix) and not in_order,
            )
            count = steps_of(table, batch_size)
            room = max(1, nbytes // (most * self._reader.row_bytes * each))
            for start, stop in cut_steps(count, room):
                chunks.append(Chunk(split, start, stop))
                capacity = (stop - start) * most
                self._capacity[chunks[-1]] = min(capacity, self._reader.num_rows)
        return chunks

    def _plan(self, split: str, tables: Mapping, seed, epoch, step) -> SplitPlan:
        table, batch_size = tables[split], self._settings.batch_size
        length, count = len(table.get("frames", table["rows"])), table.get("count")
        order, drawn = np.arange(length), None
        if split == "train":
            order = np.asarray(_order(seed, epoch, length, count))
            if self._settings.mix:
                index, _ = window_batches(order, batch_size)
                windows = len(table["rows"]) if count is None else count
                drawn = _partners(seed, step, index, windows, self._settings.mix)
        return SplitPlan(
            table,
            order,
            batch_size=batch_size,
            devices=self._devices.shape[1],
            partners=drawn,
        )

    def _gather(
        self, plans: Mapping[str, Sequence[SplitPlan]], chunk: Chunk, buffers: HostBuffers
    ) -> Any:
        """Gather a chunk into buffers that nothing reads any more, and lay it over the devices."""

        def block(members: range, device: int) -> dict:
            capacity = self._capacity[chunk]
            data: dict[str, Any] = {
                name: buffers.array((members, device, name), (len(members), *shape), dtype)
                for name, (shape, dtype) in self._reader.shapes(capacity).items()
            }
            steps = []
            for place, member in enumerate(members):
                picked = plans[chunk.split][member].steps(chunk.start, chunk.stop, device)
                out = {name: values[place] for name, values in data.items()}
                steps.append(self._read(self._wanted(picked), out))
            found = {"data": data, "steps": jax.tree.map(lambda *x: np.stack(x), *steps)}
            counts = [self.tables[member][chunk.split].get("count") for member in members]
            if chunk.split == "train" and counts[0] is not None:
                data["train"] = {"count": np.array(counts, np.int32)}
            return found

        return jax.block_until_ready(self._devices.place_blocks(block))

    def _wanted(self, picked: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Leave out what the objective does not read."""
        return {k: v for k, v in picked.items() if k != "bag" or "bag" in self._reads}

    def _read(self, picked: dict, out: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Gather the rows of some steps into `out`; return the steps, rows numbered there."""
        names = [name for name in ("rows", "frames", "other_rows") if name in picked]
        wanted = np.zeros(self._reader.num_rows, bool)
        for name in names:
            wanted[picked[name]] = True
        rows = np.flatnonzero(wanted)
        self._numbers[rows] = np.arange(len(rows))
        self._reader.read(rows, out)
        return {**picked, **{name: self._numbers[picked[name]] for name in names}}

    def _shapes(self, chunk: Chunk) -> dict:
        """Return the shapes of a chunk of one member on one device."""
        plan = self._plan(chunk.split, self.tables[0], np.uint32(0), np.int32(0), np.int32(0))
        steps = self._wanted(plan.steps(chunk.start, chunk.stop, 0))
        data: dict[str, Any] = {
            name: jax.ShapeDtypeStruct(shape, dtype)
            for name, (shape, dtype) in self._reader.shapes(self._capacity[chunk]).items()
        }
        if chunk.split == "train" and "count" in self.tables[0]["train"]:
            data["train"] = {"count": jax.ShapeDtypeStruct((), np.int32)}
        return {"data": data, "steps": steps}


@functools.partial(jax.jit, static_argnums=2)
def _order(seed, epoch, length, count):
    return permutation(seed, epoch, length, count)


@functools.partial(jax.jit, static_argnums=4)
def _partners(seed, first_step, index, count, rate):
    steps = first_step + np.arange(len(index))

    def draw(step, index):
        return partners(seed, step, index, count=count, rate=rate)

    return jax.vmap(draw)(steps, index)
