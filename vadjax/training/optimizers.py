"""Adam and AdamW with clipping, and learning-rate schedules; every rate may be a traced array."""

import jax
import jax.numpy as jnp
import optax

from vadjax.errors import unknown

OPTIMIZERS = ("adam", "adamw")
SCHEDULES = ("constant", "cosine")


def create(
    name: str, *, learning_rate: jax.Array, weight_decay: jax.Array, clip_norm: float = 0.0
) -> optax.GradientTransformation:
    """Build the transformation for one step; its state has one structure for all arguments.

    "adam" adds the weight decay to the gradient (as torch.optim.Adam does), "adamw" to the step
    (Loshchilov and Hutter, 2019), so that it does not pass through Adam's normalisation.

    Args:
      name: one of `OPTIMIZERS`.
      learning_rate: scalar, already scheduled.
      weight_decay: scalar; 0 is off.
      clip_norm: greatest global norm of the gradient; 0 is off.

    Raises:
      UserError: `name` is unknown.
    """
    if name not in OPTIMIZERS:
        raise unknown("train.optimizer", name, OPTIMIZERS)
    nothing, decay = optax.identity(), optax.add_decayed_weights(weight_decay)
    return optax.chain(
        optax.clip_by_global_norm(clip_norm) if clip_norm > 0 else nothing,
        decay if name == "adam" else nothing,
        optax.scale_by_adam(),
        decay if name == "adamw" else nothing,
        optax.scale(-learning_rate),
    )


def schedule(
    name: str, step: jax.Array, *, total_steps: int, warmup_steps: int = 0
) -> float | jax.Array:
    """Return the factor on the learning rate at `step` (0-based).

    The factor climbs linearly to 1 at the end of the warm-up, then stays there ("constant") or
    falls along half a cosine to 0 at `total_steps` ("cosine"; Loshchilov and Hutter, 2017).

    Raises:
      UserError: `name` is unknown.
    """
    if name not in SCHEDULES:
        raise unknown("train.schedule", name, SCHEDULES)
    factor = 1.0
    if name == "cosine":
        done = (step - warmup_steps) / max(total_steps - warmup_steps, 1)
        factor = 0.5 * (1.0 + jnp.cos(jnp.pi * jnp.clip(done, 0.0, 1.0)))
    if warmup_steps > 0:
        factor = jnp.where(step < warmup_steps, (step + 1) / warmup_steps, factor)
    return factor
