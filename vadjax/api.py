"""The Python face of vadjax: what `import vadjax` gives."""

import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from vadjax import config as configs
from vadjax import data
from vadjax.config import shipped, user_code
from vadjax.data.scored_video import ScoredVideo
from vadjax.errors import UserError
from vadjax.evaluation.streamed import evaluate_stream as evaluate_stream
from vadjax.pipeline import stages
from vadjax.pipeline.trained import TrainedDetector
from vadjax.runtime import devices

Detector = TrainedDetector


def load_config(source: str | os.PathLike | ConfigDict, **changes: Any) -> ConfigDict:
    """Return a validated config.

    >>> load_config("synthetic_lstm", train__epochs=3).train.epochs
    3

    Args:
        source: a folder of videos, the name of a shipped config ("ped2_lstm", with ":key=value"
            behind it if wanted), a .py file with `get_config`, or a config, which is copied.
        **changes: keys of the config with "__" for the dot: `train__epochs=3`,
            `dataset__data_dir="/data/ped2"`.

    Returns:
        The config.

    Raises:
        UserError: there is no such config or folder, or a key or value is wrong.
    """
    if isinstance(source, ConfigDict):
        config = source.copy_and_resolve_references()
    elif pathlib.Path(source).is_dir():
        config = _from_file("folder_scene")
        config.dataset.data_dir = str(source)
    else:
        config = _from_file(os.fspath(source))
    for key, value in changes.items():
        configs.assign(config, f"{key.replace('__', '.')}={value}")
    return configs.validate(config)


def _from_file(source: str) -> ConfigDict:
    """Call `get_config` of a shipped config or a file; what follows a colon is its argument."""
    name, _, argument = source.partition(":")
    path = shipped.find(name)
    module = user_code.load(path, f"vadjax_config_{path.stem}")
    if not hasattr(module, "get_config"):
        raise UserError(f"{path} has no function get_config(arg).")
    with user_code.guarded(path):
        return module.get_config(argument)


def fit(
    source: str | os.PathLike | ConfigDict,
    *,
    workdir: str | os.PathLike | None = None,
    quiet: bool = False,
    **changes: Any,
) -> Detector:
    """Train a detector, evaluate it and write its page, as `vadjax train` does.

    A run that was stopped, or is there already, is completed: only what is missing is done.

    Args:
        source: a folder of videos of normal life, or what else `load_config` takes.
        workdir: folder of the run; None is runs/<config>-<hash>.
        quiet: print nothing.
        **changes: see `load_config`.

    Returns:
        The trained detector; its `workdir` holds report.html.

    Raises:
        UserError: whatever the user can correct.
    """
    config = load_config(source, **changes)
    devices.setup(config.features.cache_dir)
    name = "config"
    if not isinstance(source, ConfigDict):
        name = pathlib.Path(os.fspath(source).partition(":")[0]).stem
    own = data.builder(config.dataset.name).identity(config.dataset)
    more = {key: value for key, value in own.items() if configs.is_free(f"dataset.{key}")}
    folder = pathlib.Path(workdir or f"runs/{name}-{configs.run_hash(config, **more)}")
    stages.run(config, folder, quiet=quiet)
    return Detector(folder)


def evaluate(
    scores: np.ndarray | Sequence[np.ndarray] | Mapping[str, np.ndarray],
    labels: np.ndarray | Sequence[np.ndarray] | Mapping[str, np.ndarray],
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> dict[str, Any]:
    """Compute the figures that rank frames: AUC, average precision, equal error rate.

    >>> evaluate(np.array([0.1, 0.2, 0.9, 0.8]), np.array([0, 0, 1, 1]))["auc_micro"]
    1.0

    Args:
        scores: float [t] of one video, or of several, listed or by name; higher is more abnormal.
        labels: [t] {0, 1} of the same videos; 1 is abnormal.
        resamples: of the bootstrap over videos.
        seed: of its draws.

    Returns:
        auc_micro, its 95 % interval over videos auc_micro_ci95 (None below eight videos),
        auc_macro, ap, ap_chance, eer and more, as `frame` of metrics.json; None where a figure is
        undefined.

    Raises:
        UserError: the videos differ, or scores are not finite.
        ValueError: a video has not one label a score.
    """
    from vadjax.evaluation.parts import frame_part

    pair = _by_name(scores), _by_name(labels)
    if pair[0].keys() != pair[1].keys():
        raise UserError(f"scores of {len(pair[0])} videos, but labels of {len(pair[1])}, or others")
    videos = [
        ScoredVideo(name, np.asarray(own, np.float32), labels=np.asarray(pair[1][name], np.uint8))
        for name, own in pair[0].items()
    ]
    part, _ = frame_part(videos, num_folds=1, resamples=resamples, seed=seed)
    assert isinstance(part, dict)  # the part `frame` is always one
    return {key: value for key, value in part.items() if key not in ("roc", "pr", "bootstrap")}


def _by_name(values: Any) -> dict[str, np.ndarray]:
    if isinstance(values, Mapping):
        return dict(values)
    if isinstance(values, np.ndarray) and values.ndim == 1 and values.dtype != object:
        return {"0": values}
    return {str(number): each for number, each in enumerate(values)}
