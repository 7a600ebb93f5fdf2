"""Pure functions of arrays, as they are written to files."""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

BATCH = "batch"
MOST = 1e-4  # by which a program may differ, of its largest value


class Array(NamedTuple):
    """An input or output of a program.

    Attributes:
        name: for people and ONNX.
        shape: `BATCH` where any number of examples goes.
        dtype: "uint8" or "float32".
    """

    name: str
    shape: tuple[Any, ...]
    dtype: str = "float32"

    def of_batch(self, batch: str | int) -> "Array":
        """Return the array with `batch` examples."""
        return self._replace(shape=tuple(batch if size == BATCH else size for size in self.shape))


@dataclasses.dataclass(frozen=True)
class Program:
    """A pure function of arrays.

    Attributes:
        name: of its file, without suffix.
        function: of jax; takes an array for each input, returns a tuple of the outputs.
        inputs: what it takes.
        outputs: what it gives.
        most: by which it may differ elsewhere, as a share of the largest value.
    """

    name: str
    function: Callable[..., Any]
    inputs: tuple[Array, ...]
    outputs: tuple[Array, ...]
    most: float = MOST

    def of_batch(self, batch: str | int) -> "Program":
        """Return the program as it is written: of any batch, or of one."""
        given, got = ([one.of_batch(batch) for one in each] for each in (self.inputs, self.outputs))
        return dataclasses.replace(self, inputs=tuple(given), outputs=tuple(got))

    def spec(self) -> dict[str, Any]:
        """Return names, shapes and dtypes."""
        return {
            side: [{**one._asdict(), "shape": list(one.shape)} for one in getattr(self, side)]
            for side in ("inputs", "outputs")
        }


class Parts(NamedTuple):
    """What scores rows.

    Attributes:
        programs: of all folds.
        way: how they make scores of the rows of a video, see detector.json.
        title: what it is, for people.
    """

    programs: list[Program]
    way: dict[str, Any]
    title: str
