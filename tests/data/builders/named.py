"""What tests of named data sets have in common."""

import numpy as np

from tests.data import layouts
from vadjax import data


def load(name, root, cache_dir, **settings):
    """Load a data set; `settings` are further keys of the config's section `dataset`."""
    config = layouts.config(name, root)
    vars(config).update(settings)
    return data.load(config, cache_dir=cache_dir)


def whats(dataset):
    """Return the deviations without their meaning."""
    return [deviation.what for deviation in dataset.deviations]


def labels(dataset, split):
    """Return the labels of a side as lists by id; a video's label where frames have none."""
    return {
        video.id: video.video_label if video.labels is None else video.labels.tolist()
        for video in getattr(dataset, split)
    }


def blocks(length, *intervals):
    """Return labels that are 1 in half-open intervals from 0."""
    values = np.zeros(length, int)
    for start, stop in intervals:
        values[start:stop] = 1
    return values.tolist()
