"""Compare variants of detector `scene` on pseudo-anomalies of Ped2 (P) and drawings 1 to 4.

python experiments/scene_choice/search.py --ped2=/data/ped2 [--parts=P,1,2 --only=densities]
python experiments/scene_choice/search.py --ped2=/data/ped2 --only=scanner    # or named, place

No label of Ped2, Avenue, or of the drawings 0 and 5 to 9 is read. P: two pseudo-anomalies for each
training clip (experiments/ped2_study/pseudo.py), every third cut so that it is there from the first
frame; cues come from the other clips (four folds); mean over kinds of the AUC of abnormal frames
against all held-out normal frames. Drawings: micro AUC on their test clips. Rows are measured once
and kept below --work, as are the maps of each recurrent scanner; a line a variant goes to the
console and to search.json beside this file.
"""

import argparse
import contextlib
import dataclasses
import json
import pathlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import cv2
import numpy as np
from threadpoolctl import threadpool_limits

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1]), str(HERE.parent / "ped2_study")]

from look_by_place import LookByPlace  # noqa: E402

from vadjax import api  # noqa: E402
from vadjax.detectors.scene import fused, usual  # noqa: E402
from vadjax.detectors.scene.bodies import BodyReader  # noqa: E402
from vadjax.detectors.scene.cue import Camera  # noqa: E402
from vadjax.detectors.scene.cues import BY_NAME, CUES, course, look, speed  # noqa: E402
from vadjax.detectors.scene.cues.scanner import Scanner  # noqa: E402
from vadjax.detectors.scene.densities import DensityCue, fit_together  # noqa: E402
from vadjax.evaluation.frame import auc  # noqa: E402
from vadjax.features.scene.extract import usual_fps  # noqa: E402
from vadjax.features.scene.meter import CHANNELS, SceneMeter  # noqa: E402
from vadjax.features.scene.rows import window_rows  # noqa: E402
from vadjax.pipeline.run import Run  # noqa: E402
from vadjax.runtime import devices  # noqa: E402
from vadjax.runtime.console import Console  # noqa: E402
from vadjax.scoring.by_place import causal_mean  # noqa: E402
from vadjax.scoring.fusion import Surprise, check_tail  # noqa: E402
from vadjax.scoring.tail import TAILS  # noqa: E402

ALL, FOLDS = ("speed", "look", "course", "still"), 4
STILL = CHANNELS.index("still_s")
Maps = dict[str, np.ndarray]  # clip -> [t - 1, h, w], without the first frame


class Both(SceneMeter):
    """Adds a channel: the seconds of standing still also where what stood has gone."""

    def _cells(self, values: np.ndarray, light: float) -> np.ndarray:
        size = self._reference.grid[::-1]
        lasting = cv2.resize(self._still, size, interpolation=cv2.INTER_AREA)
        return np.dstack([super()._cells(values, light), lasting.astype(np.float16)])


class Part(NamedTuple):
    """One camera: rows of its clips, by "train/..." or another name; labels of the others."""

    name: str
    camera: Camera
    rows: dict[str, tuple[np.ndarray, np.ndarray]]
    labels: dict[str, np.ndarray]
    source: dict[str, str]  # of a pseudo-abnormal clip, the training clip

    @property
    def train(self) -> list[str]:
        """Names of the normal clips."""
        return [name for name in self.rows if name not in self.labels]


def measured(run: Run, name: str, frames: Iterable, fps: float, folder: pathlib.Path) -> tuple:
    """Return cells and windows of a clip, measured unless they are kept."""
    path = folder / f"{name.replace('/', '_')}.npz"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        meter, looks = Both(run.reference, fps), run.frontend.looks
        found = [
            (one.cells, window_rows([one], looks(one.crops))) for one in map(meter.update, frames)
        ]
        cells, windows = (np.stack(each) for each in zip(*found, strict=True))
        beside = path.with_suffix(".part.npz")
        np.savez(beside, cells=cells, windows=windows[:, 0])
        beside.rename(path)
    with np.load(path) as file:
        return file["cells"], file["windows"]


