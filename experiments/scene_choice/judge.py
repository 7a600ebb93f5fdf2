"""Evaluate the frozen detector `scene` once on each data set: a row of results a line.

python experiments/scene_choice/judge.py --ped2=/data/ped2 [--masks=/data/UCSDped2] \
    [--avenue=/data/Avenue] [--drawings=0,5,6,7,8,9]

Each row is a run of `vadjax.main` on configs/*_scene.py, kept below --work; results.json is written
beside this file.
"""

import argparse
import json
import pathlib
import sys

import numpy as np

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1])]

from vadjax import api  # noqa: E402
from vadjax.evaluation import frame  # noqa: E402
from vadjax.storage import artifacts  # noqa: E402


def judge(name: str, config: str, work: pathlib.Path, **changes) -> dict:
    """Run a config and return its figures.

    Args:
        name: of the row.
        config: of a shipped config.
        work: folder of the runs.
        **changes: keys of the config.

    Returns:
        AUC, its interval, that of optical flow, regions, and the AUC of each kind of anomaly.
    """
    folder = work / name
    if not (folder / "metrics.json").is_file():
        api.fit(config, workdir=folder, explain__videos=False, explain__num_pictures=0, **changes)
    metrics = artifacts.read_json(folder, "metrics.json")
    test = artifacts.read_scores(folder).test
    part = metrics["frame"]
    row = {key: part[key] for key in ("auc_micro", "auc_micro_ci95", "auc_macro", "ap", "eer")}
    row["flow_box"] = metrics["baselines"]["flow_box"]
    region = metrics.get("region") or {}
    row |= {key: region.get(key) for key in ("pixel_auc", "rbdc", "tbdc")}
    flat = [score for v in test for score in v.scores[v.truth == 0]]
    for kind in sorted({kind for v in test for kind in v.kinds}):
        own = [s for v in test if kind in v.kinds for s in v.scores[v.kinds[kind]]]
        if own:
            truth = np.repeat([0, 1], [len(flat), len(own)])
            row[kind] = frame.auc(np.array(flat + own), truth)
    return row


def main() -> None:
    """Judge what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ped2", default="")
    parser.add_argument("--masks", default="")
    parser.add_argument("--avenue", default="")
    parser.add_argument("--drawings", default="")
    parser.add_argument("--work", type=pathlib.Path, default=HERE.parents[1] / "runs/scene_choice")
    args = parser.parse_args()
    rows = []
    if args.ped2:
        source = {"dataset__data_dir": args.ped2, "dataset__masks_dir": args.masks}
        rows.append(("ped2", "ped2_scene", source))
    if args.avenue:
        rows.append(("avenue", "avenue_scene", {"dataset__data_dir": args.avenue}))
    for drawing in filter(None, args.drawings.split(",")):
        seed = {"dataset__seed": int(drawing)}
        rows.append((f"drawing_{drawing}", "synthetic_scene", seed))
    path = HERE / "results.json"
    results = json.loads(path.read_text()) if path.is_file() else {}
    for name, config, changes in rows:
        results[name] = judge(name, config, args.work, **changes)
        print(name, results[name], flush=True)
        path.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
