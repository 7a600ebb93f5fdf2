"""Kill runs at random moments, start them again, and compare with runs that were left alone.

  python tools/kill.py --kills=100 --seed=0
  python tools/kill.py --kills=5 --job=sweep --folder=/tmp/kills

The jobs are the main command on the synthetic set and on a folder of images, a sweep, and detect,
all with settings that take seconds. Each time a job and one of its stages are drawn; the job is
started in a process group of its own, which gets SIGKILL at a random moment of that stage, and is
started again to its end with the same command. Then scores.npz, scores.csv, alarms.csv and
metrics.json (without times and machine) must be equal to the bit, no file may be missing, left
over, or not whole, also directly after the kill. Ends with status 1 where anything was lost.
"""

import argparse
import collections
import dataclasses
import math
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1])]

from tools.killing.jobs import Job, make_jobs  # noqa: E402
from tools.killing.results import differences, unreadable  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[1]
START, WHOLE = "start", "whole"  # before the first stage; jobs that print no stages


@dataclasses.dataclass
class Outcome:
    """What became of one kill.

    Attributes:
        stage: in which the process was killed; "" where it had ended before.
        faults: what was lost, half-written or left over.
        seconds: of the second start.
    """

    stage: str
    faults: list[str]
    seconds: float = 0.0


class Process:
    """A job that runs, in a process group of its own.

    Args:
        argv: its command line.
        environment: its environment.
        stages: names whose marks in the output are to be noted.
    """

    def __init__(self, argv: list[str], environment: dict, stages: tuple[str, ...] = ()):
        self.lines: list[str] = []
        self.began = time.monotonic()
        self.moments: dict[str, float] = {START: 0.0}  # of each stage, seconds from the start
        self._reached, self._ended = threading.Condition(), False
        self._process = subprocess.Popen(
            argv,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=(stages,), daemon=True)
        self._reader.start()

    def _read(self, stages: tuple[str, ...]) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._reached:
                self.lines.append(line.rstrip())
                for number, stage in enumerate(stages, 1):
                    if line.startswith(f"[{number}/"):
                        self.moments[stage] = time.monotonic() - self.began
                self._reached.notify_all()
        with self._reached:
            self._ended = True
            self._reached.notify_all()

    def wait_for(self, stage: str) -> None:
        """Wait until a stage has begun, or the process has ended."""
        with self._reached:
            self._reached.wait_for(lambda: stage in self.moments or self._ended)

    def kill(self) -> bool:
        """Send SIGKILL to its group; return whether it was still running."""
        running = self._process.poll() is None
        if running:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        return running

    def end(self, timeout: float) -> int:
        """Wait for the end; return the exit status.

        Args:
            timeout: seconds, after which it is killed.
        """
        try:
            status = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            status = -signal.SIGKILL
        self._reader.join(10)
        return status


