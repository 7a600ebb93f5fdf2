"""Every model on Ped2, the synthetic walkway and clips of Avenue: parameters, time, speed, level.

python experiments/models/run.py ped2 --data_dir=/data/ped2 [--seeds=3] [--only=mnad,padim]
python experiments/models/run.py avenue --data_dir=/data/Avenue_Dataset
python experiments/models/run.py synthetic
python experiments/models/run.py table

A row of results.json is a model, a seed and a data set; those that are there are not run again. The
last command writes table.md from results.json.
"""

import argparse
import json
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import rows  # noqa: E402
import table  # noqa: E402

from vadjax import api  # noqa: E402
from vadjax.errors import UserError  # noqa: E402
from vadjax.pipeline import stages  # noqa: E402
from vadjax.pipeline.run import Run  # noqa: E402
from vadjax.runtime.console import Console  # noqa: E402
from vadjax.storage import artifacts  # noqa: E402
from vadjax.storage.files import write_json  # noqa: E402

RESULTS = HERE / "results.json"
STAGES = ("extract", "train", "score", "evaluate")
# Thresholds and pictures take longer than the models, and no table has them.
QUICK = {"evaluate__cross_fit": 0, "evaluate__legacy": True, "explain__maps": False}
FRAMES = 1000  # are scored at most to time it


def judge(name: str, data: str, seed: int, *, data_dir: str, work: pathlib.Path) -> dict:
    """Train, score and evaluate one model.

    Args:
        name: of a row.
        data: a key of `rows.SETS`.
        seed: of the run.
        data_dir: of the data set; "" of the synthetic one.
        work: folder of all runs.

    Returns:
        Its line of results.json.
    """
    places = {"dataset__data_dir": data_dir} if data_dir else {}
    config = api.load_config(
        rows.ROWS[name].config, seed=seed, **QUICK, **places, **rows.changes_of(name, data)
    )
    folder = work / f"{data}-{name.replace(' ', '_')}-{seed}"
    for stage in STAGES:
        stages.run(config, folder, stage=stage, quiet=True)
    metrics = artifacts.read_json(folder, "metrics.json")
    found, timing = metrics["detector"], metrics["timing"]
    legacy = {row["name"]: row["value"] for row in metrics["legacy"] or ()}
    trained = timing.get("train_epochs_s", timing.get("train_s"))
    return {
        "protocol": metrics["protocol"],
        "coverage": metrics["coverage"],
        "parameters": found.get("parameters"),
        "epochs_trained": found.get("epochs_trained"),
        "train_s": round(trained, 1),
        "frames_per_s": round(_speed(config, folder), 1),
        **{k: metrics["frame"][k] for k in ("auc_micro", "auc_micro_ci95", "auc_macro", "ap")},
        "auc_cropped_min_max": legacy.get("micro AUC, first four cropped, per-video min-max"),
        "baselines": {k: metrics["baselines"].get(k) for k in ("flow_box", "frame_difference")},
        "machine": metrics["environment"]["processor"],
    }


def _speed(config, folder: pathlib.Path) -> float:
    """Return the frames a second that are scored, their features given and programs compiled."""
    run = Run(config, folder, Console(quiet=True))
    fold, clips, count = run.folds[0], [], 0
    for clip in run.clips(fold.test, fold):
        if count < FRAMES:
            clips, count = [*clips, clip], count + len(clip)
    state, seconds = artifacts.read_state(folder, 0), []
    for _ in range(3):
        start = time.perf_counter()
        run.detector.score_clips(state, clips)
        seconds.append(time.perf_counter() - start)
    return count / min(seconds[1:])


def main() -> None:
    """Run what is missing of a data set, or write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", choices=(*rows.SETS, "table"))
    parser.add_argument("--data_dir", default="")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", default="", help="names of rows with commas; all without it")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("runs/models"))
    args = parser.parse_args()
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    if args.data == "table":
        (HERE / "table.md").write_text(table.markdown(results))
        return
    names = [name for name in args.only.split(",") if name] or list(rows.ROWS)
    for seed in range(args.seeds):
        for name in names:
            key = f"{args.data}/{name}/{seed}"
            if key in results or not rows.served(name, args.data):
                continue
            start = time.perf_counter()
            try:
                found = judge(name, args.data, seed, data_dir=args.data_dir, work=args.work)
            except UserError as error:
                print(f"{key}: {error}", flush=True)
                continue
            results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
            results[key] = found
            write_json(RESULTS, results)
            took = time.perf_counter() - start
            print(f"{key}: {found['auc_micro']:.3f}, {took:.0f} s", flush=True)


if __name__ == "__main__":
    main()
