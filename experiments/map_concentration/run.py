"""Are Grad-CAM++ maps of normal frames spread and those of abnormal frames local?

python experiments/map_concentration/run.py --ped2=/data/ped2 [--synthetic] [--workdir=DIR]

Trains EfficientNet-Lite0 + LSTM with labels of frames (by_video), makes the maps of all test frames
by the models that have not seen their clip, and compares normal and abnormal frames of the same
clip. The control is the same network with a head that was not trained. results.json has the rows.
"""

import argparse
import json
import pathlib
import sys
from collections.abc import Mapping, Sequence

import numpy as np

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1])]

BLOCK = 15  # frames that are drawn together, as neighbours look alike
RESAMPLES = 2000
TOP = 0.1  # share of the cells
HEADS = {"trained": {}, "not trained": {"train__epochs": 1, "train__learning_rate": 1e-12}}


def concentration(maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Measure how concentrated maps are.

    Args:
        maps: float [t, h, w], at least 0.

    Returns:
        The share of the mass in the strongest tenth of the cells (.1 if it is spread evenly, 1 if
        one place has all), and the entropy over its maximum (1, 0); NaN for an empty map.
    """
    flat = np.asarray(maps, np.float64).reshape(len(maps), -1)
    mass = flat.sum(1, keepdims=True)
    share = np.divide(flat, mass, out=np.full_like(flat, np.nan), where=mass > 0)
    count = max(1, round(TOP * flat.shape[1]))
    top = np.sort(share, 1)[:, -count:].sum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(share == 0, 0.0, share * np.log(share))
    return top, -terms.sum(1) / np.log(flat.shape[1])


def difference(values: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean of abnormal frames minus that of normal ones; NaN where one class lacks."""
    known = np.isfinite(values)
    abnormal, normal = values[known & (labels > 0)], values[known & (labels == 0)]
    return float(abnormal.mean() - normal.mean()) if len(abnormal) and len(normal) else np.nan


def within_clips(
    values: Mapping[str, np.ndarray], labels: Mapping[str, np.ndarray], *, seed: int = 0
) -> dict:
    """Compare the frames of each clip that has both classes.

    Args:
        values: clip -> float [t].
        labels: clip -> [t] {0, 1}.
        seed: of the bootstrap, which draws blocks of `BLOCK` frames within each clip.

    Returns:
        The mean of the clips' differences, its 95 % interval for these clips, the difference of
        each clip, and how many clips have a positive one.
    """
    own = {name: difference(values[name], labels[name]) for name in values}
    own = {name: value for name, value in own.items() if np.isfinite(value)}
    rng = np.random.default_rng(seed)
    drawn = [
        np.mean([_redrawn(values[name], labels[name], rng) for name in own])
        for _ in range(RESAMPLES)
    ]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {
        "difference": float(np.mean(list(own.values()))),
        "ci95_within_clips": [float(low), float(high)],
        "clips_above_0": sum(value > 0 for value in own.values()),
        "clips": own,
    }


def _redrawn(values: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> float:
    """Return the difference over blocks drawn with replacement; a draw of one class is repeated."""
    blocks = np.split(np.arange(len(values)), range(BLOCK, len(values), BLOCK))
    for _ in range(100):
        rows = np.concatenate([blocks[i] for i in rng.integers(len(blocks), size=len(blocks))])
        if np.isfinite(found := difference(values[rows], labels[rows])):
            return found
    return difference(values, labels)


def config_of(name: str, folder: str, head: str):
    """Return the config of one run."""
    import vadjax

    size = {"features__height": 224, "features__width": 336} if name == "ucsd_ped2" else {}
    return vadjax.load_config(
        "synthetic_lstm_supervised",
        dataset__name=name,
        dataset__data_dir=folder,
        window__length=10,
        model__units=(32,),
        train__patience=5,
        evaluate__threshold="half",
        objective__class_weight="none",
        explain__method="gradcam++",
        explain__videos=False,
        report__thumbnails=0,
        **{**size, "train__epochs": 50, **HEADS[head]},
    )


def measured(workdir: pathlib.Path, metrics: Mapping) -> dict:
    """Measure the maps of a finished run."""
    from vadjax.storage import artifacts

    maps = artifacts.read_maps(workdir)
    labels = {v.id: np.asarray(v.labels) for v in artifacts.read_scores(workdir).test}
    both = {name: concentration(np.asarray(own, np.float32)) for name, own in maps.items()}
    frames = {name: len(own) for name, own in maps.items()}
    empty = sum(int(np.isnan(top).sum()) for top, _ in both.values())
    return {
        "auc_micro": metrics["frame"]["auc_micro"],
        "frames": sum(frames.values()),
        "empty_maps": empty,
        "means": {
            name: _means([own[part] for own in both.values()], [labels[n] for n in both])
            for part, name in enumerate(("top_tenth", "entropy"))
        },
        "top_tenth": within_clips({n: own[0] for n, own in both.items()}, labels),
        "entropy": within_clips({n: own[1] for n, own in both.items()}, labels),
    }


def _means(values: Sequence[np.ndarray], labels: Sequence[np.ndarray]) -> dict[str, float]:
    values, labels = np.concatenate(values), np.concatenate(labels)
    return {
        name: float(np.nanmean(values[labels == label]))
        for label, name in enumerate(("normal", "abnormal"))
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, explain and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ped2", default="", help="folder of UCSD Ped2")
    parser.add_argument("--synthetic", action="store_true", help="the synthetic walkway too")
    parser.add_argument("--workdir", default="runs/map_concentration")
    given = parser.parse_args(arguments)
    data = {"ucsd_ped2": given.ped2} if given.ped2 else {}
    data |= {"synthetic": ""} if given.synthetic else {}
    if not data:
        parser.error("give --ped2=FOLDER or --synthetic")

    from vadjax.pipeline import stages
    from vadjax.runtime import devices

    rows = {}
    for name, folder in data.items():
        for head in HEADS:
            config = config_of(name, folder, head)
            devices.setup(config.features.cache_dir)
            workdir = pathlib.Path(given.workdir) / f"{name}-{head.replace(' ', '_')}"
            metrics = stages.run(config, workdir)
            rows[f"{name}, {head}"] = measured(workdir, metrics)
            one = rows[f"{name}, {head}"]["top_tenth"]
            print(name, head, one["difference"], one["ci95_within_clips"])
    (HERE / "results.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
