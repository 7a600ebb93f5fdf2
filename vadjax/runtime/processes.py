"""Several processes that train one detector: connecting, barriers, and exits.

Each process runs the same command. Only the first one (index 0) writes to the workdir.
"""

import contextlib
import dataclasses
import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from vadjax import errors
from vadjax.errors import UserError

if TYPE_CHECKING:
    from vadjax.runtime.heartbeat import Heartbeat

AUTO, NONE = "auto", "none"
VARIABLES = ("VADJAX_COORDINATOR", "VADJAX_NUM_PROCESSES", "VADJAX_PROCESS_ID")
# What `jax.distributed` detects by itself: the variables of a task, and that of their number.
LAUNCHERS = {
    "SLURM_NTASKS": ("SLURM_JOB_ID", "SLURM_STEP_NODELIST", "SLURM_PROCID", "SLURM_LOCALID"),
    "OMPI_COMM_WORLD_SIZE": ("OMPI_MCA_orte_hnp_uri", "OMPI_COMM_WORLD_RANK"),
}


@dataclasses.dataclass(frozen=True)
class Process:
    """The index of this process among those of the run, and how many there are."""

    index: int = 0
    count: int = 1


_current = Process()
_heartbeat: "Heartbeat | None" = None


class Plan(NamedTuple):
    """Arguments of `jax.distributed.initialize`; JAX asks the launcher for those that are None."""

    coordinator: str | None = None
    num_processes: int | None = None
    process_id: int | None = None


def current() -> Process:
    """Return the index of this process and the number of processes."""
    return _current


def is_first() -> bool:
    """Return whether this process is the first one, which alone writes to the workdir."""
    return _current.index == 0


def plan(
    coordinator: str = "",
    *,
    num_processes: int = 0,
    process_id: int = -1,
    environment: Mapping[str, str] = os.environ,
) -> Plan | None:
    """Decide from flags, variables and the launcher how this process connects to the others.

    Args:
        coordinator: host:port of the first process; "auto" leaves everything to JAX (Cloud TPU, or
            Kubernetes with the package `kubernetes`); "none" is a single process under any
            launcher; "" reads VADJAX_COORDINATOR, then asks whether SLURM or Open MPI has started
            several tasks.
        num_processes: of the run; 0 reads VADJAX_NUM_PROCESSES.
        process_id: index of this one, from 0; -1 reads VADJAX_PROCESS_ID.
        environment: the environment variables.

    Returns:
        The arguments for JAX, or None for a single process.

    Raises:
        UserError: one of the three is missing, or they contradict one another.
    """
    given = (coordinator, num_processes or "", process_id if process_id >= 0 else "")
    texts = [str(g) or environment.get(v, "") for g, v in zip(given, VARIABLES, strict=True)]
    if texts[0] in (AUTO, NONE):
        return Plan() if texts[0] == AUTO else None
    if not any(texts):
        return Plan() if _launched(environment) else None
    if missing := [name for name, text in zip(VARIABLES, texts, strict=True) if not text]:
        flags = ", ".join("--" + name.removeprefix("VADJAX_").lower() for name in missing)
        raise UserError(
            f"a run of several processes needs {flags} too (or {', '.join(missing)}): the address "
            "host:port of the first process, the number of processes, and the index of this one."
        )
    port = texts[0].rpartition(":")[2]
    if not (port.isdigit() and texts[1].isdigit() and texts[2].isdigit()):
        raise UserError(
            f"coordinator {texts[0]!r}, processes {texts[1]!r}, this one {texts[2]!r}: give "
            "host:port and two whole numbers."
        )
    count, index = int(texts[1]), int(texts[2])
    if index >= count:
        raise UserError(f"process_id is {index}; with {count} processes it is 0 to {count - 1}.")
    return Plan(texts[0], count, index) if count > 1 else None


