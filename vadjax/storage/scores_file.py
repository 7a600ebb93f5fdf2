"""scores.npz: the scored clips of a run."""

import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from vadjax.data.arrays import npy_file
from vadjax.data.recognized import Recognized
from vadjax.data.scored_video import ScoredVideo
from vadjax.errors import UserError
from vadjax.storage.files import atomic_write
from vadjax.storage.row_file import append_rows

SPLITS = ("test", "calibration")
_ARRAYS = ("scores", "predicted", "labels", "times", "maps")
_OF_CLASSES = ("probabilities", "truth", "chunk_ends")
_PLAIN = ("id", "fold", "unit", "fps", "fps_assumed", "scene", "substituted")
_DAMAGE = (
    *(npy_file.Damaged, ValueError, KeyError, IndexError, TypeError, AttributeError),
    RecursionError,
)


class Scores(NamedTuple):
    """Scored clips of a run.

    Attributes:
        test: what is evaluated.
        calibration: clips held out of training, for the thresholds.
    """

    test: list[ScoredVideo]
    calibration: list[ScoredVideo]


def write_scores(
    workdir: pathlib.Path, test: Sequence[ScoredVideo], calibration: Sequence[ScoredVideo]
) -> None:
    """Write `scores.npz`.

    Entry `videos` is a JSON text: a list of {split, id, fold, unit, fps, fps_assumed, scene,
    substituted}, and {classes, video_class} where classes were told apart. Arrays of its n-th item
    are `n/scores`, `n/predicted`, `n/labels`, `n/times`, `n/maps`, `n/parts/NAME`, `n/kinds/NAME`
    and `n/classes/WHAT` (probabilities, truth, chunk_ends), where they are known. Maps stand at the
    end and are read and written a stretch at a time.

    Args:
        workdir: folder of the run.
        test: of all folds.
        calibration: of all folds.
    """
    listed: list[dict] = []
    arrays: dict[str, Any] = {}
    maps: dict[str, Any] = {}
    for split, videos in zip(SPLITS, (test, calibration), strict=True):
        for video in videos:
            number = len(listed)
            listed.append({"split": split, **{key: getattr(video, key) for key in _PLAIN}})
            named = {key: getattr(video, key) for key in _ARRAYS}
            if named.pop("maps") is not None:
                maps[f"{number}/maps"] = video.maps
            named |= {f"parts/{key}": values for key, values in video.parts.items()}
            named |= {f"kinds/{key}": values for key, values in video.kinds.items()}
            if (classes := video.recognized) is not None:
                listed[-1] |= {"classes": classes.names, "video_class": classes.video_class}
                named |= {f"classes/{key}": getattr(classes, key) for key in _OF_CLASSES}
            arrays |= {f"{number}/{k}": v for k, v in named.items() if v is not None}
    with atomic_write(workdir / "scores.npz") as beside, beside.open("w+b") as file:
        np.savez(file, videos=np.array(json.dumps(listed)), **arrays)
        if maps:
            append_rows(file, maps)


def read_scores(workdir: pathlib.Path) -> Scores:
    """Return what `write_scores` wrote, maps memory-mapped; also reads runs of vadjax before 0.2.

    Raises:
        UserError: `scores.npz` is missing or damaged.
    """
    path = workdir / "scores.npz"
    try:
        with npy_file.opened(path) as file:
            if "videos" not in file:
                return _read_old_scores(file)
            keys: dict[str, list[str]] = {}
            for key in file:
                keys.setdefault(key.partition("/")[0], []).append(key)
            result = Scores([], [])
            for number, facts in enumerate(json.loads(str(file["videos"]))):
                arrays = {
                    key.partition("/")[2]: file.mapped(key) if key.endswith("/maps") else file[key]
                    for key in keys.get(str(number), ())
                }
                split = facts.pop("split")
                (result.test if split == "test" else result.calibration).append(
                    _video(facts, arrays)
                )
            return result
    except FileNotFoundError:
        raise UserError(f"{path} is missing; run --stage=score first.") from None
    except _DAMAGE as error:
        why = str(error)[:200] or type(error).__name__
        raise UserError(f"{path} is damaged ({why}); run --stage=score again.") from error


