"""False alarms on altered normal clips, before and after: Ped2's training clips.

python experiments/robustness/run.py --ped2=/data/ped2 [--only=shake,rain] [--off]

The detector is fitted on the other clips, as they are (four folds); its threshold is that of the
rule `alarms` on held-out clips as they are. Three clips are altered. results.json gets a row
for each alteration. --off leaves shake and noise as they are, for a comparison.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import sys

import numpy as np

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from alter import ALTERATIONS, Altered  # noqa: E402

from vadjax import api  # noqa: E402
from vadjax.data.scored_video import ScoredVideo  # noqa: E402
from vadjax.detectors.scene.bodies import BodyReader  # noqa: E402
from vadjax.detectors.scene.follower import SceneFollower, camera_of  # noqa: E402
from vadjax.evaluation.alarm_rates import alarms_threshold  # noqa: E402
from vadjax.evaluation.alarms_by_threshold import count_false_alarms  # noqa: E402
from vadjax.features.scene import passing, shake  # noqa: E402
from vadjax.features.scene.extract import measured_rows  # noqa: E402
from vadjax.features.scene.meter import CHANNELS, SceneMeter  # noqa: E402
from vadjax.pipeline import tune  # noqa: E402
from vadjax.pipeline.run import Run  # noqa: E402
from vadjax.runtime.console import Console  # noqa: E402

FPS = 10.0


def scored(name: str, rows, state) -> tuple[ScoredVideo, dict[str, float], float]:
    """Score rows of frames.

    Args:
        name: of the clip.
        rows: pairs of cells and windows.
        state: of the detector.

    Returns:
        The scores; the mean surprise of each cue; the median share of foreground.
    """
    camera = camera_of(state, FPS)
    reader, follower = BodyReader(camera.reference, FPS), SceneFollower(state, camera)
    scores, parts, every = [], [], []
    for cells, windows in rows:
        found = follower.update(reader.update(cells, windows))
        scores.append(found.score)
        parts.append(found.parts)
        every.append(np.asarray(cells))
    values = np.array(scores, np.float32)
    values[0] = values[1]
    means = {cue: float(np.mean([part[cue] for part in parts[1:]])) for cue in parts[0]}
    labels = np.zeros(len(values), np.uint8)
    shown = np.stack(every)
    share = np.median(shown[..., CHANNELS.index("share")].mean((1, 2), np.float32))
    return ScoredVideo(name, values, labels=labels, fps=FPS), means, float(share)


def row_of(found: list, threshold: float) -> dict:
    """Put the figures of several clips into one row.

    Args:
        found: what `scored` returned for each.
        threshold: of the detector.

    Returns:
        Alarms an hour, frames called, means of cues, foreground.
    """
    videos = [video for video, *_ in found]
    hours = sum(len(v.scores) for v in videos) / FPS / 3600
    (alarms,) = count_false_alarms(videos, np.array([threshold]))
    scores = np.concatenate([video.scores for video in videos])
    return {
        "alarms": int(alarms),
        "alarms_per_hour": alarms / hours,
        "called": float((scores >= threshold).mean()),
        "median_score": float(np.median(scores)),
        "cues": {cue: float(np.mean([m[cue] for _, m, *_ in found])) for cue in found[0][1]},
        "foreground": float(np.median([share for *_, share in found])),
        "clips": len(found),
    }


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ped2", required=True)
    parser.add_argument("--only", default="", help="parts of names of alterations, by commas")
    parser.add_argument("--off", action="store_true", help="undo no shake, take out no noise")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("runs/robustness"))
    args = parser.parse_args()
    run = Run(api.load_config("ped2_scene", dataset__data_dir=args.ped2), args.work, Console())
    clips = tune.normal_clips(run)
    tune.measure(run, clips, FPS)
    fold_of = {clip.id: number % tune.NUM_FOLDS for number, clip in enumerate(clips)}
    states = tune.fit(run, clips, fold_of)
    plain = {}
    for clip in clips:
        rows = zip(clip.rows("cells"), clip.rows("windows"), strict=True)
        plain[clip.id] = scored(clip.id, rows, states[fold_of[clip.id]])
    threshold = alarms_threshold([video for video, *_ in plain.values()], 1.0)
    print(threshold, threshold.words, flush=True)
    chosen = clips[1::5]
    path = HERE / "results.json"
    results = json.loads(path.read_text()) if path.is_file() else {}
    results["threshold"] = threshold.value
    results["as it is"] = row_of([plain[clip.id] for clip in chosen], threshold.value)
    if args.off:
        shake.MOST, passing.MANY = 0.0, np.inf
    for name, alter in ALTERATIONS.items():
        if not any(part in name for part in args.only.split(",")):
            continue

        def measure(clip, alter=alter):
            frames = Altered(clip.videos[0].frames, alter, seed=0)
            measured = measured_rows(
                frames, meter=SceneMeter(run.reference, FPS), looks=run.frontend.looks
            )
            rows = (pair for both in measured for pair in zip(*both, strict=True))
            return scored(clip.id, rows, states[fold_of[clip.id]])

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            found = [*pool.map(measure, chosen)]
        key = f"{name}, left as it is" if args.off else name
        results[key] = row_of(found, threshold.value)
        print(key, results[key], flush=True)
        path.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
