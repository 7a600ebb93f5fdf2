"""A page of very many clips, or of a very long one, stays small."""

import dataclasses

import numpy as np
import pytest

from tests.report import demo
from vadjax.data.scored_video import Finding, Normal, ScoredVideo
from vadjax.report import page, timelines
from vadjax.report.picture_budget import within_budget

LIMIT = 15_000_000  # bytes of a page


def video(name, scores, alarms=()):
    values = np.asarray(scores, np.float32)
    return ScoredVideo(name, values, np.ones(len(values), bool), alarms=alarms)


def test_pictures_that_fit_are_all_kept():
    views, pictures = demo.made()
    assert within_budget(views, pictures) == {k: sorted(v) for k, v in pictures.items()}


def test_each_video_keeps_its_most_abnormal_picture_and_alarmed_ones_more():
    quiet, loud = video("quiet", [1, 9, 3, 2]), video("loud", [5, 1, 4, 2], alarms=((0, 1),))
    pictures = {v.id: [(i, bytes(10)) for i in range(4)] for v in (quiet, loud)}
    kept = within_budget([quiet, loud], pictures, nbytes=35)
    frames = {name: [frame for frame, _ in found] for name, found in kept.items()}
    assert frames == {"loud": [0, 2], "quiet": [1]}


def many(count, length, *, labelled, pairs=True):
    rng = np.random.default_rng(0)
    pictures = [rng.bytes(4500) for _ in range(40)]
    views, shown = [], {}
    for n in range(count):
        scores = rng.gamma(2, 0.2, length).astype(np.float32)
        labels = (np.arange(length) // 50 % 4 == 1).astype(np.uint8) if labelled else None
        starts = np.arange(20, length - 20, max(60, length // 40))
        found = [Finding(int(a), "look", "unlike " * 20, (1, 2, 3, 4)) for a in starts]
        if n < 200 and pairs:  # as many pictures as a run cuts
            normal = Normal("train/01", 5, 0.5, rng.bytes(2500))
            found = [dataclasses.replace(f, jpeg=rng.bytes(2500), normal=normal) for f in found]
        view = ScoredVideo(
            f"test/{n:04d}",
            scores,
            np.arange(length) >= 15,
            labels=labels,
            threshold=0.84,
            fps=25.0,
            alarms=tuple((int(a), int(a) + 8) for a in starts),
            findings=tuple(found),
        )
        views.append(view)
        frames = np.linspace(0, length - 1, 12).astype(int).tolist()
        shown[view.id] = [(frame, pictures[(n + frame) % 40]) for frame in frames]
    return views, shown


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize(("count", "length"), [(2000, 180), (1, 100_000)])
def test_a_page_is_at_most_15_mb(tmp_path, count, length, labelled):
    views, pictures = many(count, length, labelled=labelled)
    arguments = demo.arguments() if labelled else demo.unlabelled()
    if labelled:
        [row, *_] = arguments["metrics"]["videos"]
        rows = [{**row, "id": v.id, "alarms": [list(a) for a in v.alarms]} for v in views]
        arguments["metrics"]["videos"] = rows
    changes = {"videos": views, "thumbnails": pictures}
    path = page.write_report(tmp_path / "report.html", **{**arguments, **changes})
    assert path.stat().st_size <= LIMIT
    text = path.read_text("utf-8")
    assert ("so that it can be opened" in text) == (count > 1)
    assert views[-1].id in text or not labelled


def test_timelines_of_very_long_videos_are_fewer(monkeypatch):
    monkeypatch.setattr(timelines, "MAX_FRAMES", 25)
    views = [video(str(n), np.full(10, score)) for n, score in enumerate((2, 9, 1, 5))]
    assert [v.id for v in timelines.select(views)] == ["1", "3"]
    monkeypatch.setattr(timelines, "MAX_FRAMES", 5)
    assert [v.id for v in timelines.select(views)] == ["1"]
