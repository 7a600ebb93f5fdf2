"""Checkpoints of a training (orbax), and variables as one plain .npz file.

The only module that uses orbax. A checkpoint is a flat mapping from a leaf's path to its array
plus a JSON document, so that its structure can be compared with the expected one before reading.
"""

import errno
import logging
import os
import pathlib
import shutil
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp
from absl import logging as absl_logging

from vadjax.data.arrays import npy_file
from vadjax.errors import UserError
from vadjax.storage.files import atomic_write, unwritable

KINDS = ("best", "last")
SPARE = 1 << 20  # bytes that must be free besides the arrays


class _Quiet(logging.Filter):
    """Drops orbax's log lines; its errors reach the caller as exceptions."""

    def filter(self, record: logging.LogRecord) -> bool:
        return "orbax" not in record.pathname


absl_logging.get_absl_logger().addFilter(_Quiet())


class Checkpoints:
    """The newest checkpoint of each kind, "best" and "last", under one folder.

    Saving continues in the background; `close` (or the end of a `with` block) waits for it. A save
    that is interrupted by kill -9 leaves the previous checkpoint untouched.
    """

    def __init__(self, directory: str | os.PathLike):
        """Open the folder; the first save creates it."""
        self.directory = pathlib.Path(directory).expanduser().absolute()
        self._managers: dict[str, ocp.CheckpointManager] = {}

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def latest(self, kind: str) -> int | None:
        """Wait until the checkpoint is on disk; return its step, or None if there is none."""
        if not (self.directory / kind).is_dir():
            return None
        try:
            self._manager(kind).wait_until_finished()
        except Exception as error:
            raise self._explained(error) from error
        return self._manager(kind).latest_step()

    def save(self, kind: str, step: int, tree: Any, metadata: Mapping[str, Any]) -> None:
        """Replace the previous checkpoint of this kind; returns before the new one is on disk.

        Args:
          kind: one of `KINDS`.
          step: number of the checkpoint; later ones of its kind are removed.
          tree: numpy arrays that the caller no longer changes, or JAX arrays that are not donated.
          metadata: a JSON object.

        Raises:
          UserError: the folder cannot be written, or the disk is full.
        """
        arrays = flatten(tree)
        try:
            self._want_space(sum(leaf.nbytes for leaf in arrays.values()))
            manager = self._manager(kind)
            for other in manager.all_steps():
                if other >= step:
                    manager.delete(other)
            manager.save(
                step,
                args=ocp.args.Composite(
                    state=ocp.args.StandardSave(arrays),
                    metadata=ocp.args.JsonSave(dict(metadata)),
                ),
            )
        except UserError:
            raise
        except Exception as error:
            raise self._explained(error) from error

    def restore(self, kind: str, like: Any) -> tuple[Any, dict] | None:
        """Read the checkpoint.

        Args:
          kind: one of `KINDS`.
          like: tree of arrays or `jax.ShapeDtypeStruct`s with the expected structure.

        Returns:
          (tree of numpy arrays, metadata), or None if there is no checkpoint.

        Raises:
          UserError: the checkpoint has another structure or cannot be read.
        """
        step = self.latest(kind)
        if step is None:
            return None
        manager, folder = self._manager(kind), self.directory / kind / str(step)
        wanted = {key: np.empty(np.shape(leaf), leaf.dtype) for key, leaf in flatten(like).items()}
        try:
            stored = dict(manager.item_metadata(step)["state"])
        except Exception as error:
            raise _damaged(folder, error) from error
        if faults := differences(stored, wanted):
            raise UserError(
                f"the checkpoint {folder} belongs to another model or optimizer:\n  "
                + "\n  ".join(faults)
                + "\nGive another --workdir, or the config that it was made with."
            )
        try:
            restored = manager.restore(
                step,
                args=ocp.args.Composite(
                    state=ocp.args.StandardRestore(wanted), metadata=ocp.args.JsonRestore()
                ),
            )
        except Exception as error:
            raise _damaged(folder, error) from error
        leaves = [restored["state"][key] for key in wanted]
        return jax.tree.unflatten(jax.tree.structure(like), leaves), restored["metadata"]

    def close(self) -> None:
        """Wait until everything is on disk.

        Raises:
          UserError: the folder cannot be written, or the disk is full.
        """
        try:
            for manager in self._managers.values():
                manager.close()
        except Exception as error:
            raise self._explained(error) from error
        finally:
            self._managers.clear()

    def clear(self) -> None:
        """Remove all checkpoints."""
        self.close()
        for kind in KINDS:
            shutil.rmtree(self.directory / kind, ignore_errors=True)

    def _manager(self, kind: str) -> ocp.CheckpointManager:
        if kind not in KINDS:
            raise ValueError(f"kind {kind!r}; choose one of {', '.join(KINDS)}")
        if kind not in self._managers:
            alone = _alone(kind)
            (self.directory / kind).mkdir(parents=True, exist_ok=True)
            self._managers[kind] = ocp.CheckpointManager(
                self.directory / kind,
                options=ocp.CheckpointManagerOptions(
                    max_to_keep=1, create=False, multiprocessing_options=alone
                ),
                item_handlers={
                    "state": ocp.StandardCheckpointHandler(multiprocessing_options=alone),
                    "metadata": ocp.JsonCheckpointHandler(multiprocessing_options=alone),
                },
            )
        return self._managers[kind]

    def _want_space(self, needed: int) -> None:
        """Refuse a disk that is nearly full, before orbax's threads each log an error."""
        self.directory.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.directory).free
        if free < needed + SPARE:
            raise UserError(
                f"the disk is full: a checkpoint under {self.directory} takes {needed / 1e6:.1f} "
                f"MB and some room, {free / 1e6:.1f} MB are free. Free space and run again; the "
                "previous checkpoint is intact."
            )

    def _explained(self, error: Exception) -> Exception:
        """Return a `UserError` for a full or read-only disk, else `error`."""
        if isinstance(error, OSError):
            return unwritable(self.directory, error)
        if "No space left" in str(error):
            return unwritable(self.directory, OSError(errno.ENOSPC, str(error)))
        return error


