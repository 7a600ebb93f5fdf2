"""Which stretches of a run's normal clips become pseudo-abnormal clips, and the clips."""

import zlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from vadjax.data.clip import Clip
from vadjax.data.video import Video
from vadjax.features.scene.reference import Reference
from vadjax.pseudo.clips import Stretch, make_clip, tracks_of
from vadjax.pseudo.kinds import KINDS
from vadjax.pseudo.tracks import Track

LONGEST_S = 20.0  # seconds of a clip
MOST = 16  # stretches
FRAMES = 8000  # of all pseudo-abnormal clips, about
CLIPS = (2, 6)  # of each kind


def stretches(clips: Sequence[Clip], *, fps: float) -> dict[str, Stretch]:
    """Choose a stretch of normal frames in the middle of each clip, of `MOST` clips.

    Args:
        clips: normal, a segment each.
        fps: frames a second of a video that does not say its own.

    Returns:
        Id of the clip -> stretch.
    """
    chosen = np.unique(np.linspace(0, len(clips) - 1, min(MOST, len(clips))).round().astype(int))
    found = {}
    for clip in (clips[k] for k in chosen.tolist()):
        (segment,), video = clip.units.segments, clip.videos[0]
        length = min(len(segment), round(LONGEST_S * (video.fps or fps)))
        start = segment.start + (len(segment) - length) // 2
        found[clip.id] = Stretch(video, start, start + length)
    return found


def pseudo_clips(
    chosen: Mapping[str, Stretch],
    *,
    held_with: Mapping[str, int],
    reference: Reference,
    fps: float,
    seed: int,
    count: int = 0,
    report: Callable[[int], None] = lambda count: None,
) -> tuple[list[tuple[str, str, Video]], list[str]]:
    """Make clips of every kind, each from one stretch and pictures of others.

    Args:
        chosen: id of a normal clip -> its stretch.
        held_with: id of a clip -> number of the fold that holds it out: pictures come from clips
            that are held out with it, so that they are as new to the detector.
        reference: of the camera.
        fps: frames a second of a video that does not say its own.
        seed: of all draws.
        count: clips of each kind and beginning; 0 takes so many that `FRAMES` are made.
        report: called with the frames that were followed.

    Returns:
        Kind, id of the normal clip and the clip, each; and the kinds that nothing serves for.
    """
    tracks: dict[str, list[Track]] = {}
    for name, stretch in chosen.items():
        tracks[name] = tracks_of([stretch], reference, fps=fps)
        report(stretch.stop - stretch.start)
    every = [track for own in tracks.values() for track in own]
    length = np.mean([one.stop - one.start for one in chosen.values()])
    count = count or int(np.clip(round(FRAMES / (2 * len(KINDS) * length)), *CLIPS))
    names, made, missing = [*chosen], [], []
    for number, kind in enumerate(KINDS):
        found = 0
        for first in (False, True):
            label = f"{kind}_first" if first else kind
            order = np.random.default_rng([seed, number, first]).permutation(len(names))
            own_count = 0
            for name in (names[k] for k in order):
                if own_count == count:
                    break
                beside = [n for n in names if held_with[n] == held_with[name] and n != name]
                actors = [t for n in beside or [name] for t in tracks[n] if t.pictures]
                draw = zlib.crc32(f"{seed} {name} {label}".encode())
                video = make_clip(
                    chosen[name],
                    kind,
                    first=first,
                    reference=reference,
                    tracks=every,
                    actors=actors,
                    fps=fps,
                    seed=draw,
                )
                if video is not None and np.any(np.asarray(video.labels)[1:]):
                    made.append((label, name, video))
                    own_count += 1
            found += own_count
        if not found:
            missing.append(kind)
    return made, missing
