"""New images to a table and a page, by a detector that a run on images has left behind."""

import dataclasses
import pathlib
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from vadjax.data.scored_video import ScoredVideo
from vadjax.data.video import Video
from vadjax.pipeline.films import Shown
from vadjax.pipeline.gallery import QUALITY, SHADE, Drawing
from vadjax.pipeline.given_videos import open_given
from vadjax.pipeline.image_gallery import NO_MAPS, panels_of, side_by_side
from vadjax.pipeline.trained import TrainedDetector
from vadjax.runtime.run_log import NAME

NUM_PICTURES = 60  # the highest scores, about 25 kB each
OWN = "maps that the detector gives with its scores"
_KEPT = ("protocol", "detector", "warnings", "lookahead_frames", "seeds")  # of the run's metrics


def detect_images(
    detector: TrainedDetector, paths: Sequence[str], out: pathlib.Path, *, skip_broken: bool
) -> list[ScoredVideo]:
    """Score unlabelled images; write scores.csv and report.html.

    Args:
        detector: of a run on a data set of images.
        paths: images, and folders that hold images at any depth.
        out: folder for the results, locked.
        skip_broken: leave out images that cannot be read, said and counted.

    Returns:
        A record for each image.

    Raises:
        UserError: there are no images, or one cannot be read.
    """
    from vadjax.report import images
    from vadjax.report.wording import plural

    console = detector.run.console
    opened, notes = open_given(paths, skip_broken=skip_broken, images=True)
    total = len(opened)
    console.say(f"vadjax: {plural(total, 'image')}, with the detector of {detector.workdir}")
    for note in notes:
        console.say(f"  note: {note}")
    with console.bar("images", total=total, unit="images") as advance:
        scored = detector.score_videos(
            opened, report=lambda p: advance(p["frames"] + total - p["total"])
        )
    console.log_to(out / NAME, command=detector.run.command)
    images.write_scores(out / "scores.csv", scored)
    _write_page(detector, opened, scored, out)
    limit = detector.threshold
    called = 0 if limit is None else sum(float(one.scores[0]) >= limit for one in scored)
    highest = max(scored, key=lambda one: float(one.scores[0]))
    console.say(f"report: {out / 'report.html'}")
    console.say(
        f"{called} of {plural(total, 'image')} called defective; the highest score is that of "
        f"{highest.id}"
    )
    return scored


def _write_page(
    detector: TrainedDetector,
    opened: Sequence[Video],
    scored: Sequence[ScoredVideo],
    out: pathlib.Path,
) -> None:
    from vadjax.evaluation.accounting import account
    from vadjax.report.page import write_report

    run, metrics, no_labels = detector.run, detector.metrics, "the images have no labels"
    reasons = {k: why for k, why in metrics["reasons"].items() if k.startswith("threshold.")}
    write_report(
        out / "report.html",
        metrics={
            **{key: metrics[key] for key in _KEPT},
            "unit": "image",
            "dataset": "unlabelled",
            "coverage": f"trained on {metrics['dataset']}",
            "frame": None,
            "threshold": detector.threshold_part(),
            "accounting": account(scored),
            "reasons": {**reasons, "frame": no_labels, "accounting.labels": no_labels},
        },
        videos=scored,
        gallery=_gallery(detector, opened, scored),
        config=run.config.to_dict(),
        environment={**run.environment, "command": run.command},
    )


def _gallery(
    detector: TrainedDetector, opened: Sequence[Video], scored: Sequence[ScoredVideo]
) -> dict[str, Any]:
    """Draw the images with the highest scores, as `artifacts.read_gallery` returns them."""
    shown = {one.id: Shown(v, _halved(one)) for v, one in zip(opened, scored, strict=True)}
    draw = Drawing(detector.run, shown, what=OWN)
    panels = ["image", *(["map"] if draw.shade else [])]
    highest = sorted(scored, key=lambda one: -float(one.scores[0]))[:NUM_PICTURES]
    rows = [
        {
            "jpeg": _jpeg(side_by_side(panels_of(draw, one.id, panels))),
            "video": one.id,
            "score": float(one.scores[0]),
            "threshold": one.threshold,
            "abnormal": None,
        }
        for one in highest
    ]
    group = {"category": "", "defect": "", "count": len(scored), "key": "highest"}
    return {
        "maps": draw.what,
        "quantiles": SHADE,
        "panels": panels,
        "groups": [{**group, "title": "Highest scores"}],
        "pictures": {"highest": rows},
        "reasons": {"maps": NO_MAPS},
    }


def _halved(one: ScoredVideo) -> ScoredVideo:
    """Return a record with its maps in half precision, as a run keeps them."""
    if one.maps is None:
        return one
    return dataclasses.replace(one, maps=np.asarray(one.maps).astype(np.float16))


def _jpeg(picture: np.ndarray) -> bytes:
    quality = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    return cv2.imencode(".jpg", picture[..., ::-1], quality)[1].tobytes()
