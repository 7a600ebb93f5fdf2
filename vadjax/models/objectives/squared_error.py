"""Squared error between a model's outputs and the last rows of its window."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from vadjax.models.objectives.base import (
    Arrays,
    Loss,
    Registered,
    choose,
    mean_over_rows,
    weighted_sum,
)
from vadjax.models.objectives.coherence import coherence_fields, incoherence
from vadjax.models.registry import REDUCTIONS

PEAK = 2.0  # of pixels in -1 .. 1
EPS = 1e-12
MAPS = ("output", "more_error", "factor")  # what `error_map` reads


@dataclasses.dataclass(frozen=True)
class SquaredError(Registered):
    """Squared error between the outputs and the last rows of the window.

    Attributes:
        reduce: how a map's errors over its cells become a score; the loss is their mean. "psnr" is
            minus the peak signal-to-noise ratio in dB of pixels in -1 .. 1 (Liu et al. 2018).
        target_gradient: let gradients flow through the target rows too, not through the output
            only.
        coherence: weight of the temporal coherence of what `coherence_of` names.
        coherence_of: "hidden" states or "output"; see `coherence.incoherence`.
    """

    reduce: str = "mean"
    target_gradient: bool = False
    coherence: float = 0.0
    coherence_of: str = "hidden"

    def out_features(self, feature_shape: Sequence[int]) -> int:
        """Width of the model's output: the channels of a row."""
        return feature_shape[-1]

    def loss(self, outputs: Arrays, windows: jax.Array, batch: Arrays, hparams: Arrays) -> Loss:
        """Weighted sum of the windows' mean squared errors, plus what the model asks for.

        Args:
            outputs: `output` [b, s, ...] stands for the last s rows; `penalty` float32 [b, s],
                which some models have, is what they add to the error of each row.
            windows: [b, t, ...] float.
            batch: `weight` [b]; 0 marks padding; `real` bool [b, t], optional, see
                `mean_over_rows`.
            hparams: not used.

        Returns:
            (sum, sum of weights), float32 scalars.
        """
        predicts = self.min_length > 1
        errors = self._errors_of(outputs, windows)
        losses, weight = mean_over_rows(errors, batch, predicts=predicts)
        if "penalty" in outputs:
            losses = losses + mean_over_rows(outputs["penalty"], batch, predicts=predicts)[0]
        if self.coherence:
            losses = losses + self.coherence * incoherence(outputs, self.coherence_of)
        return weighted_sum(losses, weight)

    def frame_score(self, outputs: Arrays, windows: jax.Array) -> jax.Array:
        """Score the last `num_scored` rows by their mean squared error.

        Args:
            outputs: `output` [b, s or more, ...].
            windows: [b, t, ...] float, or its last s rows.

        Returns:
            float32 [b, s].
        """
        s = self.num_scored(windows.shape[1])
        scored = {name: outputs[name][:, -s:] for name in MAPS if name in outputs}
        errors = self.error_map(scored, windows)
        cells = tuple(range(2, errors.ndim))
        if self.reduce == "psnr":
            return 10 * jnp.log10(errors.mean(cells) / PEAK**2 + EPS)
        return errors.max(cells) if self.reduce == "max" else errors.mean(cells)

    def error_map(self, outputs: Arrays, windows: jax.Array) -> jax.Array:
        """Mean squared error over the last axis.

        Args:
            outputs: `output` [b, s, ...]; of some models of maps also `more_error` float32
                [b, s, h, w], which is added, and `factor` [b, s, h, w], by which the sum is
                multiplied in scoring.
            windows: [b, t, ...] float, t at least s.

        Returns:
            float32 [b, s]; [b, s, h, w] for maps.
        """
        errors = self._errors_of(outputs, windows)
        return errors * outputs["factor"] if "factor" in outputs else errors

    def _errors_of(self, outputs: Arrays, windows: jax.Array) -> jax.Array:
        """`error_map` without the factor, as the loss has it."""
        output = outputs["output"].astype(jnp.float32)
        errors = jnp.square(output - self._target(windows, output.shape[1])).mean(axis=-1)
        return errors + outputs["more_error"] if "more_error" in outputs else errors

    def _target(self, windows: jax.Array, num_rows: int) -> jax.Array:
        target = windows[:, -num_rows:].astype(jnp.float32)
        return target if self.target_gradient else jax.lax.stop_gradient(target)


def fields(config: Any) -> dict[str, Any]:
    """Return the fields of a `SquaredError` from the config section `objective`.

    Raises:
        UserError: `reduce` is none of its choices.
    """
    return {
        "reduce": choose("reduce", getattr(config, "reduce", "mean"), REDUCTIONS),
        "target_gradient": bool(getattr(config, "target_gradient", False)),
        **coherence_fields(config),
    }
