"""Every value of a config is of its default's kind, and finite; a fault is one line."""

import math

import pytest

from vadjax import config as configs
from vadjax.config.value_checks import faults_of_values, negatives
from vadjax.errors import UserError

FLAT = configs.flatten(configs.default_config().to_dict())


def check(**values):
    """Validate a config with values that its own types would refuse, as from get_config."""
    config = configs.default_config().unlock()
    for key, value in values.items():
        section, _, name = key.replace("__", ".").rpartition(".")
        target = config[section] if section else config
        with target.ignore_type():
            target[name] = value
    configs.validate(config)


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("seed", -1, "seed is -1; it must be 0 or more"),
        ("seed", 2**31, "at most 2147483647"),
        pytest.param("seed", 10**5000, "a number of thousands of digits", id="digits"),
        ("seed", 1.5, "a whole number"),
        ("seed", True, "a whole number"),
        ("train__learning_rate", math.nan, "train.learning_rate is nan; it must be a finite"),
        ("train__weight_decay", math.inf, "a finite number"),
        ("train__weight_decay", -1.0, "train.weight_decay is -1.0; it must be 0 or more"),
        ("train__learning_rate", "fast", "a number"),
        ("model__units", (1.5,), r"\(1.5,\); 1.5 in it must be a whole number"),
        ("model__units", ("64",), "'64' in it"),
        ("model__units", 64, "a tuple of whole numbers"),
        ("model__units", (64, -1), "every width must be above 0"),
        ("model__channels", (64, None), "None in it"),
        ("model__bidirectional", "yes", "True or False"),
        ("dataset__data_dir", 3, "text"),
        ("report__title", "a\0b", "one line of text"),
        ("model__name", None, "model.name is None; it must be text"),
    ],
)
def test_a_value_of_another_kind_is_named_in_one_line(key, value, text):
    with pytest.raises(UserError, match=text) as caught:
        check(**{key: value})
    assert len(str(caught.value).splitlines()) == 1 and len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "value", [math.nan, -1, [object()], "\0", 10**300, b"x", None], ids=lambda v: repr(v)[:8]
)
def test_no_value_of_any_key_ends_in_anything_but_a_message(value):
    for key, default in FLAT.items():
        if default is None and value in (None, -1):  # a score, where one is given
            continue
        faults = faults_of_values({**FLAT, key: value}, FLAT)
        faults += negatives({key: value}).values()
        assert faults and all(key in fault for fault in faults), (key, default)


def test_a_config_that_is_none_of_ours(tmp_path):
    with pytest.raises(UserError, match=r"the config is a dict; wanted the ConfigDict"):
        configs.validate({"seed": 0})
    config = configs.default_config().unlock()
    del config["train"]
    with pytest.raises(UserError, match=r"keys are missing \(train.adapt, train.batch_size"):
        configs.validate(config)
