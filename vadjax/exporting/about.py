"""What detector.json of a folder holds of every detector."""

from collections.abc import Sequence
from typing import Any

from vadjax.exporting.formats import FORMATS
from vadjax.exporting.programs import Parts, Program
from vadjax.pipeline.trained import TrainedDetector


def about_of(
    trained: TrainedDetector,
    programs: Sequence[Program],
    parts: Parts,
    *,
    backbone: Any,
    form: str,
) -> dict[str, Any]:
    """Return how the programs make a score of a frame.

    Args:
        trained: the detector.
        programs: as they were written.
        parts: of the detector.
        backbone: whose rows or embeddings are scored; None where there is none.
        form: in which the programs are written.

    Returns:
        What JSON can hold.
    """
    config, suffix = trained.run.config, FORMATS[form][0]
    about = {
        "format": form,
        "detector": trained.run.detector.name,
        "title": parts.title,
        "folds": len(trained.states),
        "files": {program.name: f"{program.name}.{suffix}" for program in programs},
        "programs": {program.name: program.spec() for program in programs},
        "way": parts.way,
        "threshold": trained.threshold,
        "rules": config.score.rules,
        "protocol": config.dataset.protocol,
    }
    if backbone is not None:
        about["backbone"] = {
            "name": backbone.name,
            "weights_sha256": backbone.weights_sha256,
        }
    return about
