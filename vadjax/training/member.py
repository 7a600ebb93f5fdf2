"""One training of a population: its description, its first state and its epoch."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from vadjax.models.model import Model, Objective
from vadjax.training import state as states
from vadjax.training.epoch import make_epoch
from vadjax.training.parallel import Devices
from vadjax.training.step import Settings


class Member(NamedTuple):
    """One training of a population.

    Attributes:
      name: how the caller knows it.
      seed: of all its random numbers.
      hparams: float32 arrays by name, see `training.state.State`.
      own: what it reads for itself instead of the shared data: "train" and "select" tables,
        "features"... of one shape for all members. Empty where it shares everything.
    """

    name: str
    seed: int
    hparams: Mapping[str, np.ndarray]
    own: Mapping[str, Any] = {}


def working_bytes(
    model: Model, objective: Objective, settings: Settings, *, member: Member, shared: Mapping
) -> int:
    """Return what a member takes on a device while it trains, besides its state and its tables.

    Activations, gradients and gathered windows, as the compiler plans them for two members on one
    device; nothing is placed there. It takes one compilation.

    Args:
      model: see `Model`.
      objective: see `Objective`.
      settings: what the compiled epoch fixes.
      member: any one.
      shared: see `Population`.

    Returns:
      Bytes.
    """
    devices, own = Devices(1, members=2), dict(member.own)
    data = {**shared, **own}
    state = jax.eval_shape(lambda: make_state(model, data, settings.optimizer, objective)(member))
    reads = {k: v for k, v in shared.items() if k not in own}
    states_of, own_of = jax.tree.map(
        lambda x: jax.ShapeDtypeStruct((2, *x.shape), x.dtype),
        (state, {"own": own, "active": np.bool_(True)}),
    )
    whole = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), reads)
    run = member_epoch(model, objective, settings, functools.partial(keep_idle, masks=True))
    return devices.program(run, states_of, own_of, whole).memory_analysis().temp_size_in_bytes // 2


def make_state(
    model: Model, data: Mapping, optimizer: str, objective: Objective | None = None
) -> Callable[[Member], states.State]:
    """Return the function that makes a member's state before its first step, compiled once.

    Args:
      model: see `Model`.
      data: what the member reads; the shapes of windows and rows are used.
      optimizer: of the config.
      objective: may divide the parameters into groups; None does not.

    Returns:
      The function.
    """
    groups = getattr(objective, "groups", ())
    length, row = data["train"]["rows"].shape[1], data["features"].shape[1:]
    window = np.zeros((1, length, *row), np.float32)
    more: dict[str, Any] = {"optimizer": optimizer, "groups": groups}
    create = jax.jit(functools.partial(states.create, model, window, **more))
    return lambda member: create(seed=np.uint32(member.seed % 2**32), hparams=dict(member.hparams))


def member_epoch(
    model: Model, objective: Objective, settings: Settings, wrap: Callable
) -> Callable:
    """Return the epoch of one member.

    Args:
      model: see `Model`.
      objective: see `Objective`.
      settings: what the compiled epoch fixes.
      wrap: `keep_idle`, with `masks` given.

    Returns:
      The function (state, own, shared) -> (state, scalars).
    """
    epoch = make_epoch(model, objective, settings)

    def run(state: states.State, own: Mapping, shared: Mapping):
        return wrap(lambda state: epoch(state, {**shared, **own["own"]}), state, own["active"])

    return run


def keep_idle(run: Callable, state: states.State, active: jax.Array, *, masks: bool) -> tuple:
    """Run an epoch, or a part of one, of one member; an inactive one stays as it is.

    Args:
      run: state -> (state, scalars).
      state: of the member.
      active: bool [], whether a member has the slot.
      masks: False where every slot is active always, which costs nothing then.

    Returns:
      The state and the scalars.
    """
    new, found = run(state)
    if masks:
        new = jax.tree.map(lambda a, b: jax.numpy.where(active, a, b), new, state)
    return new, found
