"""A scorer of instances: the same small network on every instance of a bag."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vadjax.models.layers import dense, make_dropout
from vadjax.models.linen import LinenModel, read_fields, read_widths

ATTENTION = 128  # width of the attention, as Ilse et al. have it


class BagMLP(nn.Module):
    """Dense layers with dropout, one logit an instance; Glorot normal kernels.

    Under `mil_ranking` only the first layer has a ReLU, as in Sultani et al. (4096-512-32-1), under
    the others each. Rows of several crops are scored crop by crop; the probability of an instance
    is the mean of its crops'.

    Attributes:
        units: width of each layer.
        task: name of the objective; `mil_attention` adds gated attention.
        dropout: configured rate, after each layer.
        dtype: of the computation.
    """

    units: tuple[int, ...]
    task: str
    dropout: float = 0.0
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, windows, *, train, hparams, keys, num_outputs=None):
        """See `Model.apply`; hidden is the first layer, [b, s, (crops,) units[0]]."""
        drop = make_dropout(self.dropout, train=train, hparams=hparams, keys=keys)
        x = hidden = windows if num_outputs is None else windows[:, -num_outputs:]
        for i, width in enumerate(self.units):
            x = dense(width, self.dtype, name=f"layer_{i}")(x)
            if i == 0 or self.task != "mil_ranking":
                x = nn.relu(x)
            hidden = x if i == 0 else hidden
            x = drop(x, i)
        logits = dense(1, self.dtype, name="output")(x).astype(jnp.float32)[..., 0]
        outputs = {"hidden": hidden.astype(jnp.float32)}
        if self.task == "mil_attention":
            outputs["attention"] = self._attention(hidden)
        if logits.ndim == 3:  # [b, s, crops]
            logits = _mean_probability(logits)
        return {**outputs, "output": logits[..., None]}

    def _attention(self, hidden: jax.Array) -> jax.Array:
        """Return the gated attention's logits [b, s], of crops their mean."""
        sign = nn.tanh(dense(ATTENTION, self.dtype, name="attention_v")(hidden))
        gate = nn.sigmoid(dense(ATTENTION, self.dtype, name="attention_u")(hidden))
        logits = dense(1, self.dtype, name="attention_w")(sign * gate).astype(jnp.float32)[..., 0]
        return logits.mean(-1) if logits.ndim == 3 else logits


def _mean_probability(logits: jax.Array) -> jax.Array:
    """Return the logit of the mean of the crops' probabilities: [b, s, crops] to [b, s]."""
    yes = jax.nn.logsumexp(jax.nn.log_sigmoid(logits), axis=-1)
    return yes - jax.nn.logsumexp(jax.nn.log_sigmoid(-logits), axis=-1)


def build(config, *, feature_shape, objective) -> LinenModel:
    """Build the model; see `models.create`.

    Args:
        config: the section `model`.
        feature_shape: shape of one row, (d,) or (crops, d).
        objective: of the training.

    Returns:
        The model.

    Raises:
        UserError: a value out of range.
    """
    units = read_widths("model.units", config.units)
    module = BagMLP(units=units, task=objective.name, **read_fields(config))
    return LinenModel(module, feature_shape, min_length=objective.min_length)
