"""What a model is trained for, and how its outputs become scores of frames.

A loss is a weighted sum and its weight, per group of parameters, so that numerator and denominator
can be summed over devices before the division. Both are float32, as are the scores.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from vadjax.errors import UserError, unknown

LABEL_RULES = ("last", "any", "majority", "centre")
ACTIVATIONS = ("sigmoid", "softmax")
REDUCTIONS = ("mean", "max")


Arrays = Mapping[str, jax.Array]
Loss = tuple[dict[str, jax.Array], dict[str, jax.Array]]  # sums and weights by parameter group


@dataclasses.dataclass(frozen=True)
class _Error:
    """Squared error between the outputs and the last rows of the window.

    Attributes:
        reduce: how a map's errors over its locations become a score; the loss is their mean.
        target_gradient: let gradients flow through the target rows too, not through the output
            only.
    """

    reduce: str = "mean"
    target_gradient: bool = False

    supervised = False

    def out_features(self, feature_shape: Sequence[int]) -> int:
        """Width of the model's output: the channels of a row."""
        return feature_shape[-1]

    def loss(self, outputs: Arrays, windows: jax.Array, batch: Arrays, hparams: Arrays) -> Loss:
        """Weighted sum of the windows' mean squared errors, and the sum of weights.

        Args:
            outputs: `output` [b, s, ...] stands for the last s rows.
            windows: [b, t, ...] float.
            batch: `weight` [b]; 0 marks padding.
            hparams: not used.

        Returns:
            ({"model": scalar}, {"model": scalar}).
        """
        errors = self.error_map(outputs, windows)
        return _weighted(errors.mean(axis=tuple(range(1, errors.ndim))), batch["weight"])

    def num_scored(self, t: int) -> int:
        """How many of a window's t rows get a score, the last ones."""
        raise NotImplementedError

    def frame_score(self, outputs: Arrays, windows: jax.Array) -> jax.Array:
        """Score the last `num_scored` rows: [b, s], mean squared error over the feature axis."""
        s = self.num_scored(windows.shape[1])
        output = {"output": outputs["output"][:, -s:]}
        errors = self.error_map(output, windows)
        locations = tuple(range(2, errors.ndim))
        return errors.max(locations) if self.reduce == "max" else errors.mean(locations)

    def error_map(self, outputs: Arrays, windows: jax.Array) -> jax.Array:
        """Mean squared error over the last axis: [b, s], and [b, s, h, w] for maps."""
        output = outputs["output"].astype(jnp.float32)
        return jnp.square(output - self._target(windows, output.shape[1])).mean(axis=-1)

    def _target(self, windows: jax.Array, num_rows: int) -> jax.Array:
        target = windows[:, -num_rows:].astype(jnp.float32)
        return target if self.target_gradient else jax.lax.stop_gradient(target)


@dataclasses.dataclass(frozen=True)
class Predict(_Error):
    """The model forecasts rows from the rows before them; the last row's error is the score."""

    name = "predict"
    min_length = 2

    def num_scored(self, t: int) -> int:
        """One row, the last."""
        return 1

    def lookahead(self, t: int, bidirectional: bool) -> int:
        """Frames after a frame that its score waits for: none."""
        return 0


@dataclasses.dataclass(frozen=True)
class Reconstruct(_Error):
    """The model writes the rows of the window again; each row's error is its score."""

    name = "reconstruct"
    min_length = 1

    def num_scored(self, t: int) -> int:
        """All rows."""
        return t

    def lookahead(self, t: int, bidirectional: bool) -> int:
        """Frames after a frame that its score waits for: the rest of the window it opens."""
        return t - 1


