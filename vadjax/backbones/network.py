"""What a family of backbones provides: a network of named stages, how to build and fill it."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from vadjax.backbones.layers import fold_batch_norm
from vadjax.backbones.port import Rule
from vadjax.backbones.preprocess import Preprocess
from vadjax.backbones.weights import Package

STAGES = ("stem", "stage1", "stage2", "stage3", "map")  # taps of a stem and four stages


class Network(nn.Module):
    """A chain of named stages that ends in "map", and a head on the map.

    `__call__` can start after any stage and stop at any other, so that explanations differentiate
    only what they need. A family subclasses it with the attribute `num_classes` (of the
    `classifier`; 0 is none) and, where they are not the usual ones, `stages` and `head`.

    What flows between stages is an array [b, h, w, c], or a dict of arrays of which "map" is
    that; a vision transformer carries its class token beside the map.
    """

    def stages(self) -> dict[str, Callable]:
        """Return the stages in their order, each `(x, train) -> x`; the last is "map".

        Here `stem` and `stage1` to `stage4`, the last of which gives the map.
        """
        modules = (self.stem, self.stage1, self.stage2, self.stage3, self.stage4)
        return dict(zip(STAGES, modules, strict=True))

    def head(self, x) -> dict[str, jax.Array]:
        """Turn the map into {"features": [b, d]} and, with a classifier, {"logits": [b, k]}.

        Here the mean over places is both the features and what is classified.
        """
        return self.classified(x.mean((1, 2)))

    def classified(self, features: jax.Array) -> dict[str, jax.Array]:
        """Return what `head` does, the features [b, d] being what is classified."""
        logits = {"logits": self.classifier(features)} if self.num_classes else {}
        return {"features": features} | logits

    def __call__(
        self,
        x,
        *,
        start: str = "",
        stop: str = "",
        taps: Sequence[str] = (),
        train: bool = False,
    ):
        """Run from after the stage `start` ("" is the image) to the stage `stop`.

        Returns:
            The output of `stop`; with stop="", a dict of "map", "taps", what `head` returns, and
            "probabilities" [b, k] beside logits.
        """
        if train and getattr(self, "folded", False):
            raise ValueError("a folded network is never trained; create it with folded=False")
        stages = self.stages()
        names = list(stages)
        tapped = {}
        for name in names[names.index(start) + 1 if start else 0 :]:
            x = stages[name](x, train)
            if name in taps:
                tapped[name] = spatial(x)
            if name == stop:
                return x
        outputs = self.head(x)
        if "logits" in outputs:
            logits = outputs["logits"].astype(jnp.float32)
            outputs = {**outputs, "probabilities": jax.nn.softmax(logits)}
        return {**outputs, "map": spatial(x), "taps": tapped}


def spatial(x) -> jax.Array:
    """Return the map [b, h, w, c] of what flows between stages."""
    return x["map"] if isinstance(x, Mapping) else x


@dataclasses.dataclass(frozen=True)
class Layout:
    """One way in which checkpoints name the weights of a network.

    Attributes:
        marker: A key that only this layout has.
        rules: Its porting table.
        prepare: {key: array} -> {key: array}, what the table cannot say: to fuse or cut arrays.
        folded: The checkpoint has its batch norms and branches folded already.
    """

    marker: str
    rules: tuple[Rule, ...]
    prepare: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]] = lambda state: state
    folded: bool = False


@dataclasses.dataclass(frozen=True)
class Architecture:
    """How to build a backbone of one name, and where its weights come from.

    Attributes:
        network: (num_classes, folded) -> Network; num_classes 0 is without classifier.
        preprocess: The checkpoint's own.
        taps: Names of the stages, in order.
        num_features: Length of the pooled feature vector; 0 means that the map is not pooled.
        layouts: The first is timm's. Empty: a network without weights.
        classifier: Keys of the classifier's weight, one of which tells the number of classes.
        ignore: Patterns of keys that hold nothing to port.
        eps: Batch norm's epsilon.
        fold: (variables of folded=False, eps=...) -> variables of folded=True.
        stem: Path of the first convolution's kernel in the folded parameters.
        multiple: Height and width of the input must be multiples of it.
        least: Least height and width of the input, usually the network's stride.
        fixed: Only the checkpoint's own input size will do.
        package: Python package that carries weights.
        checkpoint: Hub id of timm's checkpoint, named in the error for absent weights.
        licence: Of that checkpoint (SPDX).
        settings: What else than name and weights determines the outputs, for a fingerprint.
    """

    network: Callable[[int, bool], Network]
    preprocess: Preprocess
    taps: tuple[str, ...]
    num_features: int = 0
    layouts: tuple[Layout, ...] = ()
    classifier: tuple[str, ...] = ()
    ignore: tuple[str, ...] = (r".*\.num_batches_tracked",)
    eps: float = 1e-5
    fold: Callable[..., dict] = fold_batch_norm
    stem: tuple[str, ...] = ("stem", "kernel")
    multiple: int = 1
    least: int = 32
    fixed: bool = False
    package: Package | None = None
    checkpoint: str = ""
    licence: str = ""
    settings: Mapping = dataclasses.field(default_factory=dict)
