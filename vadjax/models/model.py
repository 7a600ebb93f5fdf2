"""What training and scoring want of a model and of an objective: two protocols."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import numpy as np


class Model(Protocol):
    """Pure functions over plain dicts of arrays, which can be jitted, differentiated and vmapped.

    Attributes:
        feature_shape: shape of one row of a window, (d,) or (h, w, c).
        reductions: how several devices reduce each collection of the model's state after a training
            step: "mean", "max", "sum", or "keep" (every device computes the same).
    """

    @property
    def feature_shape(self) -> tuple[int, ...]: ...

    @property
    def reductions(self) -> Mapping[str, str]: ...

    def init(self, key: jax.Array, windows: jax.Array | np.ndarray) -> dict:
        """Draw parameters.

        Args:
            key: typed key.
            windows: [b, t, *feature_shape]; only the shape is used.

        Returns:
            {"params": ..., and any collections of state}.
        """

    def apply(
        self,
        variables: Mapping,
        windows: jax.Array | np.ndarray,
        *,
        train: bool = False,
        hparams: Mapping[str, jax.Array] | None = None,
        rngs: Mapping[str, jax.Array] | None = None,
        num_outputs: int | None = None,
        **kwargs: Any,
    ) -> tuple[dict[str, jax.Array], dict]:
        """Run the model over windows.

        Args:
            variables: {"params": ..., and any collections of state}.
            windows: [b, t, *feature_shape] float, standardised.
            train: drop units and update the model's state.
            hparams: arrays that may differ between vmapped members: {"dropout": scalar}. A model
                configured with dropout 0 has no dropout at all and ignores the rate.
            rngs: {"dropout": [b] typed keys, one per example}; wanted where `train` drops units.
            num_outputs: with n, outputs for the last n rows only, as scoring wants them (cheaper);
                None gives all rows that the objective trains on.
            **kwargs: `projected=True` for a `ProjectingModel`.

        Returns:
            (outputs, new model state): outputs hold at least `hidden` [b, s, ...] and `output`
            [b, s, ...] for the last s rows of the window, float32; the state is a dict of the
            collections other than "params", empty for models without any.
        """


@runtime_checkable
class ProjectingModel(Protocol):
    """A model whose first layer is applied to rows one by one, so that windows can share it."""

    def project(self, variables: Mapping, frames: jax.Array) -> jax.Array:
        """Project rows.

        Args:
            variables: as in `Model.apply`.
            frames: [n, *feature_shape] float.

        Returns:
            [n, g], of which `apply(..., projected=True)` takes windows [b, t, g].
        """


class Objective(Protocol):
    """What a model is trained for, and how its outputs become scores.

    Attributes:
        name: in the config.
        min_length: fewest rows of a window.
        reads: labels that `loss` reads from a batch: "frame_label", "cell_label", "video_label",
            "video_class", "bag". Others are not gathered.
        supervised: whether it learns from labels.
    """

    @property
    def name(self) -> str: ...

    @property
    def min_length(self) -> int: ...

    @property
    def reads(self) -> tuple[str, ...]: ...

    @property
    def supervised(self) -> bool: ...

    def out_features(self, feature_shape: Sequence[int]) -> int:
        """Width of the model's output for rows of this shape."""

    def loss(
        self, outputs: Mapping, windows: jax.Array, batch: Mapping, hparams: Mapping
    ) -> tuple[jax.Array, jax.Array]:
        """Return a batch's loss as numerator and denominator, which devices sum before they divide.

        Args:
            outputs: of `Model.apply`.
            windows: [b, t, ...] float32.
            batch: `weight` float32 [b] (0 marks padding), and what `reads` names: `frame_label`
                int32 [b, t], `cell_label` float32 [b, h, w], `video_label` int32 [b],
                `video_class` int32 [b], `bag` int32 [b], the number of each window's video.
            hparams: float32 arrays, `class_weight` among them.

        Returns:
            (weighted sum, sum of weights), float32 scalars.
        """

    def num_scored(self, t: int) -> int:
        """Number of a window's t rows that get a score, the last ones."""

    def lookahead(self, t: int, bidirectional: bool) -> int:
        """Number of later frames for which the score of a frame waits.

        Args:
            t: rows of a window.
            bidirectional: whether the model reads a window in both directions.

        Returns:
            Frames.
        """

    def frame_score(self, outputs: Mapping, windows: jax.Array) -> jax.Array:
        """Score the last `num_scored` rows; higher is more abnormal.

        Args:
            outputs: of `Model.apply`.
            windows: [b, t, ...] float, or only the rows that are scored.

        Returns:
            float32 [b, s].
        """


class ParameterGroup(NamedTuple):
    """Parameters with a loss, an optimiser and a turn of their own, such as a discriminator's.

    An objective that has them lists them as `groups`, in the order of their updates within a step:
    each computes its loss with the parameters that the groups before it have updated. Other
    objectives have one group, "model", of all parameters.

    Attributes:
        name: of the group.
        modules: the top-level names of the model's parameters that belong to it.
        loss: as `Objective.loss`; its gradient updates these parameters alone.
        optimizer: one of `training.OPTIMIZERS`; "" is that of the config.
        learning_rate: factor on the config's scheduled learning rate.
        b1: decay of Adam's first moment.
        b2: decay of Adam's second moment.
    """

    name: str
    modules: tuple[str, ...]
    loss: Callable[..., tuple[jax.Array, jax.Array]]
    optimizer: str = ""
    learning_rate: float = 1.0
    b1: float = 0.9
    b2: float = 0.999


def groups_of(objective: Objective) -> tuple[ParameterGroup, ...]:
    """Return the parameter groups of an objective, in the order of their updates."""
    return getattr(objective, "groups", ()) or (ParameterGroup("model", (), objective.loss),)


def num_parameters(variables: Mapping) -> int:
    """Count the trained values."""
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(variables["params"]))
