"""Several people's labels of one folder, from labels.csv to the page."""

import numpy as np
import pytest

from tests.pipeline.test_audit import config_of
from tests.pipeline.test_truth import files, label, run, videos  # noqa: F401
from vadjax.evaluation.annotations import probabilistic
from vadjax.storage import artifacts


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def by(folder, *rows):
    text = "\n".join(["video,start,stop,annotator", *rows])
    (folder / "labels.csv").write_text(text + "\n")


def test_figures_over_all_annotators(videos, cache, tmp_path):  # noqa: F811
    workdir, config = tmp_path / "run", config_of(videos, cache, False)
    by(videos, "test/3,5,10,an.na", "test/3,8,12,berta", "test/4,0,6,an.na", "test/4,,,berta")
    metrics = run(config, workdir)
    part = metrics["annotations"]
    assert part["versions"] == ["an.na", "berta"] and set(part["auc"]) == {"an.na", "berta"}
    share = np.zeros(60)
    share[5:10] += 0.5
    share[8:12] += 0.5
    share[30:36] += 0.5
    scores = np.concatenate([v.scores for v in artifacts.read_scores(workdir).test])
    assert (part["prob_auc"], part["prob_ap"]) == pytest.approx(probabilistic(scores, share))
    assert part["disagreeing"] == pytest.approx(11 / 60)
    assert metrics["accounting"]["abnormal"] == 13  # half of two is one
    page = (workdir / "report.html").read_text("utf-8")
    assert "Several annotations" in page and "AUC by an.na" in page

    # Who disagrees changes, and what half of them say does not: the figures follow.
    by(videos, "test/3,5,12,an.na", "test/3,8,12,berta", "test/4,0,6,an.na", "test/4,,,berta")
    again = run(config, workdir)
    assert again["accounting"]["abnormal"] == 13
    assert again["annotations"]["disagreeing"] == pytest.approx(9 / 60)


def test_an_annotator_who_finds_nothing_has_no_auc(videos, cache, tmp_path):  # noqa: F811
    workdir, config = tmp_path / "run", config_of(videos, cache, False)
    by(videos, "test/3,5,10,a", "test/3,,,b", "test/4,,,b")
    metrics = run(config, workdir)
    assert metrics["annotations"]["auc"]["b"] is None
    assert metrics["annotations"]["kappa"] is not None
    assert any(path.startswith("annotations.auc") for path in metrics["reasons"])


def test_one_labelling_is_no_second_one_by_another_name(videos, cache, tmp_path):  # noqa: F811
    """A folder has one version of labels; those that it could have are not compared with it."""
    label(videos, "test/3,5,10", "test/4,0,6")
    metrics = run(config_of(videos, cache, False), tmp_path / "run")
    assert metrics["annotations"] is None
    assert "one annotation" in metrics["reasons"]["annotations"]
    by(videos, "test/3,5,10,a", "test/4,0,6,a")
    metrics = run(config_of(videos, cache, False), tmp_path / "run2")
    assert metrics["annotations"] is None
