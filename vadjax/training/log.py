"""log.jsonl and TensorBoard: one row an epoch, never one that a resumed run writes again."""

import contextlib
import json
import pathlib
import sys
import time
from collections.abc import Iterator, Mapping, Sequence

from vadjax.storage.files import atomic_write, unwritable

SCALARS = ("train_loss", "select_loss", "learning_rate", "windows_per_s")
FLUSH_S = 10.0  # a TensorBoard that looks on sees rows this old


@contextlib.contextmanager
def _without_torch() -> Iterator[None]:
    """Keep tensorboardX from loading PyTorch where it is installed: seconds, and memory."""
    if "torch" in sys.modules:
        yield
        return
    sys.modules["torch"] = None  # type: ignore[assignment]  # importing it raises ImportError
    try:
        yield
    finally:
        del sys.modules["torch"]


class EpochLog:
    """The rows of one training; several trainings (folds) share log.jsonl by their names.

    TensorBoard's file is written through tensorboardX's plain writer rather than its
    SummaryWriter, whose thread and queue answer a full disk with tracebacks of their own.

    Args:
      workdir: folder that holds log.jsonl and tensorboard/.
      name: of this training; "" where it is the only one.
      history: rows up to the checkpoint from which training goes on; later ones are cut off.

    Raises:
      UserError: the folder cannot be written, or the disk is full.
    """

    def __init__(self, workdir: pathlib.Path, name: str, history: Sequence[Mapping]):
        with _without_torch():
            from tensorboardX.event_file_writer import EventsWriter

        self._path, self._board_dir = workdir / "log.jsonl", workdir / "tensorboard" / name
        rows = [row for row in read_log(workdir) if row.get("name", "") != name]
        with atomic_write(self._path) as beside:
            beside.write_text("".join(map(_line, [*rows, *history])), encoding="utf-8")
        self._start = time.time() - (history[-1]["wall_s"] if history else 0.0)
        self._flushed = time.monotonic()
        with self._writing(self._board_dir):
            self._board_dir.mkdir(parents=True, exist_ok=True)
            for earlier in self._board_dir.glob("events.out.tfevents.*"):
                earlier.unlink()
            self._board = EventsWriter(str(self._board_dir / "events"))
            for row in history:
                self._add_scalars(row)

    def write(self, row: Mapping) -> None:
        """Append one row.

        Raises:
          UserError: the disk is full.
        """
        with self._writing(self._path), self._path.open("a", encoding="utf-8") as file:
            file.write(_line(row))
        with self._writing(self._board_dir):
            self._add_scalars(row)
            if time.monotonic() - self._flushed > FLUSH_S:
                self._board.flush()
                self._flushed = time.monotonic()

    def close(self) -> None:
        """Write out what is still held.

        Raises:
          UserError: the disk is full.
        """
        with self._writing(self._board_dir):
            self._board.close()

    def _add_scalars(self, row: Mapping) -> None:
        from tensorboardX.proto.event_pb2 import Event
        from tensorboardX.proto.summary_pb2 import Summary

        values = [Summary.Value(tag=key, simple_value=row[key]) for key in SCALARS]
        wall_time = self._start + row["wall_s"]
        event = Event(wall_time=wall_time, step=row["step"], summary=Summary(value=values))
        self._board.write_event(event)

    @staticmethod
    @contextlib.contextmanager
    def _writing(path: pathlib.Path):
        try:
            yield
        except OSError as error:
            raise unwritable(path, error) from error


def read_log(workdir: pathlib.Path) -> list[dict]:
    """Return the rows of log.jsonl; a line that was cut off is left out."""
    path, rows = workdir / "log.jsonl", []
    if path.is_file():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            with contextlib.suppress(ValueError):
                rows.append(json.loads(line))
    return rows


def _line(row: Mapping) -> str:
    return json.dumps(row, allow_nan=False) + "\n"
