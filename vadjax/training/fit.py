"""Train one model to its least validation loss; resuming gives the bits of an unbroken training."""

import contextlib
import json
import logging
import pathlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from vadjax.errors import UserError
from vadjax.models.model import Model, Objective
from vadjax.runtime.processes import is_first
from vadjax.storage.checkpoints import Checkpoints
from vadjax.training import state as states
from vadjax.training.batches import steps_of
from vadjax.training.broadcast import from_first
from vadjax.training.budget import choose_arrays, out_of_memory
from vadjax.training.hyperparameters import hyperparameters
from vadjax.training.inputs import TrainingData, check
from vadjax.training.log import EpochLog
from vadjax.training.member import Member, make_state
from vadjax.training.parallel import Devices
from vadjax.training.population import Population
from vadjax.training.progress import Progress
from vadjax.training.step import Settings

FREE = ("epochs", "patience", "parallel", "num_devices", "checkpoint_every", "memory_mb")
SAVE_S = 60.0  # seconds of training after which a checkpoint is written in any case

log = logging.getLogger(__name__)


class FitResult(NamedTuple):
    """The result of a training.

    Attributes:
      variables: of the best epoch, numpy arrays as `model.apply` takes them.
      history: one row an epoch, as in log.jsonl.
      best_epoch: 1-based.
      best_metric: the least validation loss.
      compile_s: seconds of tracing and compiling in this process, apart from `train_s`; 0 where
        nothing was left to train.
      train_s: seconds of all epochs, also those before a restart.
      windows_per_s: training windows a second; the time includes the validation loss.
      stopped: why training ended, in words.
      notes: warnings for a reader of the results.
    """

    variables: dict
    history: list[dict]
    best_epoch: int
    best_metric: float
    compile_s: float
    train_s: float
    windows_per_s: float
    stopped: str
    notes: tuple[str, ...] = ()


def fit(
    model: Model,
    objective: Objective,
    data: TrainingData,
    config: Any,
    *,
    workdir: pathlib.Path,
    name: str = "",
    start_from: Mapping | None = None,
    report: Callable[[dict], None] = lambda row: None,
    compiling: Callable[[], contextlib.AbstractContextManager] = contextlib.nullcontext,
) -> FitResult:
    """Train for `train.epochs`, or until the loss has not fallen for `train.patience` epochs.

    The last checkpoint is written every `train.checkpoint_every` epochs and at the end; it holds
    the best parameters too. Started again on the same workdir, training goes on from it, and on
    the same machine ends with the same bits as if it had not been interrupted. More epochs may be
    asked for later.

    Where a device runs out of memory, training goes on from the last checkpoint, or begins anew,
    with half the batch: another training than was asked for, which log and notes say. Resuming
    keeps to the smaller batch.

    Several processes (runtime/processes.py) call this with the same arguments, get the same result;
    the first one alone reads and writes the workdir.

    Args:
      model: see `Model`.
      objective: see `Objective`.
      data: rows of clips and windows.
      config: the whole config; `train`, `model.dropout`, `objective` and `seed` are read.
      workdir: gets log.jsonl, tensorboard/ and checkpoints/{best,last}.
      name: of this training where a workdir holds several (folds): a folder under each of these.
      start_from: variables of an earlier training, from which this one begins; None draws them.
      report: called with the row of each epoch.
      compiling: returns the context in which the epoch is compiled; not called where nothing is
        left to train.

    Returns:
      See `FitResult`.

    Raises:
      UserError: the data hold no window or a number that is not finite, the loss is not finite,
        the workdir holds another training or cannot be written, or memory does not suffice for
        batches of one (two of pairs).
    """
    check(data, objective)
    asked = size = config.train.batch_size
    least = 2 if config.train.batches == "pairs" else 1
    more: dict[str, Any] = {
        "workdir": workdir,
        "name": name,
        "start_from": start_from,
        "report": report,
        "compiling": compiling,
    }
    while True:
        try:
            return _fit(model, objective, data, config, batch_size=size, **more)
        except jax.errors.JaxRuntimeError as error:
            if not out_of_memory(error):
                raise
            full = str(error).splitlines()[0][:200]
        if size // 2 < least or size // 2 % least:
            raise UserError(
                f"a device has too little memory for batches of {size} windows ({full}); make "
                "windows, frames or the model smaller (window.length, features.height, "
                "model.channels or model.units)."
            )
        size //= 2
        log.warning("out of memory: continuing with batches of %d in place of %d", size, asked)


