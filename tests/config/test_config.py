"""Every config file is valid, and faults are named with the closest valid choice."""

import importlib.util
import pathlib

import pytest

from vadjax import config as configs
from vadjax.detectors.window_model import WindowModel
from vadjax.errors import UserError

FILES = sorted((pathlib.Path(__file__).parents[2] / "configs").glob("*.py"))


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_config_files_are_valid_and_say_their_command(path):
    module = load(path)
    config = module.get_config()
    if config.dataset.name != "synthetic":
        with pytest.raises(UserError, match="data_dir is empty"):
            configs.validate(config)
        config.dataset.data_dir = "/data"
    configs.validate(config)
    assert f"--config=configs/{path.name}" in module.__doc__


def test_defaults_are_valid_and_locked():
    config = configs.validate(configs.default_config())
    with pytest.raises(AttributeError):
        config.train.epoch = 3


@pytest.mark.parametrize(
    "key, value, text",
    [
        ("dataset.protocol", "one_clas", "Did you mean 'one_class'"),
        ("dataset.protocol", "random_windows", "Did you mean 'random_window'"),
        ("dataset.protocol", "random_window", "learn from labels"),
        ("dataset.augment", "rahmani", "Did you mean 'rahmani_compat'"),
        ("dataset.augment", "rahmani_compat", "only dataset.protocol=published_shuffled"),
        ("dataset.augment", "flop,flip", "Did you mean 'flip'"),
        ("dataset.augment", "flip,none", "none stands alone"),
        ("evaluate.threshold", "half", "for probabilities"),
        ("model.name", "lsmt", "Did you mean 'lstm'"),
        ("window.length", 0, "above 0"),
        ("model.units", (), "at least one layer"),
        ("model.dropout", 1.0, r"\[0, 1\)"),
        ("objective.name", "classify", "learn from labels"),
        ("model.name", "conv_autoencoder", "objective.name=reconstruct"),
        ("features.tap", "stage5", "unet_segmenter.* read maps"),
        ("objective.name", "motion", "model.name=appearance_to_flow"),
        ("evaluate.threshold", "f1", "validation clips with labelled frames"),
        ("features.height", 224, "give both"),
        ("objective.num_classes", 3, r"num_classes is 3; activation 'sigmoid' wants 2 \(softmax"),
        ("objective.num_classes", 1, "num_classes is 1"),
        ("objective.class_weight", "balancd", "wanted balanced, none, or 2 numbers"),
        ("objective.class_weight", "1,2,3", "wanted balanced, none, or 2 numbers"),
        ("objective.class_weight", "1,-2", "wanted balanced, none, or 2 numbers"),
        ("features.backbone", "resnet5", "Did you mean 'resnet50'"),
        ("window.length", 1, "at least 2"),
        ("evaluate.quantile", 1.0, r"\(0, 1\)"),
    ],
)
def test_faults_are_named(key, value, text):
    config = configs.default_config()
    section, name = key.split(".")
    config[section][name] = value
    with pytest.raises(UserError, match=text):
        configs.validate(config)


@pytest.mark.parametrize(
    ("backbone", "size", "fit", "text"),
    [
        ("coatnet_0_rw_224", 256, "stretch", "takes 224 x 224 pixels and no other size"),
        ("coatnet_0_rw_224", 0, "native", "needs one size for all frames"),
        ("vit_tiny_patch16_224", 230, "stretch", "takes multiples of 16 pixels"),
        ("resnet18", 16, "stretch", "takes at least 32 x 32"),
    ],
)
def test_inputs_that_a_backbone_does_not_take_are_refused_early(backbone, size, fit, text):
    config = configs.default_config()
    f = config.features
    f.backbone, f.height, f.width, f.fit = backbone, size, size, fit
    with pytest.raises(UserError, match=text):
        configs.validate(config)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"model.lag": 16}, "has not the 1 rows .objective.scored_rows. for model 'place_gru'"),
        ({"objective.scored_rows": 11}, "has not the 11 rows"),
        ({"model.bidirectional": True}, "reads from model.lag=6 rows after a row on"),
        ({"objective.scored_rows": 2}, "set score.aggregate=mean or max"),
        ({"model.mixture": 0}, "model.mixture is 0; it must be above 0"),
        ({"model.sharing": "rows"}, "Did you mean 'row'"),
    ],
)
def test_faults_of_scanners_by_place_are_named(changes, text):
    config = configs.default_config()
    config.features.backbone, config.features.tap = "flow_lite0", "map"
    config.model.name, config.objective.name = "place_gru", "density"
    configs.validate(config)
    for key, value in changes.items():
        section, name = key.split(".")
        config[section][name] = value
    with pytest.raises(UserError, match=text):
        configs.validate(config)


