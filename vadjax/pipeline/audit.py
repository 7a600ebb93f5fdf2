"""The leakage audit of a run, written to leakage.json and said in words."""

import functools
from collections.abc import Mapping, Sequence

from vadjax.data.clip import stretch_of
from vadjax.data.leakage.audit import MEANING
from vadjax.data.leakage.audit_folds import audit_folds, copies_of
from vadjax.data.leakage.fitted import FittedOn
from vadjax.data.splits.units import Fold
from vadjax.detectors.abilities import Adapter
from vadjax.pipeline.added import with_added
from vadjax.pipeline.baselines import baseline_names, fitted_on
from vadjax.pipeline.cross_fit import cross_states, fitted_units
from vadjax.pipeline.run import Run
from vadjax.runtime import processes
from vadjax.storage import artifacts
from vadjax.storage.files import write_json

UNCHECKED = (
    "which clip and frame each row is of is not known: neighbours, clips on both sides and copied "
    "clips cannot be checked"
)
NAMED = 5  # copies that a sentence names


def audit(run: Run) -> None:
    """Audit the split before training; write leakage.json and say what was found.

    Raises:
        UserError: an honest protocol leaks.
    """
    _write_and_say(run, _audit(run, None))


def audit_fits(run: Run, held_out: Sequence[Sequence[str]]) -> dict:
    """Audit what the detector, the baselines and the threshold were fitted on, as they noted it.

    Args:
        run: trained and scored, with its baselines.
        held_out: of each fold, ids of the clips whose scores chose the threshold.

    Returns:
        What leakage.json says now; that of the split where a fold's detector, of an older version,
        noted nothing.

    Raises:
        UserError: a state is missing or damaged.
    """
    fitted = [_fitted(run, fold, ids) for fold, ids in zip(run.folds, held_out, strict=True)]
    known = [noted for noted in fitted if noted is not None]
    if len(known) < len(fitted):
        return artifacts.read_json(run.workdir, "leakage.json")
    leakage = _audit(run, known)
    before = artifacts.read_json(run.workdir, "leakage.json")
    if before.get("verdict") == leakage["verdict"]:
        write_json(run.workdir / "leakage.json", leakage)
    else:
        _write_and_say(run, leakage)
    return leakage


def _fitted(run: Run, fold: Fold, held_out: Sequence[str]) -> FittedOn | None:
    """Return the frames that each fit of a fold has read; None where that was not noted."""
    state = artifacts.read_state(run.workdir, fold.index)
    own = state.get("fitted_on") if isinstance(state, Mapping) else None
    if own is None and run.gradient:
        return None
    noted = {purpose: [tuple(each) for each in frames] for purpose, frames in (own or {}).items()}
    videos = {**run.videos, **{one.video.id: one.video for one in run.added}}
    noted["threshold"] = [stretch_of(name, videos) for name in held_out]
    for _, other in cross_states(run):  # the scores that choose the threshold hang on these too
        for frames in other.get("fitted_on", {}).values() if isinstance(other, Mapping) else ():
            noted["threshold"] += [tuple(each) for each in frames]
    for name in baseline_names(run):
        for purpose, frames in fitted_on(run, name, fold).items():
            noted[f"the {purpose} of baseline {name}"] = list(frames)
    return noted


def _audit(run: Run, fitted: Sequence[FittedOn] | None) -> dict:
    """Audit a run's folds; runs of a sweep search for copied clips once where they share clips."""
    window, gradient = run.config.window, run.span > 1
    videos = [*run.videos.values(), *(one.video for one in run.added)]
    folds = with_added(run.folds, run.added)
    key = ("copies", *(_clips(fold) for fold in folds))
    return audit_folds(
        folds,
        videos,
        length=window.length if gradient else 1,
        dilation=window.dilation if gradient else 1,
        stride=window.stride if gradient else 1,
        pad=gradient and window.short_clips == "pad",
        fitted=fitted,
        refits=any(len(fitted_units(run, fold)) > 1 for fold in run.folds),
        adapts=run.detector.adapts() if isinstance(run.detector, Adapter) else (),
        copies=run.memory.once(key, functools.partial(copies_of, folds, videos)),
        clips_known=run.dataset.clips_known,
    )


def _clips(fold: Fold) -> tuple[frozenset[str], frozenset[str]]:
    """Return the ids of a fold's test clips, and of those that it uses otherwise."""
    tables = ([fold.test], [fold.train, fold.validation, fold.calibration])
    test, used = (
        frozenset(segment.video_id for units in several for segment in units.segments)
        for several in tables
    )
    return test, used


def _write_and_say(run: Run, leakage: Mapping) -> None:
    if processes.is_first():
        write_json(run.workdir / "leakage.json", leakage)
    audited = "images" if run.unit == "image" else "windows"
    run.console.say(f"  leakage audit of {leakage['test_windows']} {audited}: {leakage['verdict']}")
    if leakage["verdict"] == "leaky":
        for kind in MEANING:
            if leakage[kind]:
                run.console.say(f"    {leakage[kind]:.3f} of them {MEANING[kind]}")
        for what in (*leakage["statistic"], *copies_in_words(leakage)):
            run.console.say(f"    {what}")
    if not run.dataset.clips_known:
        run.console.say(f"    {UNCHECKED}")


def copies_in_words(leakage: Mapping) -> list[str]:
    """Say which test clips are copies of clips that were used otherwise.

    Args:
        leakage: the audit's result.

    Returns:
        One sentence; none where there is no copy.
    """
    copies = leakage.get("copies") or []
    if not copies:
        return []
    clips = len({copy["video"] for copy in copies})
    named = [
        f"{c['video']} frames {c['start']} to {c['stop'] - 1} are {c['other']} from frame "
        f"{c['other_start']} ({c['kind']})"
        for c in copies[:NAMED]
    ]
    more = [f"and {len(copies) - NAMED} more (leakage.json)"] if len(copies) > NAMED else []
    return [
        f"{clips} test clip{'s' * (clips > 1)} show{'s' * (clips == 1)} frames of clips that were "
        f"used in training or for the threshold: {'; '.join([*named, *more])}"
    ]
