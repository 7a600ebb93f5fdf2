"""The published grid: 6 backbones x 4 models x 3 protocols x 5 seeds, for each data set given.

python -m vadjax.sweep --workdir=runs/rahmani_grid \\
    --config=configs/sweeps/rahmani_grid.py:ucsd_ped2=/data/ped2,avenue=/data/avenue

Protocols published_shuffled (LEAKY, split as the published notebooks split), random_window (LEAKY)
and by_video, on the same features: 360 runs in 72 compiled programs a data set. Names of data sets
are those of dataset.name. `--dry_run` says memory and time; experiments/rahmani_grid/README.md has
the rest. Further parts: backbones=repvgg_a0+convnext_tiny, protocols=by_video and seeds=2 take
fewer; augment=rahmani_compat copies abnormal frames as the notebooks do (published_shuffled alone);
any config key is set for all runs (train.epochs=2).
"""

from vadjax import backbones
from vadjax.config import default_config, with_argument
from vadjax.data import DATASETS
from vadjax.errors import UserError, unknown

BACKBONES = (
    "coatnet_0_rw_224",
    "convnext_tiny",
    "maxvit_tiny_tf_224",
    "mobileone_s0",
    "poolformer_s12",
    "repvgg_a0",
)
SCANNERS = {"lstm": (32,), "gru": (32,), "lstm_gru": (32, 32), "simple_rnn": (32,)}
PROTOCOLS = ("published_shuffled", "random_window", "by_video")


def get_config(arg: str = ""):
    config = default_config()
    config.features.preprocess = "rahmani_compat"
    config.window.length = 10
    config.model.dropout, config.model.head = 0.3, "rahmani"
    config.objective.name, config.objective.class_weight = "classify", "none"
    config.train.epochs, config.train.patience = 50, 5
    config.train.batch_size, config.train.learning_rate = 32, 1e-4
    config.train.clip_norm = 0.0
    config.evaluate.threshold = "half"
    return with_argument(config, _parsed(arg)[1])


def sweep(add, arg: str = ""):
    axes, _ = _parsed(arg)
    for name, folder in axes["data"]:
        for backbone in axes["backbones"]:
            side = 224 if backbones.takes_any_size(backbone) else 0
            features = {
                "dataset.name": name,
                "dataset.data_dir": folder,
                "features.backbone": backbone,
                "features.height": side,
                "features.width": side,
            }
            for protocol in axes["protocols"]:
                augment = axes["augment"] if protocol == "published_shuffled" else "none"
                how = {"dataset.protocol": protocol, "dataset.augment": augment}
                for model, units in SCANNERS.items():
                    for seed in range(axes["seeds"]):
                        scanner = {"model.name": model, "model.units": units, "seed": seed}
                        add(**features, **how, **scanner)


def _parsed(arg: str) -> tuple[dict, str]:
    """Return the axes, and what is left for every run's config."""
    axes = {"backbones": BACKBONES, "protocols": PROTOCOLS, "seeds": 5, "augment": "none"}
    data, rest = [], []
    for part in filter(None, arg.split(",")):
        key, _, value = part.partition("=")
        if key in DATASETS:
            data.append((key, value))
        elif key in ("backbones", "protocols"):
            axes[key] = tuple(value.split("+"))
        elif key == "seeds":
            if not value.isdigit():
                raise UserError(f"config argument {part!r}: seeds wants a number, such as 5")
            axes[key] = int(value)
        elif key == "augment":
            axes[key] = value
        else:
            rest.append(part)
    if unknown_ones := [name for name in axes["protocols"] if name not in PROTOCOLS]:
        raise unknown("protocol of rahmani_grid.py", unknown_ones[0], PROTOCOLS)
    if not all(folder for _, folder in data) or not data:
        raise UserError(
            "rahmani_grid.py wants a data set and its folder behind the colon: "
            "--config=configs/sweeps/rahmani_grid.py:ucsd_ped2=DIR; data sets are "
            f"{', '.join(DATASETS)}."
        )
    return {**axes, "data": data}, ",".join(rest)
