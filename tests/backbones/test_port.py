"""Porting: one to one, and all that is wrong in one error."""

import numpy as np
import pytest

from vadjax.backbones.port import port
from vadjax.errors import UserError

RULES = (
    (r"conv(\d)\.weight", r"params/conv\1/kernel", "conv"),
    (r"fc\.weight", "params/fc/kernel", "linear"),
    (r"fc\.bias", "params/fc/bias", "none"),
)
TEMPLATE = {
    "params": {
        "conv1": {"kernel": np.empty((3, 3, 2, 4))},
        "fc": {"kernel": np.empty((4, 5)), "bias": np.empty(5)},
    }
}


def source():
    random = np.random.default_rng(0)
    return {
        "conv1.weight": random.normal(size=(4, 2, 3, 3)),
        "fc.weight": random.normal(size=(5, 4)),
        "fc.bias": random.normal(size=5),
        "counter": np.zeros(()),
    }


def test_arrays_arrive_transposed_and_float32():
    arrays = source()
    out = port(arrays, TEMPLATE, RULES, ignore=["counter"])["params"]
    np.testing.assert_allclose(
        out["conv1"]["kernel"][1, 2, 0, 3], arrays["conv1.weight"][3, 0, 1, 2]
    )
    np.testing.assert_allclose(out["fc"]["kernel"], arrays["fc.weight"].T, rtol=1e-6)
    assert {leaf.dtype for leaf in (out["conv1"]["kernel"], out["fc"]["bias"])} == {
        np.dtype("float32")
    }


def test_all_differences_come_in_one_error():
    arrays = source()
    arrays["conv1.weight"] = arrays["conv1.weight"][:, :1]
    arrays["fc.weight"][2, 3] = np.nan
    del arrays["fc.bias"]
    arrays["conv7.weight"] = np.zeros((1, 1, 1, 1))
    with pytest.raises(UserError) as error:
        port(arrays, TEMPLATE, RULES, source="w.safetensors")
    lines = str(error.value).splitlines()
    assert lines[0] == "w.safetensors does not fit this network; differences: 5"
    assert [line.strip() for line in lines[1:6]] == [
        "extra: conv7.weight [1, 1, 1, 1]",
        "extra: counter []",
        "missing: params/fc/bias [5]",
        "not finite: fc.weight holds 1 NaN or infinite values",
        "wrong shape: conv1.weight is [3, 3, 1, 4], params/conv1/kernel wants [3, 3, 2, 4] "
        "(after 'conv')",
    ]


def test_a_wrong_number_of_axes_is_a_wrong_shape():
    arrays = {**source(), "fc.weight": np.zeros(5)}
    with pytest.raises(UserError, match=r"fc.weight is \[5\], params/fc/kernel wants \[4, 5\]"):
        port(arrays, TEMPLATE, RULES, ignore=["counter"])


def test_two_keys_for_one_leaf_are_refused():
    rules = (*RULES, (r"head\.bias", "params/fc/bias", "none"))
    arrays = {**source(), "head.bias": np.zeros(5)}
    with pytest.raises(
        UserError, match=r"head\.bias fills params/fc/bias, which fc\.bias fills already"
    ):
        port(arrays, TEMPLATE, rules, ignore=["counter"])
