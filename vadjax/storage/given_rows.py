"""The rows of a data set whose features are given, in the place of a feature store."""

import numpy as np

from vadjax.data.frames.feature_rows import FeatureRows
from vadjax.data.video import Video
from vadjax.errors import UserError


class GivenRows:
    """Reads rows as `storage.features.FeatureStore` does; nothing is written."""

    def holds(self, video: Video) -> bool:
        """Return whether the video's features are given."""
        return isinstance(video.frames, FeatureRows)

    def read(self, video: Video) -> np.ndarray:
        """Return the rows of one video.

        Raises:
            UserError: the video has frames, of which no features were given.
        """
        if not isinstance(video.frames, FeatureRows):
            raise UserError(
                f"{video.id} is a video, and this detector was trained on feature files: extract "
                "its features as those were, and give them as feature files."
            )
        return video.frames.rows