def part_of(name: str, work: pathlib.Path, ped2: str) -> Part:
    """Measure P or a drawing."""
    changes = {"dataset__data_dir": ped2} if name == "P" else {"dataset__seed": int(name)}
    config = api.load_config("ped2_scene" if name == "P" else "synthetic_scene", **changes)
    devices.setup(config.features.cache_dir)
    run, folder = Run(config, work / "run", Console(quiet=True)), work / name
    fps = usual_fps(run.dataset.train)
    clips = {v.id: v.frames for v in run.dataset.train}
    labels, source = {}, {}
    if name == "P":
        for number, (clip, own, frames, truth) in enumerate(pseudo(clips, config)):
            first = int(truth.argmax()) if number % 3 == 2 else 0
            clips[clip], labels[clip], source[clip] = frames[first:], truth[first:], own
    else:
        clips |= {v.id: v.frames for v in run.dataset.test}
        labels = {v.id: np.asarray(v.labels) for v in run.dataset.test}
    rows = {clip: measured(run, clip, frames, fps, folder) for clip, frames in clips.items()}
    return Part(name, Camera(run.reference, fps), rows, labels, source)


def pseudo(videos: Mapping[str, Any], config: Any) -> Iterator[tuple]:
    """Yield name, training clip, frames and labels of the study's pseudo-anomalies."""
    from measures import backgrounds, pictures
    from pseudo import KINDS, find_walkers, insert

    clips = {name: np.stack(list(frames)) for name, frames in videos.items()}
    walkers = find_walkers(clips, backgrounds(clips)["all"])
    extra, rng = pictures(config.features.cache_dir), np.random.default_rng(0)
    for i, (name, frames) in enumerate(clips.items()):
        for j in range(2):
            kind, labels = KINDS[(2 * i + j + i // 2) % len(KINDS)], np.zeros(1)
            while labels.sum() < 20:
                others = [walker for walker in walkers if walker.clip != name]
                walker = others[rng.integers(len(others))]
                made, labels, _ = insert(frames, kind, walker, rng, **extra)
            yield f"{name}-{kind}", name, made, labels


def maps_of(
    part: Part,
    cue_name: str | type,
    *,
    lasting: bool = False,
    density: str = "exemplars",
    seed: int = 0,
) -> Maps:
    """Return the maps of a cue, held out, each value the largest of the cells around."""
    known = CUES[cue_name] if isinstance(cue_name, str) else cue_name
    density_cue = issubclass(known, DensityCue)
    cue = known(density, seed) if density_cue else known(seed) if known is Scanner else known()
    clips: dict[str, list] = {}
    found: Maps = {}
    for name, (cells, windows) in part.rows.items():
        reader = BodyReader(part.camera.reference, part.camera.fps)
        own = cells[..., : len(CHANNELS)].copy()
        if lasting:
            own[..., STILL] = cells[..., -1]
        clips[name] = [reader.update(*row) for row in zip(own, windows, strict=True)]

    def lesson(name: str) -> dict:
        learner = cue.learner(part.camera)
        for bodies in clips[name]:
            learner.update(bodies)
        return learner.lesson()

    lessons = {name: lesson(name) for name in part.train}
    folds = [part.train[k::FOLDS] for k in range(FOLDS)]
    sets = [[lessons[n] for n in part.train if n not in held] for held in [*folds, []]]
    states = fit_together([(cue, own) for own in sets], part.camera) if density_cue else []
    for number, held in enumerate([*folds, []]):
        wanted = [n for n in clips if part.source.get(n, n) in held]
        wanted += [] if held or part.source else list(part.labels)
        if not wanted:
            continue
        state = states[number] if density_cue else cue.fit(sets[number], part.camera)
        for name in wanted:
            follower = cue.follow(state, part.camera)
            one = [cv2.dilate(follower.update(b), np.ones((3, 3), np.uint8)) for b in clips[name]]
            found[name] = np.stack(one[1:]).astype(np.float32)
    return found


def scanner_maps(part: Part, seed: int, folder: pathlib.Path) -> Maps:
    """Return the maps of the cue `scanner`, trained with a seed; they are kept."""
    path = folder / f"scanner-{seed}.npz"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".part.npz")
        np.savez(beside, **maps_of(part, "scanner", seed=seed))
        beside.rename(path)
    with np.load(path) as file:
        return dict(file)


def top(maps: np.ndarray) -> np.ndarray:
    """Return the largest value of each frame."""
    return maps.reshape(len(maps), -1).max(1)


def calibrated(
    part: Part, maps: Maps, *, without: int = 0, least: float = 0.0, tail: str = "exponential"
) -> Surprise:
    """Calibrate on held-out normal clips, without the most unusual ones, with a widened tail."""
    tops = [top(maps[name]) for name in part.train]
    if without:
        every = Surprise.fit(tops)
        order = np.argsort([every(values).mean() for values in tops])
        tops = [tops[k] for k in order[:-without]]
    found = Surprise.fit(tops, tail)
    excess = max(found.excess, least * float(found.levels[-1]))
    return dataclasses.replace(found, excess=excess)


def rule(
    cues: tuple[str, ...] = ALL,
    fuse: Callable[[dict], np.ndarray] = lambda maps: sum(maps.values()),
    floor: float = 0.0,
    mean: int = 1,
    **calibration: Any,
) -> Callable[[Part, Mapping[str, Maps]], dict[str, np.ndarray]]:
    """Return a function that gives the scores of all clips."""

    def scores(part: Part, maps: Mapping[str, Maps]) -> dict[str, np.ndarray]:
        surprise = {cue: calibrated(part, maps[cue], **calibration) for cue in cues}
        own = {
            name: fuse({c: np.maximum(surprise[c](maps[c][name]) - floor, 0) for c in cues})
            for name in part.rows
        }
        return {name: top(causal_mean(one, mean) if mean > 1 else one) for name, one in own.items()}

    return scores


def judged(part: Part, scores: Mapping[str, np.ndarray]) -> float:
    """Return the figure of a part: see the module."""
    if not part.source:
        truth = [part.labels[name][1:] for name in part.labels]
        return auc(np.concatenate([scores[n] for n in part.labels]), np.concatenate(truth))
    normal, found = np.concatenate([scores[name] for name in part.train]), []
    for kind in sorted({name.rsplit("-", 1)[1] for name in part.labels}):
        own = [n for n in part.labels if n.endswith(kind)]
        abnormal = np.concatenate([scores[n][part.labels[n][1:] > 0] for n in own])
        truth = np.repeat([0, 1], [len(normal), len(abnormal)])
        found.append(auc(np.concatenate([normal, abnormal]), truth))
    return float(np.mean(found))


def beyond(share: float, along: tuple[str, ...] = fused.ALONG) -> Callable[[dict], np.ndarray]:
    """Return the rule S + max(share * S, A), A of the cues `along`; see `fused`."""

    def fuse(maps: dict) -> np.ndarray:
        with changed(fused, "SHARE", share), changed(fused, "ALONG", along):
            return fused.fused(maps)

    return fuse


def joining(
    along: tuple[str, ...] = fused.ALONG, **made: Callable[[dict], np.ndarray]
) -> Callable[[dict], np.ndarray]:
    """Return the rule of four cues, with maps that are made of those of five.

    Args:
        along: the cues of A.
        **made: of a cue of the four, or a further one, its map from those of all.
    """

    def fuse(maps: dict) -> np.ndarray:
        four = {name: one for name, one in maps.items() if name != "scanner"}
        return beyond(0.5, along)({**four, **{name: make(maps) for name, make in made.items()}})

    return fuse


@contextlib.contextmanager
def changed(module: Any, name: str, value: Any) -> Iterator[None]:
    """Set a constant for a while."""
    before = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, before)


