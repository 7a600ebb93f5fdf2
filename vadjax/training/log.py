"""log.jsonl and TensorBoard: one row an epoch, never one that a resumed run writes again."""

import json
import pathlib
from collections.abc import Mapping, Sequence

from vadjax.storage.files import unwritable, whole

SCALARS = ("train_loss", "select_loss", "learning_rate", "windows_per_s")


class EpochLog:
    """The rows of one training; several trainings (folds) share log.jsonl by their names.

    Args:
      workdir: folder that holds log.jsonl and tensorboard/.
      name: of this training; "" where it is the only one.
      history: rows up to the checkpoint from which training goes on; later ones are cut off.

    Raises:
      UserError: the folder cannot be written, or the disk is full.
    """

    def __init__(self, workdir: pathlib.Path, name: str, history: Sequence[Mapping]):
        from tensorboardX import SummaryWriter

        self._path, self._name = workdir / "log.jsonl", name
        rows = [row for row in read_log(workdir) if row.get("name", "") != name]
        with whole(self._path) as beside:
            beside.write_text("".join(map(self._line, [*rows, *history])), encoding="utf-8")
        self._board = SummaryWriter(
            str(workdir / "tensorboard" / name),
            purge_step=history[-1]["step"] + 1 if history else 0,
        )

    def write(self, row: Mapping) -> None:
        """Append one row."""
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(self._line(row))
            for key in SCALARS:
                self._board.add_scalar(key, row[key], row["step"])
        except OSError as error:
            raise unwritable(self._path, error) from error

    def close(self) -> None:
        """Write out what TensorBoard's writer still holds."""
        self._board.close()

    @staticmethod
    def _line(row: Mapping) -> str:
        return json.dumps(row, allow_nan=False) + "\n"


def read_log(workdir: pathlib.Path) -> list[dict]:
    """Return the rows of log.jsonl; a line that was cut off is left out."""
    path, rows = workdir / "log.jsonl", []
    if path.is_file():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                rows.append(json.loads(line))
            except ValueError:
                continue
    return rows
