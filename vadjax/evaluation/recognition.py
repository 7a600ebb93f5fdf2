"""The part `recognition` of metrics.json: which class each frame, chunk and video is called.

The call is the class of the highest probability; no threshold and no label is chosen by.
"""

from collections.abc import Sequence

import numpy as np

from vadjax.data.recognized import Recognized
from vadjax.data.text.class_names import OTHER, UNKNOWN
from vadjax.evaluation.parts import Part, Videos

NONE = "the detector tells abnormal from normal alone"


def recognition_part(videos: Videos) -> Part:
    """Count calls by true class, on four levels.

    - frame: the truth is the class of the frame;
    - chunk: windows that lie one behind the other; the truth is the class of the whole video, as
      systems count that are taught and tested by names of folders;
    - video: the mean probability over its frames, and its class;
    - abnormal video: the same of the abnormal videos, among the abnormal classes alone.

    Args:
        videos: the tested ones.

    Returns:
        The part, and reasons.
    """
    known = [video.recognized for video in videos if video.recognized is not None]
    if not known:
        return None, {"recognition": NONE}
    names, levels = known[0].names, []
    framed = [each for each in known if each.truth is not None]
    if any(video.unit == "window" for video in videos):  # given windows, of no video
        level = _level("window", "window", names, *_frames(framed))
        return {"names": list(names), "levels": [level]}, _reasons()
    levels.append(_level("frame", "frame", names, *_frames(framed)))
    of_videos = [each for each in known if each.video_class != UNKNOWN]
    chunked = [each for each in of_videos if len(each.chunk_ends)]
    levels.append(_level("chunk", "video", names, *_chunks(chunked)))
    truth = np.array([each.video_class for each in of_videos], int)
    means = np.array([each.probabilities.mean(axis=0) for each in of_videos])
    means = means.reshape(-1, len(names))
    levels.append(_level("video", "video", names, truth, means.argmax(axis=1)))
    if len(names) > 2:
        bad = truth > 0
        calls = 1 + means[bad, 1:].argmax(axis=1)
        levels.append(_level("abnormal video", "video", names, truth[bad], calls, first=1))
    return {"names": list(names), "levels": levels}, _reasons()


def _reasons() -> dict[str, str]:
    """Say why figures are null."""
    why = "no item of this level has a known class"
    figures = ("accuracy", "balanced_accuracy", "majority_accuracy", "macro_f1")
    reasons = {f"recognition.levels[].{key}": why for key in figures}
    for key in ("precision", "recall", "f1"):
        reasons[f"recognition.levels[].classes[].{key}"] = "nothing is, or is called, of this class"
    return reasons


def _frames(known: Sequence[Recognized]) -> tuple[np.ndarray, np.ndarray]:
    """Return the true class and the call of every frame."""
    truth = [np.zeros(0, int), *(each.truth for each in known if each.truth is not None)]
    calls = [np.zeros(0, int), *(each.probabilities.argmax(axis=1) for each in known)]
    return np.concatenate(truth), np.concatenate(calls)


def _chunks(known: Sequence[Recognized]) -> tuple[np.ndarray, np.ndarray]:
    """Return the class of the video and the call, of every chunk."""
    calls = [each.probabilities[each.chunk_ends].argmax(axis=1) for each in known]
    truth = [np.full(len(own), each.video_class) for own, each in zip(calls, known, strict=True)]
    return np.concatenate([np.zeros(0, int), *truth]), np.concatenate([np.zeros(0, int), *calls])


def _level(
    level: str,
    whose: str,
    names: Sequence[str],
    truth: np.ndarray,
    calls: np.ndarray,
    *,
    first: int = 0,
) -> dict:
    """Return one level; `first` is the number of the first class that counts."""
    shown = list(names[first:])
    if len(truth) and truth.max() == len(names):  # a class that nothing is ever called
        shown.append(OTHER)
    counts = np.zeros((len(shown), len(shown)), np.int64)
    np.add.at(counts, (truth - first, calls - first), 1)
    total, of_class, called = int(counts.sum()), counts.sum(axis=1), counts.sum(axis=0)
    right = counts.diagonal()
    rows = [
        {
            "name": name,
            "precision": float(right[i] / called[i]) if called[i] else None,
            "recall": float(right[i] / of_class[i]) if of_class[i] else None,
            "f1": float(2 * right[i] / (of_class[i] + called[i]))
            if of_class[i] + called[i]
            else None,
            "support": int(of_class[i]),
        }
        for i, name in enumerate(shown)
    ]
    there = [i for i in range(len(shown)) if of_class[i]]
    return {
        "level": level,
        "truth": whose,
        "names": shown,
        "support": total,
        "accuracy": float(right.sum() / total) if total else None,
        "balanced_accuracy": float(np.mean([right[i] / of_class[i] for i in there]))
        if there
        else None,
        "majority_accuracy": float(of_class.max() / total) if total else None,
        "macro_f1": float(np.mean([rows[i]["f1"] for i in there])) if there else None,
        "confusion": counts.tolist(),
        "classes": rows,
    }
