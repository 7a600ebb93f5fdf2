"""Predict the last frame of a window so that a discriminator takes it for a real one."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from vadjax.models.model import ParameterGroup
from vadjax.models.objectives.base import Arrays, Loss, weighted_sum
from vadjax.models.objectives.horn_schunck import flow
from vadjax.models.objectives.squared_error import SquaredError, fields

SLOWER = 0.1  # learning rate of the discriminator by the generator's


@dataclasses.dataclass(frozen=True)
class Adversarial(SquaredError):
    """Squared error, error of image gradients, least-squares adversarial loss (Liu et al. 2018).

    In each step the discriminator learns first, then the generator, as in
    StevenLiuWen/ano_pred_cvpr2018. The validation loss, which chooses the epoch, is without the
    adversarial part. Their fourth loss compares the flow from the frame before to the output with
    that to the real frame. They take the flow of a trained FlowNet-SD, at 384x512; ours is that of
    `horn_schunck`, at the frame's size: another measure of motion, so that a weight means another
    thing.

    Attributes:
        intensity: weight of the squared error.
        gradient: weight of the error of image gradients.
        adversarial: weight of what the discriminator says; 0 trains without one.
        flow: weight of the mean absolute error of the flow, in pixels; 0 computes none.
    """

    intensity: float = 1.0
    gradient: float = 1.0
    adversarial: float = 0.05
    flow: float = 0.0

    name = "adversarial"

    @property
    def judged(self) -> bool:
        """Whether there is a discriminator."""
        return self.adversarial > 0

    @property
    def groups(self) -> tuple[ParameterGroup, ...]:
        """The discriminator, then the generator; none where all is one."""
        if not self.judged:
            return ()
        judge = ParameterGroup("discriminator", ("discriminator",), self.discriminator_loss)
        return (
            judge._replace(learning_rate=SLOWER),
            ParameterGroup("generator", ("generator",), self.generating),
        )

    def loss(self, outputs: Arrays, windows: jax.Array, batch: Arrays, hparams: Arrays) -> Loss:
        """Weighted sum of the windows' squared errors and errors of image gradients.

        Args:
            outputs: `output` [b, 1, h, w, c].
            windows: [b, t, h, w, c] float.
            batch: `weight` [b]; 0 marks padding.
            hparams: not used.

        Returns:
            (sum, sum of weights), float32 scalars.
        """
        return weighted_sum(self._errors(outputs, windows), batch["weight"])

    def generating(self, outputs: Arrays, windows: jax.Array, batch: Arrays, hparams) -> Loss:
        """Return `loss`, and how far the discriminator is from taking outputs for real frames.

        Args:
            outputs: `output` [b, 1, h, w, c]; `fake` and `real` [b, ...], logits.
            windows: [b, t, h, w, c] float.
            batch: `weight` [b]; 0 marks padding.
            hparams: not used.

        Returns:
            (sum, sum of weights), float32 scalars.
        """
        judged = _mean(jnp.square(jax.nn.sigmoid(outputs["fake"]) - 1)) / 2
        losses = self._errors(outputs, windows) + self.adversarial * judged
        return weighted_sum(losses, batch["weight"])

    def discriminator_loss(
        self, outputs: Arrays, windows: jax.Array, batch: Arrays, hparams
    ) -> Loss:
        """Return how far the discriminator is from telling real frames (1) from outputs (0).

        Args:
            outputs: `output` [b, 1, h, w, c]; `fake` and `real` [b, ...], logits.
            windows: [b, t, h, w, c] float.
            batch: `weight` [b]; 0 marks padding.
            hparams: not used.

        Returns:
            (sum, sum of weights), float32 scalars.
        """
        real, fake = (jax.nn.sigmoid(outputs[name]) for name in ("real", "fake"))
        losses = _mean(jnp.square(real - 1)) / 2 + _mean(jnp.square(fake)) / 2
        return weighted_sum(losses, batch["weight"])

    def _errors(self, outputs: Arrays, windows: jax.Array) -> jax.Array:
        """[b], the errors of each window's output, weighted, and what the model asks for."""
        squared = self.error_map(outputs, windows)
        output, target = outputs["output"][:, -1], self._target(windows, 1)[:, -1]
        losses = self.intensity * _mean(squared) + self.gradient * _mean(edge_error(output, target))
        if self.flow:
            before = windows[:, -2].astype(jnp.float32)
            motion, real = (flow(before, each) for each in (output, target))
            losses += self.flow * _mean(jnp.abs(motion - real))
        return losses + outputs["penalty"].mean(axis=1) if "penalty" in outputs else losses


def edge_error(output: jax.Array, target: jax.Array) -> jax.Array:
    """Return by how much the steps between neighbouring pixels differ in size, in both axes.

    Args:
        output: [b, h, w, c].
        target: of the same shape.

    Returns:
        Of the same shape.
    """
    across, down = (
        jnp.abs(jnp.abs(steps(target, axis)) - jnp.abs(steps(output, axis))) for axis in (2, 1)
    )
    return across + down


def steps(frames: jax.Array, axis: int) -> jax.Array:
    """Return the difference to the next pixel along an axis, a frame being 0 beyond its end.

    Args:
        frames: [b, h, w, c].
        axis: 1 or 2.

    Returns:
        Of the same shape.
    """
    beyond = [(0, int(i == axis)) for i in range(frames.ndim)]
    return jnp.diff(jnp.pad(frames, beyond), axis=axis)


def _mean(values: jax.Array) -> jax.Array:
    """Mean over all axes but that of examples."""
    return values.mean(tuple(range(1, values.ndim)))


def build(config: Any) -> Adversarial:
    """Build it from the config section `objective`."""
    names = ("intensity", "gradient", "adversarial", "flow")
    weights: dict[str, Any] = {n: float(getattr(config, n)) for n in names if hasattr(config, n)}
    return Adversarial(**fields(config), **weights)
