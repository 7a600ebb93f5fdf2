"""Scores of every frame from a trained model, over all windows at stride 1."""

import dataclasses
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec

from vadjax.data.row_view import JoinedRows, Rows
from vadjax.data.windows import WindowTable, window_span, window_table
from vadjax.errors import UserError
from vadjax.models.model import Model
from vadjax.models.objectives import Objective
from vadjax.runtime.devices import cpu_lock
from vadjax.scoring.aggregate import spread

AXIS = "data"
PADDING_BYTES = 1 << 22  # by about this much features may grow, so that few shapes are compiled
ROWS_AT_ONCE = 1 << 16  # feature rows of a group of videos, whose windows lie one behind the other
PIECE_BYTES = 1 << 25  # of feature rows on the device in one call; a group of more is cut in pieces


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
            float32 [m, s], the scores of the last s rows of each window.
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
def make_score_fn(model: Any, objective: Any, *, length: int, batch_size: int) -> ScoreFn:
    """Compile the scoring of many windows, split over all local devices.

    The first layer's input projection is computed once for each frame, and shared by all windows
    that contain it, where the model has one.

    Args:
        model: what `models.create` returned.
        objective: what `objectives.create` returned.
        length: frames of a window.
        batch_size: windows in one step of a device's scan.

    Returns:
        The compiled function; the same one for equal arguments.
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
    shardings = NamedSharding(mesh, whole), NamedSharding(mesh, split)
    mapped = jax.jit(
        jax.shard_map(
            share, mesh=mesh, in_specs=(whole, whole, split), out_specs=split, check_vma=False
        )
    )
    return ScoreFn(mapped, batch_size, shardings)


def _score_fn(model: Any, objective: Any, length: int, batch_size: int) -> ScoreFn:
    return make_score_fn(model, objective, length=length, batch_size=batch_size)


@dataclasses.dataclass(frozen=True, eq=False)
class Inputs:
    """Windows of a group of videos on the devices, for any number of detectors.

    Attributes:
        lengths: video -> rows, of the group.
        table: the windows of the group at stride 1.
        stop: the window after the last of this piece, which begins where the one before it stops.
        arrays: padded features and window rows of this piece, see `ScoreFn.put`.
    """

    lengths: Mapping[str, int]
    table: WindowTable
    stop: int
    arrays: tuple[jax.Array, jax.Array]


def make_inputs(
    model: Model,
    objective: Objective,
    features: Mapping[str, Rows],
    *,
    length: int,
    dilation: int = 1,
    batch_size: int = 256,
) -> Iterator[Inputs]:
    """Copy videos to the devices, a piece of about `PIECE_BYTES` at a time.

    The windows of a group of at most `ROWS_AT_ONCE` rows (a longer video is a group of its own) are
    cut where a batch ends, so that every window is in the batch that it would be in without cuts;
    a piece holds the rows that its windows read, and shares `span - 1` of them with the next.

    Args:
        model: see `score_videos`; it and the objective only choose the compiled function.
        objective: see `score_videos`.
        features: see `score_videos`; only the rows of one piece are read at once.
        length: see `score_videos`.
        dilation: see `score_videos`.
        batch_size: see `score_videos`.

    Yields:
        One piece, in order.

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
    run = _score_fn(model, objective, length, batch_size)
    for group in _groups({k: len(v) for k, v in features.items()}):
        lengths = {k: len(features[k]) for k in group}
        table = window_table(list(lengths.values()), length=length, stride=1, dilation=dilation)
        rows = JoinedRows([features[k] for k in group])
        unit = batch_size * run.shardings[0].mesh.size
        step = unit * max(1, PIECE_BYTES // max(1, rows[:1].nbytes) // unit)
        for start in range(0, len(table), step):
            windows = table.rows[start : start + step]
            first, last = int(windows.min()), int(windows.max())
            placed = run.put(rows[first : last + 1], windows - np.int32(first))
            yield Inputs(lengths, table, start + len(windows), placed)


def score_videos(
    model: Model,
    objective: Objective,
    variables: Mapping,
    features: Mapping[str, Rows],
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
    """Score what `make_inputs` has copied to the devices.

    Args:
        model: see `score_videos`.
        objective: see `score_videos`.
        variables: see `score_videos`.
        inputs: from `make_inputs`, for the same model, objective, length and batch size.
        length: see `score_videos`.
        aggregate: see `score_videos`.
        batch_size: see `score_videos`.

    Returns:
        As `score_videos`.
    """
    run = _score_fn(model, objective, length, batch_size)
    result = {}
    pieces: list[np.ndarray] = []
    for group in inputs:
        table, start = group.table, sum(map(len, pieces))
        pieces.append(run.fetch(variables, *group.arrays)[: group.stop - start])
        if group.stop < len(table):
            continue
        scores, pieces = np.concatenate(pieces), []
        counts = np.bincount(table.video, minlength=len(group.lengths))
        stops, ends = np.cumsum(counts), np.cumsum(list(group.lengths.values()))
        for index, (name, rows) in enumerate(group.lengths.items()):
            mine = slice(stops[index] - counts[index], stops[index])  # windows in order of videos
            scored = table.rows[mine, -scores.shape[1] :] - (ends[index] - rows)
            result[name] = spread(scores[mine], scored, rows, aggregate)
    return result


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
