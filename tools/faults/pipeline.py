"""Faults in the pipeline and what is written: file, text, fault, tests; see `Mutation`."""

FITS = "tests/pipeline/test_fits.py"
TAPS = "tests/pipeline/test_several_taps.py"

ROWS = [
    (
        "vadjax/pipeline/train.py",
        "for units in fitted_units(run, fold) for clip",
        "for units in (*fitted_units(run, fold), fold.test) for clip",
        FITS,
    ),
    (
        "vadjax/pipeline/train.py",
        "run.clips(fold.validation, fold),",
        "run.clips(fold.calibration, fold),",
        FITS,
    ),
    (
        "vadjax/pipeline/baselines.py",
        "detector, train = run.make_detector(name), run.clips(fold.train, fold)",
        "detector, train = run.make_detector(name), run.clips(fold.test, fold)",
        FITS,
    ),
    (
        "vadjax/pipeline/evaluate.py",
        "calibration=[[v for v in scored.calibration if v.fold == f.index] for f in run.folds],",
        "calibration=[[v for v in scored.test if v.fold == f.index] for f in run.folds],",
        FITS,
    ),
    # several folds on new videos
    (
        "vadjax/pipeline/fold_mean.py",
        "return np.stack(values).mean(0, np.float64).astype(np.float32)",
        "return np.stack(values)[0].astype(np.float32)",
        "tests/pipeline/test_fold_mean.py",
    ),
    (
        "vadjax/pipeline/score.py",
        "calibration += [one.scored for one in run.added]",
        "pass",
        "tests/pipeline/test_add.py",
    ),
    (
        "vadjax/pipeline/audit.py",
        "folds = with_added(run.folds, run.added)",
        "folds = run.folds",
        "tests/pipeline/test_add.py",
    ),
    (
        "vadjax/pipeline/alarm_pictures.py",
        "sorted(moments, key=lambda m: -m[0])[:count]",
        "sorted(moments)[:count]",
        "tests/pipeline/test_alarm_pictures.py",
    ),
    (
        "vadjax/report/alarm_files.py",
        'return text.encode("utf-8", "backslashreplace").decode("utf-8")',
        "return text",
        "tests/report/test_alarm_files.py",
    ),
    (
        "vadjax/report/normal_map.py",
        "return np.log(np.maximum(seen, LOWEST) / LOWEST).clip(0) / np.log(highest / LOWEST)",
        "return np.clip(seen / highest, 0, 1)",
        "tests/report/test_normal_map.py",
    ),
    # pseudo-anomalies
    (
        "vadjax/pseudo/kinds.py",
        "abnormal=shown == stop",
        "abnormal=True",
        "tests/pseudo/test_clips.py",
    ),
    (
        "vadjax/pipeline/pseudo_set.py",
        "if held_with[n] == held_with[name] and n != name",
        "if n != name",
        "tests/pipeline/test_pseudo_set.py",
    ),
    (
        "vadjax/pipeline/tune.py",
        "others = [clip for clip in clips if fold_of[clip.id] != number]",
        "others = list(clips)",
        "tests/pipeline/test_pseudo_set.py",
    ),
    (
        "vadjax/pipeline/run.py",
        "name: self.tap_stores[tap] for name, tap in self.taps.items()",
        "name: self.tap_stores[min(self.tap_stores)] for name, tap in self.taps.items()",
        TAPS,
    ),
    (
        "vadjax/pipeline/trained.py",
        "name: by_tap[tap] for name, tap in run.taps.items()",
        "name: by_tap[min(by_tap)] for name, tap in run.taps.items()",
        TAPS,
    ),
    (
        "vadjax/pipeline/adversarial.py",
        "np.where(np.asarray(labels) > 0, -1, 1)",
        "np.where(np.asarray(labels) > 0, 1, -1)",
        "tests/pipeline/test_robustness.py",
    ),
    (
        "vadjax/pipeline/robustness.py",
        "        if why := refusal(detector.run):",
        "        if (why := refusal(detector.run)) and False:",
        "tests/pipeline/test_robustness.py",
    ),
]
