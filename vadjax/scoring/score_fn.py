"""The compiled scoring of many windows, split over the devices."""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from vadjax.runtime.devices import cpu_lock

AXIS = "data"
PADDING_BYTES = 1 << 22  # by about this much features may grow, so that few shapes are compiled


@dataclasses.dataclass(frozen=True, eq=False)
class ScoreFn:
    """The compiled scoring of many windows, see `make_score_fn`.

    Attributes:
        on_device: (variables, padded features, padded rows), on the devices -> the scores of all
            windows, including the padding's.
        batch_size: windows in one step of a device's scan.
        shardings: of features and rows.
    """

    on_device: Callable[..., jax.Array]
    batch_size: int
    shardings: tuple[NamedSharding, NamedSharding]

    def __call__(self, variables: Mapping, features: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Score windows from the host.

        Args:
            variables: of the model.
            features: [n, ...] standardised.
            rows: int32 [m, length], the windows.

        Returns:
            float32 [m, s], the scores of the last s rows of each window; of classes [m, s, k].
        """
        return self.fetch(variables, *self.put(features, rows))[: len(rows)]

    def fetch(self, variables: Mapping, features: jax.Array, rows: jax.Array) -> np.ndarray:
        """Score windows that `put` has copied to the devices.

        Args:
            variables: of the model.
            features: from `put`.
            rows: from `put`.

        Returns:
            float32 [m', s], the scores of all windows, including the padding's.
        """
        with cpu_lock():
            return np.asarray(self.on_device(variables, features, rows))

    def put(self, features: np.ndarray, rows: np.ndarray) -> tuple[jax.Array, jax.Array]:
        """Copy features and windows to the devices, padded so that few shapes are compiled.

        Args:
            features: [n, ...] standardised.
            rows: int32 [m, length], the windows.

        Returns:
            Features [n', ...] on every device, and rows [m', length] split over the devices.
        """
        devices = self.shardings[0].mesh.size
        features = _padded(features, _quantum(features) * devices)
        rows = _padded(rows, self.batch_size * devices)
        return jax.device_put((features, rows), self.shardings)


@functools.lru_cache(maxsize=16)  # detectors of one kind share a compiled program
def make_score_fn(
    model: Any,
    objective: Any,
    *,
    length: int,
    batch_size: int,
    inside: int = 0,
    classes: bool = False,
) -> ScoreFn:
    """Compile the scoring of many windows, split over all local devices.

    The first layer's input projection is computed once for each frame, and shared by all windows
    that contain it, where the model has one.

    Args:
        model: what `models.create` returned.
        objective: what `objectives.create` returned.
        length: frames of a window.
        batch_size: windows in one step of a device's scan.
        inside: score so many of the last rows by the rows before them, of a model with
            `every_row`; 0: those that a whole window scores.
        classes: give the probabilities of the objective's classes in the place of the score.

    Returns:
        The compiled function; the same one for equal arguments.
    """
    score = objective.class_probabilities if classes else objective.frame_score
    scored = inside or objective.num_scored(length)
    project = getattr(model, "project", None)  # of recurrent models
    devices = jax.local_device_count()
    mesh = jax.make_mesh((devices,), (AXIS,), axis_types=(AxisType.Auto,))

    def share(variables: Mapping, features: jax.Array, rows: jax.Array) -> jax.Array:
        kwargs: dict[str, Any] = {}
        inputs = features
        if project is not None:
            mine = features.reshape(devices, -1, *features.shape[1:])[jax.lax.axis_index(AXIS)]
            inputs = jax.lax.all_gather(project(variables, mine), AXIS, tiled=True)
            kwargs["projected"] = True

        def batch(rows: jax.Array) -> jax.Array:
            outputs, _ = model.apply(
                variables, inputs[rows].astype(jnp.float32), num_outputs=scored, **kwargs
            )
            targets = () if classes else (features[rows[:, -scored:]],)
            if inside:
                return score_rows(score, outputs, *targets)
            return score(outputs, *targets)  # [b, s], of classes [b, s, k]

        values = jax.lax.map(batch, rows.reshape(-1, batch_size, length))
        return values.reshape(-1, *values.shape[2:])

    split, whole = PartitionSpec(AXIS), PartitionSpec()
    shardings = NamedSharding(mesh, whole), NamedSharding(mesh, split)
    mapped = jax.jit(
        jax.shard_map(
            share, mesh=mesh, in_specs=(whole, whole, split), out_specs=split, check_vma=False
        )
    )
    return ScoreFn(mapped, batch_size, shardings)


def score_rows(score: Callable, outputs: Mapping, *targets: jax.Array) -> jax.Array:
    """Score each output as that of a window that ends at its row.

    Args:
        score: (outputs, targets) -> [b, 1, ...], of the last row of each window.
        outputs: `output` [b, s, ...].
        *targets: [b, s, ...], the rows that they stand for, where `score` takes them.

    Returns:
        float32 [b, s, ...].
    """
    output = outputs["output"]
    batch, rows = output.shape[:2]
    apart = {"output": output.reshape(batch * rows, 1, *output.shape[2:])}
    values = score(apart, *(x.reshape(batch * rows, 1, *x.shape[2:]) for x in targets))
    return values.reshape(batch, rows, *values.shape[2:])


def _quantum(features: np.ndarray) -> int:
    """Return the number of rows that features are padded to a multiple of: at most 1,024.

    >>> _quantum(np.zeros((7, 1280), np.float32)), _quantum(np.zeros((7, 64, 64, 3), np.float32))
    (1024, 128)
    """
    row = max(1, features[:1].nbytes)
    return min(1024, 1 << (PADDING_BYTES // row).bit_length())


def _padded(array: np.ndarray, multiple: int) -> np.ndarray:
    """Repeat the first row up to a multiple, so that few shapes are compiled."""
    missing = -len(array) % multiple
    return np.concatenate([array, np.repeat(array[:1], missing, axis=0)]) if missing else array
