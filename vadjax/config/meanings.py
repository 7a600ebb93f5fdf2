"""What is meant by a key that does not exist: another name of a thing, or a misspelt one."""

from collections.abc import Iterable, Mapping

from vadjax.config.defaults import default_config, flatten
from vadjax.config.renamed import KEYS
from vadjax.errors import UserError, unknown

# Names that other libraries have for our keys, compared without underscores, "num" and plural s.
_ELSEWHERE = {
    "model.units": "hidden hidden_size hidden_dim hidden_units width layers neurons",
    "model.name": "architecture arch network scanner",
    "model.embed": "embedding embedding_dim",
    "train.epochs": "num_epochs max_epochs n_epochs iterations steps",
    "train.batch_size": "batch bs minibatch",
    "train.learning_rate": "lr step_size",
    "train.weight_decay": "wd l2 decay",
    "train.optimizer": "optim",
    "train.schedule": "scheduler lr_schedule",
    "train.clip_norm": "grad_clip gradient_clip clip clip_grad",
    "train.patience": "early_stopping early_stop",
    "train.num_devices": "gpu gpus devices num_gpus device",
    "dataset.data_dir": "data path root folder input data_path data_root dataset_path videos",
    "dataset.masks_dir": "masks gt ground_truth mask_dir",
    "dataset.label_version": "labels annotations",
    "dataset.protocol": "setting supervision",
    "dataset.fps": "frame_rate framerate frames_per_second",
    "dataset.split": "partition subset",
    "dataset.scene": "camera",
    "dataset.unseen_scene": "holdout_scene leave_one_scene_out",
    "dataset.holdout": "validation val val_split validation_split valid",
    "dataset.num_folds": "folds kfold k_fold",
    "features.backbone": "encoder extractor feature_extractor cnn",
    "features.weights": "checkpoint pretrained ckpt",
    "features.cache_dir": "cache",
    "features.height": "image_size input_size resolution img_size size",
    "window.length": "sequence_length seq_len time_steps timesteps clip_length window_size window",
    "window.stride": "window_step hop",
    "objective.name": "loss task criterion",
    "objective.class_weight": "class_weights pos_weight",
    "evaluate.threshold": "cutoff",
    "seed": "random_seed random_state",
}


def _plain(name: str) -> str:
    plain = name.lower().replace("_", "").replace("-", "")
    return plain.removeprefix("num").removesuffix("s") or plain


_MEANT = {_plain(name): key for key, names in _ELSEWHERE.items() for name in names.split()}


def meant(name: str, known: Iterable[str]) -> str:
    """Return the key that a name of another library, an old or a short one means; "" if none.

    >>> meant("model.hidden", ["model.units"]), meant("epochs", ["train.epochs"])
    ('model.units', 'train.epochs')

    Args:
        name: a key, dotted or not.
        known: the keys that exist.

    Returns:
        One of `known`, or "".
    """
    known = list(known)
    last = name.rpartition(".")[2]
    same = [key for key in known if key.rpartition(".")[2] == last]
    key = KEYS.get(name) or (same[0] if len(same) == 1 else "")
    key = key or _MEANT.get(_plain(last), "")
    return key if key in known else ""


def unknown_key(name: str, known: Mapping[str, object] | None = None) -> UserError:
    """Build the error for a config key that does not exist.

    Args:
        name: what was given.
        known: the keys that exist, flat; None takes those of the defaults.

    Returns:
        An error to raise, with the key that is meant.
    """
    known = flatten(default_config().to_dict()) if known is None else known
    name = name[:80]
    last = name.rpartition(".")[2]
    for old, new in KEYS.items():
        if name == old or last == old.rpartition(".")[2]:
            return UserError(f"config key {old!r} is called {new!r} now; write that.")
    if key := meant(name, known):
        return UserError(f"config key {name!r} unknown. Did you mean {key!r}?")
    return unknown("config key", name, known)
