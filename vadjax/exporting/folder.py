"""One folder that has everything to score videos elsewhere."""

import pathlib
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from vadjax.errors import unknown
from vadjax.exporting import streams
from vadjax.exporting.about import about_of
from vadjax.exporting.backbone import backbone_of
from vadjax.exporting.detectors import STREAMED, check, parts_of
from vadjax.exporting.formats import FORMATS
from vadjax.exporting.programs import Program
from vadjax.exporting.readme import readme
from vadjax.exporting.stream_readme import stream_readme
from vadjax.pipeline.trained import TrainedDetector
from vadjax.storage.files import atomic_write, write_json

TEMPLATE = pathlib.Path(__file__).parent / "template"


def export(trained: TrainedDetector, *, form: str, out: pathlib.Path) -> dict[str, Any]:
    """Write the folder of a detector.

    Args:
        trained: the detector of a finished run.
        form: a key of `formats.FORMATS`.
        out: the folder; files in it are replaced.

    Returns:
        What detector.json holds.

    Raises:
        UserError: there is no such format, the detector cannot be exported, or a program cannot be
            written in this format.
    """
    if form not in FORMATS:
        raise unknown("format", form, FORMATS)
    check(trained.run.detector)
    trained.check_pictures()
    if trained.run.detector.name in STREAMED:
        return _export_stream(trained, form=form, out=out)
    backbone = backbone_of(trained)
    parts = parts_of(trained, tuple(one.shape[1:] for one in backbone.outputs))
    written = _write(trained, [backbone, *parts.programs], form=form, out=out)
    pre = trained.run.backbone.preprocess
    about = about_of(trained, written, parts, backbone=trained.run.backbone, form=form)
    about["preprocess"] = {
        "size": list(pre.size),
        "fit": pre.fit,
        "interpolation": pre.interpolation,
        "crop_pct": pre.crop_pct,
        "fill": [round(255 * value) for value in pre.mean or (0.0,) * 3],
    }
    scripts = {"score.py": f"score_{form}"}
    if form != "onnx":
        scripts["common.py"] = "score_onnx"
    _write_texts(about, readme(about), scripts, out=out)
    return about


def _export_stream(trained: TrainedDetector, *, form: str, out: pathlib.Path) -> dict[str, Any]:
    """Write the folder of a detector whose own code goes with it; see `export`."""
    name = trained.run.detector.name
    parts = streams.parts_of(trained)
    written = _write(trained, parts.programs, form=form, out=out)
    streams.write_parts(trained, out)
    backbone = trained.run.crop_backbone if parts.programs else None
    about = about_of(trained, written, parts, backbone=backbone, form=form)
    scripts = {"score.py": streams.SCRIPTS[name], "streamed.py": "streamed"}
    scripts["common.py"] = "score_onnx"
    if form != "onnx":
        scripts["loading.py"] = f"score_{form}"
    _write_texts(about, stream_readme(about), scripts, out=out)
    return about


def _write(
    trained: TrainedDetector, programs: Sequence[Program], *, form: str, out: pathlib.Path
) -> list[Program]:
    """Write programs; return them as they were written, of any batch or of one."""
    suffix, write = FORMATS[form]
    written = []
    for program in programs:
        trained.run.console.say(f"  writing {program.name}.{suffix}")
        written.append(program.of_batch(write(program, out / f"{program.name}.{suffix}")))
    return written


def _write_texts(
    about: Mapping[str, Any], text: str, scripts: Mapping[str, str], *, out: pathlib.Path
) -> None:
    """Write detector.json, README.md and scripts (name -> name of the template)."""
    write_json(out / "detector.json", about)
    with atomic_write(out / "README.md") as beside:
        beside.write_text(text, encoding="utf-8")
    for name, source in scripts.items():
        with atomic_write(out / name) as beside:
            shutil.copyfile(TEMPLATE / f"{source}.py", beside)
