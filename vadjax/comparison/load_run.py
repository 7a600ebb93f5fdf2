"""Reads one finished run from its metrics.json and config.json; damage is an error."""

import functools
import json
import math
import pathlib
from collections.abc import Mapping

from vadjax import config as configs
from vadjax import data
from vadjax.comparison.columns import PATHS
from vadjax.comparison.groups import RunRow
from vadjax.errors import UserError
from vadjax.evaluation import schema
from vadjax.report import wording
from vadjax.storage import artifacts

CURVES = ("roc", "pr", "sweep")  # long, and not part of any table
REQUIRED = ("detector", "frame", "threshold", "baselines", "accounting")
# Without an effect on the detector's own metrics:
WITHOUT_EFFECT = ("num_bootstrap", "knn", "oracle", "legacy", "sets")


def read_run(workdir: pathlib.Path) -> RunRow:
    """Read one workdir.

    Raises:
        UserError: it does not exist, or its metrics.json or config.json is missing, damaged, or of
            another schema version.
    """
    if not workdir.is_dir():
        raise UserError("no such folder")
    if not (workdir / "metrics.json").is_file():
        raise UserError(_why_no_metrics(workdir))
    metrics = schema.upgrade(_check(_read(workdir / "metrics.json")))
    if "epochs_trained" not in metrics["detector"]:  # of a run of an earlier version
        trained = artifacts.epochs_trained(workdir)
        metrics["detector"] = {**metrics["detector"], "epochs_trained": trained}
    config = _read(workdir / "config.json")
    try:
        config, identity = config["config"], config["identity"]
        configs.known_values(config)  # refuses what is damaged
        return make_row(metrics, config, identity, workdir=str(workdir))
    except UserError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise UserError(f"config.json is damaged ({str(error)[:200]!r})") from error


def _why_no_metrics(workdir: pathlib.Path) -> str:
    """Say why a folder has no metrics.json."""
    for folder, pattern in ((workdir, "*"), (workdir / "runs", "runs/*")):
        if inside := sum(1 for _ in folder.glob("*/metrics.json")):
            return f"not a run, but contains {inside} run(s); give {workdir}/{pattern}"
    if (workdir / "error.json").is_file():
        return f"failed in its sweep: {_read(workdir / 'error.json').get('error')}"
    if (workdir / "stopped.json").is_file():
        return "was stopped early by its search and has no results"
    return "has no metrics.json; finish the run (vadjax.main, --stage=evaluate)"


def make_row(metrics: Mapping, config: Mapping, identity: Mapping, *, workdir: str) -> RunRow:
    """Return a run's row; keys that are younger than the run have their defaults.

    Its settings are the identity keys without the seed, and what else affects its results: the
    number of epochs, scoring, the threshold's rule, and the weights that were used.

    Args:
        metrics: the dict of metrics.json.
        config: the run's config, nested.
        identity: the run's flat identity keys.
        workdir: the run's folder, as it is displayed.

    Returns:
        The row, its metrics without `CURVES`.
    """
    defaults_all, defaults = _defaults()
    flat = {**defaults_all, **configs.upgrade(configs.flatten(config))}
    settings = {**defaults, **configs.upgrade(identity), "train.epochs": flat["train.epochs"]}
    for key, value in flat.items():
        section, _, name = key.partition(".")
        if (
            key == "score.batch_size"
            or section not in ("score", "evaluate")
            or name in WITHOUT_EFFECT
        ):
            continue
        settings[key] = value
    if metrics["dataset"] in data.DATASETS:  # data sets of one name may differ, e.g. folders
        keys = [f"dataset.{key}" for key in data.builder(metrics["dataset"]).identity_keys]
        settings |= {key: flat[key] for key in keys}
    settings["weights"] = str(metrics["detector"].get("weights_sha256") or "")[:8]
    seed = settings.pop("seed")
    settings = {k: tuple(v) if isinstance(v, (list, tuple)) else v for k, v in settings.items()}
    short = {key: value for key, value in metrics.items() if key not in CURVES}
    short["frame"] = {key: value for key, value in metrics["frame"].items() if key not in CURVES}
    return RunRow(workdir, short, settings, seed)


@functools.cache
def _defaults() -> tuple[dict, dict]:
    """Return the default config, flat, and its identity keys."""
    config = configs.default_config()
    return configs.flatten(config.to_dict()), configs.identity(config)


def _read(path: pathlib.Path) -> dict:
    try:
        content = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
    except FileNotFoundError:
        raise UserError(f"has no {path.name}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path.name} is damaged ({error})") from error
    if not isinstance(content, dict):
        raise UserError(f"{path.name} is damaged (it is not an object)")
    return content


def _refuse(text: str):
    raise ValueError(f"{text} is not a number")


def _check(metrics: dict) -> dict:
    """Check the keys that comparisons need; older runs of the same version lack others."""
    version = metrics.get("schema_version")
    if version != schema.VERSION:
        raise UserError(
            f"metrics.json is of schema version {version}, this vadjax reads {schema.VERSION}; "
            "evaluate the run again (vadjax.main, --stage=evaluate)"
        )
    faults = [f"{part} is missing" for part in REQUIRED if not isinstance(metrics.get(part), dict)]
    faults += [f"{k} is missing" for k in ("dataset", "protocol") if not metrics.get(k)]
    if not isinstance(metrics.get("videos"), list):
        faults.append("videos is missing")
    for key, path in PATHS.items():
        value = wording.lookup(metrics, path)
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if value is not None and not (number and math.isfinite(value)):
            faults.append(f"{path} is {value!r}")
        elif key.startswith("auc") and value is not None and not 0 <= value <= 1:
            faults.append(f"{path} is {value}, outside 0 to 1")
    faults = faults or schema.wrong_values(schema.upgrade(metrics))[:3]
    if faults:
        raise UserError(f"metrics.json is damaged ({'; '.join(faults)})")
    return metrics
