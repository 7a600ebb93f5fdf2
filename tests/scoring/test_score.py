"""Every window of every video is scored, on any number of devices."""

import jax
import numpy as np
import pytest

from tests.models import build
from vadjax.detectors import row_cache
from vadjax.models.recurrent_model import RecurrentModel
from vadjax.scoring.score import score_videos
from vadjax.scoring.score_fn import ScoreFn, make_score_fn


@pytest.mark.parametrize(
    ("name", "bidirectional"),
    [("lstm", False), ("gru", True), ("simple_rnn", False), ("lstm_gru", False), ("lstm", True)],
)
def test_every_scanner_projects_a_frame_once_for_all_windows(name, bidirectional, monkeypatch):
    model = build.model(name, bidirectional=bidirectional, task="classify")
    objective = build.objective("classify")
    variables = model.init(jax.random.key(0), build.windows(model))
    features = np.random.default_rng(0).normal(size=(30, build.FEATURES)).astype(np.float32)
    rows = (np.arange(30 - build.STEPS + 1)[:, None] + np.arange(build.STEPS)).astype(np.int32)
    outputs, _ = model.apply(variables, features[rows], num_outputs=1)
    wanted = objective.frame_score(outputs, features[rows[:, -1:]])
    shapes, project, apply = [], RecurrentModel.project, RecurrentModel.apply

    def seen(self, variables, frames):
        shapes.append(frames.shape)
        return project(self, variables, frames)

    def shared(self, *args, projected=False, **more):
        assert projected
        return apply(self, *args, projected=projected, **more)

    monkeypatch.setattr(RecurrentModel, "project", seen)
    monkeypatch.setattr(RecurrentModel, "apply", shared)
    make_score_fn.cache_clear()
    got = make_score_fn(model, objective, length=build.STEPS, batch_size=8)(
        variables, features, rows
    )
    make_score_fn.cache_clear()
    assert [len(shape) for shape in shapes] == [2]  # frames, not windows
    np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_videos_of_several_groups_get_their_own_scores(monkeypatch):
    model, objective = build.model("gru"), build.objective("predict")
    variables = model.init(jax.random.key(0), build.windows(model))
    rng = np.random.default_rng(1)
    videos = {
        n: rng.normal(size=(t, build.FEATURES)).astype(np.float32)
        for n, t in (("a", 9), ("b", 14), ("c", 11))
    }
    sizes = {"length": build.STEPS, "batch_size": 4}
    together = score_videos(model, objective, variables, videos, **sizes)
    monkeypatch.setattr("vadjax.scoring.score.ROWS_AT_ONCE", 20)
    for name, (scores, predicted) in score_videos(
        model, objective, variables, videos, **sizes
    ).items():
        alone = score_videos(model, objective, variables, {name: videos[name]}, **sizes)[name]
        for found in ((scores, predicted), together[name]):
            np.testing.assert_allclose(found[0], alone[0], atol=1e-6)
            np.testing.assert_array_equal(found[1], alone[1])


def test_what_is_kept_between_detectors_has_a_limit(monkeypatch):
    monkeypatch.setattr(row_cache, "SHARED_BYTES", 10)
    shared, made = {}, []

    def want(key, size):
        return row_cache.kept(shared, key, size=size, make=lambda: made.append(key) or [key])

    assert want("a", 6) == ["a"] and want("a", 6) == ["a"] and want("b", 4) == ["b"]
    assert made == ["a", "b"]
    assert want("c", 5) == ["c"] and set(shared) == {"b", "c"}  # the oldest made room
    want("d", 11)
    assert set(shared) == {"b", "c"}  # larger than all the room
    row_cache.kept(None, "b", size=1, make=lambda: made.append("again"))
    assert made[-1] == "again"


class Counted:
    """Rows that note how many of them were asked for at once."""

    def __init__(self, rows):
        self.rows, self.most, self.shape = rows, 0, rows.shape

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, at):
        part = self.rows[at]
        self.most = max(self.most, len(part))
        return part


@pytest.mark.parametrize("aggregate", ["last", "mean", "max"])
@pytest.mark.parametrize(("dilation", "piece"), [(1, 16), (2, 24)])
def test_a_long_video_is_scored_in_pieces_as_it_is_whole(aggregate, dilation, piece, monkeypatch):
    model, objective = build.model("lstm", task="reconstruct"), build.objective("reconstruct")
    variables = model.init(jax.random.key(0), build.windows(model))
    rng = np.random.default_rng(2)
    videos = {
        n: rng.normal(size=(t, build.FEATURES)).astype(np.float32)
        for n, t in (("short", 19), ("long", 403), ("last", 50))
    }
    sizes = {"length": build.STEPS, "batch_size": 4, "dilation": dilation, "aggregate": aggregate}
    whole = score_videos(model, objective, variables, videos, **sizes)
    monkeypatch.setattr("vadjax.scoring.score.PIECE_BYTES", 4 * piece * build.FEATURES)
    counted = {name: Counted(rows) for name, rows in videos.items()}
    pieces = score_videos(model, objective, variables, counted, **sizes)
    unit = 4 * jax.local_device_count()
    span = (build.STEPS - 1) * dilation
    assert counted["long"].most <= max(piece, unit) + span * len(videos)
    for name, (scores, predicted) in whole.items():
        np.testing.assert_allclose(pieces[name][0], scores, atol=1e-6)
        np.testing.assert_array_equal(pieces[name][1], predicted)


def test_rows_that_fit_one_piece_are_scored_in_one_call(monkeypatch):
    model, objective = build.model("gru"), build.objective("predict")
    variables = model.init(jax.random.key(0), build.windows(model))
    calls, fetch = [], ScoreFn.fetch
    monkeypatch.setattr(ScoreFn, "fetch", lambda *args: calls.append(1) or fetch(*args))
    videos = {n: np.zeros((30, build.FEATURES), np.float32) for n in "ab"}
    score_videos(model, objective, variables, videos, length=build.STEPS, batch_size=4)
    assert len(calls) == 1
