"""What can be wrong with how a model of windows is trained."""

from collections.abc import Iterable, Mapping
from typing import Any

from vadjax.models import OBJECTIVES

OF_CLASSES = ("classify", "recognize")
COHERENT = ("predict", "reconstruct", "elbo", *OF_CLASSES)  # objectives with a coherence loss
FINETUNED = ("predict", "reconstruct", "elbo", "adversarial")


def faults_of_training(flat: Mapping[str, Any]) -> list[str]:
    """Return which keys of the training do not go together."""
    faults = []
    masks = "cell_label" in OBJECTIVES[flat["objective.name"]].reads
    if flat["train.mix"] and (not masks or flat["train.batches"] == "runs"):
        faults.append(
            "train.mix mixes masks too: set objective.name=segment and train.batches=windows, or "
            "train.mix=0."
        )
    faults += _coherence(flat) + _finetune(flat)
    waits, stops = flat["train.plateau_patience"], flat["train.patience"]
    if flat["train.schedule"] == "plateau" and 0 < stops <= waits:
        faults.append(
            f"train.patience={stops} ends the training before train.plateau_patience={waits} "
            "lowers the learning rate; choose a larger train.patience, or 0."
        )
    return faults


def _coherence(flat: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the temporal coherence loss, which needs rows to compare."""
    name, length = flat["objective.name"], flat["window.length"]
    if not flat["objective.coherence"]:
        return []
    if name not in COHERENT:
        return [
            f"objective.coherence is for objective.name={in_words(COHERENT, 'or')}, not {name!r}; "
            "set objective.coherence=0."
        ]
    if flat["model.name"] == "dense":
        return ["model 'dense' has one state a window: set objective.coherence=0."]
    if name in OF_CLASSES and flat["objective.coherence_of"] == "output":
        return [
            f"objective {name!r} gives one output a window, which nothing is compared with: set "
            "objective.coherence_of=hidden."
        ]
    needs = OBJECTIVES[name].min_length + 1
    if length < needs:
        return [
            f"objective.coherence compares successive rows: window.length is {length}, set at "
            f"least {needs}."
        ]
    return []


def _finetune(flat: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the second training on windows that score high."""
    if not flat["train.finetune_epochs"]:
        return []
    faults, name = [], flat["objective.name"]
    if not 0 < flat["train.finetune_share"] <= 1:
        faults.append(
            f"train.finetune_share is {flat['train.finetune_share']}; it must be above 0 and at "
            "most 1."
        )
    if not flat["train.finetune_rate"]:
        faults.append("train.finetune_rate is 0; it must be above 0.")
    if name not in FINETUNED:
        faults.append(
            f"train.finetune_epochs is for objectives that learn from normal clips alone "
            f"({in_words(FINETUNED, 'or')}), not {name!r}; set train.finetune_epochs=0."
        )
    if flat["evaluate.cross_fit"]:
        faults.append(
            "train.finetune_epochs changes the scale of scores, and the further trainings of a "
            "cross-fit are not fine-tuned: set evaluate.cross_fit=0."
        )
    return faults


def in_words(names: Iterable[str], word: str = "and") -> str:
    """Join names.

    Args:
        names: at least two.
        word: before the last.

    Returns:
        The text.

    >>> in_words(["a", "b", "c"], "or")
    'a, b or c'
    """
    *most, last = names
    return f"{', '.join(most)} {word} {last}" if most else last
