"""NanoDet-g once more, in NumPy and float64, as the published graph wires it; random weights."""

import numpy as np

# Input and output channels, kernel, stride of each convolution of the published graph, in order.
SHAPES = (
    [(3, 32, 3, 2), (32, 32, 3, 1), (32, 16, 3, 1), (16, 16, 3, 1), (32, 32, 3, 1)]
    + [(64, 64, 3, 2), (64, 32, 3, 1), (32, 32, 3, 1), (64, 32, 3, 1), (32, 32, 3, 1)]
    + [(64, 64, 3, 1)]
    + [(128, 128, 3, 2), (128, 64, 3, 1), (64, 64, 3, 1), (128, 64, 3, 1), (64, 64, 3, 1)]
    + [(128, 128, 3, 1)]
    + [(256, 256, 3, 2), (256, 128, 3, 1), (128, 128, 3, 1), (256, 128, 3, 1)]
    + [(128, 128, 3, 1), (256, 128, 3, 1), (128, 128, 3, 1), (256, 256, 3, 1)]
    + [(128, 128, 1, 1), (256, 128, 1, 1), (512, 128, 1, 1)]
    + [(128, 128, 3, 1), (128, 124, 1, 1)] * 3
)
LINEAR = (25, 26, 27, 29, 31, 33)  # without an activation


def random_weights(seed=0):
    draw = np.random.default_rng(seed)
    arrays = {}
    for number, (before, after, kernel, _) in enumerate(SHAPES):
        deviation = np.sqrt(2 / (before * kernel**2))
        weight = draw.normal(0, deviation, (after, before, kernel, kernel))
        arrays[f"conv{number:02d}.weight"] = weight.astype(np.float32)
        arrays[f"conv{number:02d}.bias"] = draw.normal(0, 0.1, after).astype(np.float32)
    return arrays


def outputs(arrays, image):
    """Return [n, 124] of a normalised image [h, w, 3] (blue, green, red)."""

    def conv(number, x):
        kernel, stride = SHAPES[number][2:]
        weight = arrays[f"conv{number:02d}.weight"].astype(np.float64)
        pad = kernel // 2
        x = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
        seen = np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), (1, 2))
        seen = seen[:, ::stride, ::stride]  # [c, h, w, k, k]
        y = np.einsum("chwij,ocij->ohw", seen, weight, optimize=True)
        y += arrays[f"conv{number:02d}.bias"].astype(np.float64)[:, None, None]
        return y if number in LINEAR else np.where(y > 0, y, 0.1 * y)

    def pair(number, x):
        first = conv(number, x)
        return np.concatenate([conv(number + 1, first), first])

    x = conv(0, image.transpose(2, 0, 1).astype(np.float64))
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (1, 2))
    x = windows[:, ::2, ::2].max((3, 4))
    entry = conv(1, x)
    x = np.concatenate([conv(4, pair(2, entry)), entry])
    entry = conv(5, x)
    third = np.concatenate([conv(10, pair(8, pair(6, entry))), entry])
    entry = conv(11, third)
    fourth = np.concatenate([conv(16, pair(14, pair(12, entry))), entry])
    entry = conv(17, fourth)
    fifth = np.concatenate([conv(24, pair(22, pair(20, pair(18, entry)))), entry])
    p5 = conv(27, fifth)
    p4 = conv(26, fourth) + _double(p5)
    p3 = conv(25, third) + _double(p4)
    n4 = p4 + _half(p3)
    n5 = p5 + _half(n4)
    tables = [conv(n + 1, conv(n, x)) for n, x in ((28, p3), (30, n4), (32, n5))]
    return np.concatenate([table.reshape(124, -1).T for table in tables])


def _double(x):
    """Twice the size, bilinearly: an output lies a quarter of a pixel beside an input."""
    for axis in (1, 2):
        x = np.moveaxis(x, axis, 0)
        before, after = np.concatenate([x[:1], x[:-1]]), np.concatenate([x[1:], x[-1:]])
        x = np.stack([0.75 * x + 0.25 * before, 0.75 * x + 0.25 * after], 1)
        x = np.moveaxis(x.reshape(-1, *x.shape[2:]), 0, axis)
    return x


def _half(x):
    return (x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]) / 4


def boxes(distances, size):
    """Decode [n, 44] place by place."""
    found = []
    rows = iter(distances.reshape(-1, 4, 11).astype(np.float64))
    for stride in (8, 16, 32):
        for y in range(size[0] // stride):
            for x in range(size[1] // stride):
                weights = np.exp(next(rows))
                sides = (weights / weights.sum(1, keepdims=True)) @ np.arange(11) * stride
                cx, cy = (x + 0.5) * stride, (y + 0.5) * stride
                found.append([cx - sides[0], cy - sides[1], cx + sides[2], cy + sides[3]])
    return np.array(found)