class Killer:
    """Runs jobs undisturbed once, then kills them.

    Args:
        folder: an empty folder for everything.
        seed: of the choice of jobs, stages and moments.
        names: of jobs; () is all.
    """

    def __init__(self, folder: pathlib.Path, *, seed: int, names: tuple[str, ...] = ()):
        self.folder = folder
        made = make_jobs(folder)
        self.jobs = [job for job in made if not names or job.name in names]
        # Detect needs the run on the synthetic set, whether or not that is killed.
        needed = {job.name for job in self.jobs}
        needed |= {"synthetic"} if "detect" in needed else set()
        self._first = [job for job in made if job.name in needed]
        self._random = random.Random(seed)
        self._moments: dict[str, dict[str, float]] = {}
        # Of a copy: code that is edited meanwhile would be read half old and half new.
        code, ignored = folder / "code", shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "vadjax", code / "vadjax", ignore=ignored)
        self._environment = {**os.environ, "PYTHONPATH": str(code), "PYTHONSAFEPATH": "1"}
        self._environment.setdefault("JAX_COMPILATION_CACHE_DIR", str(folder / "programs"))

    def prepare(self) -> None:
        """Run each job to its end, twice: with what is compiled then, the second gives the times.

        Raises:
            RuntimeError: a job does not end well, or two runs differ without any kill.
        """
        for job in self._first:
            wanted = self._wanted(job)
            for out in (wanted, self.folder / "again"):
                _, process = self._run_to_end(job, out)
            self._moments[job.name] = process.moments | {"": time.monotonic() - process.began}
            if faults := differences(wanted, out) + unreadable(wanted):
                raise RuntimeError(f"{job.name}: two runs differ, none killed: {faults}")
            self._clear(out)
            print(f"{job.name}: {self._moments[job.name]['']:.1f} s undisturbed", flush=True)

    def once(self) -> tuple[Job, Outcome]:
        """Kill a job at a random moment of a random stage, and start it again."""
        job = self._random.choice(self.jobs)
        moments = self._moments[job.name]
        names = [START, *job.stages] if job.stages else [START]
        stage = self._random.choice(names)
        later = [*names, ""]
        lasts = moments[later[later.index(stage) + 1]] - moments[stage]
        delay = self._random.uniform(0, max(lasts, 0.05))
        out = self.folder / "killed"
        process = Process(self._argv(job, out), self._environment, job.stages)
        process.wait_for(stage)
        time.sleep(delay)
        running = process.kill()
        reached = list(process.moments)[-1] if job.stages else WHOLE
        if not running:
            self._clear(out)
            return job, Outcome("", [])
        faults = [f"after the kill: {fault}" for fault in unreadable(out)]
        try:
            seconds, _ = self._run_to_end(job, out)
            faults += differences(self._wanted(job), out) + unreadable(out)
        except RuntimeError as error:
            seconds, faults = 0.0, [*faults, str(error)]
        if not faults:
            self._clear(out)
        else:
            kept = self.folder / f"fault-{time.time_ns()}"
            out.rename(kept) if out.exists() else None
            self._clear(out)
            faults.append(f"kept in {kept}")
        return job, Outcome(reached, faults, seconds)

    def _argv(self, job: Job, out: pathlib.Path) -> list[str]:
        return job.argv(cache=self._cache(out), out=out)

    def _cache(self, out: pathlib.Path) -> pathlib.Path:
        return out.with_name(f"{out.name}-cache")

    def _wanted(self, job: Job) -> pathlib.Path:
        return self.folder / "undisturbed" / job.name

    def _run_to_end(self, job: Job, out: pathlib.Path) -> tuple[float, Process]:
        process = Process(self._argv(job, out), self._environment, job.stages)
        status = process.end(timeout=600)
        if status:
            said = "\n  ".join(process.lines[-12:])
            raise RuntimeError(f"{job.name} ended with status {status}:\n  {said}")
        return time.monotonic() - process.began, process

    def _clear(self, out: pathlib.Path) -> None:
        for place in (out, self._cache(out)):
            shutil.rmtree(place, ignore_errors=True)


def table(outcomes: list[tuple[Job, Outcome]]) -> str:
    """Return a table by job and stage.

    Args:
        outcomes: of every kill.

    Returns:
        Lines of Markdown.
    """
    rows: dict[tuple[str, str], list[Outcome]] = collections.defaultdict(list)
    for job, outcome in outcomes:
        if outcome.stage:
            rows[job.name, outcome.stage].append(outcome)
    lines = ["| job | killed in | kills | lost | to the end (s) |", "|---|---|---|---|---|"]
    for (job, stage), those in sorted(rows.items()):
        lost = sum(bool(one.faults) for one in those)
        mean = sum(one.seconds for one in those) / len(those)
        lines.append(f"| {job} | {stage} | {len(those)} | {lost} | {mean:.1f} |")
    return "\n".join(lines)


def main() -> int:
    """Kill and compare; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--minutes", type=float, default=0.0, help="end after so many; 0: never")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--job", action="append", help="synthetic, folder, sweep or detect")
    parser.add_argument("--folder", type=pathlib.Path, help="for what is made; default a new one")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vadjax-kill-") as made:
        folder = args.folder or pathlib.Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            parser.error(f"{folder} is not empty")
        killer = Killer(folder.resolve(), seed=args.seed, names=tuple(args.job or ()))
        if not killer.jobs:
            parser.error("no such job; one of synthetic, folder, sweep, detect")
        killer.prepare()
        outcomes: list[tuple[Job, Outcome]] = []
        early = 0
        ends = time.monotonic() + (60 * args.minutes or math.inf)
        while len(outcomes) < args.kills and time.monotonic() < ends:
            job, outcome = killer.once()
            if not outcome.stage:
                early += 1
                continue
            outcomes.append((job, outcome))
            print(f"{len(outcomes)}/{args.kills} {job.name} {outcome.stage}", flush=True)
            for fault in outcome.faults:
                print(f"  LOST {fault}", flush=True)
    lost = sum(bool(outcome.faults) for _, outcome in outcomes)
    print(table(outcomes))
    print(f"{len(outcomes)} kills, {lost} with something lost; {early} ended before their kill")
    return int(bool(lost))


if __name__ == "__main__":
    sys.exit(main())
