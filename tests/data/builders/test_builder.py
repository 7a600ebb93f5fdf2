"""One line registers a data set, and its class says what other code needs to know."""

import types

import pytest

from vadjax import config as configs
from vadjax import data
from vadjax.data.builders.builder import Builder
from vadjax.data.splits.copies import CHANGES
from vadjax.errors import UserError


@pytest.mark.parametrize("name", data.DATASETS)
def test_every_builder_states_its_facts(name):
    cls = data.builder(name)
    assert issubclass(cls, Builder)
    assert cls.title and cls.__doc__ and cls.label_versions
    assert set(cls.legacy_label_versions) <= set(cls.label_versions)
    assert cls.input_kind in ("videos", "images", "features")
    assert cls.copies_like in CHANGES and cls.num_folds >= 2
    settings = configs.default_config().dataset
    assert set(cls.identity(settings)) == set(cls.identity_keys)


def test_facts_of_the_benchmarks():
    """As the data sets' authors and the published code have them (docs/datasets.md)."""
    facts = {n: data.builder(n) for n in data.DATASETS}
    assert {n for n, b in facts.items() if b.official_split} == {
        *("ucsd_ped1", "ucsd_ped2", "avenue", "shanghaitech"),
        *("ucf_crime", "ucfcrime2local", "xd_violence", "ubnormal"),
        *("street_scene", "nwpu_campus", "mvtec", "visa"),
    }
    assert {n for n, b in facts.items() if b.pooled_note} == {"ucsd_ped1", "ucsd_ped2"}
    assert {n: b.num_folds for n, b in facts.items() if b.num_folds != 5} == {
        "ucsd_ped2": 4,
        "umn": 11,
    }
    assert [n for n, b in facts.items() if not b.needs_data_dir] == ["synthetic"]
    without = {n for n, b in facts.items() if not b.takes_fps}  # no folder of images is a video
    images = {n for n, b in facts.items() if b.input_kind != "videos"}
    assert without - images == {"synthetic"}


def test_identity_tells_two_folders_and_two_drawings_apart(tmp_path, monkeypatch):
    settings = configs.default_config().dataset
    drawing = data.builder("synthetic").identity(settings)
    assert " ".join(drawing.values()) == "0 0 0 0 0 0"  # as in the stores of earlier versions
    settings.seed = 1
    assert data.builder("synthetic").identity(settings) != drawing
    monkeypatch.chdir(tmp_path)
    folder = data.builder("folder").identity
    same = [types.SimpleNamespace(data_dir="a"), {"data_dir": str(tmp_path / "b" / ".." / "a")}]
    assert [folder(one) for one in same] == [{"data_dir": str(tmp_path / "a")}] * 2
    assert folder({"data_dir": "b"}) != folder(same[0])
    assert data.builder("ucsd_ped2").identity(settings) == {}


def test_titles_and_unknown_names():
    assert data.title("avenue") == "CUHK Avenue" and data.title("other") == "other"
    with pytest.raises(UserError, match=r"dataset 'avenu' unknown; .*Did you mean 'avenue'"):
        data.builder("avenu")


def test_a_builder_without_its_methods_cannot_be_opened():
    class Half(Builder):
        title, label_versions = "Half", ("own",)

    with pytest.raises(TypeError, match="abstract"):
        Half(None, None)
