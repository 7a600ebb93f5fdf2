"""Choosing a detector: by the argument, in the identity, and which checks are for it."""

import json
import subprocess
import sys

import pytest

from vadjax import config as configs
from vadjax.detectors import DETECTORS
from vadjax.errors import UserError


def config_of(argument):
    return configs.with_argument(configs.default_config(), argument)


def test_detector_is_short_for_its_name_and_makes_another_run():
    config = config_of("detector=flow_box")
    assert config.detector.name == "flow_box"
    assert configs.run_hash(config) != configs.run_hash(configs.default_config())
    assert configs.identity(config)["detector.name"] == "flow_box"
    before = json.loads(json.dumps(configs.default_config().to_dict(), default=list))
    assert configs.changed(before, config) == ["detector.name"]
    del before["detector"]  # a run of the first version
    assert configs.changed(before, configs.default_config()) == []


@pytest.mark.parametrize("name", [n for n, e in DETECTORS.items() if "segment" in e.units])
def test_every_detector_of_clips_is_valid(name):
    of_bags = "objective.name=mil_ranking,model.name=bag_mlp,dataset.protocol=weak_by_video"
    more = f",{of_bags},train.batches=pairs" if name == "bag_model" else ""
    more += ",features.tap=map" if DETECTORS[name].reads_maps else ""
    configs.validate(config_of(f"detector={name}{more}"))


def test_checks_of_windows_and_models_are_for_window_model_alone():
    # No objective serves this model on pooled features, and the training ends before it begins.
    faults = "model.name=appearance_to_flow,objective.name=segment,train.mix=0.5,window.length=1"
    configs.validate(config_of(f"detector=knn,{faults}"))
    with pytest.raises(UserError, match="does not serve objective 'segment'"):
        configs.validate(config_of(faults))


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        ("detector=flow_bx", "Did you mean 'flow_box'"),
        ("detector=flow_box,dataset.protocol=random_window", "splits windows; choose one of one_"),
        ("detector=nearest_in_time", "splits videos; choose one of random_window"),
        ("detector=knn,evaluate.threshold=half", "for probabilities"),
        ("detector=knn_places", "'knn_places' reads maps: set features.tap=map"),
        ("detector=knn,evaluate.threshold=f1", "validation clips with labelled frames"),
    ],
)
def test_faults(argument, text):
    with pytest.raises(UserError, match=text):
        configs.validate(config_of(argument))


def test_checking_a_config_imports_no_jax():
    code = (
        "import sys; from vadjax import config as c; c.validate(c.default_config()); c.choices(); "
        "sys.exit('jax' in sys.modules or 'tensorflow_datasets' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_cues_of_scene_are_written_without_quotes_and_checked_by_name():
    config = configs.validate(config_of("detector=scene,scene.cues=(speed,look)"))
    assert config.scene.cues == ("speed", "look")
    with pytest.raises(UserError, match=r"scene.cues 'lok' unknown.*Did you mean 'look'"):
        configs.validate(config_of("detector=scene,scene.cues=(speed,lok)"))
    with pytest.raises(UserError, match=r"scene.cues is empty; name some of speed"):
        configs.validate(config_of("detector=scene,scene.cues=()"))


def test_the_cue_objects_needs_weights_that_are_there(tmp_path):
    with pytest.raises(UserError, match=r"needs an object detector: give its weights by"):
        configs.validate(config_of("detector=scene,scene.cues=(speed,objects)"))
    config = config_of("detector=scene")
    config.scene.objects = str(tmp_path / "absent.onnx")
    with pytest.raises(UserError, match=r"scene.objects: .*absent.onnx is no file"):
        configs.validate(config)
    (tmp_path / "absent.onnx").touch()
    configs.validate(config)  # what is in it is looked at when it is read
    assert config.scene.cues == ("speed", "look", "course", "still")
