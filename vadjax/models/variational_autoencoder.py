"""The variational autoencoder of single rows (Kingma and Welling 2014, arXiv 1312.6114)."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from vadjax.models.layers import dense
from vadjax.models.linen import LinenModel, read_fields, read_widths

NOISE = 1000  # number of the draw, beyond those of dropout


class VariationalAutoencoder(nn.Module):
    """ReLU layers to mean and log-variance of a code, and the same widths up again.

    A row's likelihood is Gaussian with variance 1 and its code's prior a standard Gaussian, so that
    the negative evidence lower bound is half the squared error plus the divergence of the code.
    Times 2 / d it is the mean squared error plus `penalty`. In training the code is drawn, in
    scoring it is the mean.

    Attributes:
        units: widths down to and with the code.
        out_features: width d of the features.
        dtype: of the computation.
    """

    units: tuple[int, ...]
    out_features: int
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, windows, *, train, hparams, keys, num_outputs=None):
        """See `Model.apply`; hidden is the mean of the code [b, s, z], `penalty` [b, s]."""
        x = windows if num_outputs is None else windows[:, -num_outputs:]
        for i, width in enumerate(self.units[:-1]):
            x = nn.relu(dense(width, self.dtype, name=f"encoder_{i}")(x))
        mean, log_variance = (
            dense(self.units[-1], self.dtype, name=name)(x).astype(jnp.float32)
            for name in ("mean", "log_variance")
        )
        code = mean
        if train:
            code = mean + jnp.exp(0.5 * log_variance) * noise(keys["dropout"], mean.shape[1:])
        x = code.astype(self.dtype)
        for i, width in enumerate(self.units[-2::-1]):
            x = nn.relu(dense(width, self.dtype, name=f"decoder_{i}")(x))
        output = dense(self.out_features, self.dtype, name="output")(x)
        return {
            "hidden": mean,
            "output": output.astype(jnp.float32),
            "penalty": 2 / self.out_features * divergence(mean, log_variance),
        }


def divergence(mean: jax.Array, log_variance: jax.Array) -> jax.Array:
    """Return the Kullback-Leibler divergence of a code from a standard Gaussian.

    Args:
        mean: float32 [..., z].
        log_variance: float32 [..., z].

    Returns:
        float32 [...].
    """
    return 0.5 * (jnp.square(mean) + jnp.exp(log_variance) - 1 - log_variance).sum(-1)


def noise(keys: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Draw standard Gaussian numbers by a key of each example.

    Args:
        keys: [b] typed keys.
        shape: of an example.

    Returns:
        float32 [b, *shape].
    """
    return jax.vmap(lambda key: jax.random.normal(jax.random.fold_in(key, NOISE), shape))(keys)


def build(config, *, feature_shape, objective) -> LinenModel:
    """Build a variational autoencoder; see `models.create`.

    Args:
        config: the section `model`; its dropout is not used, as the code is noisy.
        feature_shape: shape of one row.
        objective: not used.

    Returns:
        The model.

    Raises:
        UserError: a value out of range.
    """
    units = read_widths("model.units", config.units)
    dtype = read_fields(config)["dtype"]
    return LinenModel(VariationalAutoencoder(units, feature_shape[-1], dtype), feature_shape)
