"""Does a choice of cues by pseudo-anomalies agree with labels? Ped2's training clips, and drawings.

python experiments/pseudo_anomalies/run.py --ped2=/data/ped2
python experiments/pseudo_anomalies/run.py --drawings=1,2,3,4 --clips=3

Each set of videos gets a row of results.json: what `vadjax tune` finds, and of drawings, whose
labels may be read, the AUC of every set of cues on their test clips, from one fit on all normal
clips. No label of Ped2 is read.
"""

import argparse
import json
import pathlib
import sys

import numpy as np

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1])]

from vadjax import api  # noqa: E402
from vadjax.data.clip import clips_of  # noqa: E402
from vadjax.data.splits.units import Segment, Units  # noqa: E402
from vadjax.detectors.contract import Progress  # noqa: E402
from vadjax.evaluation.frame import auc  # noqa: E402
from vadjax.features.scene.extract import measure_scene, usual_fps  # noqa: E402
from vadjax.pipeline import cue_scores, tune  # noqa: E402
from vadjax.pipeline.run import Run  # noqa: E402
from vadjax.runtime.console import Console  # noqa: E402


def labelled(config, work: pathlib.Path, sets: list[tuple[str, ...]]) -> list[float]:
    """Return the micro AUC of each set of cues on the test clips.

    Args:
        config: of detector scene, of a data set whose labels may be read.
        work: folder of the run.
        sets: of cues.

    Returns:
        An AUC for each set.
    """
    run = Run(config, work, Console(quiet=True))
    train, fps = tune.normal_clips(run), usual_fps(run.dataset.train)
    measure_scene(
        run.dataset.test,
        reference=run.reference,
        looks=run.frontend.looks,
        stores=run.scene_stores,
        fps=fps,
    )
    state = run.detector.fit(train, (), seed=0, progress=Progress(run.console))
    segments = tuple(Segment(v.id, 0, len(v.frames)) for v in run.dataset.test)
    test = clips_of(Units(segments), run.videos, run.read, name="test")
    scores = np.concatenate([cue_scores.score_rows(clip, state, fps, sets) for clip in test])
    truth = np.concatenate([clip.labels[1:] for clip in test])
    return [auc(scores[:, k], truth) for k in range(len(sets))]


def judge(name: str, config, work: pathlib.Path, *, labels: bool, num_clips: int) -> dict:
    """Tune, and compare with labels where these may be read.

    Args:
        name: of the row.
        config: of detector scene.
        work: folder of the runs.
        labels: whether labels may be read.
        num_clips: see `tune.tune`.

    Returns:
        What tune.json holds, with the rank correlation and the AUC by labels.
    """
    folder = work / name
    kept = folder / tune.NAME
    if not kept.is_file():
        tune.tune(config, folder, num_clips=num_clips)
    result = json.loads(kept.read_text())
    result.pop("command", None)
    if labels:
        sets = [tuple(row["cues"]) for row in result["sets"]]
        own = labelled(config, folder, sets)
        for row, value in zip(result["sets"], own, strict=True):
            row["labels"] = value
        ranks = [np.argsort(np.argsort(v)) for v in ([r["mean"] for r in result["sets"]], own)]
        result["rank_correlation"] = float(np.corrcoef(*ranks)[0, 1])
    return result


def main() -> None:
    """Judge what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ped2", default="")
    parser.add_argument("--drawings", default="")
    parser.add_argument("--clips", type=int, default=0, help="see vadjax tune --help")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("runs/pseudo_anomalies"))
    args = parser.parse_args()
    rows = []
    if args.ped2:
        rows.append(("ped2", api.load_config("ped2_scene", dataset__data_dir=args.ped2), False))
    for drawing in filter(None, args.drawings.split(",")):
        config = api.load_config("synthetic_scene", dataset__seed=int(drawing))
        rows.append((f"drawing_{drawing}", config, True))
    path = HERE / "results.json"
    results = json.loads(path.read_text()) if path.is_file() else {}
    for name, config, labels in rows:
        results[name] = judge(name, config, args.work, labels=labels, num_clips=args.clips)
        path.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
