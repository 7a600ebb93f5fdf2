"""One folder that has everything to score videos elsewhere."""

import pathlib
import shutil
from typing import Any

from vadjax.errors import unknown
from vadjax.exporting.backbone import backbone_of
from vadjax.exporting.detectors import check, parts_of
from vadjax.exporting.formats import FORMATS
from vadjax.exporting.programs import Parts, Program
from vadjax.exporting.readme import readme
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
    suffix, write = FORMATS[form]
    check(trained.run.detector)
    trained.check_pictures()
    backbone = backbone_of(trained)
    parts = parts_of(trained, tuple(one.shape[1:] for one in backbone.outputs))
    programs = [backbone, *parts.programs]
    for number, program in enumerate(programs):
        trained.run.console.say(f"  writing {program.name}.{suffix}")
        batch = write(program, out / f"{program.name}.{suffix}")
        programs[number] = program.of_batch(batch)
    about = describe(trained, programs, parts, form=form, suffix=suffix)
    write_json(out / "detector.json", about)
    with atomic_write(out / "README.md") as beside:
        beside.write_text(readme(about), encoding="utf-8")
    with atomic_write(out / "score.py") as beside:
        shutil.copyfile(TEMPLATE / f"score_{form}.py", beside)
    if form != "onnx":
        with atomic_write(out / "common.py") as beside:
            shutil.copyfile(TEMPLATE / "score_onnx.py", beside)
    return about


def describe(
    trained: TrainedDetector, programs: list[Program], parts: Parts, *, form: str, suffix: str
) -> dict[str, Any]:
    """Return how the programs make a score of a frame.

    Args:
        trained: the detector.
        programs: the backbone and those of the detector, as they were written.
        parts: of the detector.
        form: in which they are written.
        suffix: of their files.

    Returns:
        What detector.json holds.
    """
    config, backbone = trained.run.config, trained.run.backbone
    return {
        "format": form,
        "detector": trained.run.detector.name,
        "title": parts.title,
        "folds": len(trained.states),
        "files": {program.name: f"{program.name}.{suffix}" for program in programs},
        "programs": {program.name: program.spec() for program in programs},
        "preprocess": {
            "size": list(backbone.preprocess.size),
            "fit": backbone.preprocess.fit,
            "interpolation": backbone.preprocess.interpolation,
            "crop_pct": backbone.preprocess.crop_pct,
            "fill": [round(255 * value) for value in backbone.preprocess.mean or (0.0,) * 3],
        },
        "way": parts.way,
        "threshold": trained.threshold,
        "rules": config.score.rules,
        "backbone": {"name": backbone.name, "weights_sha256": backbone.weights_sha256},
        "protocol": config.dataset.protocol,
    }
