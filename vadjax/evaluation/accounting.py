"""Every frame accounted for: labelled, scored, filled, substituted, dropped; a mismatch stops."""

from collections.abc import Mapping, Sequence

import numpy as np

from vadjax.errors import UserError


def account(
    scores: Mapping[str, np.ndarray],
    predicted: Mapping[str, np.ndarray],
    labels: Mapping[str, np.ndarray],
    *,
    substituted: Mapping[str, Sequence[int]] | None = None,
    dropped: Mapping[str, int] | None = None,
) -> dict:
    """Count the frames, after checking that they belong together.

    Args:
        scores: [t] of each evaluated video.
        predicted: bool [t]; False where a frame took the score of its nearest scored one.
        labels: [t] {0, 1} of each labelled video.
        substituted: frames whose file could not be read and that show their neighbour.
        dropped: video -> number of its frames, of videos left out of every figure.

    Returns:
        videos, frames, labels (labelled frames), abnormal, scored, filled, substituted, dropped:
        frames = scored + filled, and labels <= frames + dropped.

    Raises:
        UserError: lengths differ, a labelled video has no scores, a score is not finite, a label is
            neither 0 nor 1, or no frame of a video was scored.
    """
    dropped = dropped or {}
    check_finite(scores, "scores")
    faults = []
    for video in sorted({*scores, *predicted, *labels} - {*dropped}):
        if video not in scores or video not in predicted:
            missing = "scores" if video not in scores else "mask of predicted frames"
            faults.append(f"{video}: no {missing}")
            continue
        num = {"scores": len(scores[video]), "predicted": len(predicted[video])}
        if video in labels:
            num["labels"] = len(labels[video])
            if not np.isin(labels[video], (0, 1)).all():
                faults.append(f"{video}: labels other than 0 and 1")
        if len(set(num.values())) > 1:
            faults.append(f"{video}: " + ", ".join(f"{n} {name}" for name, n in num.items()))
        elif not np.any(predicted[video]):
            faults.append(f"{video}: no frame was scored")
    if faults:
        raise UserError(
            f"labels and scores do not belong together in {len(faults)} video(s): "
            f"{'; '.join(faults[:5])}. Each frame needs one score and one label."
        )
    frames = sum(len(s) for s in scores.values())
    scored = sum(int(np.sum(p)) for p in predicted.values())
    return {
        "videos": len(scores),
        "frames": frames,
        "labels": sum(len(y) for y in labels.values()),
        "abnormal": sum(int(np.sum(y)) for y in labels.values()),
        "scored": scored,
        "filled": frames - scored,
        "substituted": sum(len((substituted or {}).get(video, ())) for video in scores),
        "dropped": sum(dropped.values()),
    }


def check_finite(scores: Mapping[str, np.ndarray], what: str) -> None:
    """Refuse scores that are not finite.

    Raises:
        UserError: names the videos, and the first frame of the first.
    """
    bad = {video: np.flatnonzero(~np.isfinite(s)) for video, s in scores.items()}
    bad = {video: frames for video, frames in bad.items() if len(frames)}
    if bad:
        video, frames = next(iter(bad.items()))
        raise UserError(
            f"{what} of {len(bad)} video(s) are not finite: {len(frames)} frames of {video}, the "
            f"first frame {frames[0]}. NaN or inf in the features, or training that diverged, "
            "leads to this; metrics of such scores would mean nothing."
        )
