"""The study of UCSD Ped2: measures, choice, trained models, test, table and plots.

python experiments/ped2_study/run.py --data_dir=/data/ped2 [--masks_dir=/data/UCSDped2]

Stages (--stage=measure|choose|train|test|speed|write, all of them by default) write into --work
and skip what is there; results.json, choice.json, table.md and the plots are written beside this
file. Only the stage `test` reads labels of the test clips, and it needs the result of `choose`.
--stage=regions makes the figures of maps again, of every method that has maps.
"""

import argparse
import json
import pathlib
import statistics
import sys
import time

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE)]

import choose  # noqa: E402
import cv2  # noqa: E402
import detector  # noqa: E402
import judge  # noqa: E402
import measures  # noqa: E402
import numpy as np  # noqa: E402
import plots  # noqa: E402
import trained  # noqa: E402

from vadjax import config as configs  # noqa: E402
from vadjax.evaluation import frame  # noqa: E402
from vadjax.pipeline import stages  # noqa: E402
from vadjax.pipeline.run import Run  # noqa: E402
from vadjax.runtime.console import Console  # noqa: E402
from vadjax.storage.environment import environment  # noqa: E402

SEEDS = 3


def study_run(args, **changes) -> Run:
    """Return the run of a config of this data set, with `changes` of its keys."""
    config = configs.default_config()
    config.update_from_flattened_dict({f"dataset.{k}": v for k, v in source(args).items()})
    config.features.height, config.features.width = 224, 336
    config.features.cache_dir = args.cache_dir
    config.update_from_flattened_dict(changes)
    return Run(configs.validate(config), args.work / "features", Console(quiet=True))


def source(args) -> dict:
    return {"name": "ucsd_ped2", "data_dir": args.data_dir, "masks_dir": args.masks_dir}


def measure(args) -> None:
    dataset = study_run(args).dataset
    measures.make_train(dataset, args.work, args.cache_dir)
    measures.make_test(dataset, args.work, args.cache_dir)


def pick(args) -> None:
    parts = (measures.load(args.work / part) for part in ("train", "pseudo"))
    write_json(HERE / "choice.json", choose.choose(*parts))


def train(args) -> None:
    for name in trained.MODELS:
        for seed in range(SEEDS):
            trained_scores(args, name, seed)


def trained_scores(args, name: str, seed: int) -> dict:
    return trained.scores(
        name,
        seed=seed,
        dataset=source(args),
        cache_dir=args.cache_dir,
        workdirs=args.work / "runs",
    )


def test(args) -> None:
    """Evaluate the methods that have no results yet."""
    choice = json.loads((HERE / "choice.json").read_text())
    results = {"smoothing": choice["chosen_smoothing"], "rows": {}}
    if (HERE / "results.json").is_file():
        results = json.loads((HERE / "results.json").read_text())
    videos = {v.id.rpartition("/")[2]: v for v in study_run(args).dataset.test}
    truth = {n: v.labels for n, v in videos.items()}, {n: v.masks for n, v in videos.items()}
    found = {method: [scored] for method, scored in untrained(args, choice).items()}
    rival = {n: s for n, (s, _) in found["flow in a box, nothing learned"][0].items()}
    for name in trained.MODELS:
        runs = [trained_scores(args, name, seed) for seed in range(SEEDS)]
        found[name] = [{n: (s, None) for n, s in run.items()} for run in runs]
    for method, runs in found.items():
        if method not in results["rows"]:
            results["rows"][method] = [
                judge.judge(run, *truth, smoothing=results["smoothing"], rival=rival)
                for run in runs
            ]
            print(method, results["rows"][method], flush=True)
            write_json(HERE / "results.json", results)
    shown = {f"{n}|scores": s for n, (s, _) in found["fused (chosen)"][0].items()}
    np.savez(args.work / "shown.npz", **shown, **{f"{n}|labels": y for n, y in truth[0].items()})


def regions(args) -> None:
    """Make the figures of maps again, of every method that has maps; no other changes."""
    dataset = study_run(args).dataset
    measures.make_train(dataset, args.work, args.cache_dir, pseudo=False)
    measures.make_test(dataset, args.work, args.cache_dir)
    masks = {v.id.rpartition("/")[2]: v.masks for v in dataset.test}
    labels = {v.id.rpartition("/")[2]: v.labels for v in dataset.test}
    results = json.loads((HERE / "results.json").read_text())
    choice = json.loads((HERE / "choice.json").read_text())
    for method, scored in untrained(args, choice).items():
        (row,) = results["rows"][method]
        if "rbdc" not in row:
            continue
        auc = frame.auc(*(np.concatenate([x[n] for n in masks]) for x in (tops(scored), labels)))
        print(method, f"AUC {auc:.4f}, was {row['auc']:.4f};", end=" ")
        found = judge.regions_of(scored, masks)
        print(", ".join(f"{k} {found[k]:.4f}, was {row[k]:.4f}" for k in found), flush=True)
        row |= found
        write_json(HERE / "results.json", results)


