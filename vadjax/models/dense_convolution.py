"""Convolutions of stride 1 over images in float32, in the form that moves least, for CPUs.

Gathering the neighbours of every pixel writes each channel nine times for a 3x3 kernel; XLA's own
convolution is as fast as what stands here, but loses its threads inside `lax.scan`. All images of
a batch go together: the maps of video models are small, and those of a population have one more
axis. `choose` is the one place where a form is chosen (docs/benchmarks.md#video-models).
"""

from collections.abc import Callable

import jax.numpy as jnp

WIDE = 32  # channels on both sides from which Winograd's form saves more than its sums cost


def choose(kernel_shape: tuple[int, ...], dtype: jnp.dtype) -> str:
    """Choose the form of a convolution of stride 1.

    Args:
        kernel_shape: (kh, kw, i, o).
        dtype: of the computation; sums of parts are for float32 alone.

    Returns:
        A key of `FORMS`, or "" for gathered neighbours.
    """
    height, width, i, o = kernel_shape
    if dtype != jnp.float32 or height == width == 1:
        return ""
    if height == width == 3 and min(i, o) >= WIDE:
        return "winograd"
    # What each writes for a pixel, in numbers; gathering writes height * width * i.
    return "columns" if height * i + width * o < height * width * i else ""


def columns(x, kernel):
    """Convolve with gathered rows alone: the columns' products are shifted and summed.

    Args:
        x: [b, h, w, i], padded already.
        kernel: [kh, kw, i, o].

    Returns:
        [b, h - kh + 1, w - kw + 1, o].
    """
    height, width, i, o = kernel.shape
    flat = kernel.transpose(0, 2, 1, 3).reshape(height * i, width * o)
    y = gathered_rows(x, height) @ flat  # [b, h', w, kw * o]
    last = x.shape[2] - width + 1
    parts = [y[:, :, j : j + last, j * o : (j + 1) * o] for j in range(width)]
    return sum(parts[1:], start=parts[0])


def gathered_rows(x, height: int):
    """Gather rows below one another as channels.

    Args:
        x: [b, h, w, i].
        height: how many rows.

    Returns:
        [b, h - height + 1, w, height * i].
    """
    last = x.shape[1] - height + 1
    return jnp.concatenate([x[:, i : i + last] for i in range(height)], axis=-1)


def winograd(x, kernel):
    """Convolve by F(2x2, 3x3) of Winograd, as Lavin and Gray have it (arXiv 1509.09308).

    Each 2x2 tile of the output comes from a 4x4 tile of the input by 16 products where the sum has
    36; the transforms are additions. `backbones/winograd.py` goes strip by strip over large images.

    Args:
        x: [b, h, w, i], padded already.
        kernel: [3, 3, i, o].

    Returns:
        [b, h - 2, w - 2, o].
    """
    b, h, w, i = x.shape
    x = jnp.pad(x, ((0, 0), (0, h % 2), (0, w % 2), (0, 0)))
    tall, wide = x.shape[1] // 2 - 1, x.shape[2] // 2 - 1  # tiles
    phases = x.reshape(b, tall + 1, 2, wide + 1, 2, i)
    grid = [
        [phases[:, m // 2 : m // 2 + tall, m % 2, n // 2 : n // 2 + wide, n % 2] for n in range(4)]
        for m in range(4)
    ]
    seen, known = _both(_seen, grid), _both(_known, kernel)
    parts = [[seen[m][n] @ known[m][n] for n in range(4)] for m in range(4)]
    rows = [jnp.stack(row, axis=3) for row in _both(_made, parts)]  # two of [b, tall, wide, 2, o]
    y = jnp.stack(rows, axis=2).reshape(b, 2 * tall, 2 * wide, -1)
    return y[:, : h - 2, : w - 2]


def _seen(a, b, c, d):
    return a - c, b + c, c - b, b - d


def _known(a, b, c):
    return a, (a + b + c) / 2, (a - b + c) / 2, c


def _made(a, b, c, d):
    return a + b + c, b - c - d


def _both(function: Callable, grid) -> list[list]:
    """Apply a transform of one axis to the columns of a grid, then to its rows."""
    along = [function(*column) for column in zip(*grid, strict=True)]
    return [list(function(*row)) for row in zip(*along, strict=True)]


def kernel_gradient(x, grad, sizes: tuple[int, int]):
    """Return the gradient of a kernel as one product of gathered rows and shifted gradients.

    Args:
        x: [b, h, w, i], padded already.
        grad: [b, h - kh + 1, w - kw + 1, o], of the output.
        sizes: (kh, kw).

    Returns:
        [kh, kw, i, o].
    """
    (height, width), i, o = sizes, x.shape[-1], grad.shape[-1]
    near = gathered_rows(x, height).reshape(-1, height * i)
    pads = [((0, 0), (0, 0), (j, width - 1 - j), (0, 0)) for j in range(width)]
    moved = jnp.concatenate([jnp.pad(grad, each) for each in pads], axis=-1)
    product = near.T @ moved.reshape(-1, width * o)
    return product.reshape(height, i, width, o).transpose(0, 2, 1, 3)


FORMS: dict[str, Callable] = {"columns": columns, "winograd": winograd}