def _alone(kind: str) -> ocp.options.MultiprocessingOptions:
    """Return options without barriers: each process that writes holds all of the state."""
    me, processes = jax.process_index(), jax.process_count()
    if processes == 1:
        return ocp.options.MultiprocessingOptions()
    return ocp.options.MultiprocessingOptions(
        primary_host=me, active_processes={me}, barrier_sync_key_prefix=f"{kind}{me}"
    )


def export_npz(path: str | os.PathLike, variables: Mapping[str, Any]) -> None:
    """Write nested dicts of arrays to one .npz, atomically.

    Args:
      path: the file; keys in it are paths such as "params/Dense_0/kernel".
      variables: nested dicts with string keys, "params" among the first.

    Raises:
      UserError: the file cannot be written, or the disk is full.
    """
    arrays: dict[str, Any] = {key: np.asarray(leaf) for key, leaf in flatten(variables).items()}
    with atomic_write(pathlib.Path(path)) as beside, beside.open("wb") as file:
        np.savez(file, **arrays)


def load_npz(path: str | os.PathLike) -> dict:
    """Return the variables that `export_npz` wrote. Nothing in the file is executed.

    Raises:
      UserError: there is no such file, or it is damaged or of another kind.
    """
    try:
        with npy_file.opened(path) as file:
            arrays = dict(file)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; train a detector first.") from None
    except (npy_file.Damaged, OSError) as error:
        raise UserError(f"{path} cannot be read ({error}); train again to rewrite it.") from error
    if not any(key.startswith("params/") for key in arrays):
        raise UserError(f"{path} holds no exported variables; train again to rewrite it.")
    variables: dict = {}
    for key, value in arrays.items():
        *folders, name = key.split("/")
        node = variables
        for folder in folders:
            node = node.setdefault(folder, {})
            if not isinstance(node, dict):
                raise UserError(f"{path} is damaged ({key}); train again to rewrite it.")
        node[name] = value
    return variables


def flatten(tree: Any) -> dict[str, Any]:
    """Return {path of a leaf, with "/" between its keys: the leaf}."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {jax.tree_util.keystr(path, simple=True, separator="/"): leaf for path, leaf in leaves}


def differences(stored: Mapping[str, Any], wanted: Mapping[str, np.ndarray]) -> list[str]:
    """Compare the leaves of two trees.

    Args:
        stored: leaves by path, with shape and dtype.
        wanted: those that are expected.

    Returns:
        A line for each leaf that is missing, left over, or of another shape or dtype.
    """
    lines = [f"{key}: not in the checkpoint" for key in wanted.keys() - stored.keys()]
    lines += [f"{key}: in the checkpoint only" for key in stored.keys() - wanted.keys()]
    for key in wanted.keys() & stored.keys():
        there = f"{np.dtype(stored[key].dtype)} {list(stored[key].shape)}"
        here = f"{wanted[key].dtype} {list(wanted[key].shape)}"
        if there != here:
            lines.append(f"{key}: {there} in the checkpoint, {here} expected")
    lines.sort()
    return lines[:20] + ([f"and {len(lines) - 20} more"] if len(lines) > 20 else [])


def _damaged(folder: pathlib.Path, error: Exception) -> UserError:
    text = str(error).strip().splitlines() or [type(error).__name__]
    return UserError(
        f"the checkpoint {folder} is damaged ({text[0][:200]}); remove that folder and run again."
    )
