"""STAE, STD, STCEN and AMAE as networks of PyTorch with our weights."""

import torch

from tests.parity.torch_layers import conv, deconv, first, last, normed, stacked

F = torch.nn.functional


def stae(variables, windows, *, training):
    """Zhao et al. 2017, with the widths of YuhaoCheng/PyAnomaly."""
    p = variables["params"]
    levels = sum(name.startswith("down") and not name.endswith("norm") for name in p)
    x = first(windows[:, : windows.shape[1] // 2])
    for i in range(levels):
        x = conv(p[f"down_{i}"], F.max_pool3d(x, 2) if i else x, padding=1)
        x = F.leaky_relu(normed(variables, f"down_{i}", x, training), 0.2)
    halves = []
    for name in ("rebuild", "predict"):
        y = x
        for i in reversed(range(levels - 1)):
            y = deconv(p[f"{name}_{i}"], y, stride=2, padding=1, output_padding=1)
            y = F.leaky_relu(normed(variables, f"{name}_{i}", y, training), 0.2)
        halves.append(torch.tanh(conv(p[f"{name}_output"], y, padding=1)))
    return {"output": last(torch.cat(halves, 2))}


def down(p, x):
    for name in sorted(p):
        x = F.leaky_relu(conv(p[name], x, stride=2, padding=1), 0.2)
    return x


def up(p, x):
    for name in sorted(p, reverse=True):
        x = deconv(p[name], x, stride=2, padding=1, output_padding=1)
        x = F.leaky_relu(x, 0.2) if name != "conv_0" else x
    return x


def edges(output, target):
    """Differences of the absolute differences to the next pixel, zeros beyond the border."""
    total = 0
    for pad in ((0, 1, 0, 0), (0, 0, 0, 1)):
        axis = 3 if pad[1] else 2
        steps = [torch.diff(F.pad(x, pad), dim=axis).abs() for x in (target, output)]
        total = total + (steps[0] - steps[1]).abs()
    return total.mean((1, 2, 3))


def std(variables, windows):
    p = variables["params"]
    look = down(p["spatial_down"], first(windows[:, -1]))
    motion = down(p["motion_down"], stacked(windows))
    places = motion.var(1, unbiased=False).flatten(1)
    attention = places.shape[1] * torch.softmax(places, 1)
    motion = motion * attention.reshape(len(motion), 1, *motion.shape[2:])
    rebuilt = torch.tanh(up(p["spatial_up"], look))
    wrong = up(p["motion_up"], motion) - stacked(torch.diff(windows, dim=1))
    code = last(torch.cat([look, motion], 1))
    squared = torch.stack([((code - centre) ** 2).mean(-1) for centre in p["centres"]], -1)
    distance = (torch.softmax(-squared, -1) * squared).sum(-1)
    far = F.interpolate(distance[:, None], windows.shape[2:4], mode="nearest")[:, 0]
    own = 0.1 * distance.mean((1, 2)) + edges(rebuilt, first(windows[:, -1]))
    return {
        "output": last(rebuilt)[:, None],
        "more_error": wrong.abs().mean(1)[:, None],
        "factor": 1 + far[:, None],
        "penalty": own[:, None],
    }


def stcen(variables, windows):
    p, x, flat = variables["params"]["generator"], first(windows[:, :-1]), []
    levels = sum(name.startswith("down") for name in p)
    for i in range(levels):
        x = F.leaky_relu(conv(p[f"down_{i}"], x, stride=(1, 2, 2), padding=1), 0.2)
        if i < levels - 1:
            flat.append(conv(p[f"skip_{i}"], x)[:, :, 0])
    mean, spread = (conv(p[name], x)[:, :, 0] for name in ("mean", "log_variance"))
    penalty = 1e-3 * 0.5 * (mean**2 + spread.exp() - 1 - spread).mean((1, 2, 3))
    x = mean
    for i in reversed(range(levels - 1)):
        x = F.leaky_relu(deconv(p[f"up_{i}"], x, stride=2, padding=1, output_padding=1), 0.2)
        x = F.leaky_relu(conv(p[f"merge_{i}"], torch.cat([flat[i], x], 1), padding=1), 0.2)
    frame = torch.tanh(deconv(p["out"], x, stride=2, padding=1, output_padding=1))

    def judged(x):
        own = variables["params"]["discriminator"]
        for i in range(levels):
            x = F.leaky_relu(conv(own[f"conv_{i}"], x, stride=(1, 2, 2), padding=1), 0.2)
        return last(conv(own["logits"], x, padding=1))

    continued = torch.cat([windows[:, :-1], last(frame)[:, None]], 1)
    return {
        "output": last(frame)[:, None],
        "penalty": penalty[:, None],
        "real": judged(first(windows)),
        "fake": judged(first(continued)),
    }


def amae(variables, windows):
    p, newest, target = variables["params"], first(windows[:, -2]), first(windows[:, -1])
    look = down(p["spatial_down"], newest)
    motion = down(p["temporal_down"], stacked(windows[:, :-1]))
    both = torch.cat([look, motion], 1)
    narrow = both.mean((2, 3)) @ p["squeeze"]["kernel"] + p["squeeze"]["bias"]
    weight = torch.sigmoid(torch.relu(narrow) @ p["excite"]["kernel"] + p["excite"]["bias"])
    frame = torch.tanh(up(p["up"], both * weight[:, :, None, None]))
    rebuilt = torch.tanh(up(p["spatial_up"], look))
    moved = up(p["temporal_up"], motion) - (target - newest)
    own = ((rebuilt - newest) ** 2).mean((1, 2, 3)) + edges(frame, target)
    return {
        "output": last(frame)[:, None],
        "more_error": moved.abs().mean(1)[:, None],
        "penalty": own[:, None],
    }
