"""The command `export`: write the folder, and compare it with the detector that it came from."""

import importlib
import json
import pathlib
import sys
import time
from typing import Any, NamedTuple

import numpy as np

from vadjax import data
from vadjax.errors import UserError
from vadjax.exporting.folder import export as write_folder
from vadjax.exporting.programs import MOST
from vadjax.exporting.streams import CODE
from vadjax.pipeline.trained import TrainedDetector
from vadjax.runtime.console import Console

_SCRIPTS = ("score", "common", "loading", "streamed")


def export(
    workdir: pathlib.Path,
    *,
    form: str,
    out: pathlib.Path,
    check: pathlib.Path | None = None,
    quiet: bool = False,
    verbose: bool = False,
) -> None:
    """Write the folder of a run's detector.

    Args:
        workdir: of the run.
        form: see `formats.FORMATS`.
        out: the folder.
        check: a video that both score.
        quiet: print nothing.
        verbose: print details.

    Raises:
        UserError: see `folder.export`; or the scores differ by more than `MOST`.
    """
    console = Console(quiet=quiet, verbose=verbose)
    trained = TrainedDetector(workdir, console=console)
    write_folder(trained, form=form, out=out)
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    console.say(f"{out}: {size / 1e6:.1f} MB; python {out / 'score.py'} VIDEO")
    if check is not None:
        compare(trained, out, check, console)


class Compared(NamedTuple):
    """A folder beside the detector that it came from.

    Attributes:
        worst: the largest difference of two scores, as a share of the largest score.
        theirs_s: seconds a frame by the folder.
        own_s: seconds a frame by the stream of vadjax.
    """

    worst: float
    theirs_s: float
    own_s: float


def compare(
    trained: TrainedDetector, out: pathlib.Path, video: pathlib.Path, console: Console
) -> Compared:
    """Score a video by the folder and by the detector's stream.

    Args:
        trained: the detector.
        out: the folder.
        video: a file or a folder of images.
        console: where the result goes.

    Returns:
        What was measured.

    Raises:
        UserError: it is larger than `MOST`.
    """
    wanted = trained.score(video).scores
    script, about = load_script(out)
    programs = script.load(about)
    frames = list(data.open_video(video).frames)
    script.score(video, programs, about)  # compiles what is compiled
    begin = time.perf_counter()
    got = script.score(video, programs, about)
    theirs = (time.perf_counter() - begin) / len(frames)
    stream = trained.stream()
    stream.update(frames[0])
    begin = time.perf_counter()
    for frame in frames[1:]:
        stream.update(frame)
    own = (time.perf_counter() - begin) / max(1, len(frames) - 1)
    worst = float(np.abs(got - wanted).max() / max(1e-6, np.abs(wanted).max()))
    console.say(
        f"{video.name}: {len(frames)} frames, scores differ by at most {worst:.1e} of the largest; "
        f"{1e3 * theirs:.1f} ms a frame, the stream of vadjax {1e3 * own:.1f} ms"
    )
    if worst > MOST:
        raise UserError(f"the scores differ by {worst:.1e}, more than {MOST:g}: do not use them.")
    return Compared(worst, theirs, own)


def load_script(out: pathlib.Path) -> tuple[Any, dict[str, Any]]:
    """Return score.py of a folder as a module, and what detector.json holds."""
    _forget(CODE)
    sys.path.insert(0, str(out))
    try:
        script = importlib.import_module("score")
        if not hasattr(script, "score"):
            script.score = sys.modules["common"].score  # type: ignore[attr-defined]
    finally:
        sys.path.remove(str(out))
        _forget(*_SCRIPTS)  # not the code: it imports more of itself when it is called
    return script, json.loads((out / "detector.json").read_text())


def _forget(*names: str) -> None:
    """Let modules be imported anew: another folder has some of the same names."""
    for module in list(sys.modules):
        if module.split(".")[0] in names:
            del sys.modules[module]
