"""Classify windows as normal or abnormal, with labels of frames."""

import dataclasses
from collections.abc import Sequence
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from vadjax.errors import UserError
from vadjax.models.objectives.base import Arrays, Loss, Registered, choose, weighted_sum
from vadjax.models.objectives.coherence import coherence_fields, incoherence
from vadjax.models.registry import ACTIVATIONS, LABEL_RULES

Made = TypeVar("Made", bound="Classify")


@dataclasses.dataclass(frozen=True)
class Classify(Registered):
    """The model classifies windows as normal or abnormal, with labels of frames.

    Attributes:
        activation: "sigmoid": one logit; "softmax": one per class, class 0 being normal.
        label_rule: which rows label a window: the "last"; "any" (the largest class id); the
            "majority" (ties go to the smaller id); the "centre", row t // 2.
        num_classes: classes under soft-max.
        coherence: weight of the temporal coherence of what `coherence_of` names.
        coherence_of: "hidden" states or "output"; see `coherence.incoherence`.
    """

    activation: str = "sigmoid"
    label_rule: str = "last"
    num_classes: int = 2
    coherence: float = 0.0
    coherence_of: str = "hidden"

    name = "classify"

    def out_features(self, feature_shape: Sequence[int]) -> int:
        """Number of logits."""
        return 1 if self.activation == "sigmoid" else self.num_classes

    def lookahead(self, t: int, bidirectional: bool) -> int:
        """Return for how many later frames the score of a frame waits.

        Under the rule "last" none. Under the others a score stands for rows before the last one,
        and a bidirectional model weighs them knowing all later rows: counted as the window's rest.

        Args:
            t: rows of a window.
            bidirectional: whether the model reads a window in both directions.

        Returns:
            Frames.
        """
        return t - 1 if bidirectional and self.label_rule != "last" else 0

    def window_label(self, frame_label: ArrayLike, real: ArrayLike | None = None) -> jax.Array:
        """Label windows by the rule.

        Args:
            frame_label: [b, t] class ids.
            real: bool [b, t], false where the first row of a short clip is repeated, which has no
                vote and is not in the middle; None: all rows are real.

        Returns:
            int32 [b].
        """
        labels = jnp.asarray(frame_label, jnp.int32)
        if self.label_rule == "last":
            return labels[:, -1]
        if self.label_rule == "any":
            return labels.max(axis=1)
        if self.label_rule == "centre":
            if real is None:
                return labels[:, labels.shape[1] // 2]
            number = jnp.asarray(real).sum(axis=1)
            middle = labels.shape[1] - number + number // 2
            return jnp.take_along_axis(labels, middle[:, None], axis=1)[:, 0]
        votes = jax.nn.one_hot(labels, self.num_classes)
        if real is not None:
            votes = votes * jnp.asarray(real)[..., None]
        return votes.sum(axis=1).argmax(axis=1)

    def loss(self, outputs: Arrays, windows: jax.Array, batch: Arrays, hparams: Arrays) -> Loss:
        """Weighted sum of the windows' cross-entropies.

        Class weights multiply the numerator only, as in Keras: dividing by them too would undo them
        in a batch of one class. Balanced ones average to 1 over the data.

        Args:
            outputs: `output` [b, 1, k] logits.
            windows: not used.
            batch: `weight` [b] (0 marks padding), `frame_label` [b, t] class ids; `real`,
                optional, see `window_label`.
            hparams: `class_weight` [number of classes], optional.

        Returns:
            (sum, sum of weights), float32 scalars.
        """
        logits = outputs["output"][:, -1].astype(jnp.float32)  # [b, k]
        labels = self.labels_of(batch)
        if self.activation == "sigmoid":
            losses = jax.nn.softplus(logits[:, 0]) - labels * logits[:, 0]
        else:
            picked = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1)
            losses = -picked[:, 0]
        if "class_weight" in hparams:
            losses = losses * hparams["class_weight"].astype(jnp.float32)[labels]
        if self.coherence:
            losses = losses + self.coherence * incoherence(outputs, self.coherence_of)
        return weighted_sum(losses, batch["weight"])

    def labels_of(self, batch: Arrays) -> jax.Array:
        """Return the class of each window, int32 [b], from the labels of its rows."""
        return self.window_label(batch["frame_label"], batch.get("real"))

    def class_probabilities(self, outputs: Arrays) -> jax.Array:
        """Return the probability of each class.

        Args:
            outputs: `output` [b, 1, k] logits.

        Returns:
            float32 [b, 1, number of classes]; they sum to 1.
        """
        logits = outputs["output"][:, -1:].astype(jnp.float32)
        if self.activation == "sigmoid":
            abnormal = jax.nn.sigmoid(logits[..., 0])
            return jnp.stack([1 - abnormal, abnormal], axis=-1)
        return jax.nn.softmax(logits)

    def frame_score(self, outputs: Arrays, windows: jax.Array) -> jax.Array:
        """Score the last row by the probability that the window is abnormal: any class but 0.

        Args:
            outputs: `output` [b, 1, k] logits.
            windows: not used.

        Returns:
            float32 [b, 1] in [0, 1].
        """
        logits = outputs["output"][:, -1:].astype(jnp.float32)
        if self.activation == "sigmoid":
            return jax.nn.sigmoid(logits[..., 0])
        return jax.nn.softmax(logits)[..., 1:].sum(axis=-1)


def build(config: Any) -> Classify:
    """Build it from the config section `objective`.

    Raises:
        UserError: an unknown choice, or a number of classes that the activation does not serve.
    """
    return build_of(Classify, config)


def build_of(kind: type[Made], config: Any) -> Made:
    """Build an objective of classes from the config section `objective`.

    Args:
        kind: of the objective.
        config: activation, label_rule, and optionally num_classes, or classes by their names, in
            whose place it then is.

    Returns:
        The objective.

    Raises:
        UserError: an unknown choice, or a number of classes that the activation does not serve.
    """
    activation = choose("activation", config.activation, ACTIVATIONS)
    label_rule = choose("label_rule", config.label_rule, LABEL_RULES)
    num_classes = int(getattr(config, "num_classes", 2))
    if named := getattr(config, "classes", ""):
        num_classes = named.count(",") + 2  # and normal
    if num_classes < 2 or (num_classes > 2 and activation == "sigmoid"):
        raise UserError(
            f"objective.num_classes is {num_classes}, but activation {activation!r} "
            "wants " + ("2" if activation == "sigmoid" else "at least 2")
        )
    return kind(activation, label_rule, num_classes, **coherence_fields(config))
