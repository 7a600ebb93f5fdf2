"""Set up JAX's backend; call `setup` before the first array is made."""

import contextlib
import os
import pathlib
import threading

from vadjax.errors import UserError

_LOCK = threading.RLock()


def one_thread() -> None:
    """Let JAX compute with one thread on one CPU device; call it before `setup`.

    The number of threads decides in which order XLA adds numbers on a CPU, and so the last digits
    of what is trained. With one thread they are those of a machine with one core.
    """
    # XLA reads NPROC when it makes its pool of threads, JAX the other when it is imported.
    os.environ.update({"NPROC": "1", "JAX_NUM_CPU_DEVICES": "1"})
    import jax

    with contextlib.suppress(RuntimeError):  # JAX is initialised already, as in a notebook
        jax.config.update("jax_num_cpu_devices", 1)


def is_one_thread() -> bool:
    """Return whether `one_thread` was called."""
    return os.environ.get("NPROC") == "1"


def setup(cache_dir: str | os.PathLike = "~/.cache/vadjax", *, num_cpu_devices: int = 0) -> None:
    """Turn on the persistent compilation cache and make one CPU device for each core.

    Extraction runs one micro-batch on each CPU device; training uses the first alone unless
    `train.num_devices` says otherwise. On GPU and TPU the number of devices is the machine's.
    A run of several processes has called `processes.connect` before.

    Args:
      cache_dir: folder under which compiled programs are kept, unless the environment names one
        (JAX_COMPILATION_CACHE_DIR).
      num_cpu_devices: CPU devices; 0 reads JAX_NUM_CPU_DEVICES, and if that is not set takes one
        for each core, at most 16.
    """
    import jax

    cache = {
        "jax_compilation_cache_dir": str(pathlib.Path(cache_dir).expanduser() / "jax"),
        "jax_persistent_cache_min_compile_time_secs": 0.2,
        "jax_persistent_cache_min_entry_size_bytes": -1,
    }
    for key, value in cache.items():
        if key.upper() not in os.environ:  # the environment takes precedence
            jax.config.update(key, value)
    if not num_cpu_devices and "JAX_NUM_CPU_DEVICES" in os.environ:
        return
    with contextlib.suppress(RuntimeError):  # JAX is initialised already, as in a notebook
        jax.config.update("jax_num_cpu_devices", num_cpu_devices or min(cores(), 16))


def cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check() -> None:
    """Start JAX's backend, after `setup` and, in a run of several processes, `processes.connect`.

    Raises:
      UserError: JAX finds no device of the platform that JAX_PLATFORMS asks for.
    """
    import jax

    try:
        jax.devices()
    except (RuntimeError, AssertionError) as error:  # the latter for cuda without its plugin
        raise UserError(absent_platform(error)) from error


def absent_platform(error: Exception) -> str:
    """Return the message for JAX's error about a platform that is not there.

    Args:
      error: that JAX raised when it started its backend.
    """
    asked = os.environ.get("JAX_PLATFORMS", "")
    reason = f" ({str(error).splitlines()[0][:150]})" if str(error) else ""
    return (
        f"JAX finds no device of the platform {asked or 'that is asked for'!r}{reason}. Unset "
        "JAX_PLATFORMS to run on what is there, or install the driver and jax[cuda12]."
    )


def cpu_lock() -> contextlib.AbstractContextManager:
    """Return a context in which no other thread of this process computes on the CPU's devices.

    Two programs at once, each over several CPU devices, can deadlock: there are as many threads as
    cores, and a collective holds its thread until all devices have reached it.
    """
    import jax

    return _LOCK if jax.default_backend() == "cpu" else contextlib.nullcontext()


def describe() -> dict:
    """Return the backend, its devices and their number for `environment.json`."""
    import jax

    devices = jax.devices()
    return {
        "backend": jax.default_backend(),
        "device": devices[0].device_kind,
        "num_devices": len(devices),
        "num_processes": jax.process_count(),
        "cpu_count": os.cpu_count(),
    }
