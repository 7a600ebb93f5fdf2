"""Counts of the published label files, and what scores without any content get on them.

The expected areas were computed by an independent script from the same files.
"""

import types

import numpy as np
import pytest
import scipy.io

from vadjax import data
from vadjax.config import default_config
from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation.frame import auc, average_precision, macro_auc
from vadjax.pipeline.evaluate import legacy
from vadjax.pipeline.memory import Memory

PED2 = [180, 180, 150, 180, 150, 180, 180, 180, 120, 150, 180, 180]
AVENUE = [1439, 1211, 923, 947, 1007, 1283, 605, 36, 1175, 841, 472, 1271, 549, 507, 1001, 740]
AVENUE += [426, 294, 248, 273, 76]


def load(root, name):
    if name == "ucf_crime":
        return ucf_crime(root / "data/ucf_crime/MIST_VAD/Temporal_Anomaly_Annotation_New.txt")
    if name == "shanghaitech":
        paths = sorted((root / "data/shanghaitech/testing/test_frame_mask").glob("*.npy"))
        return [np.load(path) for path in paths]
    if name == "ucsd_ped1":
        return ped1(root / "data/UCSD_Anomaly_Dataset.v1p2/UCSDped1/Test/UCSDped1.m")
    path, lengths = {
        "ucsd_ped2": ("data/ped2/frame_labels_ped2.npy", PED2),
        "avenue": ("data/Avenue_Dataset/frame_labels_avenue_MNAD.npy", AVENUE),
    }[name]
    return np.split(np.load(root / path).ravel(), np.cumsum(lengths)[:-1])


def ped1(path):
    clips = []
    for line in path.read_text().splitlines():
        if "[" in line:
            labels = np.zeros(200, int)
            for interval in line[line.index("[") + 1 : line.index("]")].split(","):
                start, stop = map(int, interval.split(":"))
                labels[start - 1 : stop] = 1
            clips.append(labels)
    return clips


def ucf_crime(path):
    clips = []
    for line in path.read_text().splitlines():
        cells = line.split()
        labels = np.zeros(int(cells[6]), int)
        for start, stop in (map(int, cells[2:4]), map(int, cells[4:6])):
            if start >= 0:
                labels[max(start - 1, 0) : stop] = 1
        clips.append(labels)
    return clips


@pytest.mark.parametrize(
    ("name", "clips", "frames", "abnormal", "skipped", "index", "centre", "oracle"),
    [
        ("ucsd_ped1", 36, 7200, 4045, 1, 0.460, 0.660, 0.746),
        ("ucsd_ped2", 12, 2010, 1648, 4, 0.750, 0.662, 0.840),
        ("avenue", 21, 15324, 3867, 0, 0.612, 0.614, 0.730),
        ("shanghaitech", 107, 40791, 17326, 1, 0.560, 0.766, 0.758),
        ("ucf_crime", 290, 1111808, 84338, 150, 0.512, 0.619, 0.930),
    ],
)
def test_counts_and_content_free_scores(
    real_data, name, clips, frames, abnormal, skipped, index, centre, oracle
):
    labels = load(real_data, name)
    truth = np.concatenate(labels)
    assert (len(labels), len(truth)) == (clips, frames)
    assert truth.sum() == abnormal
    found = {
        "index": [np.arange(len(y)) / len(y) for y in labels],
        "centre": [-np.abs(2 * np.arange(len(y)) - len(y) + 1) / len(y) for y in labels],
        "oracle": [np.full(len(y), y.mean()) for y in labels],
    }
    values = {key: auc(np.concatenate(s), truth) for key, s in found.items()}
    assert values == pytest.approx({"index": index, "centre": centre, "oracle": oracle}, abs=0.001)
    assert macro_auc(zip(found["index"], labels, strict=True))[1] == skipped
    chance = average_precision(np.zeros(len(truth)), truth)
    assert chance == pytest.approx(truth.mean())


def test_the_two_label_versions_of_avenue_disagree(real_data):
    intervals = load(real_data, "avenue")
    folder = real_data / "data/Avenue_Dataset/ground_truth_demo/testing_label_mask"
    masks = scipy.io.loadmat(folder / "8_label.mat")["volLabel"].ravel()
    by_mask = np.array([mask.any() for mask in masks])
    assert (by_mask.sum(), intervals[7].sum(), len(by_mask)) == (36, 10, 36)


def test_legacy_figures_find_the_interval_labels_of_avenue(real_data, tmp_path):
    config = default_config()
    config.dataset.name = "avenue"
    config.dataset.data_dir = str(real_data / "data/Avenue_Dataset")
    dataset = data.load(config.dataset, cache_dir=tmp_path)
    run = types.SimpleNamespace(config=config, dataset=dataset, cache=tmp_path, memory=Memory())
    test = [ScoredVideo(v.id, np.zeros(len(v.frames), np.float32)) for v in dataset.test]
    found = legacy(run, test)
    labels = found["other_labels"]["hasan_intervals"]
    assert found["errors"] and labels["test/08"].sum() == 10
    assert {v.id: len(v.frames) for v in dataset.test} == {k: len(y) for k, y in labels.items()}
