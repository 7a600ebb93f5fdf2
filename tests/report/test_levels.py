"""What pages say of detector `scene`: true to docs/results.md, and only where it is comparable."""

import pathlib
import re

import pytest

from tests.report import demo
from vadjax import config as configs
from vadjax.config import shipped
from vadjax.report import levels, page

RESULTS = pathlib.Path(__file__).parents[2] / "docs/results.md"


@pytest.mark.parametrize("name", levels.LEVELS)
def test_the_figure_is_that_of_the_results(name):
    level = levels.LEVELS[name]
    (row,) = (
        line for line in RESULTS.read_text("utf-8").splitlines() if f"(`{level.config}`" in line
    )
    assert float(re.findall(r"\.\d{3}", row)[0]) == level.auc_micro
    assert level.config in shipped.names()


@pytest.mark.parametrize(
    "change",
    [
        {"metrics": {"protocol": "by_video"}},
        {"metrics": {"coverage": "3 of 12 clips"}},
        {"metrics": {"detector": {"name": "scene"}}},
        {"metrics": {"frame": {"auc_micro": 0.96}}},
        {"metrics": {"frame": {"auc_micro": None}}},
        {"metrics": {"dataset": "folder"}},
        {"config": {"dataset": {"seed": 1}}},
        {"config": {"dataset": {"num_test": 4}}},
    ],
)
def test_it_is_said_of_the_same_test_clips_alone(change):
    metrics = {"dataset": "ucsd_ped2", "protocol": "one_class", "coverage": None}
    metrics |= {"frame": {"auc_micro": 0.8}, "detector": {"name": "window_model"}}
    config = configs.default_config().to_dict()
    assert levels.better(metrics, config) == levels.LEVELS["ucsd_ped2"]
    metrics |= change.get("metrics", {})
    config["dataset"] |= change.get("config", {}).get("dataset", {})
    assert levels.better(metrics, config) is None


def test_the_page_names_the_config(tmp_path):
    arguments = demo.arguments()
    arguments["metrics"]["frame"]["auc_micro"] = 0.8
    text = page.write_report(tmp_path / "report.html", **arguments).read_text("utf-8")
    assert "vadjax train ped2_scene" in text
