"""The pictures: there, readable, the same every time, stamped."""

import dataclasses
import re

import cv2
import numpy as np
import pytest

from tests.report import demo, test_normal_map
from vadjax.data.scored_video import ScoredVideo
from vadjax.errors import UserError
from vadjax.report import plots
from vadjax.report.figures import write_figures
from vadjax.report.timelines_figure import timelines_figure

ALL = {"roc", "pr", "thresholds", "timelines", "training", "baselines"}


def parts() -> dict:
    videos = demo.videos(num=2, num_pictures=0)
    flat = (np.concatenate([getattr(v, name) for v in videos]) for name in ("scores", "labels"))
    metrics = demo.metrics(videos) | demo.analysis(*flat)
    return {"metrics": metrics, "videos": videos, "history": demo.history()}


def test_every_figure_is_a_picture_of_something(tmp_path):
    paths = write_figures(tmp_path, **parts())
    assert {p.name for p in paths} == {f"{name}.png" for name in ALL}
    for path in paths:
        image = cv2.imread(str(path))
        assert min(image.shape[:2]) > 300
        assert len(np.unique(image.reshape(-1, 3), axis=0)) > 20
        dull = image.astype(int).max(axis=2) - image.astype(int).min(axis=2)
        assert (dull > 60).sum() > 200  # the accent is there


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_the_same_run_gives_the_same_bytes(tmp_path, form):
    arguments = parts() if form == "svg" else {**parts(), "metrics": {}, "videos": []}
    one = write_figures(tmp_path / "a", **arguments, formats=(form,))
    two = write_figures(tmp_path / "b", **arguments, formats=(form,))
    assert len(one) == (6 if form == "svg" else 1)
    for a, b in zip(one, two, strict=True):
        assert a.read_bytes() == b.read_bytes(), a.name


def test_what_an_svg_refers_to_is_there_by_number(tmp_path):
    for path in write_figures(tmp_path, **parts(), formats=("svg",)):
        text = path.read_text(encoding="utf-8")
        ids = re.findall(r'id="([^"]+)"', text)
        refers = set(re.findall(r'(?:xlink:href="#|url\(#)([^")]+)', text))
        assert len(set(ids)) == len(ids) and refers <= set(ids)
        assert not [name for name in ids if re.search("[0-9a-f]{10}", name)]
        assert any(name.startswith("part") for name in ids)


def test_a_leaky_run_says_so_in_each_figure(tmp_path):
    arguments = parts()
    arguments["metrics"] |= {"protocol": "random_window", "coverage": "6 of 37 clips"}
    arguments["metrics"]["warnings"] = ["random weights"]
    for path in write_figures(tmp_path, **arguments, formats=("svg",)):
        text = path.read_text("utf-8")  # matplotlib keeps each text as a comment
        for words in ("LEAKY", "6 of 37 clips", "random weights"):
            assert words in text.replace("\n", " "), path.name


@pytest.mark.parametrize("factor", [1.0, 1000.0], ids=["linear", "logarithmic"])
def test_timelines_are_on_the_scale_of_the_page(factor):
    """A few scores far above the others, among videos that the figure has no room for."""
    low = np.linspace(1, 2, 60).astype(np.float32)
    views = [ScoredVideo(f"v{n}", low, threshold=1.5, fps=10.0) for n in range(30)]
    views[-1] = dataclasses.replace(views[-1], scores=np.append(low[1:], 2 * factor).astype("f4"))
    scale = plots.scale_of(views)
    assert scale.log == (factor > 1)
    drawn = timelines_figure(views)
    ends = np.exp([scale.low, scale.high]) if scale.log else [scale.low, scale.high]
    for axes in (one for one in drawn.axes if one.get_visible()):
        assert axes.get_yscale() == ("log" if scale.log else "linear")
        np.testing.assert_allclose(axes.get_ylim(), ends, rtol=1e-9)


def test_only_what_there_is_is_drawn(tmp_path):
    arguments = demo.unlabelled()
    made = write_figures(
        tmp_path, metrics=arguments["metrics"], videos=arguments["videos"], history=[]
    )
    assert [p.name for p in made] == ["timelines.png"]
    assert write_figures(tmp_path / "none", metrics={}, videos=[], history=[]) == []


def test_what_is_normal_is_drawn_where_it_is_known(tmp_path):
    normal = test_normal_map.scene()
    [path] = write_figures(tmp_path, metrics={}, videos=[], normal=normal, formats=("svg",))
    text = path.read_text("utf-8").replace("\n", " ")
    assert path.name == "normal.svg"
    assert "0.5 body heights/s" in text and "0.1 % to 50 % of the time" in text


def test_folds_and_many_videos_have_room(tmp_path):
    arguments = {
        **parts(),
        "history": demo.history(3),
        "videos": demo.videos(num=25, num_pictures=0),
    }
    names = {p.name for p in write_figures(tmp_path, **arguments)}
    assert names == {f"{name}.png" for name in ALL}


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        write_figures(tmp_path / "file", **parts())
