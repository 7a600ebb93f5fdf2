"""What a group will take before it starts: memory, members at a time, and time."""

import dataclasses
import json
import math
import pathlib
from collections.abc import Mapping

import jax
import numpy as np

from vadjax import config as configs
from vadjax.errors import UserError
from vadjax.pipeline.run import Run
from vadjax.storage.files import write_json
from vadjax.training import population
from vadjax.training.population import Member, make_state
from vadjax.training.step import Settings

SLOTS = 8  # members at a time where no device tells its memory; beyond, two cores gain nothing
MOST = 256
SHARE = 0.8  # of a device's memory that a group may plan to fill
FILE = "sweep_throughput.json"
MEMORY = "sweep_memory.json"
NAMED = (
    "dataset.protocol",
    "features.backbone",
    "features.tap",
    "window.length",
    "objective.name",
    "train.batch_size",
    "train.optimizer",
)


@dataclasses.dataclass(frozen=True)
class Budget:
    """What a group needs.

    Attributes:
        member_bytes: state, gradients and the batch of one member.
        shared_bytes: features and tables, on every device.
        slots: members at a time, over all devices.
        devices: that they lie on.
        limit_bytes: of a device's memory; None where it does not tell.
        windows: fitted windows of all members, all epochs, if none stops early.
        seconds: of training, expected at most; None where nothing like it was measured here.
        planned: the compiler has said what a member takes while it trains; else that is guessed
            from the sizes of its arrays.
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
        """Say it as a person reads it."""
        each = math.ceil(self.slots / self.devices)
        needed = self.shared_bytes + each * self.member_bytes
        room = f" of {size(self.limit_bytes)}" if self.limit_bytes else ""
        time = "time not measured yet"
        if self.seconds is not None:
            time = f"training at most {duration(self.seconds)}"
        members = f"{each} member{'s' * (each != 1)} per device"
        basis = "" if self.planned else " by the sizes of arrays"
        return f"needs {size(needed)}{room}{basis}, {members}; {time}"


def budget(group, *, slots: int = 0) -> Budget:
    """Return the `Budget` of a `group.Group`.

    Args:
        group: with at least one task.
        slots: asked for; 0 takes what fits.

    Raises:
        UserError: not one member fits on a device.
    """
    run, tasks, shared = group.runs[0], group.tasks, group.shared
    train, member = run.config.train, tasks[0].member
    state = state_bytes(run.model, {**shared, **member.own}, member, train.optimizer)
    present, limit = devices_of(train.num_devices)
    working = working_bytes_of(group) if limit else guessed_bytes(run, shared)
    each = state + working + tree_bytes(member.own)
    resident = tree_bytes(shared)
    slots = slots or evenly(
        len(tasks), fitting(each, resident, devices=present, limit=limit), devices=present
    )
    slots = min(slots, len(tasks))
    windows = sum(task.steps for task in tasks) * train.batch_size * train.epochs
    known = read(run.cache).get(key_of(run))
    seconds = windows / known if known else None
    return Budget(each, resident, slots, min(present, slots), limit, windows, seconds, bool(limit))


def working_bytes_of(group) -> int:
    """Return what the compiler plans for a member, asked once for each shape and then kept."""
    run, task = group.runs[0], group.tasks[0]
    known = read(run.cache, MEMORY)
    if key_of(run) not in known:
        found = population.working_bytes(
            run.model,
            run.objective,
            Settings.of(run.config.train, task.steps),
            member=task.member,
            shared=group.shared,
        )
        known[key_of(run)] = found
        write_json(run.cache / MEMORY, {**read(run.cache, MEMORY), **known})
    return int(known[key_of(run)])


def guessed_bytes(run: Run, shared: Mapping) -> int:
    """Guess the same where no device tells its memory: the gathered windows twice."""
    row = int(np.prod(shared["features"].shape[1:]))
    windows = 4 * run.config.train.batch_size * run.config.window.length
    return 2 * windows * row


def fitting(each: int, resident: int, *, devices: int, limit: int | None) -> int:
    """Return how many members of `each` bytes fit beside `resident` ones, over all devices.

    >>> fitting(10**9, 2 * 10**9, devices=2, limit=10 * 10**9)
    12

    Raises:
        UserError: not one fits.
    """
    if limit is None:
        return SLOTS
    room = int((SHARE * limit - resident) // each)
    if room < 1:
        raise UserError(
            f"one member needs {size(resident + each)} and the device has {size(limit)}, of which "
            f"{SHARE:.0%} are planned with. Choose pooled features, a smaller model or window."
        )
    return min(room, MOST) * devices


def evenly(members: int, most: int, *, devices: int = 1) -> int:
    """Return how many slots, of at most `most`, take all members in as few turns and none idle.

    A turn of eight and one of four, in slots of eight, would compute for sixteen.

    >>> evenly(12, 8), evenly(5, 8), evenly(100, 64, devices=4)
    (6, 5, 52)
    """
    each = math.ceil(members / math.ceil(members / most))
    return min(most, math.ceil(each / devices) * devices)


def state_bytes(model, data: Mapping, member: Member, optimizer: str) -> int:
    """Return the bytes of a member's state and gradients, without making them."""
    made = jax.eval_shape(lambda: make_state(model, data, optimizer)(member))
    return tree_bytes(made) + tree_bytes(made.params)


def tree_bytes(tree) -> int:
    """Return the bytes of the arrays of a tree."""
    return sum(math.prod(x.shape) * np.dtype(x.dtype).itemsize for x in jax.tree.leaves(tree))


def devices_of(count: int) -> tuple[int, int | None]:
    """Return the number of devices that train, and the bytes of one, None where it tells none."""
    present = jax.devices()
    count = count or (1 if jax.default_backend() == "cpu" else len(present))
    return count, (present[0].memory_stats() or {}).get("bytes_limit")


def key_of(run: Run) -> str:
    """Return what throughput depends on: the device, the model, its input and its batch."""
    flat = configs.flatten(run.config.to_dict())
    kept = {k: v for k, v in flat.items() if k in NAMED or k.startswith("model.")}
    del kept["model.dropout"]
    return configs.fingerprint({**kept, "device": jax.devices()[0].device_kind})


def read(cache: pathlib.Path, name: str = FILE) -> dict[str, float]:
    """Return what is known by key: windows fitted a second, all included, or bytes a member."""
    try:
        found = json.loads((cache / name).read_text(encoding="utf-8"))
        return {str(key): float(value) for key, value in found.items() if float(value) > 0}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}  # it is only a memory


def learn(run: Run, *, windows: int, seconds: float) -> None:
    """Keep the throughput of a group that was trained."""
    if windows and seconds > 0:
        write_json(run.cache / FILE, {**read(run.cache), key_of(run): round(windows / seconds, 1)})


def size(count: int) -> str:
    """Write bytes for people.

    >>> size(3_100_000_000), size(52_000)
    ('3.1 GB', '0.1 MB')
    """
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def duration(seconds: float) -> str:
    """Write seconds for people.

    >>> duration(42), duration(150), duration(9000)
    ('42 s', '3 min', '2.5 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
