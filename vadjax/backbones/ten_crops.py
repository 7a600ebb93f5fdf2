"""Ten crops of a frame in the place of the frame: centre, four corners, and the same mirrored.

As published features of UCF-Crime and ShanghaiTech have them (RTFM, and Roc-Ng's files 0 to 9).
"""

import dataclasses
from collections.abc import Mapping, Sequence

import jax
import numpy as np

from vadjax.backbones.backbone import Backbone
from vadjax.backbones.preprocess import INTERPOLATIONS, Preprocess
from vadjax.errors import UserError

CROPS = 10


@dataclasses.dataclass(frozen=True)
class TenCrops(Preprocess):
    """Ten crops of the input's size out of a frame that is resized as for the centre crop.

    They are the centre, the corners from the upper left to the lower right, and these five
    mirrored, the order of torchvision's TenCrop but for the centre, which comes first.
    """

    def __call__(self, frame: np.ndarray) -> np.ndarray:
        """Preprocess one frame.

        Args:
            frame: see `Preprocess`.

        Returns:
            [10, h, w, c] uint8.
        """
        image = self.opened(frame)
        (height, width), (top, left) = self._placement(image.height, image.width)
        method = INTERPOLATIONS[self.interpolation]
        pixels = np.asarray(image.resize((width, height), method)).reshape(height, width, -1)
        h, w = self.size
        places = [(-top, -left), (0, 0), (0, width - w), (height - h, 0), (height - h, width - w)]
        crops = np.stack([pixels[y : y + h, x : x + w] for y, x in places])
        return np.concatenate([crops, crops[:, :, ::-1]])

    def spec(self) -> dict:
        """Describe everything that determines the input."""
        return {**super().spec(), "crops": CROPS}


@dataclasses.dataclass(frozen=True, eq=False)
class TenCropBackbone(Backbone):
    """A backbone whose images are stacks of ten crops, [b, 10, h, w, c].

    Attributes:
        kept: "mean": features [b, d] are the mean of the crops'; "all": features [b, 10, d].
    """

    kept: str = "mean"

    @property
    def num_classes(self) -> int:
        """No classes are given: of crops there are pooled features alone."""
        return 0

    def apply(self, variables: Mapping, images: jax.Array, *, taps: Sequence[str] = ()) -> dict:
        """Apply the network to every crop; only features are returned.

        Args:
            variables: See `Backbone.apply`.
            images: What `preprocess` returns, stacked: [b, 10, h, w, c].
            taps: None can be asked for.

        Returns:
            "features", [b, d] or [b, 10, d] float32, and "taps", which is empty.

        Raises:
            UserError: a tap is asked for: maps of crops are no maps of the frame.
        """
        if taps:
            raise UserError("features.crops=10 gives pooled features alone: set features.tap.")
        flat = images.reshape(-1, *images.shape[2:])  # [b * 10, h, w, c]
        features = super().apply(variables, flat)["features"]
        features = features.reshape(len(images), CROPS, -1)  # [b, 10, d]
        return {"features": features.mean(1) if self.kept == "mean" else features, "taps": {}}

    def spec(self) -> dict:
        """Describe what determines this backbone's outputs."""
        return {**super().spec(), "kept": self.kept}


def with_ten_crops(backbone: Backbone, *, kept: str) -> TenCropBackbone:
    """Return a backbone that looks at ten crops of each frame.

    Args:
        backbone: of whole frames.
        kept: see `TenCropBackbone`.

    Returns:
        The same network and variables.

    Raises:
        UserError: the backbone reads no single pictures.
    """
    if type(backbone.preprocess) is not Preprocess or not backbone.preprocess.mean:
        raise UserError(
            f"features.crops=10 crops pictures for a network, and backbone {backbone.name} is "
            "none; set features.crops=1."
        )
    own = {field.name: getattr(backbone, field.name) for field in dataclasses.fields(Backbone)}
    fields = dataclasses.fields(Preprocess)
    before = {f.name: getattr(backbone.preprocess, f.name) for f in fields}
    own["preprocess"] = TenCrops(**{**before, "fit": "crop"})
    return TenCropBackbone(**own, kept=kept)
