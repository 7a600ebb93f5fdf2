"""The autoencoder of one sigmoid layer down and one up, over the pixels of a frame or image.

Elavarasi et al., equations 10 to 12: z = s(W x + b), x' = s(V z + c), trained by the sum of
(x - x')^2, with s the logistic function. They say no width. Pixels are in -1 .. 1 here
(standardised by `range`), to which the output 0 .. 1 is stretched; the loss is the mean of what
they sum.
"""

import math

import flax.linen as nn
import jax.numpy as jnp

from vadjax.models.builder import builder
from vadjax.models.layers import dense, make_dropout


class SigmoidAutoencoder(nn.Module):
    """One dense sigmoid layer to a code, one back to all pixels.

    Attributes:
        units: width of the code.
        dropout: configured rate, on the code.
        dtype: of the computation.
    """

    units: int
    dropout: float = 0.0
    dtype: jnp.dtype = jnp.dtype("float32")

    @nn.compact
    def __call__(self, windows, *, train, hparams, keys, num_outputs=None):
        """See `Model.apply`; hidden is the code [b, s, units]."""
        drop = make_dropout(self.dropout, train=train, hparams=hparams, keys=keys)
        x = windows if num_outputs is None else windows[:, -num_outputs:]
        b, s, *shape = x.shape
        pixels = x.reshape(b, s, -1)  # [b, s, h * w * c]
        code = nn.sigmoid(dense(self.units, self.dtype, name="encoder")(pixels))
        output = nn.sigmoid(dense(math.prod(shape), self.dtype, name="decoder")(drop(code, 0)))
        output = (2 * output - 1).reshape(b, s, *shape)
        return {"hidden": code.astype(jnp.float32), "output": output.astype(jnp.float32)}


build = builder(
    lambda wanted: SigmoidAutoencoder(wanted.widths[0], **wanted.fields),
    key="units",
    example=(256,),
)