RULES = {
    **{cue: rule((cue,)) for cue in ALL},
    "speed + look": rule(ALL[:2]),
    "speed + look + course": rule(ALL[:3]),
    "speed + look + still": rule(("speed", "look", "still")),
    "sum of four": rule(),
    "largest": rule(fuse=lambda maps: np.maximum.reduce([*maps.values()])),
    **{f"surprises above {f}": rule(floor=f) for f in (0.5, 1.0)},
    **{
        f"powers {p}": rule(fuse=lambda maps, p=p: sum(v**p for v in maps.values()))
        for p in (0.75, 1.5)
    },
    "course and still halved": rule(
        fuse=lambda maps: sum(v * (0.5 if c in fused.ALONG else 1) for c, v in maps.items())
    ),
    **{f"beyond {a} S": rule(fuse=beyond(a)) for a in (0.25, 0.5, 0.75, 1.0)},
    "without the most unusual clip": rule(without=1),
    **{f"tail at least {a} of its start": rule(least=a) for a in (0.1, 0.2)},
    "map averaged over .5 s": rule(mean=5),
}
CONSTANTS = [  # cue, module, constant, values; the sum of four
    *[("speed", usual, "QUANTILE", q) for q in (0.99, 0.9999)],
    *[("speed", usual, "_AROUND", size) for size in ((1, 1), (5, 11), (3, 41))],
    *[("speed", usual, "_FLOOR", f) for f in (0.1, 0.7, 1.0)],
    *[("speed", speed, "_PRIOR", p) for p in (0.05, 0.2)],
    *[("speed", speed, "MEAN_S", s) for s in (0.5, 1.2)],
    *[("look", look, "MEAN_S", s) for s in (0.4, 1.2)],
    *[("course", course, "MEAN_S", s) for s in (0.3, 1.0)],
]


