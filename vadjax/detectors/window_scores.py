"""Scores of clips by a trained model of windows, in few calls of one program."""

from collections.abc import Iterable, MutableMapping, Sequence
from typing import Any

import numpy as np

from vadjax.data.arrays.row_view import RowView
from vadjax.data.clip import Clip
from vadjax.data.scored_video import ScoredVideo
from vadjax.detectors.contract import State
from vadjax.detectors.row_cache import kept
from vadjax.detectors.window_labels import recognized
from vadjax.detectors.window_state import trained_of
from vadjax.features.standardize import Standardizer
from vadjax.scoring.score import make_inputs, score_inputs
from vadjax.scoring.score_fn import make_score_fn


def score_clips(
    detector: Any, state: State, clips: Sequence[Clip], shared: MutableMapping | None
) -> list[ScoredVideo]:
    """Score clips by a detector whose scores hang on one window each.

    Args:
        detector: the `window_model.WindowModel`.
        state: what its `fit` returned.
        clips: one or more, all of segments or all of windows.
        shared: see `WindowModel.score_clips`.

    Returns:
        A record for each clip.

    Raises:
        UserError: a clip is too short for a score.
    """
    variables, standardizer = trained_of(state)
    key = (tuple(c.units.key for c in clips), state["mean"].tobytes(), state["std"].tobytes())
    if clips[0].units.windows is not None:
        return [_of_windows(detector, variables, standardizer, c, key, shared) for c in clips]
    # Standardised a piece at a time: a long video is never held whole.
    rows = {clip.id: clip.rows("features") for clip in clips}
    model, score = detector.model(next(iter(rows.values())).shape[1:]), detector.config.score
    window = detector.config.window
    sizes = {"length": window.length, "batch_size": score.batch_size}
    more = {"dilation": window.dilation, "aggregate": score.aggregate}
    first = detector.first_frames(model)

    def make() -> Iterable:
        standard = {name: RowView(x, standardizer.apply) for name, x in rows.items()}
        own = {"first_frames": score.first_frames, **more, **sizes}
        return make_inputs(model, detector.objective, standard, **own)

    placed = kept(shared, (*key, first), size=sum(4 * x.size for x in rows.values()), make=make)
    more |= {"classes": detector.recognizes}
    result = score_inputs(model, detector.objective, variables, placed, **more, **sizes)
    if not detector.recognizes:
        return [clip.scored(*result[clip.id]) for clip in clips]
    return [_recognized(detector, clip, *result[clip.id]) for clip in clips]


def _recognized(
    detector: Any, clip: Clip, probabilities: np.ndarray, predicted: np.ndarray | None = None
) -> ScoredVideo:
    """Score the units of a clip by the probability of all classes but normal."""
    known = {"objective": detector.objective, "names": detector.class_names}
    own = recognized(clip, probabilities, span=detector.span, **known)
    return clip.scored(probabilities[:, 1:].sum(axis=1), predicted, recognized=own)


def _of_windows(
    detector: Any,
    variables: dict,
    standardizer: Standardizer,
    clip: Clip,
    key: tuple,
    shared: MutableMapping | None,
) -> ScoredVideo:
    """Score given windows by their last row."""
    rows, windows = clip.rows("features"), clip.units.windows
    assert windows is not None  # the caller has looked
    sizes = {"length": windows.shape[1], "batch_size": detector.config.score.batch_size}
    more = {"classes": detector.recognizes}
    scorer = make_score_fn(detector.model(rows.shape[1:]), detector.objective, **sizes, **more)
    make = lambda: scorer.put(standardizer.apply(rows), windows)  # noqa: E731
    placed = kept(shared, key, size=4 * rows.size, make=make)
    scores = scorer.fetch(variables, *placed)[: len(windows), -1]
    return _recognized(detector, clip, scores) if detector.recognizes else clip.scored(scores)