def tops(scored: dict) -> dict:
    return {name: scores for name, (scores, _) in scored.items()}


def untrained(args, choice: dict) -> dict:
    """Score by cues and by stored features: method -> clip -> (scores [t], maps [t, h, w])."""
    parts = (measures.load(args.work / part) for part in ("train", "test"))
    return judge.cue_methods(*parts, choice["chosen"]) | from_features(args)


def from_features(args) -> dict:
    """Score by stored features, which are extracted where they are missing."""
    pooled, maps = study_run(args), study_run(args, **trained.MODELS[trained.CONV_AE])
    for run in (pooled, maps):
        stages.extract(run)
    ids = [[v.id for v in split] for split in (pooled.dataset.train, pooled.dataset.test)]
    stores = pooled.store, maps.store, pooled.motion_store
    readers = [lambda name, store=store: store.read(pooled.videos[name]) for store in stores]
    found = judge.feature_methods(*readers, *ids)
    return {m: {n.rpartition("/")[2]: s for n, s in v.items()} for m, v in found.items()}


def speed(args) -> None:
    """Time the detector from decoding to score on one clip, after a warm-up on its first frames."""
    videos, looks = study_run(args).dataset.test, detector.Looks(args.cache_dir)
    with np.load(args.work / "backgrounds.npz") as file:
        background = file["all"]
    fitted = [
        make(list(measures.load(args.work / "train").values())) for make in detector.CUES.values()
    ]
    fitted = dict(zip(detector.CUES, fitted, strict=True))
    cues = [fitted[c] for c in json.loads((HERE / "choice.json").read_text())["chosen"]["cues"]]
    detector.measure((videos[0].frames[i] for i in range(9)), background, looks)
    wall, cpu = time.perf_counter(), time.process_time()
    found = detector.measure(videos[0].frames, background, looks)
    [cue(found) for cue in cues]
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    count = len(videos[0].frames)
    timing = {"frames_per_s": count / wall, "cpu_ms_per_frame": 1e3 * cpu / count}
    write_json(HERE / "speed.json", timing | {"processor": environment({})["processor"]})
    print(timing)


def write(args) -> None:
    results = json.loads((HERE / "results.json").read_text())
    (HERE / "table.md").write_text("\n".join(table(results)) + "\n")
    plots.draw(results, np.load(args.work / "shown.npz"), HERE)


def table(results: dict) -> list[str]:
    """Return a row for each method, best raw micro AUC first."""
    lines = [
        "| score of a frame | micro AUC, raw | 95 % over videos | "
        f"smoothed ({results['smoothing']}) | macro | AP | EER | pixel AUC | RBDC | TBDC |",
        "|" + "---|" * 10,
    ]
    rows = results["rows"]
    for method in sorted(rows, key=lambda m: -statistics.mean(r["auc"] for r in rows[m])):
        runs = rows[method]
        ci = "" if runs[0]["ci95"][0] is None else "{:.3f} to {:.3f}".format(*runs[0]["ci95"])
        cells = [method, spread(runs, "auc"), ci]
        keys = ("smoothed", "macro", "ap", "eer", "pixel_auc", "rbdc", "tbdc")
        lines.append("| " + " | ".join(cells + [spread(runs, k) for k in keys]) + " |")
    return lines


def spread(runs: list[dict], key: str) -> str:
    """Format the mean over seeds, with the standard deviation where there are several."""
    values = [run.get(key) for run in runs]
    if None in values:
        return "-"
    text = f"{statistics.mean(values):.3f}"
    if len(values) > 1:
        text += f" ± {statistics.stdev(values):.3f}"
    return text


def write_json(path: pathlib.Path, value) -> None:
    path.write_text(json.dumps(value, indent=1, default=float) + "\n")


STAGES = {"measure": measure, "choose": pick, "train": train, "test": test, "speed": speed}
STAGES["write"] = write
AGAIN = {"regions": regions}  # not part of "all"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data_dir", required=True)
    parser.add_argument("--masks_dir", default="")
    parser.add_argument("--cache_dir", default="~/.cache/vadjax")
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("runs/ped2_study"))
    parser.add_argument("--stage", choices=("all", *STAGES, *AGAIN), default="all")
    args = parser.parse_args()
    args.cache_dir = str(pathlib.Path(args.cache_dir).expanduser())
    args.work.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    if args.stage in AGAIN:
        AGAIN[args.stage](args)
        return
    for name, stage in STAGES.items():
        if args.stage in ("all", name):
            stage(args)


if __name__ == "__main__":
    main()
