"""The evaluation protocols: which clips or windows a detector is trained and tested on.

docs/protocols.md has the definitions. A protocol is registered here and nowhere else.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Protocol:
    """One protocol.

    Attributes:
        name: as in the config, `dataset.protocol`.
        title: for people.
        text: what it does, in two or three sentences, for the page.
        labels: what it trains on: labels of "frames", labels of whole "videos", or "", none.
        unit: what is divided: "video" (whole clips) or "window".
        leaky: test windows share frames with training windows; it runs by its name alone.
        of_images: the same as `text`, where each clip is an image; "" where none are.
        standardized: features are standardised by the statistics of the training units.
    """

    name: str
    title: str
    text: str
    labels: str = ""
    unit: str = "video"
    leaky: bool = False
    standardized: bool = True
    of_images: str = ""

    @property
    def supervised(self) -> bool:
        """Whether it trains on labels."""
        return bool(self.labels)


_ALL = (
    Protocol(
        "one_class",
        "one class",
        "The detector was trained on normal clips only. The threshold was chosen on normal clips "
        "by detectors that were not trained on them; where training is stopped early, held-out "
        "clips say when. The labels of the test clips were used for these metrics and for "
        "nothing else.",
        of_images="The detector was trained on good images only. The threshold was chosen on good "
        "images by detectors that were not trained on them. The labels of the test images were "
        "used for these metrics and for nothing else.",
    ),
    Protocol(
        "official",
        "official split",
        "The split into training and test clips is the one its authors published. No test clip "
        "was used in training.",
        of_images="The split into training and test images is the one its authors published. No "
        "test image was used in training.",
    ),
    Protocol(
        "by_video",
        "supervised, by video",
        "Labelled clips were split at video level: each was scored by a model that was not "
        "trained on any frame of it, and other whole clips served early stopping and chose the "
        "threshold. The pooled scores come from several models.",
        labels="frames",
        of_images="Labelled images were divided: each was scored by a model that was not trained "
        "on it, and others served early stopping and chose the threshold. The pooled scores come "
        "from several models.",
    ),
    Protocol(
        "weak",
        "video labels",
        "The detector was trained on the published training clips, normal and abnormal ones, with "
        "one label a clip; which of their frames are abnormal it was never given. Held-out "
        "training clips of both kinds stopped the training, and held-out normal ones chose the "
        "threshold. The labels of test frames were used for these metrics and for nothing else.",
        labels="videos",
    ),
    Protocol(
        "weak_by_video",
        "video labels, by video",
        "No abnormal training clips were published, so the labelled test clips were divided at "
        "video level: each was scored by a model that was trained on others of them and on normal "
        "training clips, with one label a clip and no label of a frame. Other whole clips stopped "
        "the training, and held-out normal ones chose the threshold. The pooled scores come from "
        "several models.",
        labels="videos",
    ),
    Protocol(
        "by_video_70_15_15",
        "supervised, 70/15/15 by video",
        "Labelled clips were split once at video level, 70 % for training, 15 % for validation "
        "(early stopping and the threshold), 15 % for these metrics. No frame of a test clip was "
        "used in training; few clips are tested, so that another seed may give another figure.",
        labels="frames",
        of_images="Labelled images were split once, 70 % for training, 15 % for validation (early "
        "stopping and the threshold), 15 % for these metrics.",
    ),
    Protocol(
        "random_window",
        "random windows",
        "Overlapping windows were split at random, so nearly every test window shares frames "
        "with a training window. The metrics measure memorisation, not detection.",
        labels="frames",
        unit="window",
        leaky=True,
    ),
    Protocol(
        "random_chunk",
        "random chunks",
        "Windows that do not overlap were split at random, each with the class of its whole clip, "
        "so that chunks of one clip were trained on and tested. Early stopping chose its epoch on "
        "the chunks that are tested. The metrics serve comparison with studies that did so; they "
        "do not predict performance on new videos.",
        labels="videos",
        unit="window",
        leaky=True,
    ),
    Protocol(
        "published_shuffled",
        "shuffled, as published",
        "Frames were shuffled before windows were cut and split, as in some published studies. "
        "Test windows contain training frames, and their order in time is lost. The metrics "
        "serve comparison with those studies only; they do not predict performance on new "
        "videos.",
        labels="frames",
        unit="window",
        leaky=True,
        standardized=False,
    ),
)
PROTOCOLS = {protocol.name: protocol for protocol in _ALL}
