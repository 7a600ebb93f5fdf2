"""Scenes of data sets in the layouts of their authors: alone, and held out one after another."""

import pytest

from tests.data.builders import test_shanghaitech, test_ubnormal, test_umn
from vadjax import api, data
from vadjax.data.splits import scenes
from vadjax.errors import UserError
from vadjax.pipeline.transfer import homes_by_scene

shanghai_small, shanghaitech = test_shanghaitech.small, test_shanghaitech.official
small, umn = test_umn.small, test_umn.one_file
ubnormal = test_ubnormal.root

NAMES = {"shanghaitech": ["01", "02"], "umn": ["indoor", "lawn"], "ubnormal": ["2", "10"]}
ALONE = {"shanghaitech": ["01", "02"], "umn": ["indoor", "lawn"], "ubnormal": None}


@pytest.fixture(params=["shanghaitech", "umn", "ubnormal"])
def name(request):
    return request.param


@pytest.fixture
def source(name, request, tmp_path):
    """A config in words, as a person writes it."""
    if name == "shanghaitech":
        request.getfixturevalue("shanghai_small")
    root = request.getfixturevalue(name)
    return f"{name}_lstm:dataset.data_dir={root},features.cache_dir={tmp_path / 'cache'}"


def loaded(config):
    return data.load(config.dataset, cache_dir=config.features.cache_dir)


def test_each_scene_is_held_out_once(name, source, tmp_path):
    whole = loaded(api.load_config(source))
    made = homes_by_scene(api.load_config(source), tmp_path / "out", unseen=True)
    assert [home.name for home in made] == NAMES[name]
    tested = []
    for home in made:
        scene, dataset = home.name, loaded(home.config)
        assert {video.scene for video in dataset.test} == {scene}
        assert [v.id for v in dataset.train] == [v.id for v in whole.train if v.scene != scene]
        assert dataset.train and f"unseen scene {scene}" in dataset.coverage
        assert home.workdir == tmp_path / "out" / "runs" / scene
        tested += [video.id for video in dataset.test]
    assert sorted(tested) == sorted(video.id for video in whole.test)


def test_each_scene_has_a_run_of_its_own(name, source, tmp_path):
    if ALONE[name] is None:  # its test scenes have no other clips, as it is drawn here
        whole = loaded(api.load_config(source))
        assert "10" not in {video.scene for video in whole.train}
        with pytest.raises(UserError, match="1 scene"):
            scenes.tested_scenes(whole, unseen=False)
        return
    made = homes_by_scene(api.load_config(source), tmp_path / "out", unseen=False)
    assert [home.name for home in made] == ALONE[name]
    for home in made:
        dataset = loaded(home.config)
        assert {video.scene for video in (*dataset.train, *dataset.test)} == {home.name}
        assert dataset.train and dataset.test
