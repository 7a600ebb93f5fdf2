"""The gain of JAX's persistent compilation cache: compiling with an empty and with a full cache.

Each sample starts two processes, one after the other, on a folder that is empty at first. Counted
are the seconds in which JAX traced, lowered and compiled, or read compiled programs. vadjax enables
the cache by default (vadjax/runtime/devices.py). There is no other side.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable

from tools.benchmarks import facts

UNIT = "programs"
ROUNDS = 3
SHOW = "seconds"
PRECISIONS = ("float32", "bfloat16")


def train() -> None:
    """Compile the training epoch of LSTM 256+128."""
    from tools.benchmarks import scanner

    scanner.train_vadjax(scanner.LARGE, contiguous=False)


def score() -> None:
    """Compile scoring with LSTM 32, and score."""
    from tools.benchmarks import scanner

    scanner.score_vadjax(scanner.SMALL)()


def extract() -> None:
    """Compile the default backbone as in extraction, and extract a batch."""
    import numpy as np

    from tools.benchmarks import precision
    from vadjax import backbones
    from vadjax.runtime import devices

    devices.setup()
    from vadjax.features.extractor import Extractor

    name = "tf_efficientnet_lite0"
    backbone = backbones.create(name, weights="random", dtype=precision.dtype())
    extractor = Extractor(backbone, taps=("features",), batch_size=16)
    images = np.zeros((extractor.batch_size, *backbone.preprocess.size, 3), np.uint8)
    np.asarray(extractor(images)["features"])


PROGRAMS = {"train LSTM 256+128": train, "score LSTM 32": score, "tf_efficientnet_lite0": extract}


def sample_of(program: str) -> Callable[[], dict[str, float]]:
    """Return a sample: compilations per second, with an empty and with a full cache."""
    command = [sys.executable, "-m", "tools.benchmarks.compile", program]

    def once(folder: str) -> float:
        env = {**os.environ, "JAX_COMPILATION_CACHE_DIR": folder}
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=env)
        return 1 / json.loads(done.stdout.splitlines()[-1])

    def sample() -> dict[str, float]:
        with tempfile.TemporaryDirectory(prefix="vadjax-bench-") as folder:
            return {"empty cache": once(folder), "full cache": once(folder)}

    return sample


CASES = {name: {"vadjax": lambda name=name: sample_of(name)} for name in PROGRAMS}

if __name__ == "__main__":
    watch = facts.Watch(compiles=True)
    PROGRAMS[sys.argv[1]]()
    print(json.dumps(watch.compile_s()))
