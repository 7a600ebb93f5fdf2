"""Does XLA on a CPU call oneDNN? `python -m tools.benchmarks.onednn`.

A product of two matrices in float32, bfloat16 and int8 (sums in int32), compiled in a process of
its own for each setting of XLA's flags: what is called in the compiled program, and the rate.
torch, whose products in bfloat16 are oneDNN's, stands beside it where it is installed.
"""

import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable

from tools.benchmarks.report import table

SIDE = 1024
ASKED = "--xla_cpu_use_onednn=true"
SETTINGS = {
    "as it comes": "",
    "oneDNN asked for": ASKED,
    "oneDNN custom calls": f"{ASKED} --xla_cpu_experimental_onednn_custom_call=true",
    "without XNNPACK": "--xla_cpu_use_xnnpack=false",
}
DTYPES = ("float32", "bfloat16", "int8")
SECONDS = 1.0  # of products, of which the best counts


def measured(dtype: str) -> dict:
    """Compile and time a product in this process.

    Args:
        dtype: one of `DTYPES`.

    Returns:
        {"calls": names of custom calls and of fusions by a library, "flop_per_s"}.
    """
    import jax
    import jax.numpy as jnp

    kind = jnp.int32 if dtype == "int8" else dtype
    one = jnp.ones((SIDE, SIDE), dtype)
    product = jax.jit(lambda a, b: jax.lax.dot(a, b, preferred_element_type=kind))
    compiled = product.lower(one, one).compile()
    return {
        "calls": calls_in(compiled.as_text()),
        "flop_per_s": _rate(lambda: jax.block_until_ready(compiled(one, one))),
    }


def calls_in(program: str) -> list[str]:
    """Return what a compiled program hands to a library.

    >>> calls_in('custom-call(a), custom_call_target="__onednn$matmul"')
    ['__onednn$matmul']
    """
    found = re.findall(r'custom_call_target="([^"]+)"', program)
    return sorted({*found, *re.findall(r'"(__(?:xnn|ynn|onednn)_fusion)"', program)})


def measured_by_torch(dtype: str) -> dict:
    """Time torch's product in this process; see `measured`."""
    import torch

    torch.set_num_threads(os.cpu_count() or 1)
    one = torch.ones((SIDE, SIDE), dtype=getattr(torch, dtype))
    run = torch._int_mm if dtype == "int8" else torch.mm
    return {"calls": ["torch"], "flop_per_s": _rate(lambda: run(one, one))}


def _rate(run: Callable[[], object]) -> float:
    run()
    best, end = float("inf"), time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return 2 * SIDE**3 / best


def main() -> None:
    """Print a row for each setting and dtype."""
    instructions = _instructions()
    print(f"instructions of this processor: {', '.join(instructions) or 'none of these'}\n")
    sides = [(name, flags, "xla") for name, flags in SETTINGS.items()]
    if importlib.util.find_spec("torch"):
        sides.append(("torch", "", "torch"))
    rows = []
    for name, flags, side in sides:
        for dtype in DTYPES:
            command = [sys.executable, "-m", "tools.benchmarks.onednn", side, dtype]
            env = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
            env.pop("JAX_COMPILATION_CACHE_DIR", None)  # flags are to be compiled anew
            env.pop("OMP_NUM_THREADS", None)
            done = subprocess.run(command, env=env, capture_output=True, text=True)
            cells = ["refused", done.stderr.strip().splitlines()[-1][:80] if done.stderr else ""]
            if done.returncode == 0:
                found = json.loads(done.stdout.splitlines()[-1])
                calls = ", ".join(found["calls"]) or "none"
                cells = [f"{found['flop_per_s'] / 1e9:.0f} GFLOP/s", calls]
            rows.append([name, dtype, *cells])
            print(": ".join(rows[-1]), flush=True)
    print("\n" + "\n".join(table(["flags", "dtype", "best rate", "calls"], rows)))


def _instructions() -> list[str]:
    wanted = ("avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8", "avx_vnni")
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            flags = set(file.read().split())
    except OSError:
        return []
    return [name for name in wanted if name in flags]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        side, dtype = sys.argv[1:]
        print(json.dumps((measured if side == "xla" else measured_by_torch)(dtype)))
    else:
        main()
