"""Trained variables + features -> one score a frame, over every window at stride 1."""

import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from vadjax.data.windows import WindowTable, window_span, window_table
from vadjax.errors import UserError
from vadjax.models.model import Model
from vadjax.models.objectives import Objective
from vadjax.runtime.devices import cpu_lock

AXIS = "data"
PADDING_BYTES = 1 << 22  # that features may grow by, about, to meet few shapes
ROWS_AT_ONCE = 1 << 16  # feature rows on the device in one call; longer sets go in groups


@dataclasses.dataclass(frozen=True, eq=False)
class ScoreFn:
    """The compiled scoring of many windows, see `make_score_fn`.

    Attributes:
        placed: (variables, padded features, padded rows) as they lie on the devices -> the scores
            of all windows, the padding's too.
        batch_size: windows in one step of a device's scan.
        places: where features and rows lie.
    """

    placed: Callable[..., jax.Array]
    batch_size: int
    places: tuple[NamedSharding, NamedSharding]

    def __call__(self, variables: Mapping, features: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Score windows from the host.

        Args:
            variables: of the model.
            features: [n, ...] standardised.
            rows: int32 [m, length], the windows.

        Returns:
            float32 [m, s], the scores of the last s rows of each window.
        """
        return self.fetch(variables, *self.place(features, rows))[: len(rows)]

    def fetch(self, variables: Mapping, features: jax.Array, rows: jax.Array) -> np.ndarray:
        """Return the scores of `place`d windows, the padding's too."""
        with cpu_lock():
            return np.asarray(self.placed(variables, features, rows))

    def place(self, features: np.ndarray, rows: np.ndarray) -> tuple[jax.Array, jax.Array]:
        """Lay features and windows on the devices, padded to a few shapes."""
        devices = self.places[0].mesh.size
        features = _padded(features, _quantum(features) * devices)
        rows = _padded(rows, self.batch_size * devices)
        return jax.device_put((features, rows), self.places)


@functools.lru_cache(maxsize=16)  # detectors of one kind share a compiled program
def make_score_fn(model: Model, objective: Objective, *, length: int, batch_size: int) -> ScoreFn:
    """Compile the scoring of many windows, split over all local devices.

    The first layer's input projection is computed once for each frame, and shared by all windows
    that contain it, where the model has one.

    Args:
        model: what `models.create` returned.
        objective: what `objectives.create` returned.
        length: frames of a window.
        batch_size: windows in one step of a device's scan.
    """
    scored = objective.num_scored(length)
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
            return objective.frame_score(outputs, features[rows[:, -scored:]])  # [b, s]

        return jax.lax.map(batch, rows.reshape(-1, batch_size, length)).reshape(-1, scored)

    split, whole = PartitionSpec(AXIS), PartitionSpec()
    places = NamedSharding(mesh, whole), NamedSharding(mesh, split)
    mapped = jax.jit(
        jax.shard_map(
            share, mesh=mesh, in_specs=(whole, whole, split), out_specs=split, check_vma=False
        )
    )
    return ScoreFn(mapped, batch_size, places)


@dataclasses.dataclass(frozen=True, eq=False)
class Inputs:
    """Some videos as they lie on the devices, for any number of detectors.

    Attributes:
        lengths: video -> rows.
        table: their windows at stride 1.
        placed: padded features and window rows.
    """

    lengths: Mapping[str, int]
    table: WindowTable
    placed: tuple[jax.Array, jax.Array]

    @property
    def nbytes(self) -> int:
        return sum(x.nbytes for x in self.placed) + self.table.rows.nbytes


def make_inputs(
    model: Model,
    objective: Objective,
    features: Mapping[str, np.ndarray],
    *,
    length: int,
    dilation: int = 1,
    batch_size: int = 256,
) -> Iterator[Inputs]:
    """Lay videos on the devices, one group of at most `ROWS_AT_ONCE` rows after another.

    Args:
        model, objective, features, length, dilation, batch_size: see `score_videos`; of the model
            and the objective nothing but the compiled function is used.

    Raises:
        UserError: a video is shorter than a window.
    """
    span = window_span(length, dilation)
    short = {k: len(v) for k, v in features.items() if len(v) < span}
    if short:
        listed = ", ".join(f"{k} ({n})" for k, n in list(short.items())[:5])
        raise UserError(
            f"{len(short)} video(s) are shorter than a window of {span} frames: {listed}; "
            "lower window.length (or window.dilation), or leave these videos out."
        )
    run = make_score_fn(model, objective, length=length, batch_size=batch_size)
    for group in _groups({k: len(v) for k, v in features.items()}):
        lengths = {k: len(features[k]) for k in group}
        table = window_table(list(lengths.values()), length=length, stride=1, dilation=dilation)
        together = np.concatenate([features[k] for k in group])
        yield Inputs(lengths, table, run.place(together, table.rows))


def score_videos(
    model: Model,
    objective: Objective,
    variables: Mapping,
    features: Mapping[str, np.ndarray],
    *,
    length: int,
    dilation: int = 1,
    aggregate: str = "last",
    batch_size: int = 256,
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Score every frame of every video.

    Args:
      model: the scanner or autoencoder.
      objective: what it was trained for.
      variables: its trained variables.
      features: video id -> standardised float [t, ...].
      length: frames of a window.
      dilation: frames between two rows of a window.
      aggregate: "last": a frame's score is that of the window that ends there, look-ahead 0;
        "mean" or "max" over all windows that score the frame.
      batch_size: windows in one step.

    Returns:
      Video id -> (scores float32 [t], predicted bool [t]); frames that no window scores carry
      the score of the nearest one, and `predicted` is False there.

    Raises:
      UserError: a video is shorter than a window.
    """
    sizes = {"length": length, "batch_size": batch_size}
    inputs = make_inputs(model, objective, features, dilation=dilation, **sizes)
    return score_inputs(model, objective, variables, inputs, aggregate=aggregate, **sizes)


def score_inputs(
    model: Model,
    objective: Objective,
    variables: Mapping,
    inputs: Iterable[Inputs],
    *,
    length: int,
    aggregate: str = "last",
    batch_size: int = 256,
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Score what `make_inputs` has laid on the devices; see `score_videos`."""
    run = make_score_fn(model, objective, length=length, batch_size=batch_size)
    result = {}
    for group in inputs:
        table = group.table
        scores = run.fetch(variables, *group.placed)[: len(table)]
        counts = np.bincount(table.video, minlength=len(group.lengths))
        stops, ends = np.cumsum(counts), np.cumsum(list(group.lengths.values()))
        for index, (name, rows) in enumerate(group.lengths.items()):
            mine = slice(stops[index] - counts[index], stops[index])  # windows in order of videos
            scored = table.rows[mine, -scores.shape[1] :] - (ends[index] - rows)
            result[name] = spread(scores[mine], scored, rows, aggregate)
    return result


def spread(
    scores: np.ndarray, rows: np.ndarray, num_frames: int, aggregate: str
) -> tuple[np.ndarray, np.ndarray]:
    """Turn the scores of windows into one a frame; fill the rest from the nearest.

    Args:
      scores: [m, s] scores of the rows that each window scores.
      rows: int [m, s] the frames that they belong to.
      num_frames: length of the video.
      aggregate: "last", "mean" or "max".

    Returns:
      (float32 [num_frames], predicted bool [num_frames])
    """
    if aggregate == "last":
        scores, rows = scores[:, -1:], rows[:, -1:]
    flat, frames = scores.ravel().astype(np.float64), rows.ravel()
    count = np.bincount(frames, minlength=num_frames)
    if aggregate == "max":
        total = np.full(num_frames, -np.inf)
        np.maximum.at(total, frames, flat)
    else:
        total = np.bincount(frames, weights=flat, minlength=num_frames) / np.maximum(count, 1)
    predicted = count > 0
    return fill(total, predicted), predicted


def fill(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Give each unknown frame the value of the nearest known one, the earlier of two.

    >>> fill(np.array([0.0, 0.0, 3.0, 0.0]), np.array([False, False, True, False]))
    array([3., 3., 3., 3.], dtype=float32)
    """
    where = np.flatnonzero(known)
    frames = np.arange(len(values))
    right = np.clip(np.searchsorted(where, frames), 0, len(where) - 1)
    left = np.clip(right - 1, 0, len(where) - 1)
    nearer_left = np.abs(frames - where[left]) <= np.abs(where[right] - frames)
    return values[where[np.where(nearer_left, left, right)]].astype(np.float32)


def _groups(lengths: Mapping[str, int]) -> list[list[str]]:
    """Split videos into groups of at most `ROWS_AT_ONCE` rows (a longer video goes alone)."""
    groups: list[list[str]] = []
    room = 0
    for name, rows in lengths.items():
        if not groups or rows > room:
            groups.append([])
            room = ROWS_AT_ONCE
        groups[-1].append(name)
        room -= rows
    return groups


def _quantum(features: np.ndarray) -> int:
    """Return the rows that features are padded to a multiple of: 1,024, fewer of wide rows.

    >>> _quantum(np.zeros((7, 1280), np.float32)), _quantum(np.zeros((7, 64, 64, 3), np.float32))
    (1024, 128)
    """
    row = max(1, features[:1].nbytes)
    return min(1024, 1 << (PADDING_BYTES // row).bit_length())


def _padded(array: np.ndarray, multiple: int) -> np.ndarray:
    """Repeat the first row up to a multiple, so that few shapes are compiled."""
    missing = -len(array) % multiple
    return np.concatenate([array, np.repeat(array[:1], missing, axis=0)]) if missing else array
