"""Paired timing: each side in its own process, taking turns, so that drift hits both alike."""

import json
import statistics
import subprocess
import sys

import numpy as np


class Side:
    """One side of a case, alive in a process of its own.

    Args:
        suite: module of `tools.benchmarks`.
        case: key of its `CASES`.
        side: key of the case.
    """

    def __init__(self, suite: str, case: str, side: str):
        command = [sys.executable, "-m", "tools.benchmarks.alternate", suite, case, side]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.note = self._read()["ready"]

    def _read(self) -> dict:
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise RuntimeError(f"a benchmark process ended early: {self.process.args}")

    def sample(self) -> dict[str, float]:
        """Run once and return {what was measured: units per second}."""
        self.process.stdin.write("run\n")
        self.process.stdin.flush()
        return self._read()["rates"]

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def compare(suite: str, case: str, sides: list[str], *, rounds: int) -> dict:
    """Alternate the sides for `rounds` rounds.

    Returns:
        {"notes": {side: text}, "measured": {what: {"rates": {side: [units per second]}, "ratio": of
        the first side to the second, paired by round: min, median, max and a 95 % interval of the
        median (2,000 bootstrap resamples of rounds); None for a side alone}}}; `what` is "" for a
        case that measures one thing.
    """
    running = {}
    samples: dict[str, list[dict[str, float]]] = {side: [] for side in sides}
    try:
        for side in sides:
            running[side] = Side(suite, case, side)
        for index in range(rounds):
            for side in sides if index % 2 else reversed(sides):
                samples[side].append(running[side].sample())
    finally:
        for side in running.values():
            side.close()
    measured = {}
    for what in samples[sides[0]][0]:
        rates = {side: [sample[what] for sample in samples[side]] for side in sides}
        measured[what] = {"rates": rates, "ratio": ratio(*rates.values())}
    return {"notes": {side: running[side].note for side in sides}, "measured": measured}


def ratio(ours: list[float], theirs: list[float] | None = None) -> dict | None:
    """Return the paired ratio's min, median, max and interval (see `compare`)."""
    if theirs is None:
        return None
    pairs = np.asarray(ours) / np.asarray(theirs)
    rng = np.random.default_rng(0)
    medians = np.median(rng.choice(pairs, (2000, len(pairs))), axis=1)
    low, high = np.percentile(medians, [2.5, 97.5])
    return {
        "min": float(pairs.min()),
        "median": statistics.median(pairs.tolist()),
        "max": float(pairs.max()),
        "ci95": [float(low), float(high)],
    }


def serve(suite: str, case: str, side: str) -> None:
    """Be one side: set up, then run once for each line on standard input."""
    import importlib

    module = importlib.import_module(f"tools.benchmarks.{suite}")
    setup = {**module.CASES, **getattr(module, "EXTRA_CASES", {})}[case][side]
    sample = setup()
    sample()  # the first run compiles, pages in, and is not counted
    print(json.dumps({"ready": getattr(sample, "note", "")}), flush=True)
    for _ in sys.stdin:
        rates = sample()
        rates = rates if isinstance(rates, dict) else {"": rates}
        print(json.dumps({"rates": rates}), flush=True)


if __name__ == "__main__":
    serve(*sys.argv[1:])
