"""Optimisers with clipping, and learning-rate schedules; every rate may be a traced array."""

from collections.abc import Mapping

import jax
import jax.numpy as jnp
import optax

from vadjax.errors import unknown
from vadjax.training import OPTIMIZERS, SCHEDULES

ADAGRAD_EPS = 1e-8


def create(
    name: str,
    *,
    learning_rate: jax.Array,
    weight_decay: jax.Array,
    clip_norm: float = 0.0,
    b1: float = 0.9,
    b2: float = 0.999,
) -> optax.GradientTransformation:
    """Build the transformation for one step; its state has one structure for all arguments.

    "adam" adds the weight decay to the gradient (as torch.optim.Adam does), "adamw" to the step
    (Loshchilov and Hutter, 2019), so that it does not pass through Adam's normalisation. "adagrad"
    (Duchi et al., 2011) divides by the root of the sum of all squared gradients so far. "sgd" is
    the gradient alone, "momentum" the sum of past gradients with weights b1, b1^2, ... (Polyak,
    1964, in torch.optim.SGD's form).

    Args:
      name: one of `training.OPTIMIZERS`.
      learning_rate: scalar, already scheduled.
      weight_decay: scalar; 0 is off.
      clip_norm: greatest global norm of the gradient; 0 is off.
      b1: decay of Adam's first moment, and of the momentum.
      b2: decay of Adam's second moment.

    Returns:
      The transformation; its updates are added to the parameters.

    Raises:
      UserError: `name` is unknown.
    """
    if name not in OPTIMIZERS:
        raise unknown("train.optimizer", name, OPTIMIZERS)
    nothing, decay = optax.identity(), optax.add_decayed_weights(weight_decay)
    directions = {
        "adam": lambda: optax.scale_by_adam(b1, b2),
        "adamw": lambda: optax.scale_by_adam(b1, b2),
        "adagrad": lambda: optax.scale_by_rss(0.0, ADAGRAD_EPS),
        "sgd": optax.identity,
        "momentum": lambda: optax.trace(b1),
    }
    return optax.chain(
        optax.clip_by_global_norm(clip_norm) if clip_norm > 0 else nothing,
        nothing if name == "adamw" else decay,
        directions[name](),
        decay if name == "adamw" else nothing,
        optax.scale(-learning_rate),
    )


def schedule(
    name: str, step: jax.Array, *, total_steps: int, warmup_steps: int = 0
) -> float | jax.Array:
    """Return the factor on the learning rate at `step` (0-based).

    The factor climbs linearly to 1 at the end of the warm-up, then stays there ("constant", and
    "plateau", whose factor `after_epoch` knows) or falls along half a cosine to 0 at `total_steps`
    ("cosine"; Loshchilov and Hutter, 2017).

    Args:
      name: one of `training.SCHEDULES`.
      step: int scalar.
      total_steps: of the training.
      warmup_steps: of the warm-up.

    Returns:
      The factor, in [0, 1].

    Raises:
      UserError: `name` is unknown.
    """
    if name not in SCHEDULES:
        raise unknown("train.schedule", name, SCHEDULES)
    factor: float | jax.Array = 1.0
    if name == "cosine":
        done = (step - warmup_steps) / max(total_steps - warmup_steps, 1)
        factor = 0.5 * (1.0 + jnp.cos(jnp.pi * jnp.clip(done, 0.0, 1.0)))
    if warmup_steps > 0:
        factor = jnp.where(step < warmup_steps, (step + 1) / warmup_steps, factor)
    return factor


def start_plateau(hparams: Mapping[str, jax.Array]) -> dict[str, jax.Array]:
    """Return the state of the schedule "plateau" at the beginning; {} under the others.

    Returns:
      factor: float32 scalar on the learning rate.
      waited: int32 scalar, epochs without a better loss since the last better one or fall.
    """
    if "plateau_patience" not in hparams:
        return {}
    return {"factor": jnp.float32(1.0), "waited": jnp.int32(0)}


def after_epoch(
    plateau: Mapping[str, jax.Array], better: jax.Array, hparams: Mapping[str, jax.Array]
) -> dict[str, jax.Array]:
    """Lower the factor once `plateau_patience` epochs in a row were no better.

    As `optax.contrib.reduce_on_plateau` does it with no tolerance and no cooldown; torch's
    ReduceLROnPlateau waits for one epoch more than its patience.

    Args:
      plateau: what `start_plateau` or this function returned.
      better: bool scalar, whether the epoch's validation loss is the least so far.
      hparams: float32 scalars plateau_patience and plateau_factor.

    Returns:
      The state for the next epoch.
    """
    if not plateau:
        return {}
    waited = jnp.where(better, 0, plateau["waited"] + 1)
    falls = waited >= hparams["plateau_patience"]
    return {
        "factor": plateau["factor"] * jnp.where(falls, hparams["plateau_factor"], 1.0),
        "waited": jnp.where(falls, 0, waited),
    }
