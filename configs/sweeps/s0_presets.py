"""VGG16 + LSTM, ResNet50 + GRU, EfficientNet-B0 + LSTM, classifying: three presets, three seeds.

python -m vadjax.sweep --config=configs/sweeps/s0_presets.py:ucsd_ped2=/data/ped2 \\
    --workdir=runs/s0
vadjax compare runs/s0/runs/* --metrics=accuracy,precision,recall,f1 --out=runs/s0/table.md

The rows of the first README of akramrahmani67-ux, which names no data set, split or window, so that
only their kind can be run: protocol by_video, windows of 10 frames and 32 units as its notebooks
have them, Adam and binary cross-entropy. Its figures (accuracy 95.6, 96.1, 97.3) are of no named
data; what its later notebooks measure is protocols=published_shuffled (LEAKY). Further parts behind
the colon: protocols=by_video+random_window, seeds=5, several data sets, any config key. Weights of
ImageNet come from the hub; features.weights=random shows that it runs, and no more.
"""

from vadjax.config import default_config, with_argument
from vadjax.data import DATASETS
from vadjax.data.splits.protocols import PROTOCOLS
from vadjax.errors import UserError, unknown

PRESETS = (("vgg16", "lstm"), ("resnet50", "gru"), ("efficientnet_b0", "lstm"))


def get_config(arg: str = ""):
    config = default_config()
    config.window.length = 10
    config.model.units, config.model.dropout, config.model.head = (32,), 0.3, "rahmani"
    config.objective.name = "classify"
    config.train.epochs, config.train.patience = 50, 5
    config.train.batch_size, config.train.learning_rate = 32, 1e-4
    config.evaluate.threshold = "half"
    return with_argument(config, _parsed(arg)[1])


def sweep(add, arg: str = ""):
    axes, _ = _parsed(arg)
    for name, folder in axes["data"]:
        for protocol in axes["protocols"]:
            for backbone, model in PRESETS:
                for seed in range(axes["seeds"]):
                    add(
                        seed=seed,
                        **{
                            "dataset.name": name,
                            "dataset.data_dir": folder,
                            "dataset.protocol": protocol,
                            "features.backbone": backbone,
                            "model.name": model,
                        },
                    )


def _parsed(arg: str) -> tuple[dict, str]:
    """Return the axes, and what is left for every run's config."""
    axes: dict = {"protocols": ("by_video",), "seeds": 3, "data": []}
    rest = []
    for part in filter(None, arg.split(",")):
        key, _, value = part.partition("=")
        if key in DATASETS:
            axes["data"].append((key, value))
        elif key == "protocols":
            axes[key] = tuple(value.split("+"))
        elif key == "seeds":
            if not value.isdigit():
                raise UserError(f"config argument {part!r}: seeds wants a number, such as 5")
            axes[key] = int(value)
        else:
            rest.append(part)
    if unknown_ones := [name for name in axes["protocols"] if name not in PROTOCOLS]:
        raise unknown("protocol of s0_presets.py", unknown_ones[0], PROTOCOLS)
    if not axes["data"]:
        raise UserError(
            "s0_presets.py wants a data set behind the colon: --config=configs/sweeps/"
            f"s0_presets.py:ucsd_ped2=DIR, or synthetic; data sets are {', '.join(DATASETS)}."
        )
    return axes, ",".join(rest)