@dataclasses.dataclass(frozen=True)
class Motion(_Error):
    """The model tells how the last row's cells move from how they look.

    The score is the largest error of any cell and motion channel, in units of the largest one that
    fitted windows have shown there: motion that is too fast or the wrong way, and its lack.

    Attributes:
        num_motion: channels of motion, a map's first ones.
    """

    num_motion: int = 5

    name = "motion"
    min_length = 2

    def out_features(self, feature_shape: Sequence[int]) -> int:
        """Width of the model's output: the channels of motion."""
        return self.num_motion

    def num_scored(self, t: int) -> int:
        """One row, the last."""
        return 1

    def lookahead(self, t: int, bidirectional: bool) -> int:
        """Frames after a frame that its score waits for: none."""
        return 0

    def frame_score(self, outputs: Arrays, windows: jax.Array) -> jax.Array:
        """Score the last row: [b, 1], the largest |error| / `scale` over cells and channels."""
        output = outputs["output"][:, -1:].astype(jnp.float32)
        errors = jnp.abs(output - self._target(windows, 1)) / outputs["scale"]
        return errors.max((2, 3, 4))

    def _target(self, windows: jax.Array, num_rows: int) -> jax.Array:
        return super()._target(windows, num_rows)[..., : self.num_motion]


@dataclasses.dataclass(frozen=True)
class Classify:
    """The model tells normal windows from abnormal ones, with labels.

    Attributes:
        activation: "sigmoid": one logit; "softmax": one per class, class 0 being normal.
        label_rule: which rows label a window: the "last"; "any" (the largest class id); the
            "majority" (ties go to the smaller id); the "centre", row t // 2.
        num_classes: classes under soft-max.
    """

    activation: str = "sigmoid"
    label_rule: str = "last"
    num_classes: int = 2

    name = "classify"
    min_length = 1
    supervised = True

    def out_features(self, feature_shape: Sequence[int]) -> int:
        """Number of logits."""
        return 1 if self.activation == "sigmoid" else self.num_classes

    def num_scored(self, t: int) -> int:
        """One row, the last."""
        return 1

    def lookahead(self, t: int, bidirectional: bool) -> int:
        """Frames after a frame that its score waits for.

        Under the rule "last" none. Under the others a score speaks for rows before the last one,
        and a bidirectional model weighs them knowing all later rows: counted as the window's rest.
        """
        return t - 1 if bidirectional and self.label_rule != "last" else 0

    def window_label(self, frame_label: ArrayLike) -> jax.Array:
        """Label windows by the rule: [b, t] integers to [b] int32."""
        labels = jnp.asarray(frame_label, jnp.int32)
        if self.label_rule == "last":
            return labels[:, -1]
        if self.label_rule == "any":
            return labels.max(axis=1)
        if self.label_rule == "centre":
            return labels[:, labels.shape[1] // 2]
        return jax.nn.one_hot(labels, self.num_classes).sum(axis=1).argmax(axis=1)

    def loss(self, outputs: Arrays, windows: jax.Array, batch: Arrays, hparams: Arrays) -> Loss:
        """Weighted sum of the windows' cross-entropies, and the sum of weights.

        Class weights multiply the numerator only, as in Keras: dividing by them too would undo them
        in a batch of one class. Balanced ones average to 1 over the data.

        Args:
            outputs: `output` [b, 1, k] logits.
            windows: not used.
            batch: `weight` [b] (0 marks padding), `frame_label` [b, t] class ids.
            hparams: `class_weight` [number of classes], optional.

        Returns:
            ({"model": scalar}, {"model": scalar}).
        """
        logits = outputs["output"][:, -1].astype(jnp.float32)  # [b, k]
        labels = self.window_label(batch["frame_label"])
        if self.activation == "sigmoid":
            losses = jax.nn.softplus(logits[:, 0]) - labels * logits[:, 0]
        else:
            picked = jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1)
            losses = -picked[:, 0]
        if "class_weight" in hparams:
            losses = losses * hparams["class_weight"].astype(jnp.float32)[labels]
        return _weighted(losses, batch["weight"])

    def frame_score(self, outputs: Arrays, windows: jax.Array) -> jax.Array:
        """Probability that the window is abnormal (any class but 0), [b, 1], for its last row."""
        logits = outputs["output"][:, -1:].astype(jnp.float32)
        if self.activation == "sigmoid":
            return jax.nn.sigmoid(logits[..., 0])
        return jax.nn.softmax(logits)[..., 1:].sum(axis=-1)


