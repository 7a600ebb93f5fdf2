"""How far a training is: its history, its timer, and whether it has ended."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from vadjax.errors import UserError


class Progress:
    """History and timer of one training: what a checkpoint keeps besides the state.

    Args:
      train: `config.train`.
      name: of the training.
      windows: training windows an epoch.
      kept: what `kept()` returned when the checkpoint was written; empty at the beginning.
      rate: its own learning rate; None is that of `train`.
    """

    def __init__(
        self, train: Any, *, name: str, windows: int, kept: Mapping, rate: float | None = None
    ):
        self._train, self._name, self._windows = train, name, windows
        self._rate = train.learning_rate if rate is None else rate
        self.history: list[dict] = list(kept.get("history", ()))
        self.notes: list[str] = list(kept.get("notes", ()))
        self.compile_s = 0.0
        planned, done = kept.get("epochs", train.epochs), len(self.history)
        if train.schedule == "cosine" and planned != train.epochs and not self.ended:
            self.notes.append(
                f"the cosine schedule was planned for {planned} epochs up to epoch {done} and for "
                f"{train.epochs} from there on: not the same run as {train.epochs} epochs at once"
            )

    @property
    def train_s(self) -> float:
        """Seconds of all epochs, also those before a restart."""
        return self.history[-1]["wall_s"] if self.history else 0.0

    @property
    def ended(self) -> str:
        """Why training has ended, in words; empty while it goes on."""
        if not self.history:
            return ""
        epoch, best = self.history[-1]["epoch"], self.history[-1]["best_epoch"]
        if self._train.patience and epoch - best >= self._train.patience:
            return f"stopped after epoch {epoch}, {epoch - best} epochs without a better loss"
        return f"all {epoch} epochs done" if epoch >= self._train.epochs else ""

    def add(self, scalars: Mapping[str, np.ndarray], seconds: float) -> dict:
        """Add the row of an epoch to the history.

        Args:
          scalars: of the epoch, see `make_epoch`.
          seconds: that it took.

        Returns:
          The row, as log.jsonl has it.

        Raises:
          UserError: the loss is not finite.
        """
        now = {key: value.item() for key, value in scalars.items()}
        if now["bad_step"] >= 0 or not math.isfinite(now["select_loss"]):
            what, step = "training loss", now["bad_step"]
            if step < 0:
                what, step = "validation loss", now["step"]
            raise UserError(
                f"the {what} is not finite in epoch {now['epoch']} at step {step}. Try a lower "
                f"train.learning_rate (now {self._rate:g}) or clip the gradient with "
                f"train.clip_norm (now {self._train.clip_norm:g})."
            )
        row: dict = {"name": self._name} if self._name else {}
        row |= {
            "epoch": now["epoch"],
            "step": now["step"],
            "wall_s": round(self.train_s + seconds, 6),
            "windows_per_s": round(self._windows / seconds, 1),
            "train_loss": now["train_loss"],
            "select_loss": now["select_loss"],
            "learning_rate": now["learning_rate"],
            "best_epoch": now["best_epoch"],
        }
        row |= {key: now[key] for key in now if key.endswith("_loss")}  # of parameter groups
        self.history.append(row)
        return row

    def kept(self) -> dict:
        """Return what the checkpoint keeps."""
        history, notes = list(self.history), list(self.notes)  # saved while training goes on
        return {"epochs": self._train.epochs, "history": history, "notes": notes}
