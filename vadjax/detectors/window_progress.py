"""What a person sees of the training of a window model."""

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ml_collections import ConfigDict

from vadjax.detectors.contract import Progress

if TYPE_CHECKING:
    from vadjax.training.fit import FitResult
    from vadjax.training.inputs import TrainingData


@contextlib.contextmanager
def reported(
    progress: Progress, config: ConfigDict, data: "TrainingData"
) -> Iterator[tuple[Callable[[dict], None], Callable[[], contextlib.AbstractContextManager]]]:
    """Show the epochs of a training.

    Args:
        progress: where.
        config: whole.
        data: of the training.

    Yields:
        The arguments `report` and `compiling` of `training.fit.fit`.
    """
    m, t, window = config.model, config.train, config.window
    shape = f"{window.length} x {data.row_shape}, {t.batch_size} windows"
    key = f"epoch of {m.name} {m.units} {config.objective.name}, {shape}, {t.num_devices} devices"
    with progress.bar("epochs", total=t.epochs) as advance:

        def compiling() -> contextlib.AbstractContextManager:
            counts = len(data.train), len(data.validation)
            progress.say(f"training on {counts[0]} windows, validating on {counts[1]}")
            return progress.compiling("an epoch", cache_dir=config.features.cache_dir, key=key)

        def report(row: dict) -> None:
            losses = f"loss {row['train_loss']:.4f}, validation {row['select_loss']:.4f}"
            advance(row["epoch"], losses)
            progress.detail(f"epoch {row['epoch']}: {losses}")

        yield report, compiling


def conclude(progress: Progress, result: "FitResult") -> None:
    """Say how a training ended, or that it had ended before.

    Args:
        progress: where.
        result: of the training.
    """
    text = (
        f"{result.stopped}; best epoch {result.best_epoch}, validation loss "
        f"{result.best_metric:.4f}"
    )
    if result.compile_s:
        pace = f"{result.windows_per_s:.0f} windows/s, compilation {result.compile_s:.1f} s"
        progress.say(f"{text}; {pace}")
    else:
        progress.say(f"already trained: {text}")
    for note in result.notes:
        progress.say(f"note: {note}")
