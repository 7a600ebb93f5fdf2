"""Several processes that train one detector: how they find one another, meet, and end.

Each process runs the same command. The first, which leads, alone writes to the workdir.
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
    from vadjax.runtime.heartbeat import Peers

AUTO, NONE = "auto", "none"
VARIABLES = ("VADJAX_COORDINATOR", "VADJAX_NUM_PROCESSES", "VADJAX_PROCESS_ID")
# What `jax.distributed` detects by itself: the variables of a task, and that of their number.
LAUNCHERS = {
    "SLURM_NTASKS": ("SLURM_JOB_ID", "SLURM_STEP_NODELIST", "SLURM_PROCID", "SLURM_LOCALID"),
    "OMPI_COMM_WORLD_SIZE": ("OMPI_MCA_orte_hnp_uri", "OMPI_COMM_WORLD_RANK"),
}


@dataclasses.dataclass(frozen=True)
class Place:
    """This process among those of the run."""

    index: int = 0
    count: int = 1


_place = Place()
_peers: "Peers | None" = None


class Plan(NamedTuple):
    """Where the processes meet; what is None, JAX finds out from the launcher."""

    coordinator: str | None = None
    num_processes: int | None = None
    process_id: int | None = None


def place() -> Place:
    """Return this process's number and how many there are."""
    return _place


def leads() -> bool:
    """Say whether this process is the one that writes."""
    return _place.index == 0


def plan(
    coordinator: str = "",
    *,
    num_processes: int = 0,
    process_id: int = -1,
    environment: Mapping[str, str] = os.environ,
) -> Plan | None:
    """Say how this process is to find the others; None: it is alone.

    Args:
      coordinator: host:port of the first process; "auto" leaves everything to JAX (Cloud TPU, or
        Kubernetes with the package `kubernetes`); "none" is alone, whatever the launcher; "" asks
        VADJAX_COORDINATOR, then looks whether SLURM or Open MPI has started several tasks.
      num_processes: of the run; 0 asks VADJAX_NUM_PROCESSES.
      process_id: number of this one, from 0; -1 asks VADJAX_PROCESS_ID.
      environment: where variables are looked up.

    Raises:
      UserError: one of the three is missing, or they do not fit.
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
            f"a run of several processes wants {flags} too (or {', '.join(missing)}): the address "
            "host:port of the first process, how many there are, and the number of this one."
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
    """Say whether a launcher that JAX knows has started several tasks of this run."""
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
) -> Place:
    """Join the processes of this run, where there are several; before the first call of JAX.

    Args:
      coordinator, num_processes, process_id: see `plan`.
      wait_s: seconds to wait until all have come.
      heartbeat_s: seconds of silence after which a process is taken for lost; 0 asks
        VADJAX_HEARTBEAT_S, else 100.

    Returns:
      `place()`.

    Raises:
      UserError: see `plan`; or nobody answers at the coordinator's address.
    """
    global _place, _peers
    found = plan(coordinator, num_processes=num_processes, process_id=process_id)
    if found is None or _place.count > 1:
        return _place
    import jax

    if found.coordinator is not None and found.process_id:
        _want_answer(found.coordinator, wait_s)
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    try:
        jax.distributed.initialize(
            *found,
            cluster_detection_method="deactivate" if found.coordinator else None,
            initialization_timeout=wait_s,
            shutdown_timeout_seconds=60,  # those that end well have met just before
            heartbeat_timeout_seconds=heartbeat_s or int(os.getenv("VADJAX_HEARTBEAT_S", 100)),
        )
    except (ValueError, RuntimeError) as error:
        raise UserError(f"the processes of this run did not find one another: {error}") from error
    _place = Place(jax.process_index(), jax.process_count())
    from vadjax.runtime.heartbeat import Peers

    host = (found.coordinator or "").rpartition(":")[0].strip("[]")
    _peers = Peers(_place.index, _place.count, host=host)
    return _place


def _want_answer(address: str, wait_s: float) -> None:
    """Wait until somebody listens at host:port. JAX itself would abort without naming it."""
    host, _, port = address.rpartition(":")
    until = time.monotonic() + wait_s
    while True:
        try:
            return socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
        except OSError as error:
            if time.monotonic() > until:
                raise UserError(
                    f"nobody answers at the coordinator {address} after {wait_s} s "
                    f"({error.strerror or error}). Is the first process running, and may this "
                    "machine reach that port?"
                ) from None
            time.sleep(0.2)


@contextlib.contextmanager
def barrier(what: str) -> Iterator[None]:
    """Let every process do its part of the block, then wait for one another.

    An error in one of them ends all: that one raises it, the others say which one has stopped.

    Args:
      what: the block, in words.

    Raises:
      UserError: another process has stopped, or is lost.
    """
    if _place.count == 1 or _peers is None:
        yield
        return
    error = None
    try:
        yield
    except Exception as found:
        error = found
    import numpy as np
    from jax.errors import JaxRuntimeError
    from jax.experimental import multihost_utils

    _peers.wait_for_all()
    try:
        stopped = multihost_utils.process_allgather(np.array([error is not None]))
    except JaxRuntimeError as found:
        raise error or errors.lost(what) from found
    if stopped.any():
        _peers.end()
    if error is not None:
        raise error
    if stopped.any():
        who = int(np.flatnonzero(stopped)[0])
        raise UserError(
            f"process {who} of {_place.count} has stopped while {what}; its own message says why. "
            "The same command goes on from here."
        )


def abandon(code: int) -> None:
    """End this process at once where it is one of several, which must not wait for it."""
    if _place.count > 1 and _peers is not None:
        _peers.end()
        sys.stdout.flush()
        sys.stderr.flush()
        if leads():
            time.sleep(0.5)  # without the first process, JAX aborts those that still speak
        os._exit(code)
