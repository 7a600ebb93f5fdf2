"""The plan of a sweep: runs, names, groups, and all faults in one error."""

import pytest

from tests.sweeps import tiny
from vadjax import config as configs
from vadjax.errors import UserError
from vadjax.sweeps import plan

BASE = configs.default_config()


def read(*runs, base=BASE):
    return tiny.specs(base, *runs)


def test_runs_are_numbered_named_by_what_differs_and_counted_once():
    runs = [{"seed": s, "train.lr": lr, "window.length": 8} for lr in (1e-3, 3e-4) for s in (0, 1)]
    specs = read(*runs, runs[0])
    assert [s.name for s in specs] == [
        "0000-seed=0-lr=0.001",
        "0001-seed=1-lr=0.001",
        "0002-seed=0-lr=0.0003",
        "0003-seed=1-lr=0.0003",
    ]
    assert specs[2].config.train.learning_rate == 3e-4 and specs[2].config.window.length == 8
    assert BASE.window.length == 16  # the base is left as it was
    assert [s.name for s in read({"model.units": (8, 4)}, {"model.units": (8,)})] == [
        "0000-units=8x4",
        "0001-units=8",
    ]
    assert [s.name for s in read({"detector": "knn"}, {"detector": "flow_box"})] == [
        "0000-detector=knn",
        "0001-detector=flow_box",
    ]


def test_groups_are_runs_of_one_shape():
    runs = [
        {"seed": seed, "train.lr": lr, "model.dropout": drop, "model.units": units}
        for seed in (0, 1)
        for lr in (1e-3, 1e-2)
        for drop in (0.0, 0.1, 0.2)
        for units in ((8,), (16,))
    ]
    groups = plan.group_by_shape(read(*runs))
    # Dropout is an array, but where there is none it is not compiled.
    assert sorted(map(len, groups)) == [4, 4, 8, 8]
    for group in groups:
        assert len({(s.config.model.units, s.config.model.dropout > 0) for s in group}) == 1


def test_an_unknown_key_gives_the_closest():
    with pytest.raises(UserError, match=r"train.learn_rate.*Did you mean 'train.learning_rate'"):
        read({"train.learn_rate": 1.0})


def test_an_empty_axis_is_said():
    with pytest.raises(UserError, match=r"the sweep is empty.*is an axis empty"):
        read()


def test_runs_that_cannot_be_are_listed_at_once():
    bad = [{"train.lr": -1.0}, {"seed": 3}, {"model.name": "lstn"}, {"model.units": "wide"}]
    with pytest.raises(UserError) as error:
        read(*bad)
    text = str(error.value)
    assert "run 0 " in text and "run 2 " in text and "run 3 " in text and "run 1 " not in text
    assert "above 0" in text and "Did you mean 'lstm'" in text


def test_a_config_without_a_sweep_is_said(tmp_path):
    file = tmp_path / "plain.py"
    file.write_text("def get_config():\n    pass\n")
    with pytest.raises(UserError, match="no function sweep"):
        plan.load_function(file)


def test_the_sweep_that_comes_along_can_be():
    sweep = plan.load_function("configs/sweeps/synthetic_rates.py")
    assert len(plan.group_by_shape(plan.read_sweep(sweep, BASE))) == 1


def test_the_grid_of_sixty_runs():
    file = "configs/sweeps/ped2_grid.py"
    base = plan.load_function(file, "get_config")("dataset.data_dir=/data/ped2")
    specs = plan.read_sweep(plan.load_function(file), base)
    assert len(specs) == 60 and len(plan.group_by_shape(specs)) == 4
    assert {(s.config.train.epochs, s.config.train.patience) for s in specs} == {(30, 5)}


def test_the_three_presets_of_the_first_readme():
    argument = "ucsd_ped2=/a,synthetic,seeds=2,train.epochs=2"
    file = "configs/sweeps/s0_presets.py"
    make, sweep = plan.load_function(file, "get_config"), plan.load_function(file)
    specs = plan.read_sweep(sweep, make(argument), argument)
    rows = {(s.config.features.backbone, s.config.model.name) for s in specs}
    assert rows == {("vgg16", "lstm"), ("resnet50", "gru"), ("efficientnet_b0", "lstm")}
    assert len(specs) == 2 * 3 * 2 and len(plan.group_by_shape(specs)) == 2 * 3
    assert {s.config.dataset.protocol for s in specs} == {"by_video"}
    assert {s.config.train.epochs for s in specs} == {2}
    with pytest.raises(UserError, match="wants a data set behind the colon"):
        make("")
    with pytest.raises(UserError, match="'by_clip' unknown"):
        make("synthetic,protocols=by_clip")


def test_the_published_grid():
    argument = "ucsd_ped2=/a,avenue=/b,train.epochs=2"
    make = plan.load_function("configs/sweeps/rahmani_grid.py", "get_config")
    sweep = plan.load_function("configs/sweeps/rahmani_grid.py")
    specs = plan.read_sweep(sweep, make(argument), argument)
    assert len(specs) == 2 * 6 * 3 * 4 * 5 and len(plan.group_by_shape(specs)) == 2 * 6 * 3 * 4
    assert {s.config.train.epochs for s in specs} == {2}
    assert {(s.config.dataset.name, s.config.dataset.data_dir) for s in specs} == {
        ("ucsd_ped2", "/a"),
        ("avenue", "/b"),
    }
    few = "ucsd_ped2=/a,backbones=repvgg_a0,protocols=by_video,seeds=1"
    assert len(plan.read_sweep(sweep, make(few), few)) == 4
    with pytest.raises(UserError, match="wants a data set and its folder"):
        make("")
    with pytest.raises(UserError, match="'by_clip' unknown; choose one of by_video"):
        make("ucsd_ped2=/a,protocols=by_clip")
    with pytest.raises(UserError, match="'seeds=few': seeds wants a number"):
        make("ucsd_ped2=/a,seeds=few")
