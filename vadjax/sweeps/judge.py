"""The last part of a run of a sweep: what is made of its scores, which are written."""

from vadjax.pipeline import record
from vadjax.pipeline.evaluate import evaluate
from vadjax.pipeline.run import Run

# Cached properties of a Run.
OF_TAPS = ("tap_specs", "tap_stores")
SHARED = ("dataset", "videos", "copies", "backbone", *OF_TAPS, "motion_store", "environment")


def share_inputs(run: Run, first: Run) -> None:
    """Give a run the data set, the backbone and the feature stores of another.

    Args:
        run: that gets them.
        first: a run with the same `plan.Spec.input_key`.
    """
    run.memory = first.memory
    for name in SHARED:
        run.__dict__[name] = getattr(first, name)


def judge(run: Run) -> None:
    """Bind a run's workdir to its config, and evaluate its scores, which marks it as done.

    Args:
        run: scored.

    Raises:
        UserError: it cannot be evaluated.
    """
    record.claim(run, done=())  # before metrics.json, which marks the run as done
    evaluate(run)
    (run.workdir / "stopped.json").unlink(missing_ok=True)