def test_classes_and_their_weights_reach_the_objective():
    config = configs.default_config()
    config.dataset.protocol, config.objective.name = "by_video", "classify"
    config.objective.activation, config.objective.num_classes = "softmax", 3
    config.objective.class_weight = "1,2,.5"
    assert WindowModel(configs.validate(config)).objective.num_classes == 3
    config.dataset.protocol, config.objective.name = "one_class", "predict"
    config.objective.target_gradient = True
    assert WindowModel(configs.validate(config)).objective.target_gradient


def test_all_faults_come_at_once():
    config = configs.default_config()
    config.train.epochs, config.model.name = 0, "nope"
    with pytest.raises(UserError) as caught:
        configs.validate(config)
    assert "train.epochs" in str(caught.value) and "model.name" in str(caught.value)


def test_identity_keeps_what_was_asked_and_drops_what_is_free():
    a, b = configs.default_config(), configs.default_config()
    b.dataset.data_dir, b.train.epochs, b.features.cache_dir = "/x", 99, "/y"
    b.evaluate.quantile, b.train.parallel = 0.5, "pmap"
    assert configs.identity(a) == configs.identity(b)
    b.train.learning_rate = 0.5
    assert configs.identity(a) != configs.identity(b)
    assert configs.fingerprint(configs.identity(a)) != configs.fingerprint(configs.identity(b))


def ped2(argument):
    path = next(path for path in FILES if path.stem == "ped2_lstm")
    return load(path).get_config(argument)


def test_the_argument_of_a_config_changes_its_keys():
    config = ped2("backbone=repvgg_a0,train.epochs=3,model.units=(8, 4)")
    assert config.features.backbone == "repvgg_a0" and config.train.epochs == 3
    assert (config.features.height, config.features.width) == (224, 336)
    assert ped2("backbone=coatnet_0_rw_224").features.height == 0  # takes its own size alone
    assert ped2("") == ped2("seed=0")


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        ("backbone", "is no key=value"),
        ("backbone=repvgg_a00", "Did you mean 'repvgg_a0'"),
        ("train.epoch=3", "Did you mean 'train.epochs'"),
        ("train.epochs=many", r"train\.epochs wants a int"),
        ("train.epochs=(1, 2)", r"train\.epochs wants a int"),
    ],
)
def test_faults_of_the_argument_are_named(argument, text):
    with pytest.raises(UserError, match=text):
        ped2(argument)


@pytest.mark.parametrize(
    ("protocol", "key", "value", "text"),
    [
        ("random_window", "evaluate.threshold", "f1", "evaluate.threshold=half, not f1"),
        ("random_window", "train.batches", "runs", "set train.batches=windows"),
        ("random_window", "window.stride", 16, "must be below window.length, 16"),
        ("published_shuffled", "window.stride", 2, "window.stride=1, not 2"),
        ("published_shuffled", "window.label", "any", "window.label=last, not any"),
    ],
)
def test_protocols_over_windows_are_what_they_are(protocol, key, value, text):
    config = configs.default_config()
    config.dataset.protocol, config.objective.name = protocol, "classify"
    config.evaluate.threshold = "half"
    configs.validate(config)
    config.update_from_flattened_dict({key: value})
    with pytest.raises(UserError, match=text):
        configs.validate(config)
