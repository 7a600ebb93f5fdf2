"""The stages of protocols that deal out windows instead of clips; everything is one a window.

Such protocols leak (docs/protocols.md). Their folds are `data.window_splits.WindowFold`.
"""

import dataclasses

import numpy as np

from vadjax.data.scored_video import ScoredVideo
from vadjax.detectors import window_model
from vadjax.pipeline import artifacts, results
from vadjax.pipeline.run import Run
from vadjax.storage.files import atomic_write, write_json

NAME = "test windows"  # of the one record that stands for all tested windows


def audit(run: Run) -> dict:
    """Audit the one fold; see `data.audit`."""
    from vadjax.data.window_splits import audit_window_fold

    return audit_window_fold(run.window_fold, span=run.span, standardized=_standardized(run))


def training_data(run: Run, fold):
    """Return the standardisation of rows, and what `training.fit.fit` reads."""
    from vadjax.training.fit import TrainingData

    found = rows(run, fold)
    fitted = standardizer(run, fold, found)
    train, select = tables(fold)
    return fitted, TrainingData(
        clips=[found],
        standardize=fitted.apply,
        frame_labels=fold.row_labels.astype(np.int32),
        train=train,
        validation=select,
    )


def standardizer(run: Run, fold, rows: np.ndarray):
    """Return the standardisation by the fitted windows' rows, or one that changes nothing."""
    from vadjax.features.standardize import Standardizer

    if _standardized(run):
        return Standardizer.fit([rows[np.unique(fold.windows[fold.fit])]])
    channels = rows.shape[-1]
    return Standardizer(np.zeros(channels, np.float32), np.ones(channels, np.float32))


def tables(fold):
    """Return the tables of the windows that are fitted, and of those that stop the training."""
    from vadjax.data.windows import WindowTable

    return [
        WindowTable(fold.windows[chosen], np.zeros(len(chosen), np.int32))
        for chosen in (fold.fit, fold.select)
    ]


def score(run: Run) -> None:
    """Detector -> one score for each tested window."""
    from vadjax.scoring.score import make_score_fn

    fold = run.window_fold
    variables, fitted = window_model.read(run.detector_dir(fold))
    size = run.config.score.batch_size
    scorer = make_score_fn(
        run.model, run.objective, length=run.config.window.length, batch_size=size
    )
    tested = fold.windows[fold.test]
    placed = window_model.kept(
        run.memory.once(("inputs", size), dict),
        (run.config.seed, fitted.mean.tobytes(), fitted.std.tobytes()),
        size=sum(4 * run.store.read(name).size for name in fold.videos),
        make=lambda: scorer.put(fitted.apply(rows(run, fold)), tested),
    )
    scores = scorer.fetch(variables, *placed)[: len(tested)]
    found = {
        "scores": scores[:, -1].astype(np.float32),
        "predicted": np.ones(len(scores), bool),
        "labels": fold.labels[fold.test],
        "rows": fold.windows[fold.test],
    }
    with atomic_write(run.workdir / "scores.npz") as beside, beside.open("wb") as file:
        np.savez(file, **{f"test|{fold.index}|{NAME}|{what}": x for what, x in found.items()})


def evaluate(run: Run) -> None:
    """Scores + labels -> metrics.json, whose unit is the window."""
    from vadjax.evaluation.evaluate import evaluate as assess

    fold = run.window_fold
    facts = results.context(run)
    known = [facts["coverage"]] if facts["coverage"] else []
    tested = f"{len(fold.test):,} of {len(fold.windows):,} windows, {len(fold.videos)} clips"
    facts["coverage"] = ", ".join([*known, tested])
    compared = baselines(run, fold)
    test = _record(run, fold)
    metrics = assess(
        [test],
        calibration=[[]],
        context=facts,
        baselines={
            name: [dataclasses.replace(test, scores=scores)] for name, scores in compared.items()
        },
        rule=run.config.evaluate.threshold,
        seed=run.config.seed,
    )
    leaked = metrics["baselines"]["nearest_in_time"]
    metrics["warnings"].append(
        f"the label of the fitted window nearest in time, no picture looked at, gets AUC "
        f"{leaked:.3f} on the same windows"
    )
    write_json(run.workdir / "metrics.json", metrics)


def _record(run: Run, fold) -> ScoredVideo:
    """Return the tested windows as one record."""
    scores, _ = artifacts.read_scores(run, "test")[0][NAME]
    return ScoredVideo(NAME, scores, labels=fold.labels[fold.test], unit="window")


def baselines(run: Run, fold) -> dict[str, np.ndarray]:
    """Score the tested windows by what has learnt nothing, and by the fitted windows' labels."""
    random = np.random.default_rng(run.config.seed).random(len(fold.test))
    key = ("nearest", run.config.seed)  # of the split: the same for every model
    return {"random": random, **run.memory.once(key, lambda: _nearest(run, fold))}


def _nearest(run: Run, fold) -> dict[str, np.ndarray]:
    from vadjax.scoring import lookup

    source = fold.provenance.video if fold.provenance.source is None else fold.provenance.source
    last = fold.windows[:, -1]
    sides = {"fit": fold.fit, "test": fold.test}
    found = rows(run, fold)[last]
    found = found if found.ndim == 2 else found.mean((1, 2), dtype=np.float32)  # [n, d]
    return {
        "nearest_in_time": lookup.nearest_in_time(
            source[last], fold.provenance.frame[last], fold.labels, **sides
        ),
        "nearest_alike": lookup.nearest_alike(found, fold.labels, **sides),
    }


def explain(run: Run) -> None:
    """Say that nothing is explained: a tested window belongs to no video's time line."""
    run.console.say(f"  no maps and no gallery: {run.config.dataset.protocol} scores windows")


def report(run: Run) -> None:
    """metrics.json and scores.npz -> figures/ and report.html."""
    from vadjax.report.figures import write_figures
    from vadjax.report.page import write_report

    fold = run.window_fold
    metrics = run.read("metrics.json")
    threshold = metrics["videos"][0]["threshold"]  # no alarms: windows have no order in time
    test = dataclasses.replace(_record(run, fold), threshold=threshold)
    curves = [artifacts.history(run, fold)]
    write_figures(run.workdir / "figures", metrics=metrics, videos=[test], history=curves)
    write_report(
        run.workdir / "report.html",
        metrics=metrics,
        videos=[test],
        history=curves,
        config=run.config.to_dict(),
        environment={**run.environment, "command": run.command},
    )


def _standardized(run: Run) -> bool:
    """The published code feeds features as they are."""
    return run.config.dataset.protocol != "published_shuffled"


def rows(run: Run, fold) -> np.ndarray:
    """Return the stored rows of all videos, one behind the other."""
    return np.concatenate([run.store.read(name) for name in fold.videos])


STAGES = {"score": score, "evaluate": evaluate, "explain": explain, "report": report}
