"""Completes a trained run: writes its detectors, scores and evaluates it."""

import json
from collections.abc import Callable, Sequence

from vadjax.detectors.window_state import state_of
from vadjax.errors import UserError
from vadjax.pipeline import record
from vadjax.pipeline.audit import audit
from vadjax.pipeline.run import Run
from vadjax.pipeline.score import score
from vadjax.storage import artifacts
from vadjax.storage.files import atomic_write, write_json
from vadjax.sweeps.judge import judge
from vadjax.sweeps.kept_members import forget
from vadjax.sweeps.members import Task, split_key
from vadjax.training.budget import out_of_memory
from vadjax.training.population import Ended


def complete_run(
    run: Run, pairs: Sequence[tuple[Task, Ended]], *, judge: Callable[[Run], None] = judge
) -> str:
    """Write, score and evaluate a run whose folds are trained.

    Its workdir then holds what `vadjax.main` would leave, without checkpoints and report.

    Args:
        run: the run.
        pairs: (task, result) of each fold; empty where the detectors are written already.
        judge: evaluates the run, whose scores are written, see `judge.judge`.

    Returns:
        The run's error, or "".

    Raises:
        jax.errors.JaxRuntimeError: the device is out of memory.
    """
    errors = [result.error for _, result in pairs if result.error]
    if errors:
        forget(task for task, _ in pairs)
        return errors[0]
    (run.workdir / "metrics.json").unlink(missing_ok=True)  # of detectors that are overwritten now
    try:
        if pairs:
            _write_detectors(run, pairs)
            forget(task for task, _ in pairs)
        if any(result.stopped for _, result in pairs):
            _write_stopped(run, pairs)
        else:
            audit_and_score(run)
            judge(run)
    except UserError as error:
        return str(error)
    except Exception as error:  # one failing run stops no other
        if out_of_memory(error):
            raise
        return f"{type(error).__name__}: {error}"
    return ""


def audit_and_score(run: Run) -> None:
    """Audit and score a run whose detectors are written."""
    write_json(run.workdir / "environment.json", run.environment)
    key = ("leakage", *((*split_key(fold), fold.test) for fold in run.folds))
    write_json(run.workdir / "leakage.json", run.memory.once(key, lambda: _audit(run)))
    score(run)


def _audit(run: Run) -> dict:
    audit(run)
    return artifacts.read_json(run.workdir, "leakage.json")


def _write_stopped(run: Run, pairs: Sequence[tuple[Task, Ended]]) -> None:
    """Record that a search has stopped the run; it is neither scored nor evaluated."""
    record.claim(run, done=())
    epochs = max(len(result.progress.history) for _, result in pairs)
    loss = sum(result.best_metric for _, result in pairs) / len(pairs)
    write_json(run.workdir / "stopped.json", {"epochs": epochs, "heldout_loss": loss})


def _write_detectors(run: Run, pairs: Sequence[tuple[Task, Ended]]) -> None:
    """Write the detector of each fold, the history of all folds, and the timing."""
    lines = []
    for task, result in pairs:
        assert result.variables is not None  # complete_run has returned the errors
        state = state_of(result.variables, task.standardizer, task.fitted_on)
        artifacts.write_state(run.workdir, task.fold.index, state)
        name = {"name": f"fold{task.fold.index}"} if len(run.folds) > 1 else {}
        for row in result.progress.history:
            rest = {key: value for key, value in row.items() if key != "name"}
            lines.append(json.dumps({**name, **rest}) + "\n")
    with atomic_write(run.workdir / "log.jsonl") as temporary:
        temporary.write_text("".join(lines), "utf-8")
    run.add_timing(
        train_epochs_s=sum(result.progress.train_s for _, result in pairs),
        train_compile_s=sum(result.progress.compile_s for _, result in pairs),
    )
