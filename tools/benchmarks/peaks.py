"""Measured peaks of the machine: matrix products and memory.

`python -m tools.benchmarks.peaks` measures and prints them, in a process of its own. It runs a
product of large square matrices and, for memory, a triad (a = a / 2 + b) over arrays larger than
any cache, both in JAX, and takes the best of several runs. On a CPU all cores are used; on other
devices one is measured and multiplied by their number.
"""

import functools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

from tools.benchmarks import precision

REPEATS = 7


def measure(*, side: int = 0, elements: int = 0) -> dict:
    """Measure this machine.

    Args:
        side: of the matrices; 0 is 4096 on a CPU, 16384 elsewhere.
        elements: of each float32 array of the triad; 0 is 2^26 on a CPU, 2^28 elsewhere.

    Returns:
        {"matmul_flop_per_s", "matmul_dtype", "memory_bytes_per_s", "device": as in
        environment.json}.
    """
    from vadjax.runtime import devices

    devices.setup(num_cpu_devices=1)
    import jax
    import jax.numpy as jnp

    known = devices.describe()
    cpu = known["backend"] == "cpu"
    side = side or (4096 if cpu else 16384)
    elements = elements or (1 << 26 if cpu else 1 << 28)
    matrix = jnp.full((side, side), 0.5, precision.dtype())
    product = jax.jit(lambda a: a @ a)
    seconds = _best(lambda: jax.block_until_ready(product(matrix)))
    flop = 2 * side**3 / seconds
    # The output reuses the memory of an input; new memory would be paged in every time.
    triad = functools.partial(jax.jit, donate_argnums=0)(lambda a, b: a * 0.5 + b)
    held = [jnp.ones(elements), jnp.ones(elements)]

    def run() -> None:
        held[0] = jax.block_until_ready(triad(*held))

    moved = 3 * 4 * elements / _best(run)
    count = 1 if cpu else known["num_devices"]
    return {
        "matmul_flop_per_s": flop * count,
        "matmul_dtype": precision.dtype(),
        "memory_bytes_per_s": moved * count,
        "device": known,
    }


def of_machine(env: Mapping[str, str] = os.environ) -> dict:
    """Measure in a process of its own, which frees the devices when it ends."""
    command = [sys.executable, "-m", "tools.benchmarks.peaks"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=dict(env))
    return json.loads(done.stdout.splitlines()[-1])


def _best(run: Callable[[], object]) -> float:
    run()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


if __name__ == "__main__":
    print(json.dumps(measure()))
