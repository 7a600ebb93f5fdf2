"""UCF-Crime's own lists and labels, with features in which the abnormal snippets are known.

Rows are noise; those of abnormal snippets are shifted along one direction, in proportion to their
abnormal frames. What the best detector of single rows reaches follows from the labels alone.
"""

import shutil

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from vadjax import config as configs
from vadjax.data.builders.ucf_crime import class_of
from vadjax.data.labels.interval_rows import read_ucf_rows
from vadjax.data.labels.name_lists import read_lines
from vadjax.pipeline.stages import run
from vadjax.storage import artifacts

pytestmark = pytest.mark.slow  # a minute of 1,111,808 frames
SHIFT, WIDTH, STEP = 2.5, 8, 16


def abnormal_shares(rows):
    """Return the share of abnormal frames of each snippet, and its frames, by video."""
    found = {}
    for row in rows:
        labels = np.zeros(row.num_frames)
        for start, stop in row.intervals:
            labels[start:stop] = 1  # what lies behind the end is cut off
        edges = np.arange(0, row.num_frames, STEP)
        counts = np.diff(edges, append=row.num_frames)
        found[row.name] = np.add.reduceat(labels, edges) / counts, counts
    return found


def expected_auc(shares):
    """Return the AUC over frames of the best detector: P(N(s p, 1) > N(s q, 1)) over all pairs."""
    share = np.concatenate([one for one, _ in shares.values()])
    count = np.concatenate([counts for _, counts in shares.values()])
    levels, where = np.unique(share, return_inverse=True)
    positive = np.bincount(where, share * count)
    negative = np.bincount(where, (1 - share) * count)
    chance = norm.cdf(SHIFT * (levels[:, None] - levels[None]) / 2**0.5)
    return positive @ chance @ negative / positive.sum() / negative.sum()


@pytest.fixture(scope="module")
def drawn(real_data, tmp_path_factory):
    """Feature files of all 1,900 videos, beside the lists of RTFM and the annotation of MIST."""
    source, root = real_data / "data/ucf_crime", tmp_path_factory.mktemp("ucf_i3d")
    shutil.copy(source / "RTFM/ucf-i3d.list", root)
    annotation = source / "MIST_VAD/Temporal_Anomaly_Annotation_New.txt"
    shutil.copy(annotation, root)
    shares = abnormal_shares(read_ucf_rows(annotation))
    rng = np.random.default_rng(0)
    direction = rng.normal(size=WIDTH)
    direction /= np.linalg.norm(direction)
    training = {}
    for line in read_lines(root / "ucf-i3d.list", form=""):
        share = np.zeros(rng.integers(40, 120))
        if class_of(name := line.name.removesuffix("_i3d")):
            start = rng.integers(0, len(share) - 8)
            share[start : start + rng.integers(3, 9)] = 1
        training[name] = share
    for name, share in {**training, **{name: one for name, (one, _) in shares.items()}}.items():
        rows = rng.normal(size=(len(share), WIDTH)) + SHIFT * share[:, None] * direction
        np.save(root / f"{name}_i3d.npy", rows.astype(np.float32))
    return root, shares, direction


def test_what_is_planted_in_ucf_crime_is_found(drawn, tmp_path):
    root, shares, direction = drawn
    config = configs.default_config()
    config.update_from_flattened_dict(
        {
            "dataset.name": "features",
            "dataset.data_dir": str(root),
            "dataset.protocol": "weak",
            "detector.name": "bag_model",
            "model.name": "bag_mlp",
            "model.units": (32, 16),
            "objective.name": "mil_ranking",
            "window.length": 1,
            "train.batches": "pairs",
            "train.batch_size": 60,
            "train.epochs": 12,
            "train.patience": 0,
            "train.learning_rate": 0.01,
            "evaluate.num_bootstrap": 20,
            "evaluate.cross_fit": 0,
            "explain.maps": False,
            "features.cache_dir": str(tmp_path / "cache"),
        }
    )
    for stage in ("extract", "train", "score", "evaluate"):
        metrics = run(configs.validate(config), tmp_path / "run", stage=stage, quiet=True)
    scored = artifacts.read_scores(tmp_path / "run").test
    labels = np.concatenate([one.labels for one in scored])
    assert (len(scored), len(labels), labels.sum()) == (290, 1_111_808, 84_338)
    auc = roc_auc_score(labels, np.concatenate([one.scores for one in scored]))
    best = expected_auc(shares)
    assert metrics["frame"]["auc_micro"] == pytest.approx(auc, abs=1e-6)
    assert 0.93 < best < norm.cdf(SHIFT / 2**0.5)
    rows = {name: np.load(root / f"{name}_i3d.npy") @ direction for name in shares}
    planted = [
        np.repeat(rows[one.id.removeprefix("test/")], shares[one.id.removeprefix("test/")][1])
        for one in scored
    ]
    assert roc_auc_score(labels, np.concatenate(planted)) == pytest.approx(best, abs=0.004)
    assert best - 0.03 < auc < best + 0.004