ONLY = ("all", "rules", "densities", "tails", "scanner", "named", "place")


WITH_SCANNER = {  # label -> how the maps of five cues are put together
    "alone": lambda maps: maps["scanner"],
    "in S": joining(more=lambda m: m["scanner"]),
    "half of it in S": joining(more=lambda m: 0.5 * m["scanner"]),
    "in A": joining((*fused.ALONG, "more"), more=lambda m: m["scanner"]),
    "for speed": joining(speed=lambda m: m["scanner"]),
    "for course": joining(course=lambda m: m["scanner"]),
    "larger of it and speed": joining(speed=lambda m: np.maximum(m["speed"], m["scanner"])),
    "mean of it and speed": joining(speed=lambda m: (m["speed"] + m["scanner"]) / 2),
    "larger of it and course": joining(course=lambda m: np.maximum(m["course"], m["scanner"])),
}


def main() -> None:
    """Print and keep a line a variant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ped2", required=True)
    parser.add_argument("--work", type=pathlib.Path, default=HERE.parents[1] / "runs/scene_search")
    parser.add_argument("--parts", default="P,1,2,3,4")
    parser.add_argument("--only", choices=ONLY, default="all")
    args = parser.parse_args()
    parts = [part_of(name, args.work, args.ped2) for name in args.parts.split(",")]
    path, results = HERE / "search.json", {}
    if path.is_file():
        results = json.loads(path.read_text())

    def keep(label: str, maps: list[dict[str, Maps]], scores: Callable) -> None:
        found = [judged(p, scores(p, m)) for p, m in zip(parts, maps, strict=True)]
        row = {part.name: round(value, 4) for part, value in zip(parts, found, strict=True)}
        results[label] = row | {"S": round(float(np.mean(found[1:])), 4)}
        print(f"{label:44s}", *(f"{k} {v:.3f}" for k, v in results[label].items()), flush=True)
        path.write_text(json.dumps(results, indent=1) + "\n")

    with threadpool_limits(1, "blas"):
        now = [{c: maps_of(part, c) for c in ALL} for part in parts]
        if args.only in ("all", "densities"):
            compare_densities(parts, now, keep)
        if args.only in ("all", "tails"):
            compare_tails(parts, now, keep)
        if args.only in ("all", "rules"):
            compare_rules(parts, now, keep)
        if args.only in ("all", "scanner"):
            compare_scanners(parts, now, keep, args.work)
        if args.only in ("all", "named"):
            compare_named(parts, now, keep)
        if args.only in ("all", "place"):
            compare_places(parts, now, keep)


def compare_places(parts: list[Part], now: list[dict[str, Maps]], keep: Callable) -> None:
    """Compare exemplars of `look` of the whole scene with exemplars by place."""
    keep("rule in use", now, rule(fuse=beyond(0.5)))
    keep("look: alone", now, rule(("look",)))
    for weight in (1.0, 3.0, 8.0):
        with changed(LookByPlace, "weight", weight):
            maps = [{**m, "look": maps_of(p, LookByPlace)} for p, m in zip(parts, now, strict=True)]
        keep(f"look by place, {weight:g}: alone", maps, rule(("look",)))
        keep(f"look by place, {weight:g}", maps, rule(fuse=beyond(0.5)))


def compare_named(parts: list[Part], now: list[dict[str, Maps]], keep: Callable) -> None:
    """Compare the rule in use with rules that have a cue more, or one in the place of `course`."""
    keep("rule in use", now, rule(fuse=beyond(0.5)))
    for cue in BY_NAME:
        maps = [{**m, cue: maps_of(p, cue)} for p, m in zip(parts, now, strict=True)]
        along = tuple(name for name in fused.ALONG if name in ALL)
        keep(f"{cue}: alone", maps, rule((cue,)))
        keep(f"{cue}: in S", maps, rule((*ALL, cue), beyond(0.5, along)))
        keep(f"{cue}: in A", maps, rule((*ALL, cue), beyond(0.5, (*along, cue))))
        others = tuple(name for name in ALL if name != "course")
        keep(f"{cue}: for course", maps, rule((*others, cue), beyond(0.5, (*along, cue))))


def compare_scanners(
    parts: list[Part], now: list[dict[str, Maps]], keep: Callable, work: pathlib.Path
) -> None:
    """Compare the rule in use with rules that have the recurrent scanner, of two seeds."""
    keep("rule in use", now, rule(fuse=beyond(0.5)))
    for seed in (0, 1):
        maps = [
            {**m, "scanner": scanner_maps(p, seed, work / p.name / "maps")}
            for p, m in zip(parts, now, strict=True)
        ]
        for label, fuse in WITH_SCANNER.items():
            keep(f"scanner {seed}: {label}", maps, rule((*ALL, "scanner"), fuse))


def compare_densities(parts: list[Part], now: list[dict[str, Maps]], keep: Callable) -> None:
    """Compare the densities of each cue with its own measure, alone and in the rule in use."""
    keep("own measures", now, RULES["beyond 0.5 S"])
    for cue in ALL:
        keep(f"{cue}, own measure: alone", now, rule((cue,)))
        own = [
            {**m, cue: maps_of(p, cue, density="mulde")} for p, m in zip(parts, now, strict=True)
        ]
        keep(f"{cue}, mulde: alone", own, rule((cue,)))
        keep(f"{cue}, mulde", own, RULES["beyond 0.5 S"])


def compare_tails(parts: list[Part], now: list[dict[str, Maps]], keep: Callable) -> None:
    """Compare the tails of surprises in the rule in use; print the check of each cue."""
    for part, maps in zip(parts, now, strict=True):
        for cue in ALL:
            found = check_tail([top(maps[cue][name]) for name in part.train])
            print(f"tail of {cue} on {part.name}: {found}", flush=True)
    for tail in TAILS:
        keep(f"tail {tail}", now, rule(fuse=beyond(0.5), tail=tail))


def compare_rules(parts: list[Part], now: list[dict[str, Maps]], keep: Callable) -> None:
    """Compare rules of fusion and constants of the cues."""
    lasting = [maps_of(part, "still", lasting=True) for part in parts]
    before = [{**maps, "still": still} for maps, still in zip(now, lasting, strict=True)]
    for label, scores in RULES.items():
        keep(label, before, scores)
    keep("still now: alone", now, RULES["still"])
    for label in ("sum of four", *(f"beyond {a} S" for a in (0.25, 0.5, 0.75, 1.0))):
        keep(f"still now: {label}", now, RULES[label])
    for cue, module, name, value in CONSTANTS:
        with changed(module, name, value):
            own = [{**m, cue: maps_of(p, cue)} for p, m in zip(parts, now, strict=True)]
        label = f"{cue}, {name.strip('_').lower()} {value}"
        keep(f"{label}: alone", own, rule((cue,)))
        keep(label, own, RULES["beyond 0.5 S"])


if __name__ == "__main__":
    main()
