"""Every model on Ped2, the synthetic walkway and clips of Avenue: parameters, time, speed, level.

python experiments/models/run.py ped2 --data_dir=/data/ped2 [--seeds=3] [--only=mnad,padim]
python experiments/models/run.py avenue --data_dir=/data/Avenue_Dataset
python experiments/models/run.py synthetic
python experiments/models/run.py ped2 --data_dir=/data/ped2 --runs=runs/ped2_models/runs
python experiments/models/run.py table

A row of results.json is a model, a seed and a data set; those that are there are not run again. The
seeds of a row are one sweep: they share what is read and extracted and one compiled program, and
those of a sequence model train side by side. `--runs` trains nothing: it takes the finished runs of
configs/sweeps/models.py. The last command writes table.md from results.json.
"""

import argparse
import json
import pathlib
import sys
import time
from collections.abc import Collection, Sequence

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import rows  # noqa: E402
import table  # noqa: E402

from vadjax import api  # noqa: E402
from vadjax import config as configs  # noqa: E402
from vadjax.errors import UserError  # noqa: E402
from vadjax.evaluation.legacy import legacy_part  # noqa: E402
from vadjax.pipeline.run import Run  # noqa: E402
from vadjax.runtime import devices  # noqa: E402
from vadjax.runtime.console import Console  # noqa: E402
from vadjax.storage import artifacts  # noqa: E402
from vadjax.storage import workdir as workdirs  # noqa: E402
from vadjax.storage.files import write_json  # noqa: E402
from vadjax.sweeps import plan  # noqa: E402
from vadjax.sweeps.folder import run_sweep  # noqa: E402

RESULTS = HERE / "results.json"
# Thresholds and pictures take longer than the models, and no table has them.
QUICK = {"evaluate__cross_fit": 0, "explain__maps": False}
FRAMES = 1000  # are scored at most to time it


def judge(
    name: str, data: str, seeds: Sequence[int], *, data_dir: str, work: pathlib.Path
) -> dict[str, dict]:
    """Train, score and evaluate one model under several seeds.

    Args:
        name: of a row.
        data: a key of `rows.SETS`.
        seeds: of the runs.
        data_dir: of the data set; "" of the synthetic one.
        work: folder of all runs.

    Returns:
        Key of results.json -> its line.
    """
    places = {"dataset__data_dir": data_dir} if data_dir else {}
    config = api.load_config(
        rows.ROWS[name].config, **QUICK, **places, **rows.changes_of(name, data)
    )
    specs = plan.read_sweep(lambda add: [add(seed=seed) for seed in seeds], config)
    devices.setup(config.features.cache_dir)
    folders, errors = run_sweep(
        specs,
        work / data / name.replace(" ", "_"),
        console=Console(quiet=True),
        slots=0 if rows.ROWS[name].family == "sequence" else 1,
    )
    for error in errors.values():
        print(f"{data}/{name}: {error}", flush=True)
    speed = _speed(config, folders[0]) if folders else 0.0  # the seeds' programs are the same
    lines = {}
    for folder in folders:
        found = artifacts.read_json(folder, "config.json")["config"]
        lines[f"{data}/{name}/{found['seed']}"] = _line(folder, speed)
    return lines


def adopt(data: str, folder: pathlib.Path, *, data_dir: str, known: Collection[str]) -> dict:
    """Return the lines of finished runs of configs/sweeps/models.py, which train nothing again.

    Args:
        data: a key of `rows.SETS`.
        folder: of the runs.
        data_dir: of the data set; "" of the synthetic one.
        known: keys of results.json that are there.

    Returns:
        As `judge`.
    """
    lines, speeds = {}, {}
    for run in sorted(folder.iterdir()):
        config = configs.of_saved(workdirs.read_config(run))
        name = config.model.name
        key = f"{data}/{name}/{config.seed}"
        if config.dataset.name != rows.SETS[data].get("dataset__name", "ucsd_ped2"):
            raise UserError(f"{run} is a run on {config.dataset.name}, not on {data}.")
        if key not in known:
            config.dataset.data_dir = data_dir
            devices.setup(config.features.cache_dir)
            if name not in speeds:
                speeds[name] = _speed(config, run)
            lines[key] = _line(run, speeds[name])
    return lines


def _line(folder: pathlib.Path, speed: float) -> dict:
    """Return what the table says of one finished run."""
    metrics = artifacts.read_json(folder, "metrics.json")
    found, timing = metrics["detector"], metrics["timing"]
    scaled, _ = legacy_part(artifacts.read_scores(folder).test, errors=False)
    legacy = {row["name"]: row["value"] for row in scaled or ()}
    trained = timing.get("train_epochs_s", timing.get("train_s"))
    return {
        "protocol": metrics["protocol"],
        "coverage": metrics["coverage"],
        "parameters": found.get("parameters"),
        "epochs_trained": found.get("epochs_trained"),
        "train_s": None if trained is None else round(trained, 1),
        "frames_per_s": round(speed, 1),
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
    parser.add_argument("--runs", type=pathlib.Path, help="finished runs of sweeps/models.py")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("runs/models"))
    args = parser.parse_args()
    results = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    if args.data == "table":
        (HERE / "table.md").write_text(table.markdown(results))
        return
    if args.runs:
        found = adopt(args.data, args.runs, data_dir=args.data_dir, known=results)
        write_json(RESULTS, results | found)
        return
    names = [name for name in args.only.split(",") if name] or list(rows.ROWS)
    if unknown := [name for name in names if name not in rows.ROWS]:
        raise SystemExit(f"no row is called {unknown[0]!r}; choose of {', '.join(rows.ROWS)}")
    for name in names:
        keys = {f"{args.data}/{name}/{seed}": seed for seed in range(args.seeds)}
        seeds = [seed for key, seed in keys.items() if key not in results]
        if not seeds or not rows.served(name, args.data):
            continue
        start = time.perf_counter()
        try:
            lines = judge(name, args.data, seeds, data_dir=args.data_dir, work=args.work)
        except UserError as error:
            print(f"{args.data}/{name}: {error}", flush=True)
            continue
        results = (json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}) | lines
        write_json(RESULTS, results)
        took = time.perf_counter() - start
        for key, line in lines.items():
            print(f"{key}: {line['auc_micro']:.3f}, {took:.0f} s of all seeds", flush=True)


if __name__ == "__main__":
    main()
