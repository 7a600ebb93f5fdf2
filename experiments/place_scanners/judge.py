"""Evaluate the frozen scanners by place once on each data set, three seeds each.

python experiments/place_scanners/judge.py ped2 --data_dir=/data/ped2 [--masks_dir=/data/UCSDped2]
python experiments/place_scanners/judge.py synthetic
python experiments/place_scanners/judge.py ped2 --model=place_gru --variant=mixture --seeds=1

A model is one by place, or `conv_autoencoder` over the same maps; see `VARIANTS`. Each seed is a
run of `vadjax.main` on configs/<set>_place_lstm.py without the trainings for its threshold, kept
below --work; results.json is written beside this file.
"""

import argparse
import json
import pathlib
import statistics
import sys

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1])]

from vadjax import api  # noqa: E402
from vadjax.storage import artifacts  # noqa: E402

FRAME, REGION = ("auc_micro", "auc_macro", "ap", "eer"), ("pixel_auc", "rbdc", "tbdc")
LAYERS = {"place_lstm_gru": {"model__units": (16, 16)}}
# Each row for itself, by the largest error of a cell.
ALONE = {"objective__name": "reconstruct", "objective__reduce": "max", "window__length": 1}
VARIANTS = {
    "plain": {},
    "mixture": {"model__mixture": 3},
    "by_row": {"model__sharing": "row"},
    "boxes": {"model__boxes": (3, 5)},
    "top": {"objective__top_places": 4},
    "bidirectional": {
        **{"model__bidirectional": True, "objective__scored_rows": 12},
        **{"window__length": 24, "score__aggregate": "mean"},
    },
}
QUICK = {"evaluate__cross_fit": 0, "explain__videos": False, "explain__num_pictures": 0}


def judge(config: str, seed: int, folder: pathlib.Path, **changes) -> dict:
    """Run a config with a seed, and return its figures.

    Args:
        config: name of a shipped config.
        seed: of the training.
        folder: of the run.
        **changes: keys of the config.

    Returns:
        Figure -> value.
    """
    if not (folder / "metrics.json").is_file():
        api.fit(config, workdir=folder, seed=seed, **QUICK, **changes)
    metrics = artifacts.read_json(folder, "metrics.json")
    row = {key: metrics["frame"][key] for key in (*FRAME, "auc_micro_ci95")}
    return row | {key: (metrics.get("region") or {}).get(key) for key in REGION}


def main() -> None:
    """Judge what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", choices=("ped2", "synthetic"))
    parser.add_argument("--data_dir", default="")
    parser.add_argument("--masks_dir", default="")
    parser.add_argument("--model", default="place_lstm")
    parser.add_argument("--variant", choices=(*VARIANTS,), default="plain")
    parser.add_argument("--no_maps", action="store_true", help="no figures of places")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("runs/place_scanners"))
    args = parser.parse_args()
    places = {"dataset__data_dir": args.data_dir, "dataset__masks_dir": args.masks_dir}
    changes = {key: value for key, value in places.items() if value}
    changes |= {"explain__maps": False} if args.no_maps else {}
    changes |= LAYERS.get(args.model, {}) | VARIANTS[args.variant]
    changes |= ALONE if args.model == "conv_autoencoder" else {}
    name = f"{args.data}_{args.model}"
    name += f"_{args.variant}" if VARIANTS[args.variant] else ""
    rows = [
        judge(
            f"{args.data}_place_lstm",
            seed,
            args.work / f"{name}-{seed}",
            model__name=args.model,
            **changes,
        )
        for seed in range(args.seeds)
    ]
    path = HERE / "results.json"
    results = json.loads(path.read_text()) if path.is_file() else {}
    results[name] = {"seeds": rows}
    for key in (*FRAME, *REGION):
        values = [row[key] for row in rows if row[key] is not None]
        if len(values) > 1:
            results[name][key] = [statistics.mean(values), statistics.stdev(values)]
    path.write_text(json.dumps(results, indent=1) + "\n")
    print(name, results[name])


if __name__ == "__main__":
    main()
