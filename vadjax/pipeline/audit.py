"""The leakage audit of a run, written to leakage.json and said in words."""

from collections.abc import Mapping

from vadjax.data.audit import MEANING
from vadjax.data.audit_folds import audit_folds
from vadjax.pipeline.run import Run
from vadjax.runtime import processes
from vadjax.storage.files import write_json

NAMED = 5  # copies that a sentence names


def audit(run: Run) -> None:
    """Write leakage.json and say what the audit found."""
    window, gradient = run.config.window, run.span > 1
    leakage = audit_folds(
        run.folds,
        list(run.videos.values()),
        length=window.length if gradient else 1,
        dilation=window.dilation if gradient else 1,
        stride=window.stride if gradient else 1,
    )
    if processes.is_first():
        write_json(run.workdir / "leakage.json", leakage)
    run.console.say(f"  leakage audit of {leakage['test_windows']} windows: {leakage['verdict']}")
    if leakage["verdict"] == "leaky":
        for kind in MEANING:
            if leakage[kind]:
                run.console.say(f"    {leakage[kind]:.3f} of them {MEANING[kind]}")
        for what in (*leakage["statistic"], *copies_in_words(leakage)):
            run.console.say(f"    {what}")


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
