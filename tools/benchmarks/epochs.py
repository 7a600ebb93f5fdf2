"""vadjax's side of training: epochs as in `python -m vadjax.main`, each one compiled program."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from tools.benchmarks import precision


def config_of(objective: str, **model: Any) -> Any:
    """Return the defaults with this objective and model, in the chosen precision."""
    from vadjax.config import default_config

    config = default_config()
    config.model.update({**model, "dtype": precision.dtype()})
    config.objective.name = objective
    config.train.clip_norm = 0.0  # the other sides do not clip
    with config.unlocked():
        config.objective.label_rule = config.window.label
    return config


def network(config: Any, row_shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Return the model for rows of a shape, and its objective."""
    from vadjax import models
    from vadjax.models import objectives

    objective = objectives.create(config.objective)
    return models.create(config.model, feature_shape=row_shape, objective=objective), objective


def sample_of(
    config: Any, features: np.ndarray, labels: np.ndarray, rows: np.ndarray, *, members: int = 1
) -> Callable[[], float]:
    """Return a sample: an epoch of all members, in training windows per second.

    Args:
        config: complete; its section `train` has the batches and the devices.
        features: float32 [n, ...].
        labels: int32 [n] of the rows.
        rows: int32 [m, t], the training windows; one is held out.
        members: trained at a time; they differ in seed and learning rate.
    """
    from vadjax.runtime import devices

    devices.setup()

    from vadjax.data.splits.windows import WindowTable
    from vadjax.training import inputs

    tables = [WindowTable(r, np.zeros(len(r), np.int32)) for r in (rows, rows[:1])]
    data = inputs.TrainingData([features], *tables, frame_labels=labels)
    shared = inputs.resident_arrays(data, run_size=inputs.run_size(config.train))
    population, cost = population_of(config, data, shared, members=members)

    def sample() -> float:
        start = time.perf_counter()
        population.epoch()
        return members * len(rows) / (time.perf_counter() - start)

    sample.cost = cost
    return sample


def population_of(
    config: Any, data: Any, shared: Any, *, members: int = 1
) -> tuple[Any, Callable[[], Any]]:
    """Return a population, and a function that returns the cost of a training window.

    Args:
        config: the whole config.
        data: a TrainingData.
        shared: its arrays, resident or chunked.
        members: trained at once; beyond the first they differ in seed and learning rate.
    """
    from vadjax.training.batches import steps_of
    from vadjax.training.hyperparameters import hyperparameters
    from vadjax.training.member import Member
    from vadjax.training.parallel import Devices
    from vadjax.training.population import Population
    from vadjax.training.step import Settings

    model, objective = network(config, data.row_shape)
    train = config.train
    settings = Settings.of(train, steps_of(shared["train"], train.batch_size))
    hparams = hyperparameters(data, config, objective)
    rates = np.geomspace(1e-4, 1e-2, members, dtype=np.float32) if members > 1 else [1e-3]
    taking_part = [
        Member(str(i), i, {**hparams, "learning_rate": np.float32(rate)})
        for i, rate in enumerate(rates)
    ]
    population = Population(
        model,
        objective,
        settings,
        members=taking_part,
        shared=shared,
        devices=Devices(train.num_devices, mode=train.parallel, members=members),
    )
    return population, lambda: _cost(model, objective, settings, taking_part[0], shared)


def _cost(model, objective, settings, member, shared):
    """Return the cost per training window: that of a member's epoch, divided by its windows."""
    import jax
    from jax.sharding import Mesh, PartitionSpec

    from tools.benchmarks.cost import count
    from vadjax.training.batches import AXIS
    from vadjax.training.epoch import make_epoch
    from vadjax.training.member import make_state

    state = jax.eval_shape(lambda: make_state(model, shared, settings.optimizer)(member))
    whole = PartitionSpec()
    epoch = jax.shard_map(
        make_epoch(model, objective, settings),
        mesh=Mesh(np.array(jax.local_devices()[:1]), (AXIS,)),
        in_specs=whole,
        out_specs=whole,
        check_vma=False,
    )
    return count(epoch, state, shared).times(1 / len(shared["train"]["rows"]))
