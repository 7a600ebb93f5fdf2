"""Paired timing: each side has a process, and they alternate, so that both drift alike."""

import importlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from types import ModuleType

import numpy as np

from tools.benchmarks import facts


class EndedEarly(RuntimeError):
    """The process of a side has ended early; its output is printed above."""


class Side:
    """One side of a case, in a process of its own.

    Args:
        suite: module of `tools.benchmarks`, or the dotted name of a module elsewhere.
        case: key of its `CASES`.
        side: key of the case.
        env: environment of the process.
    """

    def __init__(self, suite: str, case: str, side: str, env: Mapping[str, str] = os.environ):
        command = [sys.executable, "-m", "tools.benchmarks.alternate", suite, case, side]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(env)
        )
        self.note = self._read()["ready"]

    def _read(self) -> dict:
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise EndedEarly(f"a benchmark process ended early: {self.process.args[3:]}")

    def _ask(self, word: str) -> dict:
        try:
            self.process.stdin.write(f"{word}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the next read reports that it has ended
        return self._read()

    def sample(self) -> dict[str, float]:
        """Run once and return {what was measured: units per second}."""
        return self._ask("run")["rates"]

    def facts(self) -> dict:
        """Return further facts of the side, see `facts.Watch`."""
        return self._ask("facts")["facts"]

    def close(self) -> None:
        """Stop the process and wait for it."""
        self.process.communicate()


def compare(
    suite: str,
    case: str,
    sides: Sequence[str],
    *,
    rounds: int,
    env: Mapping[str, str] = os.environ,
) -> dict:
    """Alternate the sides for `rounds` rounds.

    Returns:
        {"notes": {side: text}, "facts": {side: see `facts.Watch`}, "measured": {what: {"rates":
        {side: [units per second]}, "ratios": {side after the first: of the first side to it, see
        `ratio`}}}}; `what` is "" for a case that measures one thing.

    Raises:
        EndedEarly: a side's process has failed.
    """
    running = {}
    samples: dict[str, list[dict[str, float]]] = {side: [] for side in sides}
    try:
        for side in sides:
            running[side] = Side(suite, case, side, env)
        for index in range(rounds):
            for side in sides if index % 2 else reversed(sides):
                samples[side].append(running[side].sample())
        known = {side: running[side].facts() for side in sides}
    finally:
        for side in running.values():
            side.close()
    measured = {}
    for what in samples[sides[0]][0]:
        rates = {side: [sample[what] for sample in samples[side]] for side in sides}
        ratios = {side: ratio(rates[sides[0]], rates[side]) for side in sides[1:]}
        measured[what] = {"rates": rates, "ratios": ratios}
    notes = {side: running[side].note for side in sides}
    return {"notes": notes, "facts": known, "measured": measured}


def ratio(ours: list[float], theirs: list[float]) -> dict:
    """Return the statistics of the ratio of two sides over rounds.

    Returns:
        {"rounds": [ratio of each round], "min", "median", "max", "ci95": interval of the median, by
        2,000 bootstrap resamples of rounds}.
    """
    pairs = np.asarray(ours) / np.asarray(theirs)
    rng = np.random.default_rng(0)
    medians = np.median(rng.choice(pairs, (2000, len(pairs))), axis=1)
    low, high = np.percentile(medians, [2.5, 97.5])
    return {
        "rounds": pairs.tolist(),
        "min": float(pairs.min()),
        "median": statistics.median(pairs.tolist()),
        "max": float(pairs.max()),
        "ci95": [float(low), float(high)],
    }


def load(suite: str) -> ModuleType:
    """Import a suite by its short or dotted name."""
    return importlib.import_module(suite if "." in suite else f"tools.benchmarks.{suite}")


def serve(suite: str, case: str, side: str) -> None:
    """Serve one side: set up, then answer each line of standard input, "run" or "facts"."""
    keras_on_jax = side == "keras" and os.environ.get("KERAS_BACKEND") == "jax"
    watch = facts.Watch(compiles=side == "vadjax" or keras_on_jax)
    start = time.perf_counter()
    module = load(suite)
    sample = {**module.CASES, **getattr(module, "EXTRA_CASES", {})}[case][side]()
    sample()  # the first run compiles and loads memory; it is not counted
    watch.ready(time.perf_counter() - start)
    print(json.dumps({"ready": getattr(sample, "note", "")}), flush=True)
    for line in sys.stdin:
        if line.strip() == "facts":
            print(json.dumps({"facts": watch.facts(sample)}), flush=True)
            continue
        rates = sample()
        rates = rates if isinstance(rates, dict) else {"": rates}
        print(json.dumps({"rates": rates}), flush=True)


if __name__ == "__main__":
    serve(*sys.argv[1:])
