"""The first frames of a video against windows that are cut by hand, one shape a frame."""

import numpy as np
import pytest

from tests.models import build
from vadjax.data.splits.windows import window_span
from vadjax.errors import UserError
from vadjax.models.tcn import TemporalConvolutions
from vadjax.scoring.first_frames import choose_first_frames, fewest_rows
from vadjax.scoring.score import score_videos

CASES = [  # model, both directions, objective, rows between two of a window
    ("lstm", False, "predict", 1),
    ("gru", False, "predict", 3),
    ("lstm_gru", False, "classify", 1),
    ("simple_rnn", False, "classify", 2),
    ("transformer", False, "predict", 2),
    ("tcn", False, "predict", 2),
    ("tcn", False, "classify", 1),
    ("transformer", False, "classify", 1),
    ("lstm", True, "predict", 2),
    ("gru", True, "classify", 1),
    ("lstm", False, "reconstruct", 1),
    ("dense", False, "predict", 2),
    ("appearance_to_flow", False, "motion", 1),
    ("place_gru", False, "density", 1),
]


def scans(model) -> bool:
    """Whether the model scores rows inside a window without reading later ones."""
    if isinstance(model.module, TemporalConvolutions):
        return True
    return not model.module.bidirectional if hasattr(model.module, "bidirectional") else False


def by_hand(model, objective, variables, video, frame, dilation) -> float:
    """Score one early frame: by the rows so far where the model scans, else by repeated ones."""
    inside = scans(model) and objective.name in ("predict", "classify")
    rows = np.arange(frame % dilation, frame + 1, dilation)
    if not inside:
        back = frame - dilation * np.arange(build.STEPS)[::-1]
        rows = np.where(back < 0, 0, back)
    window = video[None, rows]
    outputs, _ = model.apply(variables, window)
    return float(np.asarray(objective.frame_score(outputs, window))[0, -1])


@pytest.mark.parametrize("name, both, task, dilation", CASES)
def test_the_first_frames_are_scored_by_what_came_before(name, both, task, dilation):
    objective = build.objective(task)
    more = {"bidirectional": both} if both else {}
    model = build.model(name, task=objective, **more)
    variables = build.variables(model, build.windows(model))
    rng, span = np.random.default_rng(0), window_span(build.STEPS, dilation)
    videos = {
        key: rng.normal(size=(span + extra, *model.feature_shape)).astype(np.float32)
        for key, extra in (("shortest", 0), ("longer", 7))
    }
    sizes = {"length": build.STEPS, "dilation": dilation, "batch_size": 4}
    found = score_videos(model, objective, variables, videos, first_frames="short", **sizes)
    filled = score_videos(model, objective, variables, videos, first_frames="fill", **sizes)
    # What predicts has nothing before the first row: of each phase where it scans, else of all.
    blind = (dilation if scans(model) else 1) if task in ("predict", "motion", "density") else 0
    for key, video in videos.items():
        scores, predicted = found[key]
        assert predicted.tolist() == [i >= blind for i in range(len(video))]
        wanted = [
            by_hand(model, objective, variables, video, max(i, blind), dilation)
            for i in range(span - 1)
        ]
        np.testing.assert_allclose(scores[: span - 1], wanted, rtol=2e-5, atol=2e-6)
        np.testing.assert_array_equal(scores[span - 1 :], filled[key][0][span - 1 :])
        assert filled[key][1].tolist() == [i >= span - 1 for i in range(len(video))]
    later = {key: video.copy() for key, video in videos.items()}
    for video in later.values():
        video[span - 2 :] += 3
    again = score_videos(model, objective, variables, later, first_frames="short", **sizes)
    for key in videos:
        np.testing.assert_allclose(again[key][0][: span - 2], found[key][0][: span - 2], rtol=1e-6)


@pytest.mark.parametrize("name, both, task, dilation", CASES)
def test_a_short_video_has_the_scores_of_the_beginning_of_a_longer_one(name, both, task, dilation):
    objective = build.objective(task)
    model = build.model(name, task=objective, **({"bidirectional": both} if both else {}))
    variables = build.variables(model, build.windows(model))
    rng, cut = np.random.default_rng(1), {"length": build.STEPS, "dilation": dilation}
    span = window_span(**cut)
    whole = rng.normal(size=(span + 3, *model.feature_shape)).astype(np.float32)
    first = choose_first_frames(model, objective, **cut, aggregate="last", mode="short")
    fewest = fewest_rows(first, **cut)
    videos = {f"{n}": whole[:n] for n in range(fewest, span + 1)} | {"whole": whole}
    more = {**cut, "batch_size": 4, "first_frames": "short"}
    found = score_videos(model, objective, variables, videos, **more)
    scores, predicted = found["whole"]
    for n in range(fewest, span + 1):
        np.testing.assert_allclose(found[f"{n}"][0], scores[:n], rtol=2e-5, atol=2e-6)
        np.testing.assert_array_equal(found[f"{n}"][1], predicted[:n])
    alone = score_videos(model, objective, variables, {"x": whole[:fewest]}, **more)["x"]
    np.testing.assert_allclose(alone[0], scores[:fewest], rtol=2e-5, atol=2e-6)
    with pytest.raises(UserError, match="shorter than the"):
        score_videos(model, objective, variables, {"x": whole[: fewest - 1]}, **more)


def test_what_looks_ahead_or_has_one_row_is_left_alone():
    model, objective = build.model("lstm"), build.objective("predict")
    cut = {"length": 5, "dilation": 1}
    assert any(choose_first_frames(model, objective, **cut, aggregate="mean", mode="short"))
    assert not any(choose_first_frames(model, objective, **cut, aggregate="last", mode="fill"))
    both = build.objective("reconstruct")
    model = build.model("dense_autoencoder", task=both)
    assert not any(choose_first_frames(model, both, **cut, aggregate="mean", mode="short"))
    one = {"length": 1, "dilation": 1, "aggregate": "last", "mode": "short"}
    assert not any(choose_first_frames(model, both, **one))
