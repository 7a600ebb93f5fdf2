"""Recognise the class of a window, with one class for each clip."""

import dataclasses
from typing import Any

from vadjax.models.objectives.base import Arrays, Loss
from vadjax.models.objectives.classify import Classify, build_of


@dataclasses.dataclass(frozen=True)
class Recognize(Classify):
    """The model names the class of a window; every window of a clip is taught the clip's class.

    So the systems are trained whose labels are names of folders (Ullah et al., Multimedia Tools and
    Applications 2021). A clip of an abnormal class may be normal most of the time, and its normal
    windows are then taught a wrong class: labels of whole clips are noisy labels of windows.
    """

    name = "recognize"

    def lookahead(self, t: int, bidirectional: bool) -> int:
        """Return for how many later frames the score of a frame waits: none.

        Args:
            t: rows of a window.
            bidirectional: whether the model reads a window in both directions.

        Returns:
            Frames.
        """
        return 0

    def labels_of(self, batch: Arrays) -> Any:
        """Return the class of each window, int32 [b]."""
        return batch["video_class"]

    def loss(self, outputs: Arrays, windows: Any, batch: Arrays, hparams: Arrays) -> Loss:
        """Weighted sum of the windows' cross-entropies, see `Classify.loss`.

        Args:
            outputs: `output` [b, 1, k] logits.
            windows: not used.
            batch: `weight` [b] (0 marks padding), `video_class` [b] class ids.
            hparams: `class_weight` [number of classes], optional.

        Returns:
            (sum, sum of weights), float32 scalars.
        """
        return super().loss(outputs, windows, batch, hparams)


def build(config: Any) -> Recognize:
    """Build it from the config section `objective`.

    Raises:
        UserError: an unknown choice, or a number of classes that the activation does not serve.
    """
    return build_of(Recognize, config)
