"""The trained one-class models, as `python -m vadjax.main` runs them, three seeds each."""

import pathlib

from vadjax import config as configs
from vadjax.pipeline import stages
from vadjax.storage import artifacts

CONV_AE = "conv autoencoder reconstructs maps"
PREDICT = {"objective.name": "predict"}
RECONSTRUCT = {"objective.name": "reconstruct"}
MODELS = {
    f"{kind.upper().replace('BI', 'Bi')} {task['objective.name']}s features": {
        **task,
        "model.name": kind.removeprefix("bi"),
        "model.bidirectional": kind.startswith("bi"),
    }
    for task in (PREDICT, RECONSTRUCT)
    for kind in ("lstm", "gru", "bilstm")
} | {
    CONV_AE: {
        **RECONSTRUCT,
        "features.tap": "map",
        "window.length": 1,
        "model.name": "conv_autoencoder",
    }
}


def scores(name: str, *, seed: int, dataset: dict, cache_dir: str, workdirs: pathlib.Path):
    """Train a model and score the test clips: clip -> float32 [t]. No label is read."""
    config = configs.default_config()
    config.update_from_flattened_dict(MODELS[name])
    config.features.height, config.features.width = 224, 336  # the frame's own 2:3
    config.update_from_flattened_dict({f"dataset.{k}": v for k, v in dataset.items()})
    config.features.cache_dir, config.seed = cache_dir, seed
    workdir = workdirs / f"{name.replace(' ', '_')}-{seed}"
    if not (workdir / "scores.npz").is_file():
        for stage in ("extract", "train", "score"):
            stages.run(configs.validate(config), workdir, stage=stage)
    test = artifacts.read_scores(workdir).test
    return {video.id.rpartition("/")[2]: video.scores for video in test}
