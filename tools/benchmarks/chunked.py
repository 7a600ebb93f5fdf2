"""Chunked training data: a data set ten times the budget, beside the same data resident.

LSTM 32 on windows 16 x 1280, batch 64 (`lstm`); U-Net segmenter on windows of 2 maps 7 x 11 x 256
in float16 (`maps`). The clips are memory-mapped files, standardised as they are read. Both sides
are vadjax: `resident` has all rows on the device, `vadjax` gathers them in chunks; so the ratio
says what chunks cost. The peak of a side is of anonymous memory: pages of the mapped files
belong to the system's cache, which gives them back.
"""

import pathlib
import tempfile
import threading
import time
from collections.abc import Callable

import numpy as np

from tools.benchmarks import epochs

UNIT = "windows"
CLIPS, TIMES = 20, 10
LENGTH = {"lstm": 16, "maps": 2}
ROW = {"lstm": (1280,), "maps": (7, 11, 256)}
ROWS = {"lstm": 16000, "maps": 4800}  # of a clip: 1.6 and 3.8 GB in all
DTYPE = {"lstm": np.float32, "maps": np.float16}


def train(case: str, *, chunked: bool, rows: int = 0) -> Callable[[], float]:
    """Return a sample: an epoch, in training windows a second.

    Args:
        case: "lstm" or "maps".
        chunked: the budget is a tenth of the data; else all are resident.
        rows: of each of the clips; 0 is the case's own number.
    """
    from vadjax.runtime import devices

    devices.setup()

    from vadjax.data.splits.windows import window_table
    from vadjax.features.standardize import Standardizer
    from vadjax.training.budget import choose_arrays
    from vadjax.training.inputs import TrainingData

    folder = tempfile.TemporaryDirectory(prefix="vadjax-chunked-")
    clips = _mapped(pathlib.Path(folder.name), case, rows or ROWS[case])
    lengths = [len(clip) for clip in clips]
    cut = {"length": LENGTH[case], "stride": 1}
    labels = np.arange(sum(lengths), dtype=np.int32) % 5 == 0
    cells = None
    if case == "maps":
        cells = np.random.default_rng(0).random((sum(lengths), *ROW[case][:2])).astype(np.float16)
    data = TrainingData(
        clips,
        window_table(lengths[:-1], **cut),
        window_table(lengths[-1:], starts=[sum(lengths[:-1])], **cut),
        frame_labels=labels.astype(np.int32),
        cell_labels=cells,
        standardize=Standardizer.fit(clips[:1]).apply,
    )
    if case == "lstm":
        config = epochs.config_of("predict", units=(32,))
    else:
        config = epochs.config_of("segment", name="unet_segmenter", channels=(32, 48, 48))
        config.objective.class_weight = "none"
    budget = data.nbytes / TIMES if chunked else 2 * data.nbytes
    config.train.memory_mb = max(1, int(budget / 1e6))
    start = anonymous_bytes()
    shared, words = choose_arrays(data, config.train)
    population, _ = epochs.population_of(config, data, shared)
    peak = Peak(start)

    def sample() -> float:
        begun = time.perf_counter()
        population.epoch()
        seconds = time.perf_counter() - begun
        sample.note = (
            f"{words}, {population.num_chunks} scans an epoch; {peak.bytes / 1e6:.0f} MB more "
            "memory at most than before the data were read"
        )
        return len(data.train) / seconds

    sample.folder = folder  # removed with the sample
    return sample


class Peak:
    """The most anonymous memory of this process since it was made, looked at every 20 ms.

    Attributes:
        bytes: the most above `start`.

    Args:
        start: bytes that do not count.
    """

    def __init__(self, start: int):
        self.start, self.bytes = start, 0
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            self.bytes = max(self.bytes, anonymous_bytes() - self.start)
            time.sleep(0.02)


def anonymous_bytes() -> int:
    """Return the memory of this process that no file backs."""
    status = pathlib.Path("/proc/self/status").read_text(encoding="utf-8")
    (line,) = (line for line in status.splitlines() if line.startswith("RssAnon"))
    return 1024 * int(line.split()[1])


def _mapped(folder: pathlib.Path, case: str, rows: int) -> list[np.ndarray]:
    clips, rng = [], np.random.default_rng(0)
    for i in range(CLIPS):
        path = folder / f"{i}.npy"
        np.save(path, rng.normal(size=(rows, *ROW[case])).astype(DTYPE[case]))
        clips.append(np.load(path, mmap_mode="r"))
    return clips


def _case(case: str, rows: int = 0) -> dict:
    return {
        "vadjax": lambda: train(case, chunked=True, rows=rows),
        "resident": lambda: train(case, chunked=False, rows=rows),
    }


CASES = {case: _case(case) for case in ROW}
EXTRA_CASES = {"lstm, quick": _case("lstm", 800)}  # 80 MB in all