def _video(facts: dict, arrays: Mapping[str, np.ndarray]) -> ScoredVideo:
    named: dict[str, Any] = {"parts": {}, "kinds": {}, "classes": {}}
    for key, values in arrays.items():
        group, _, name = key.partition("/")
        if name:
            named[group][name] = values
    plain: dict[str, Any] = {key: arrays.get(key) for key in _ARRAYS}
    facts["substituted"] = tuple(map(int, facts["substituted"]))
    plain["recognized"] = _recognized(facts, named.pop("classes"))
    _check_video(facts, plain, named)
    return ScoredVideo(**facts, **plain, **named)


def _recognized(facts: dict, arrays: Mapping[str, np.ndarray]) -> Recognized | None:
    """Take the classes of a video out of its facts and arrays; None where there are none.

    Raises:
        ValueError: the arrays are not those of so many classes.
        KeyError: one is missing.
    """
    names, video_class = facts.pop("classes", None), facts.pop("video_class", None)
    if names is None:
        return None
    probabilities, ends = arrays["probabilities"], arrays["chunk_ends"]
    fits = probabilities.dtype.kind == "f" and probabilities.shape[1:] == (len(names),)
    whole = [array for array in (ends, arrays.get("truth")) if array is not None]
    if not fits or any(array.dtype.kind not in "iu" or array.ndim != 1 for array in whole):
        raise ValueError(f"classes of {facts['id']!r} are of another kind")
    if len(ends) and not 0 <= ends.min() <= ends.max() < len(probabilities):
        raise ValueError(f"chunks of {facts['id']!r} end outside of it")
    return Recognized(
        tuple(map(str, names)), probabilities, arrays.get("truth"), int(video_class), ends
    )


def _check_video(
    facts: Mapping[str, Any], plain: Mapping[str, Any], named: Mapping[str, Any]
) -> None:
    """Compare what was read of a video with what it has to be.

    Raises:
        ValueError: a fact or an array is of another kind.
    """
    kinds = {"id": str, "fold": int, "unit": str, "fps_assumed": bool, "scene": str}
    wrong = [key for key, kind in kinds.items() if type(facts[key]) is not kind]
    if facts["fps"] is not None and not (type(facts["fps"]) in (int, float) and facts["fps"] > 0):
        wrong.append("fps")
    wanted = {"scores": "f", "predicted": "b", "labels": "biu", "times": "f", "maps": "f"}
    for key, letters in wanted.items():
        array, axes = plain[key], 3 if key == "maps" else 1
        known = array is not None or key not in ("scores", "predicted")
        if not known or (
            array is not None and (array.dtype.kind not in letters or array.ndim != axes)
        ):
            wrong.append(key)
    arrays = [*named["parts"].values(), *named["kinds"].values()]
    if any(array.dtype.kind not in "bfiu" or array.ndim != 1 for array in arrays):
        wrong.append("parts or kinds")
    if wrong:
        raise ValueError(f"{', '.join(wrong)} of {facts['id']!r} are of another kind")


def _read_old_scores(file: Any) -> Scores:
    """Read keys "SPLIT|FOLD|ID|WHAT"."""
    arrays: dict[tuple[str, int, str], dict] = {}
    for key in file:
        split, fold, rest = key.split("|", 2)
        name, what = rest.rsplit("|", 1)
        arrays.setdefault((split, int(fold), name), {})[what] = file[key]
    result = Scores([], [])
    for (split, fold, name), found in arrays.items():
        unit = "window" if "rows" in found else "frame"
        known: dict[str, Any] = {key: found.get(key) for key in ("predicted", "labels")}
        video = ScoredVideo(name, found["scores"], **known, fold=fold, unit=unit)
        (result.calibration if split == "calibrate" else result.test).append(video)
    return result
