"""Make tests/golden/recurrent.npz: PyTorch's recurrent layers on small random inputs.

    python tools/make_goldens_models.py

This needs torch; the tests that read the file do not. Per case (kind, layers, directions) the file
has the parameters under PyTorch's names, the states of the top layer, the final states, and the
gradients of sum(states * weights) with respect to the input and the parameters.
"""

import argparse
import pathlib

import numpy as np

KINDS = {"simple_rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}
CASES = [(kind, *sizes) for kind in KINDS for sizes in ((1, 1), (2, 2))]  # layers, directions
BATCH, STEPS, FEATURES, UNITS = 3, 5, 4, 3
DEFAULT_PATH = pathlib.Path(__file__).parents[1] / "tests" / "golden" / "recurrent.npz"


def case_name(kind: str, layers: int, directions: int) -> str:
    """Prefix of a case's arrays in the file."""
    return f"{kind}-{layers}-{directions}"


def make_case(kind: str, layers: int, directions: int, *, seed: int = 0) -> dict:
    """Run one PyTorch layer forward and backward.

    Returns:
        float32 arrays: `param/<name>`, `grad/<name>`, inputs [b, t, d], grad_inputs, states
        [b, t, u * directions], weights like states, final [layers * directions, b, u].
    """
    import torch

    torch.manual_seed(seed)
    layer = getattr(torch.nn, KINDS[kind])(
        FEATURES, UNITS, layers, batch_first=True, bidirectional=directions == 2
    )
    inputs = torch.randn(BATCH, STEPS, FEATURES, requires_grad=True)
    states, final = layer(inputs)
    weights = torch.randn(states.shape)
    (states * weights).sum().backward()
    arrays = {
        "inputs": inputs,
        "grad_inputs": inputs.grad,
        "states": states,
        "weights": weights,
        "final": final[0] if kind == "lstm" else final,
    }
    for name, param in layer.named_parameters():
        arrays[f"param/{name}"], arrays[f"grad/{name}"] = param, param.grad
    return {name: array.detach().numpy() for name, array in arrays.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=DEFAULT_PATH)
    out = parser.parse_args().out
    arrays = {
        f"{case_name(*case)}/{name}": array
        for case in CASES
        for name, array in make_case(*case).items()
    }
    np.savez_compressed(out, **arrays)
    print(f"{out}: {len(arrays)} arrays, {out.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