def _fit(
    model: Model,
    objective: Objective,
    data: TrainingData,
    config: Any,
    *,
    batch_size: int,
    workdir: pathlib.Path,
    name: str,
    start_from: Mapping | None,
    report: Callable[[dict], None],
    compiling: Callable[[], contextlib.AbstractContextManager],
) -> FitResult:
    """`fit` with batches of `batch_size` or, where a checkpoint says so, fewer."""
    train = config.train
    shared, choice = choose_arrays(data, train)
    devices = Devices(train.num_devices, mode=train.parallel, whole=train.batches == "pairs")
    folder = workdir / "checkpoints" / name
    identity = {
        **{key: value for key, value in train.to_dict().items() if key not in FREE},
        "seed": config.seed,
        "windows": [len(data.train.rows), len(data.validation.rows)],
    }

    start = time.perf_counter()
    member = Member(name, config.seed, hyperparameters(data, config, objective))
    make = make_state(model, shared, train.optimizer, objective)

    def begin() -> states.State:
        state = make(member)
        if start_from is None:
            return state
        return states.begun_from(state, start_from, getattr(objective, "groups", ()))

    with Checkpoints(folder) as checkpoints:
        state, kept = _begin(checkpoints, begin, identity)
        batch_size = min(batch_size, kept.get("batch_size", batch_size))
        settings = Settings.of(train, steps_of(shared["train"], batch_size))
        settings = settings._replace(batch_size=batch_size)
        progress = Progress(train, name=name, windows=len(data.train.rows), kept=kept)
        if batch_size < kept.get("batch_size", train.batch_size) and not progress.ended:
            progress.notes.append(
                f"out of memory: from epoch {len(progress.history) + 1} on batches have "
                f"{batch_size} windows, not the {train.batch_size} of train.batch_size"
            )
        if not progress.ended:
            if kept:
                where = f"{name}: " if name else ""
                log.info("%sresuming at epoch %d", where, len(progress.history) + 1)
            with compiling():
                population = Population(
                    model,
                    objective,
                    settings,
                    members=[member],
                    shared=shared,
                    devices=devices,
                    states=jax.tree.map(lambda x: x[None], state),
                )
            if population.num_chunks:
                choice = f"{choice}: {population.num_chunks} scans an epoch"
            log.info("%s", choice)
            progress.compile_s = time.perf_counter() - start

            def save() -> states.State:
                state = population.fetch(0)
                kept = {"identity": identity, "batch_size": batch_size, **progress.kept()}
                if is_first():
                    checkpoints.save("last", int(state.epoch), state, kept)
                return state

            with _log(workdir, name, progress.history) as write:
                saved_at = time.perf_counter()
                while True:
                    start = time.perf_counter()
                    scalars = {key: value[0] for key, value in population.epoch().items()}
                    seconds = time.perf_counter() - start
                    try:
                        row = progress.add(scalars, seconds)
                    except UserError as error:
                        kept_as = "The last checkpoint is left as it was."
                        raise UserError(f"{error} {kept_as}") from None
                    write(row)
                    report(row)
                    if progress.ended:
                        break
                    due = row["epoch"] % train.checkpoint_every == 0
                    if due or time.perf_counter() - saved_at > SAVE_S:
                        save()
                        saved_at = time.perf_counter()
            state = save()
        variables = states.variables_of(**state.best)
        best_epoch, best_metric = int(state.best_epoch), float(state.best_metric)
        if is_first() and checkpoints.latest("best") != best_epoch:
            checkpoints.save("best", best_epoch, variables, {"metric": best_metric})
    return FitResult(
        variables=variables,
        history=progress.history,
        best_epoch=best_epoch,
        best_metric=best_metric,
        compile_s=progress.compile_s,
        train_s=progress.train_s,
        windows_per_s=len(data.train.rows) * len(progress.history) / progress.train_s,
        stopped=progress.ended,
        notes=tuple(progress.notes),
    )


def _begin(
    checkpoints: Checkpoints, start: Callable[[], states.State], identity: Mapping
) -> tuple[states.State, dict]:
    """Return the state to go on from, numpy arrays, and what was kept with it, at first nothing."""
    like = jax.eval_shape(start)

    def read() -> tuple[states.State, dict]:
        saved = checkpoints.restore("last", like)
        if saved:
            _check_identity(saved[1]["identity"], identity, checkpoints.directory)
        state, kept = saved or (jax.tree.map(np.array, start()), {})
        return state, {"asked": identity, "kept": kept}

    state, found = from_first(read, like)
    if not is_first():
        _check_identity(found["asked"], identity, "the first process")
    return state, found["kept"]


@contextlib.contextmanager
def _log(workdir: pathlib.Path, name: str, history: list) -> Iterator[Callable[[dict], None]]:
    """Yield what writes a row; nothing is written but by the first process."""
    if not is_first():
        yield lambda row: None
        return
    with contextlib.closing(EpochLog(workdir, name, history)) as rows:
        yield rows.write


def _check_identity(before: Mapping, now: Mapping, where: object) -> None:
    now = json.loads(json.dumps(now))
    lines = [
        f"{key}: {before.get(key)} there, {now.get(key)} asked"
        for key in sorted(before)  # an older checkpoint does not know all of today's
        if before.get(key) != now.get(key)
    ]
    if lines:
        raise UserError(
            f"{where} holds another training:\n  " + "\n  ".join(lines) + "\n"
            "Give another --workdir, or the same values."
        )
