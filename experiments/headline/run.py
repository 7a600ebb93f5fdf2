"""The results of the README: the shipped configs of a data set, three seeds each, one table.

python experiments/headline/run.py ped2 --data_dir=/data/ped2
python experiments/headline/run.py avenue --data_dir=/data/Avenue_Dataset
python experiments/headline/run.py synthetic

Runs the same stages as `python -m vadjax.main`, changes the seed alone, and writes
`experiments/headline/<name>.md` and `.json`. Finished runs are skipped.
"""

import argparse
import importlib.util
import json
import pathlib
import statistics
import sys

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from vadjax import config as configs  # noqa: E402
from vadjax.pipeline import stages  # noqa: E402
from vadjax.storage.environment import environment  # noqa: E402

CONFIGS = {
    "ped2": ("ped2_lstm", "ped2_gru", "ped2_convae", "ped2_bilstm_supervised"),
    "avenue": ("avenue_lstm", "avenue_gru"),
    "synthetic": ("synthetic_motion", "synthetic_lstm", "synthetic_lstm_supervised"),
}
BASELINES = (
    "random",
    "frame_index",
    "clip_centre",
    "frame_difference",
    "flow_box",
    "knn",
    "mahalanobis",
)


def run(
    name: str,
    *,
    data_dir: str,
    cache_dir: str,
    seed: int,
    first_frames: str,
    workdirs: pathlib.Path,
) -> dict:
    """Run one config with one seed.

    Args:
        name: of a file in configs/.
        data_dir: of the data set.
        cache_dir: of features.
        seed: of the run.
        first_frames: score.first_frames.
        workdirs: folder of all runs.

    Returns:
        The dict of metrics.json.
    """
    spec = importlib.util.spec_from_file_location(name, ROOT / "configs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    config = module.get_config()
    config.seed, config.dataset.data_dir = seed, data_dir
    config.features.cache_dir = cache_dir
    config.score.first_frames = first_frames
    config.evaluate.cross_fit = 0  # it is for thresholds, which no table has
    return stages.run(configs.validate(config), workdirs / f"{name}-{seed}")


def spread(values: list[float]) -> str:
    """Format mean ± sample standard deviation.

    >>> spread([0.5, 0.6, 0.7])
    '.600 ± .100'
    """
    mean, sd = statistics.mean(values), statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{mean:.3f} ± {sd:.3f}".replace("0.", ".")


def interval(metrics: dict) -> str:
    """Format the 95 % interval over videos of one run."""
    found = metrics["frame"]["auc_micro_ci95"]
    return "-" if found is None else f"{found[0]:.3f} to {found[1]:.3f}".replace("0.", ".")


def table(runs: dict[str, list[dict]]) -> list[str]:
    """Return the table's lines: detectors, then baselines on the same frames."""
    lines = ["| score | protocol | micro AUC | 95 % over videos, seed 0 | macro | AP | EER |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for name, found in runs.items():
        frame = {k: [m["frame"][k] for m in found] for k in ("auc_micro", "auc_macro", "ap", "eer")}
        cells = [spread(v) if None not in v else "-" for v in frame.values()]
        lines.append(
            f"| {name} | {found[0]['protocol']} | {cells[0]} | {interval(found[0])} | "
            + " | ".join(cells[1:])
            + " |"
        )
    first = next(iter(runs.values()))
    for name in BASELINES:
        values = [m["baselines"][name] for m in first]
        lines.append(f"| {name} | {first[0]['protocol']} | {spread(values)} | | | | |")
    share = first[0]["frame"]["ap_chance"]
    lines += ["", f"Chance: AUC .500, AP {share:.3f} (the share of abnormal frames)."]
    return lines


def kinds(runs: dict[str, list[dict]]) -> list[str]:
    """Return a table of micro AUC by kind of anomaly, where the data set names kinds."""
    first = next(iter(runs.values()))[0]["kinds"]
    if not first:
        return []
    lines = ["", "| kind | frames | " + " | ".join(runs) + " |", "|---|---|" + "---|" * len(runs)]
    for index, row in enumerate(first):
        cells = [spread([m["kinds"][index]["auc"] for m in found]) for found in runs.values()]
        lines.append(f"| {row['kind']} | {row['frames']} | " + " | ".join(cells) + " |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("name", choices=CONFIGS)
    parser.add_argument("--data_dir", default="")
    parser.add_argument("--cache_dir", default="~/.cache/vadjax")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first_frames", choices=("short", "fill"), default="short")
    parser.add_argument("--workdirs", default="runs/headline")
    args = parser.parse_args()
    runs = {
        name: [
            run(
                name,
                data_dir=args.data_dir,
                cache_dir=args.cache_dir,
                seed=seed,
                first_frames=args.first_frames,
                workdirs=pathlib.Path(args.workdirs),
            )
            for seed in range(args.seeds)
        ]
        for name in CONFIGS[args.name]
    }
    first = next(iter(runs.values()))[0]
    machine = environment({})
    coverage = f", {first['coverage']}" if first["coverage"] else ""
    lines = [
        f"# {first['dataset']}{coverage}: labels {first['label_version']}",
        "",
        f"`python experiments/headline/run.py {args.name}`"
        + (" with `--data_dir`" if args.data_dir else "")
        + f"; {machine['processor']}, {args.seeds} seeds, mean ± standard deviation.",
        "",
        *table(runs),
        *kinds(runs),
        "",
    ]
    here = pathlib.Path(__file__).parent
    (here / f"{args.name}.md").write_text("\n".join(lines))
    kept = ("protocol", "coverage", "label_version", "baselines", "seeds", "timing")
    slim = {
        name: [
            {k: m[k] for k in kept}
            | {"warnings": m.get("warnings", m.get("stamps"))}
            | {"frame": {k: v for k, v in m["frame"].items() if k not in ("roc", "pr")}}
            | {"threshold": m["threshold"], "kinds": m["kinds"]}
            for m in found
        ]
        for name, found in runs.items()
    }
    (here / f"{args.name}.json").write_text(json.dumps(slim, indent=1) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
