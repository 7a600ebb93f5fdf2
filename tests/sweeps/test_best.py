"""The best detector is chosen by its loss on held-out windows alone."""

import json

import pytest

from tests import runs as made
from vadjax.sweeps.best import best_detectors, heldout_loss, write_best


def write(folder, *, losses, **more):
    """Write a finished run whose epochs had these held-out losses."""
    made.write(folder, **more)
    lines = [json.dumps({"epoch": n, "select_loss": loss}) for n, loss in enumerate(losses, 1)]
    (folder / "log.jsonl").write_text("\n".join(lines))
    return folder


def test_the_loss_is_the_best_epochs_averaged_over_folds(tmp_path):
    rows = [("fold0", 3.0), ("fold0", 1.0), ("fold0", 2.0), ("fold1", 5.0)]
    text = "\n".join(json.dumps({"name": n, "select_loss": x}) for n, x in rows)
    (tmp_path / "log.jsonl").write_text(text)
    assert heldout_loss(tmp_path) == 3.0
    assert heldout_loss(tmp_path / "absent") is None


def test_the_best_has_the_least_heldout_loss_whatever_the_test_says(tmp_path):
    found = [
        write(tmp_path / "a0", losses=[3, 1], model="lstm", seed=0, auc=0.6),
        write(tmp_path / "a1", losses=[2], model="lstm", seed=1, auc=0.7),
        write(tmp_path / "b0", losses=[1.5], model="gru", seed=0, auc=0.95),
        write(tmp_path / "b1", losses=[2.5], model="gru", seed=1, auc=0.95),
        # A seed that the others lack is ignored.
        write(tmp_path / "b2", losses=[0.1], model="gru", seed=2, auc=0.95),
    ]
    (chosen,) = best_detectors(found)
    assert chosen["settings"] == {"model.name": "lstm"} and chosen["candidates"] == 2
    assert chosen["heldout_loss"] == 1.5 and chosen["seeds"] == [0, 1]
    assert chosen["auc_micro"] == pytest.approx(0.65)
    (line,) = write_best(tmp_path / "best.json", [chosen])
    assert "by held-out loss over 2 seed(s): model.name=lstm; loss 1.5000, test AUC 0.650" in line


def test_the_settings_of_the_only_finished_detector_are_reported(tmp_path):
    found = [write(tmp_path / "a", losses=[1], model="gru")]
    assert best_detectors(found)[0]["settings"] == {}
    axes = ["seed", "model.name", "dataset.seed"]
    assert best_detectors(found, axes)[0]["settings"] == {"model.name": "gru"}


def test_losses_in_different_units_are_not_compared(tmp_path):
    other = {"config": {"features__backbone": "resnet18"}}
    found = [write(tmp_path / "a", losses=[1]), write(tmp_path / "b", losses=[0.5], **other)]
    assert [row["candidates"] for row in best_detectors(found)] == [1, 1]
    labelled = {"dataset__protocol": "by_video", "objective__name": "classify"}
    found = [
        write(tmp_path / "c", losses=[1], protocol="by_video", config=labelled),
        write(
            tmp_path / "d",
            losses=[0.5],
            protocol="by_video",
            config={**labelled, "features__backbone": "resnet18"},
        ),
    ]
    assert [row["candidates"] for row in best_detectors(found)] == [2]


def test_nothing_is_chosen_where_early_stopping_uses_the_test_windows(tmp_path):
    leaky = {"dataset__protocol": "published_shuffled", "objective__name": "classify"}
    run = write(tmp_path / "a", losses=[1], protocol="published_shuffled", config=leaky)
    (chosen,) = best_detectors([run])
    assert chosen["settings"] is None and "very windows that are tested" in chosen["reason"]
    assert "none, nothing is held out" in write_best(tmp_path / "b.json", [chosen])[0]


def test_seeds_that_draw_their_own_windows_share_a_table(tmp_path):
    leaky = {"dataset__protocol": "random_window", "objective__name": "classify"}
    found = []
    for seed, abnormal in enumerate((100, 101)):
        row = {**made.metrics()["videos"][0], "id": "test windows", "abnormal": abnormal}
        more = {"unit": "window", "videos": [row], "protocol": "random_window", "config": leaky}
        found.append(write(tmp_path / str(seed), losses=[1], seed=seed, **more))
    (chosen,) = best_detectors(found)
    assert chosen["seeds"] == [0, 1]
