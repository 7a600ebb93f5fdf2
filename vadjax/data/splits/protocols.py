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
        supervised: it trains on labels of abnormal frames.
        unit: what is divided: "video" (whole clips) or "window".
        leaky: test windows share frames with training windows; it runs by its name alone.
        standardized: features are standardised by the statistics of the training units.
    """

    name: str
    title: str
    text: str
    supervised: bool = False
    unit: str = "video"
    leaky: bool = False
    standardized: bool = True


_ALL = (
    Protocol(
        "one_class",
        "one class",
        "The detector was trained on normal clips only. The threshold was chosen on normal clips "
        "by detectors that were not trained on them; where training is stopped early, held-out "
        "clips say when. The labels of the test clips were used for these metrics and for "
        "nothing else.",
    ),
    Protocol(
        "official",
        "official split",
        "The split into training and test clips is the one its authors published. No test clip "
        "was used in training.",
    ),
    Protocol(
        "by_video",
        "supervised, by video",
        "Labelled clips were split at video level: each was scored by a model that was not "
        "trained on any frame of it, and other whole clips served early stopping and chose the "
        "threshold. The pooled scores come from several models.",
        supervised=True,
    ),
    Protocol(
        "by_video_70_15_15",
        "supervised, 70/15/15 by video",
        "Labelled clips were split once at video level, 70 % for training, 15 % for validation "
        "(early stopping and the threshold), 15 % for these metrics. No frame of a test clip was "
        "used in training; few clips are tested, so that another seed may give another figure.",
        supervised=True,
    ),
    Protocol(
        "random_window",
        "random windows",
        "Overlapping windows were split at random, so nearly every test window shares frames "
        "with a training window. The metrics measure memorisation, not detection.",
        supervised=True,
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
        supervised=True,
        unit="window",
        leaky=True,
        standardized=False,
    ),
)
PROTOCOLS = {protocol.name: protocol for protocol in _ALL}
