"""The figures of the page: those of the metrics, each with what belongs to it."""

import base64

import pytest

from tests.report import demo
from tests.report.page_reader import written
from vadjax.evaluation import schema
from vadjax.report import wording


def test_the_made_up_metrics_are_of_the_real_schema():
    for arguments in (demo.arguments(), demo.in_folds(), demo.explained()):
        schema.validate(arguments["metrics"])


def test_shows_the_numbers_of_the_metrics(tmp_path):
    arguments = demo.arguments()
    metrics = arguments["metrics"]
    _, reader = written(tmp_path, **arguments)
    for section in ("frame", "baselines", "threshold", "accounting", "leakage"):
        for key, value in metrics[section].items():
            path = f"{section}.{key}"
            if isinstance(value, (int, float)) and path in reader.data:
                assert float(reader.data[path]) == value
    for path in (
        *("frame.auc_micro", "frame.auc_macro", "frame.ap", "frame.ap_chance", "frame.eer"),
        *(f"baselines.{row.key}" for row in wording.BASELINES[:6]),
        *("baselines.majority_accuracy", "threshold.value", "threshold.f1", "threshold.mcc"),
        *(f"threshold.confusion.{cell}" for cell in ("tp", "fp", "tn", "fn")),
        *("accounting.scored", "accounting.filled", "accounting.substituted", "leakage.exact"),
    ):
        assert float(reader.data[path]) == wording.lookup(metrics, path), path
        assert wording.number(wording.lookup(metrics, path)) in reader.shown() or "leak" in path
    low, high = metrics["frame"]["auc_micro_ci95"]
    assert f"95 % interval {low:.3f} to {high:.3f}" in reader.shown()
    for row in metrics["videos"]:
        assert row["id"] in reader.shown()


def test_says_when_a_baseline_beats_the_detector(tmp_path):
    arguments = demo.arguments()
    _, reader = written(tmp_path, **arguments)
    assert "The baseline “Optical flow” beats it" in reader.shown()
    assert reader.shown().count("▲ beats the detector") == 1
    arguments["metrics"]["baselines"]["flow_box"] = 0.6
    _, reader = written(tmp_path, **arguments)
    assert "beats" not in reader.shown()
    assert "The best baseline, “Nearest neighbours”, gets 0.902, inside that" in reader.shown()


def test_any_number_of_baselines_is_shown_with_title_and_group(tmp_path):
    arguments = demo.arguments()
    metrics = arguments["metrics"]
    metrics["baselines"] |= {"box": 0.61, "unheard_of": 0.52}
    metrics["baseline_titles"] = {"box": {"title": "Flow in a box", "group": "Motion, by hand"}}
    _, reader = written(tmp_path, **arguments)
    assert "Motion, by hand Flow in a box 0.610" in reader.shown()
    assert "Other scores Unheard of 0.520" in reader.shown()
    assert "Label nearest in time" not in reader.shown()  # it is not in the metrics
    metrics["baselines"] = {"box": 0.61}
    assert "Optical flow" not in written(tmp_path, **arguments)[1].shown()


def test_a_null_gives_its_reason(tmp_path):
    _, reader = written(tmp_path, **demo.arguments())
    assert "Mahalanobis distance – needs at least two normal clips" in reader.shown()
    assert "False alarms per hour ◆ – 1.7 minutes of normal footage" in reader.shown()
    _, reader = written(tmp_path, **demo.of_one_class())
    assert "the labels hold one class only: every frame is abnormal" in reader.shown()
    assert "frame.auc_micro" not in reader.data


@pytest.mark.parametrize("section", ["frame", "baselines", "threshold", "leakage", "accounting"])
def test_any_part_may_be_null(tmp_path, section):
    arguments = demo.arguments()
    arguments["metrics"] |= {section: None, "reasons": {section: f"no {section} today"}}
    _, reader = written(tmp_path, **arguments)
    assert f"no {section} today" in reader.shown()


