"""What is known of a backbone without its weights: parameters, width, input size, GFLOP."""

import importlib
import math

from vadjax.backbones.registry import family_of

COLUMNS = ("name", "parameters", "width", "size", "GFLOP", "licence", "checkpoint")


def describe(name: str) -> dict[str, object]:
    """Return what is known of a named backbone; it is traced, and nothing is computed with it.

    Parameters and GFLOP (multiplication and addition are two operations) are of one image of the
    checkpoint's size, with folded batch norm and with the classifier.
    """
    import jax
    import jax.numpy as jnp

    from vadjax.backbones import convolution

    family = importlib.import_module(f"vadjax.backbones.{family_of(name)}")
    architecture = family.ARCHITECTURES[name]
    row = {"name": name, "checkpoint": architecture.checkpoint, "licence": architecture.licence}
    size = architecture.preprocess.size
    row["size"] = f"{size[0]} x {size[1]}"
    if not architecture.layouts:
        return row | {"parameters": "0", "width": architecture.num_features or "pixels"}
    network = architecture.network(1000, True)
    channels = max(architecture.preprocess.channels, 3)  # grey is repeated
    image = jax.ShapeDtypeStruct((1, *size, channels), jnp.float32)
    variables = jax.eval_shape(network.init, jax.random.key(0), image)
    count = sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(variables["params"]))
    with convolution.library_forms():
        cost = jax.jit(network.apply).lower(variables, image).cost_analysis()
    return row | {
        "parameters": f"{count / 1e6:.1f} M",
        "width": architecture.num_features,
        "GFLOP": f"{(cost or {})['flops'] / 1e9:.2f}",
    }
