"""A scanner without recurrence: the rows of a window side by side through a dense layer."""

import flax.linen as nn
import jax.numpy as jnp

from vadjax.models.layers import Head, dense, make_dropout, scanner_fields
from vadjax.models.linen import LinenModel


class DenseScanner(nn.Module):
    """ReLU layers over the flattened window and a head; fixed to the window length of `init`.

    Attributes:
        units: width of each layer.
        out_features: width of the output.
        task: name of the objective; `predict` reads all rows but the last.
        head: widths of the head's hidden layers.
        dropout: configured rate, after every layer but the output.
        dtype: of the computation.
    """

    units: tuple[int, ...]
    out_features: int
    task: str
    head: tuple[int, ...] = ()
    dropout: float = 0.0
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, windows, *, train, hparams, keys, num_outputs=None):
        """See `Model.apply`."""
        del num_outputs  # there is one output in any case
        drop = make_dropout(self.dropout, train=train, hparams=hparams, keys=keys)
        if self.task == "predict":
            windows = windows[:, :-1]
        x = windows.reshape(windows.shape[0], 1, -1)  # [b, 1, t * d]
        for i, width in enumerate(self.units):
            x = drop(x, i - 1) if i else x
            x = nn.relu(dense(width, self.dtype, name=f"layer_{i}")(x))
        output = Head(self.head, self.out_features, self.dtype, name="head")(
            x, drop, len(self.units)
        )
        return {"hidden": x.astype(jnp.float32), "output": output}


def build(config, *, feature_shape, objective) -> LinenModel:
    """Build a dense scanner; see `models.create`.

    Args:
        config: the section `model`.
        feature_shape: shape of one row.
        objective: of the training.

    Returns:
        The model.

    Raises:
        UserError: a value out of range.
    """
    fields = scanner_fields(config, feature_shape=feature_shape, objective=objective)
    module = DenseScanner(**fields)
    return LinenModel(module, feature_shape, min_length=objective.min_length)
