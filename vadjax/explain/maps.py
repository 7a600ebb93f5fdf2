"""Anomaly maps on a small grid: from a model's own errors, and back to the frame.

A map is float32 [h, w], at least 0, higher where more abnormal. It is never scaled by its own
frame's values, so that frames and videos can be compared.
"""

from collections.abc import Callable

import cv2
import jax
import jax.numpy as jnp
import numpy as np

from vadjax.backbones.preprocess import Preprocess


def to_frame(
    maps: np.ndarray, preprocess: Preprocess | None, frame_shape: tuple[int, ...]
) -> np.ndarray:
    """Resample maps over the frame, bilinearly.

    Args:
        maps: [n, h, w] float.
        preprocess: the backbone's, which knows what of the frame the network saw; None: maps are
            of whole frames.
        frame_shape: (H, W, ...) of the frame in pixels.

    Returns:
        [n, H, W] float32; 0 where the network never saw the frame.
    """
    maps, size = np.asarray(maps, np.float32), frame_shape[1::-1]
    if preprocess is None:
        shown = [cv2.resize(m, size, interpolation=cv2.INTER_LINEAR) for m in maps]
        return np.stack(shown) if shown else np.zeros((0, *frame_shape[:2]), np.float32)
    shown = [np.nan_to_num(preprocess.map_to_frame(m, frame_shape), copy=False) for m in maps]
    return np.stack(shown) if shown else np.zeros((0, *frame_shape[:2]), np.float32)


def make_error_fn(model, objective, *, shape: tuple[int, ...] = ()) -> Callable:
    """Compile the errors of the places of each window's last row, for models that show them.

    Args:
        model: what `models.create` returned, for rows of maps [h, w, c], or of maps laid flat.
        objective: what `objectives.create` returned.
        shape: (h, w, c) of rows that are laid flat.

    Returns:
        A function (variables, windows [b, t, ...] standardised) -> float32 [b, h, w].
    """

    def run(variables, windows):
        outputs, _ = model.apply(variables, windows, num_outputs=1)
        return error_maps(outputs, windows, shape=shape)

    return jax.jit(run)


def error_maps(outputs, windows, *, shape: tuple[int, ...] = ()) -> jax.Array:
    """Return what each place of a window's last row adds to the score.

    Args:
        outputs: of `Model.apply` for the last row: `output` [b, s, h, w, c], and where the model
            has them `scale` [b, s, h, w, c], `surprise` [b, 1, h', w'] or `cell_logits`
            [b, s, h', w', k].
        windows: [b, t, h, w, c] float, standardised.
        shape: (h, w, c) of rows that are laid flat.

    Returns:
        [b, h, w] float32. Of a classifier of places the softplus of each place's log odds of being
        abnormal; of a density the surprise of each place, whose maximum is the score (0 where it
        is below the place's average); of a motion scanner the largest |error| / scale over the
        channels, the terms whose maximum is the score; else the squared error, whose mean over
        places (maximum, under objective.reduce=max) is the score.
    """
    if "cell_logits" in outputs:
        return jax.nn.softplus(_log_odds(outputs["cell_logits"][:, -1]))
    if "surprise" in outputs:
        return jnp.maximum(outputs["surprise"][:, -1], 0)
    output = outputs["output"][:, -1]
    target = windows[:, -1, ..., : output.shape[-1]].astype(jnp.float32)
    if "scale" in outputs:
        return (jnp.abs(output - target) / outputs["scale"][:, -1]).max(-1)
    errors = jnp.square(output - target)
    return errors.reshape(len(errors), *(shape or errors.shape[1:])).mean(-1)


def _log_odds(logits) -> jax.Array:
    """Log odds of any class but 0, [..., k] to [...]; one logit is the log odds already."""
    if logits.shape[-1] == 1:
        return logits[..., 0]
    return jax.nn.logsumexp(logits[..., 1:], axis=-1) - logits[..., 0]