@dataclasses.dataclass(frozen=True)
class Segment:
    """The model finds the abnormal places of a window's last row, taught by masks.

    A mask says where, so that one frame teaches as much as many labels of whole frames do.

    Attributes:
        share: of a place's pixels that have to be abnormal for the place to be.
    """

    share: float = 0.15

    name = "segment"
    min_length = 1
    supervised = True
    num_classes = 2

    def out_features(self, feature_shape: Sequence[int]) -> int:
        """One logit."""
        return 1

    def num_scored(self, t: int) -> int:
        """One row, the last."""
        return 1

    def lookahead(self, t: int, bidirectional: bool) -> int:
        """Frames after a frame that its score waits for: none."""
        return 0

    def window_label(self, frame_label: ArrayLike) -> jax.Array:
        """Label windows by their last row: [b, t] integers to [b] int32."""
        return jnp.asarray(frame_label, jnp.int32)[:, -1]

    def loss(self, outputs: Arrays, windows: jax.Array, batch: Arrays, hparams: Arrays) -> Loss:
        """Weighted sum of the windows' cross-entropies, and the sum of weights.

        Args:
            outputs: `places` [b, 1, h, w, 1] logits.
            windows: not used.
            batch: `weight` [b] (0 marks padding), `place_label` [b, h, w], the share of each
                place's pixels that are abnormal.
            hparams: `class_weight` [2] of normal and abnormal places, optional.

        Returns:
            ({"model": scalar}, {"model": scalar}).
        """
        logits = outputs["places"][:, -1, ..., 0].astype(jnp.float32)
        abnormal = batch["place_label"] > self.share
        losses = jax.nn.softplus(logits) - abnormal * logits
        if "class_weight" in hparams:
            weights = hparams["class_weight"].astype(jnp.float32)
            losses = losses * weights[abnormal.astype(jnp.int32)]
        return _weighted(losses.mean((1, 2)), batch["weight"])

    def frame_score(self, outputs: Arrays, windows: jax.Array) -> jax.Array:
        """Score the last row: [b, 1], the logistic function of the model's `output`."""
        return jax.nn.sigmoid(outputs["output"][:, -1:, 0].astype(jnp.float32))


Objective = Predict | Reconstruct | Motion | Classify | Segment
OBJECTIVES = ("predict", "reconstruct", "motion", "classify", "segment")


def create(config: Any) -> Objective:
    """Build an objective from the config section `objective`; an Objective comes back as it is.

    Args:
        config: name; for classify activation, label_rule and optionally num_classes; for the others
            optionally reduce and target_gradient.

    Raises:
        UserError: an unknown name or choice, or too few classes.
    """
    if isinstance(config, Objective):
        return config
    if config.name == "classify":
        _choose("activation", config.activation, ACTIVATIONS)
        _choose("label_rule", config.label_rule, LABEL_RULES)
        num_classes = int(getattr(config, "num_classes", 2))
        if num_classes < 2 or (num_classes > 2 and config.activation == "sigmoid"):
            raise UserError(
                f"objective.num_classes is {num_classes}, but activation {config.activation!r} "
                "wants " + ("2" if config.activation == "sigmoid" else "at least 2")
            )
        return Classify(config.activation, config.label_rule, num_classes)
    if config.name == "segment":
        return Segment()
    kinds: dict[str, type[Predict | Reconstruct | Motion]] = {
        "predict": Predict,
        "reconstruct": Reconstruct,
        "motion": Motion,
    }
    if config.name not in kinds:
        raise unknown("objective", config.name, OBJECTIVES)
    reduce = getattr(config, "reduce", "mean")
    _choose("reduce", reduce, REDUCTIONS)
    return kinds[config.name](reduce, bool(getattr(config, "target_gradient", False)))


def _choose(key: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise unknown(f"objective.{key}", value, choices)


def _weighted(losses: jax.Array, weight: ArrayLike) -> Loss:
    weight = jnp.asarray(weight, jnp.float32)
    return {"model": jnp.sum(weight * losses)}, {"model": jnp.sum(weight)}
