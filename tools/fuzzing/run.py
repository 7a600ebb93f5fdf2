"""Processes that read damaged files, and the one that watches them."""

import contextlib
import mmap
import os
import pathlib
import random
import resource
import shutil
import signal
import struct
import tempfile
import time
import traceback
from collections.abc import Sequence

from tools.fuzzing.mutate import mutated
from tools.fuzzing.readers import READERS
from vadjax.errors import UserError

SECONDS, MEGABYTES = 5.0, 1000  # of one input: a core's time, memory above that at the start
STUCK_S = 40.0  # of the clock, on a busy machine
_SLICE_S = 0.3  # a reader's turn


class Shared:
    """What a worker says: of each reader how many inputs are done and their time; what it reads."""

    def __init__(self, count: int):
        self._map = mmap.mmap(-1, 16 * count + 32)
        self._count = count

    def done(self, reader: int) -> tuple[int, float]:
        return struct.unpack_from("qd", self._map, 32 + 16 * reader)

    def set_done(self, reader: int, number: int, seconds: float) -> None:
        struct.pack_into("qd", self._map, 32 + 16 * reader, number, seconds)

    def now(self) -> tuple[int, int, float]:
        return struct.unpack_from("qqd", self._map, 0)

    def set_now(self, reader: int, number: int) -> None:
        struct.pack_into("qqd", self._map, 0, reader, number, time.monotonic())


def fuzz(
    names: Sequence[str],
    *,
    seconds: float,
    inputs: int = 0,
    seed: int = 0,
    workers: int = 1,
    only: int | None = None,
    keep: pathlib.Path | None = None,
) -> tuple[dict[str, int], list[str]]:
    """Read damaged files until the time is up or enough were read.

    Args:
        names: of readers.
        seconds: to run.
        inputs: to read; 0: by time alone.
        seed: of the changes.
        workers: processes.
        only: read the one input of this number.
        keep: folder for the inputs that were found.

    Returns:
        Reader -> inputs read, and a line for each finding.
    """
    root = pathlib.Path(tempfile.mkdtemp(prefix="vadjax-fuzz-", dir=_memory_folder()))
    seeds = {name: READERS[name].seeds() for name in names}
    shared = [Shared(len(names)) for _ in range(workers)]
    reports = root / "findings"
    reports.mkdir()
    if only is not None:
        for reader in range(len(names)):
            shared[0].set_done(reader, only, 0.0)
        inputs, workers = 0, 1
    begun, children = time.monotonic(), {}
    stuck: set[tuple[int, int, int]] = set()
    ends = begun + seconds
    try:
        while True:
            total = sum(s.done(r)[0] for s in shared for r in range(len(names)))
            if time.monotonic() > ends or (inputs and total >= inputs):
                break
            for worker in range(workers):
                if worker not in children:
                    shared[worker].set_now(-1, 0)
                    children[worker] = _start(
                        names, seeds, shared[worker], root, seed, worker, ends, only
                    )
            time.sleep(0.2)
            for worker, pid in list(children.items()):
                reader, number, since = shared[worker].now()
                ended, status = os.waitpid(pid, os.WNOHANG)
                if not ended and reader >= 0 and time.monotonic() - since > STUCK_S:
                    os.kill(pid, signal.SIGKILL)
                    ended, status = os.waitpid(pid, 0)
                if ended:
                    del children[worker]
                    if only is not None:
                        ends = 0.0
                    code = os.waitstatus_to_exitcode(status)
                    if code and reader < 0:
                        raise RuntimeError("a worker could not begin; see its traceback above")
                    again = (worker, reader, number)
                    if code == -9 and only is None and again not in stuck:
                        stuck.add(again)  # read once more, by a new process
                        print(f"{names[reader]}, {again}: stood still, read again", flush=True)
                    elif code and reader >= 0:
                        why = f"the process ended with {code}" if code != -9 else "it is stuck"
                        _report(reports, names[reader], worker, number, why)
                        done, spent = shared[worker].done(reader)
                        shared[worker].set_done(reader, max(done, number + 1), spent + 1)
                    elif not code and seconds == float("inf") and only is None:
                        ends = 0.0
    finally:
        for pid in children.values():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        findings = [path.read_text() for path in sorted(reports.iterdir())]
        if keep and findings:
            keep.mkdir(parents=True, exist_ok=True)
            for path in reports.iterdir():
                name, worker, number = path.stem.rsplit("+", 2)
                data = mutated(
                    seeds[name.replace("_", " ")],
                    _rng(name.replace("_", " "), seed, int(worker), int(number)),
                )
                (
                    keep / f"{path.stem}{pathlib.Path(READERS[name.replace('_', ' ')].name).suffix}"
                ).write_bytes(data)
                shutil.copy(path, keep)
        shutil.rmtree(root, ignore_errors=True)
    done = {name: sum(s.done(reader)[0] for s in shared) for reader, name in enumerate(names)}
    return done, findings


def _memory_folder() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _rng(name: str, seed: int, worker: int, number: int) -> random.Random:
    return random.Random(f"{name}-{seed}-{worker}-{number}")


def _report(folder: pathlib.Path, name: str, worker: int, number: int, why: str) -> None:
    path = folder / f"{name.replace(' ', '_')}+{worker}+{number}.txt"
    path.write_text(f"{name}, worker {worker}, number {number}: {why}")


def _start(names, seeds, shared, root, seed, worker, ends, only) -> int:
    """Start a process that reads inputs; return its id."""
    if pid := os.fork():
        return pid
    code = 1
    try:
        code = _work(names, seeds, shared, root, seed, worker, ends, only)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _work(names, seeds, shared, root, seed, worker, ends, only) -> int:
    os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "-8"
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + (8 << 30)  # of addresses, so that the machine lives on
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    folder = root / f"{worker}-{os.getpid()}"
    places = {}
    for name in names:
        place = folder / name.replace(" ", "_").replace("/", "_") / READERS[name].name
        place.parent.mkdir(parents=True)
        for beside, make in READERS[name].beside.items():
            (place.parents[len(pathlib.Path(READERS[name].name).parts) - 1] / beside).write_bytes(
                make()[0]
            )
        places[name] = place
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)  # decoders talk
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    while time.monotonic() < ends:
        reader = min(range(len(names)), key=lambda r: shared.done(r)[1])
        until = time.monotonic() + _SLICE_S
        while time.monotonic() < until:
            number, spent = shared.done(reader)
            name, begun, clock = names[reader], time.process_time(), time.monotonic()
            places[name].write_bytes(mutated(seeds[name], _rng(name, seed, worker, number)))
            shared.set_now(reader, number)
            why = ""
            try:
                READERS[name].read(places[name])
            except UserError as error:
                if len(str(error)) > 5000:
                    why = f"a message of {len(str(error))} characters"
            except BaseException as error:
                tail = traceback.extract_tb(error.__traceback__)[-1]
                where = f"{pathlib.Path(tail.filename).name}:{tail.lineno}"
                why = f"{type(error).__name__}: {str(error)[:200]} ({where})"
            took = time.process_time() - begun
            if took > SECONDS:
                why = why or f"{took:.1f} s"
            grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - base) // 1024
            if grown > MEGABYTES:
                why = why or f"{grown} MB"
            shared.set_done(reader, number + 1, spent + time.monotonic() - clock)
            if why:
                _report(root / "findings", name, worker, number, why)
            if grown > MEGABYTES:
                return 0  # another process begins with little memory
            if only is not None:
                return 0
    return 0
