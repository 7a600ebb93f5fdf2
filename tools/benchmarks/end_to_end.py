"""The full command `python -m vadjax.main`: a run with empty caches, then runs in new workdirs.

`synthetic` draws the synthetic data set and runs configs/synthetic_lstm.py; `ped2` runs
configs/ped2_lstm.py on the folder in VADJAX_PED2. The first run, which is not a round, has empty
caches of videos, features and compiled programs; in the rounds they are full. Each stage's seconds
are those of the run's timing.json. There is no other side.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

UNIT = "runs"
ROUNDS = 3
ROOT = pathlib.Path(__file__).parents[2]
LEFT_OUT = "" if os.environ.get("VADJAX_PED2") else "VADJAX_PED2 names no folder: no case ped2"


def run_main(config: str, *flags: str) -> Callable[[], float]:
    """Return a sample: a run, including the start of Python, in runs per second.

    Args:
        config: name of a file in configs/.
        flags: in addition to --config, --workdir and the cache.
    """
    kept = tempfile.TemporaryDirectory(prefix="vadjax-bench-")
    folder = pathlib.Path(kept.name)
    runs: list[dict[str, float]] = []

    def sample() -> float:
        command = [sys.executable, "-m", "vadjax.main", f"--config=configs/{config}.py"]
        command += [f"--config.features.cache_dir={folder / 'cache'}"]
        workdir = folder / str(len(runs))
        start = time.perf_counter()
        done = subprocess.run(
            [*command, f"--workdir={workdir}", *flags],
            cwd=ROOT,
            env={**os.environ, "JAX_COMPILATION_CACHE_DIR": str(folder / "programs")},
            capture_output=True,
            text=True,
        )
        wall = time.perf_counter() - start
        if done.returncode:
            raise RuntimeError(done.stderr)
        timing = json.loads((workdir / "timing.json").read_text(encoding="utf-8"))
        seconds = {k[:-2]: v for k, v in timing.items() if k.endswith("_s") and "_per_s" not in k}
        runs.append({"wall": wall, **seconds})
        first, *again = runs
        sample.seconds = {"nothing cached": first}
        if again:
            sample.seconds["cached, median"] = {
                key: statistics.median(each.get(key, 0.0) for each in again) for key in first
            }
        return 1 / wall

    sample.kept = kept  # the folder goes with the process
    return sample


def _ped2() -> Callable[[], float]:
    folder = os.environ["VADJAX_PED2"]
    return run_main("ped2_lstm", f"--config.dataset.data_dir={folder}")


CASES = {"synthetic": {"vadjax": lambda: run_main("synthetic_lstm")}}
SMALL = (
    "--config.dataset.num_train=6",
    "--config.dataset.num_test=8",
    "--config.dataset.num_frames=60",
    "--config.train.epochs=5",
)
EXTRA_CASES = {"synthetic, quick": {"vadjax": lambda: run_main("synthetic_lstm", *SMALL)}}
if not LEFT_OUT:
    CASES["ped2"] = {"vadjax": _ped2}
