"""Detectors of places: maps of stages of the backbone -> a score and a map."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from vadjax.detectors import padim, patchcore, student_teacher
from vadjax.exporting.distances import nearest_of, one_by_one
from vadjax.exporting.programs import BATCH, Array, Parts, Program
from vadjax.models import student
from vadjax.pipeline.trained import TrainedDetector
from vadjax.scoring import nearest_place, place_gaussian
from vadjax.scoring.tap_maps import Smoother, joined, to_grid
from vadjax.training.imitation import standardised

Measure = Callable[..., tuple[jax.Array, jax.Array]]  # maps [b, h, w, c] -> [b], [b, h, w]


def parts_of(trained: TrainedDetector, row_shapes: tuple[tuple[int, ...], ...]) -> Parts:
    """Return the programs of `knn_places`, `padim`, `patchcore` and `student_teacher`.

    Args:
        trained: the detector of a finished run.
        row_shapes: of a row of each stage.

    Returns:
        For each fold "detector0", of windows of one row.
    """
    name, programs = trained.run.detector.name, []
    grid = row_shapes[1 if name == "student_teacher" else 0][:2]
    for fold, state in enumerate(trained.states):
        measure = MEASURES[name](state, trained.run.config)

        def function(*windows: jax.Array, measure: Measure = measure) -> tuple[jax.Array, ...]:
            scores, maps = measure(*(each[:, 0] for each in windows))
            return scores[:, None], maps

        names = (
            ["windows"] if len(row_shapes) == 1 else [f"windows{i}" for i in range(len(row_shapes))]
        )
        inputs = [
            Array(one, (BATCH, 1, *shape)) for one, shape in zip(names, row_shapes, strict=True)
        ]
        outputs = (Array("scores", (BATCH, 1)), Array("map", (BATCH, *grid)))
        programs.append(Program(f"detector{fold}", function, tuple(inputs), outputs))
    return Parts(programs, one_by_one(), name)


def averaged(maps: jax.Array) -> jax.Array:
    """Average over 3 x 3 places as `tap_maps.averaged` does, by sums that every format has."""
    height, width = maps.shape[1:3]
    padded = jnp.pad(maps, ((0, 0), (1, 1), (1, 1), (0, 0)))
    rows = padded[:, :height] + padded[:, 1 : height + 1] + padded[:, 2:]
    return (rows[:, :, :width] + rows[:, :, 1 : width + 1] + rows[:, :, 2:]) / 9


def _knn_places(state: Mapping, config: Any) -> Measure:
    mean, std = (np.asarray(state[key], np.float32) for key in ("mean", "std"))
    nearest = nearest_of(state["bank"], config.evaluate.knn)

    def measure(maps: jax.Array) -> tuple[jax.Array, jax.Array]:
        # The mean over the neighbours that there are: ones beyond the edge are none.
        there = averaged(jnp.ones((1, *maps.shape[1:3], 1), jnp.float32))
        places = (averaged(maps) / there - mean) / std
        away = nearest(places.reshape(-1, places.shape[-1])).reshape(maps.shape[:3])
        return away.max((1, 2)), away

    return measure


def _padim(state: Mapping, config: Any) -> Measure:
    mean, white = (jnp.asarray(state[key]) for key in ("mean", "white"))
    embedding, grid = np.asarray(state["embedding"]), _grid(state)
    smoother = Smoother.of(grid, factor=padim.PIXELS)

    def measure(*maps: jax.Array) -> tuple[jax.Array, jax.Array]:
        rows = joined(maps, linear=False)
        rows = rows.reshape(rows.shape[0], grid[0] * grid[1], rows.shape[-1])  # [b, h w, c]
        if embedding.ndim == 1:
            rows = jnp.take(rows, embedding, axis=-1)
        else:
            rows = jnp.matmul(rows, embedding, precision="highest")
        away = place_gaussian.distances(mean, white, rows).reshape(-1, *grid)
        return smoother.fine(away).max((1, 2)), smoother.coarse(away)

    return measure


def _patchcore(state: Mapping, config: Any) -> Measure:
    bank = nearest_place.Bank.of(jnp.asarray(state["bank"]))
    grid, neighbours = _grid(state), config.places.neighbours
    smoother = Smoother.of(grid, factor=patchcore.PIXELS)

    def measure(*maps: jax.Array) -> tuple[jax.Array, jax.Array]:
        rows = joined([averaged(each) for each in maps], linear=True)
        places = rows.reshape(rows.shape[0], grid[0] * grid[1], rows.shape[-1])
        scores, away = scores_of(bank, places, neighbours=neighbours)
        return scores, smoother.coarse(away.reshape(-1, *grid))

    return measure


def scores_of(
    bank: nearest_place.Bank, places: jax.Array, *, neighbours: int
) -> tuple[jax.Array, jax.Array]:
    """Measure images as `nearest_place.score` does each, without the gathers that `vmap` makes.

    Not every format has those where the number of images is open.

    Args:
        bank: of normal places, [n, d].
        places: float32 [b, p, d].
        neighbours: see there.

    Returns:
        Scores of the images, float32 [b], and the distance of each place, float32 [b, p].
    """
    places = places - bank.mean
    products = jnp.matmul(places, bank.places.T, precision="highest")  # [b, p, n]
    squares = (bank.squares - 2 * products).min(2) + jnp.square(places).sum(2)
    away = jnp.sqrt(jnp.maximum(squares, 0))
    own = jnp.take_along_axis(places, away.argmax(1)[:, None, None], axis=1)  # [b, 1, d]
    from_own = jnp.sqrt(jnp.square(bank.places - own).sum(2))  # [b, n], exact
    nearest, count = from_own.argmin(1), min(neighbours, len(bank.places))
    largest = from_own.min(1)
    if count == 1:
        return largest, away
    between = jnp.square(bank.places - jnp.take(bank.places, nearest, axis=0)[:, None]).sum(2)
    around = jax.lax.top_k(-between, count)[1]
    weight = 1 - jax.nn.softmax(jnp.take_along_axis(from_own, around, axis=1))[:, 0]
    return weight * largest, away


def _student_teacher(state: Mapping, config: Any) -> Measure:
    params, levels = state["params"], [float(level) for level in state["levels"]]
    statistics = tuple(map(tuple, state["statistics"]))
    strides, grid = tuple(state["strides"]), _grid(state)
    smoother = Smoother.of(grid, factor=student_teacher.PIXELS)

    def measure(*maps: jax.Array) -> tuple[jax.Array, jax.Array]:
        found = student.errors(params, standardised(maps, statistics), strides=strides)
        found = [to_grid(each / level, grid) for each, level in zip(found, levels, strict=True)]
        away = jnp.stack(found, axis=-1).mean(-1)  # [b, h, w]
        return smoother.fine(away).max((1, 2)), smoother.coarse(away)

    return measure


MEASURES: dict[str, Callable[[Mapping, Any], Measure]] = {
    "knn_places": _knn_places,
    "padim": _padim,
    "patchcore": _patchcore,
    "student_teacher": _student_teacher,
}


def _grid(state: Mapping) -> tuple[int, int]:
    height, width = map(int, state["grid"])
    return height, width