def _launched(environment: Mapping[str, str]) -> bool:
    """Return whether a launcher that JAX knows has started several tasks of this run."""
    for count, others in LAUNCHERS.items():
        if all(key in environment for key in others):
            return int(environment.get(count, 1)) > 1
    return False


def connect(
    coordinator: str = "",
    *,
    num_processes: int = 0,
    process_id: int = -1,
    wait_s: int = 300,
    heartbeat_s: int = 0,
) -> Process:
    """Connect the processes of this run, if there are several, before the first call of JAX.

    Args:
        coordinator: see `plan`.
        num_processes: see `plan`.
        process_id: see `plan`.
        wait_s: seconds to wait until all have connected.
        heartbeat_s: seconds of silence after which a process counts as lost; 0 reads
            VADJAX_HEARTBEAT_S, 100 if that is not set.

    Returns:
        `current()`.

    Raises:
        UserError: see `plan`; or nothing answers at the coordinator's address.
    """
    global _current, _heartbeat
    planned = plan(coordinator, num_processes=num_processes, process_id=process_id)
    if planned is None or _current.count > 1:
        return _current
    import jax

    if planned.coordinator is not None and planned.process_id:
        _wait_for_answer(planned.coordinator, wait_s)
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    try:
        jax.distributed.initialize(
            *planned,
            cluster_detection_method="deactivate" if planned.coordinator else None,
            initialization_timeout=wait_s,
            shutdown_timeout_seconds=60,  # those that end without error have just passed a barrier
            heartbeat_timeout_seconds=heartbeat_s or int(os.getenv("VADJAX_HEARTBEAT_S", 100)),
        )
    except (ValueError, RuntimeError) as error:
        raise UserError(f"the processes of this run could not connect: {error}") from error
    _current = Process(jax.process_index(), jax.process_count())
    from vadjax.runtime.heartbeat import Heartbeat

    host = (planned.coordinator or "").rpartition(":")[0].strip("[]")
    _heartbeat = Heartbeat(_current.index, _current.count, host=host)
    return _current


def _wait_for_answer(address: str, wait_s: float) -> None:
    """Wait until host:port accepts connections. JAX itself would abort without naming it."""
    host, _, port = address.rpartition(":")
    until = time.monotonic() + wait_s
    while True:
        try:
            return socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
        except OSError as error:
            if time.monotonic() > until:
                raise UserError(
                    f"nothing answers at the coordinator {address} after {wait_s} s "
                    f"({error.strerror or error}). Is the first process running, and may this "
                    "machine reach that port?"
                ) from None
            time.sleep(0.2)


@contextlib.contextmanager
def barrier(what: str) -> Iterator[None]:
    """Run the block in every process, then wait until all have finished it.

    An error in one process ends all: that one raises it, the others name the one that stopped.

    Args:
        what: the block, in words.

    Raises:
        UserError: another process has stopped, or is lost.
    """
    if _current.count == 1 or _heartbeat is None:
        yield
        return
    error = None
    try:
        yield
    except Exception as raised:
        error = raised
    import numpy as np
    from jax.errors import JaxRuntimeError
    from jax.experimental import multihost_utils

    _heartbeat.wait_for_all()
    try:
        stopped = multihost_utils.process_allgather(np.array([error is not None]))
    except JaxRuntimeError as raised:
        raise error or errors.lost(what) from raised
    if stopped.any():
        _heartbeat.end()
    if error is not None:
        raise error
    if stopped.any():
        who = int(np.flatnonzero(stopped)[0])
        raise UserError(
            f"process {who} of {_current.count} has stopped while {what}; its own message says "
            "why. The same command continues from here."
        )


def exit_at_once(code: int) -> None:
    """End this process at once if it is one of several, so that the others do not wait for it."""
    if _current.count > 1 and _heartbeat is not None:
        _heartbeat.end()
        sys.stdout.flush()
        sys.stderr.flush()
        if is_first():
            time.sleep(0.5)  # without the first process, JAX aborts those that are still connected
        os._exit(code)