@pytest.mark.parametrize("protocol", ["random_window", "published_shuffled"])
def test_a_leaky_protocol_is_stamped(tmp_path, protocol):
    arguments = demo.arguments()
    arguments["metrics"] |= {"protocol": protocol, "warnings": ["random weights"]}
    _, reader = written(tmp_path, **arguments)
    assert "Leaky protocol: " + wording.PROTOCOLS[protocol].title in reader.shown()
    assert "Warning. random weights" in reader.shown()
    assert ("p", {"class": "big leaky"}) in reader.tags
    assert "frame-level ROC AUC, micro leaky" in reader.shown()


def test_coverage_stands_beside_the_numbers(tmp_path):
    arguments = demo.arguments()
    arguments["metrics"]["coverage"] = "6 of 37 clips"
    _, reader = written(tmp_path, **arguments)
    for words in (
        "6 of 37 clips labels:",
        "All over 6 of 37 clips",
        "Micro AUC over 6 of 37 clips",
    ):
        assert words in reader.shown()
    for heading in ("Timelines", "Threshold", "By kind and by video", "Validity"):
        assert f"{heading} 6 of 37 clips" in reader.shown()


def test_folds_have_their_own_thresholds_and_spread(tmp_path):
    _, reader = written(tmp_path, **demo.in_folds())
    assert "of its fold, the threshold of best recall minus false-positive rate" in reader.shown()
    assert "0.840 , 0.900" in reader.shown()
    assert "0.910, 0.950; mean 0.930" in reader.shown()
    assert "pooled over the folds" in reader.shown()


def test_says_what_the_controls_of_the_maps_say(tmp_path):
    arguments = demo.explained()
    shown = written(tmp_path, **arguments)[1].shown()
    assert (
        "The maps depend on the trained weights: maps of a randomised head correlate 0.123" in shown
    )
    assert "the maps do not localise" not in shown
    arguments["metrics"]["region"]["pixel_auc"] = 0.7
    arguments["metrics"]["explain"]["sanity"]["correlation"] = 0.98
    shown = written(tmp_path, **arguments)[1].shown()
    assert "The maps hardly depend on the trained weights: maps of a randomised head" in shown
    assert "By the pixel-level AUC the maps do not localise" in shown


@pytest.mark.parametrize("block", ["sweep", "thresholds", "classes", "region", "explain"])
def test_a_block_that_is_missing_says_why(tmp_path, block):
    arguments = demo.explained()
    arguments["metrics"] |= {block: None}
    arguments["metrics"]["reasons"] |= {block: f"no {block} today"}
    assert f"no {block} today" in written(tmp_path, **arguments)[1].shown()


def test_a_reason_stands_once_and_the_empty_section_not_at_all(tmp_path):
    arguments = demo.arguments()
    arguments["metrics"] |= {"region": None, "explain": None}
    arguments["metrics"]["reasons"] |= {"region": "no masks", "explain": "no masks"}
    _, reader = written(tmp_path, **arguments)
    assert reader.shown().count("no masks") == 1
    assert "where" not in reader.ids and "left-out" in reader.ids
    assert "where" in written(tmp_path, **demo.explained())[1].ids


def test_copies_are_shown_side_by_side(tmp_path):
    arguments = demo.arguments()
    copy = {"video": "test/01", "start": 0, "stop": 40, "other": "train/<3>", "other_start": 5}
    copy |= {"kind": "mirrored", "score": 0.97, "speed": 1.0}
    arguments["metrics"]["leakage"]["copies"] = [copy, copy]
    shown = {**copy, "frame": 20, "other_frame": 25, "jpegs": [b"this one", b"that one"]}
    text, reader = written(tmp_path, **arguments, copies=[shown])
    for jpeg in shown["jpegs"]:
        assert base64.b64encode(jpeg).decode() in text
    assert "mirrored : test/01, frames 0 to 39, and train/<3> from frame 5" in reader.shown()
    assert "1 more stretch in leakage.json" in reader.shown()
    assert "Copies" not in written(tmp_path, **demo.arguments())[1].shown()


def test_oracle_and_legacy_are_there_on_request_and_marked(tmp_path):
    shown = written(tmp_path, **demo.explained())[1].shown()
    assert "Oracle chosen on test labels" in shown
    assert "Legacy comparable other conventions" in shown
    assert "Best F1 at 0.771 0.882" in shown
    shown = written(tmp_path, **demo.arguments())[1].shown()
    assert "Oracle" not in shown
    assert "Legacy" not in shown
