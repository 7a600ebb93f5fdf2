"""Estimates of what a group needs before it starts: memory, members at a time, and time."""

import dataclasses
import math
from collections.abc import Mapping

import jax
import numpy as np

from vadjax.errors import UserError
from vadjax.pipeline.run import Run
from vadjax.report.wording import duration
from vadjax.sweeps.measurements import MEMORY, measurement_key, read_measurements, record_memory
from vadjax.training import member as training_member
from vadjax.training.chunks import Chunked
from vadjax.training.member import Member, make_state
from vadjax.training.step import Settings

DEFAULT_SLOTS = 8  # where the device does not report its memory; on two cores more gain nothing
MAX_PER_DEVICE = 256
MEMORY_SHARE = 0.8  # of a device's memory that a group may plan to use


@dataclasses.dataclass(frozen=True)
class Budget:
    """What a group needs.

    Attributes:
        member_bytes: state, gradients and the batch of one member.
        shared_bytes: features and tables, on every device.
        slots: members at a time, over all devices.
        devices: that the members are placed on.
        limit_bytes: a device's memory; None where the device does not report it.
        windows: training windows of all members and epochs if none stops early.
        seconds: upper estimate of the training time; None where nothing similar was measured here.
        planned: whether `member_bytes` comes from the compiler's plan instead of array sizes.
    """

    member_bytes: int
    shared_bytes: int
    slots: int
    devices: int
    limit_bytes: int | None
    windows: int
    seconds: float | None
    planned: bool = False

    def __str__(self) -> str:
        """Return one line for the console."""
        each = math.ceil(self.slots / self.devices)
        needed = self.shared_bytes + each * self.member_bytes
        limit = f" of {format_bytes(self.limit_bytes)}" if self.limit_bytes else ""
        time = "time not measured yet"
        if self.seconds is not None:
            time = f"training at most {duration(self.seconds)}"
        members = f"{each} member{'s' * (each != 1)} per device"
        basis = "" if self.planned else " by the sizes of arrays"
        return f"needs {format_bytes(needed)}{limit}{basis}, {members}; {time}"


def estimate_budget(group, *, slots: int = 0) -> Budget:
    """Return the `Budget` of a `group.Group`.

    Args:
        group: with at least one task.
        slots: members at a time; 0 chooses as many as fit.

    Returns:
        The estimate.

    Raises:
        UserError: not one member fits on a device.
    """
    run, tasks, shared = group.runs[0], group.tasks, group.shared
    train, member = run.config.train, tasks[0].member
    model = run.detector.model(shared["features"].shape[1:])
    state = state_bytes(model, {**shared, **member.own}, member, train.optimizer)
    devices, limit = training_devices(train.num_devices)
    working = planned_bytes(group) if limit else batch_bytes(run, shared)
    each = state + working + tree_bytes(member.own)
    resident = tree_bytes(shared)
    if not slots:
        fitting = max_members(each, resident, devices=devices, limit=limit)
        slots = balanced_slots(len(tasks), fitting, devices=devices)
    slots = min(slots, len(tasks))
    windows = sum(task.steps for task in tasks) * train.batch_size * train.epochs
    rate = read_measurements(run.cache).get(measurement_key(run))
    seconds = windows / rate if rate else None
    return Budget(each, resident, slots, min(devices, slots), limit, windows, seconds, bool(limit))


def planned_bytes(group) -> int:
    """Return the compiler's plan for a member's working memory; compiled once for each shape."""
    run, task = group.runs[0], group.tasks[0]
    known = read_measurements(run.cache, MEMORY).get(measurement_key(run))
    if known is None:
        known = training_member.working_bytes(
            run.detector.model(group.shared["features"].shape[1:]),
            run.detector.objective,
            Settings.of(run.config.train, task.steps),
            member=task.member,
            shared=group.shared,
        )
        record_memory(run, known)
    return int(known)


def batch_bytes(run: Run, shared: Mapping) -> int:
    """Return twice the bytes of a batch of gathered windows, a guess at the working memory.

    Args:
        run: of the group.
        shared: its shared arrays; "features" is float32 [n, ...].

    Returns:
        Bytes of a member.
    """
    row = int(np.prod(shared["features"].shape[1:]))
    windows = 4 * run.config.train.batch_size * run.config.window.length
    return 2 * windows * row


def max_members(each: int, resident: int, *, devices: int, limit: int | None) -> int:
    """Return how many members fit beside the shared arrays, over all devices.

    >>> max_members(10**9, 2 * 10**9, devices=2, limit=10 * 10**9)
    12

    Args:
        each: bytes of a member.
        resident: bytes of the shared arrays, on every device.
        devices: number of devices.
        limit: bytes of a device; None where it does not report them.

    Returns:
        The number of members, at most `MAX_PER_DEVICE` for each device.

    Raises:
        UserError: not one member fits.
    """
    if limit is None:
        return DEFAULT_SLOTS
    count = int((MEMORY_SHARE * limit - resident) // each)
    if count < 1:
        raise UserError(
            f"one member needs {format_bytes(resident + each)} and the device has "
            f"{format_bytes(limit)}, of which {MEMORY_SHARE:.0%} may be used. Choose pooled "
            "features, a smaller model or a shorter window."
        )
    return min(count, MAX_PER_DEVICE) * devices


def balanced_slots(members: int, most: int, *, devices: int = 1) -> int:
    """Return the least number of slots that takes no more rounds than `most` slots would.

    Twelve members in eight slots are a round of eight and one of four that costs as much; six
    slots take two rounds as well.

    >>> balanced_slots(12, 8), balanced_slots(5, 8), balanced_slots(100, 64, devices=4)
    (6, 5, 52)

    Args:
        members: to train.
        most: slots that fit.
        devices: the result is a multiple of this number, at most `most`.

    Returns:
        The number of slots over all devices.
    """
    each = math.ceil(members / math.ceil(members / most))
    return min(most, math.ceil(each / devices) * devices)


def state_bytes(model, data: Mapping, member: Member, optimizer: str) -> int:
    """Return the bytes of a member's state and gradients, without allocating them.

    Args:
        model: see vadjax/models.
        data: the arrays that the member reads.
        member: the member.
        optimizer: its name in the config.

    Returns:
        Bytes.
    """
    state = jax.eval_shape(lambda: make_state(model, data, optimizer)(member))
    return tree_bytes(state) + tree_bytes(state.params)


def tree_bytes(tree) -> int:
    """Return the bytes of the arrays of a tree; of chunked features those of two chunks."""
    return sum(
        2 * x.nbytes if isinstance(x, Chunked) else math.prod(x.shape) * np.dtype(x.dtype).itemsize
        for x in jax.tree.leaves(tree)
    )


def training_devices(count: int) -> tuple[int, int | None]:
    """Return the number of devices that train, and the bytes of one, None if not reported."""
    present = jax.devices()
    count = count or (1 if jax.default_backend() == "cpu" else len(present))
    return count, (present[0].memory_stats() or {}).get("bytes_limit")


def format_bytes(count: int) -> str:
    """Format a number of bytes.

    >>> format_bytes(3_100_000_000), format_bytes(52_000)
    ('3.1 GB', '0.1 MB')
    """
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
