"""Sweeps that run in seconds."""

from ml_collections import ConfigDict

from vadjax import config as configs
from vadjax.sweeps import plan


def config(cache, **changes) -> ConfigDict:
    """A small run; `changes` have their dots written as two underscores."""
    made = configs.default_config()
    d, f, t = made.dataset, made.features, made.train
    d.num_train, d.num_test, d.num_frames, d.height, d.width = 4, 3, 30, 64, 96
    f.backbone, f.weights, f.height, f.width = "mobilenetv2_100", "random", 32, 32
    f.cache_dir = str(cache)
    made.window.length, made.model.units, made.model.name = 4, (4,), "dense"
    made.objective.name, made.dataset.protocol = "classify", "random_window"
    made.evaluate.threshold, made.evaluate.num_bootstrap = "half", 20
    made.evaluate.cross_fit = 0  # which sweeps leave out
    t.epochs, t.patience, t.batch_size = 2, 0, 16
    made.update_from_flattened_dict({k.replace("__", "."): v for k, v in changes.items()})
    return made


def quick(cache, **changes) -> ConfigDict:
    """The same on three features, the mean colour."""
    asked = {"features__backbone": "pixels_rgb", "features__weights": ""}
    return config(cache, **asked, features__height=1, features__width=1, **changes)


def one_class(cache, **changes) -> ConfigDict:
    """The same without labels."""
    asked = {
        "dataset__protocol": "one_class",
        "objective__name": "predict",
        "model__name": "simple_rnn",
        "evaluate__threshold": "quantile",
    }
    return config(cache, **{**asked, **changes})


def specs(base, *runs) -> list[plan.Spec]:
    """The runs that add(**run) makes, for each of `runs`."""
    return plan.read_sweep(lambda add: [add(**run) for run in runs], base)
