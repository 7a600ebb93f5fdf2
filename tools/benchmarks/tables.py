"""The tables of a sweep of 1,000 finished runs: csv, parquet, workbook, page and best.json.

The runs are copies of one metrics.json, that of a small run on the synthetic data set, which is
trained first; they differ in model, learning rate and seed, and in their metrics.
"""

import json
import pathlib
import shutil
import tempfile
import time
from collections.abc import Callable

UNIT = "runs"
RUNS, SEEDS = 1000, 10


def tables_vadjax() -> Callable[[], dict[str, float]]:
    """Return a sample: runs per second, for all tables and for each kind."""
    from vadjax.comparison import compare
    from vadjax.runtime.console import Console
    from vadjax.sweeps import best, run_table

    folder = pathlib.Path(tempfile.mkdtemp(prefix="vadjax_tables_"))
    specs = _specs(folder)
    _write(specs, folder)
    quiet = Console(quiet=True)
    names = [str(folder / "runs" / spec.name) for spec in specs]

    def sample() -> dict[str, float]:
        spent, start = {}, time.perf_counter()

        def lap(name: str) -> None:
            nonlocal start
            now = time.perf_counter()
            spent[name], start = now - start, now

        run_table.write_runs(folder, run_table.run_rows(specs, folder / "runs", {}))
        lap("csv and parquet")
        outs = [folder / f"results.{suffix}" for suffix in ("csv", "xlsx", "html")]
        compare.run(names, console=quiet, outs=outs)
        lap("csv, xlsx and html over seeds")
        best.write_best(folder / "best.json", best.best_detectors(map(pathlib.Path, names)))
        lap("best")
        rates = {name: RUNS / seconds for name, seconds in spent.items()}
        return {"all tables": RUNS / sum(spent.values()), **rates}

    sample.note = f"{RUNS} runs; a sample of the rate r took {RUNS} / r seconds"
    return sample


def _specs(folder: pathlib.Path) -> list:
    from vadjax import config as configs
    from vadjax.sweeps.plan import read_sweep

    base = configs.default_config()
    base.features.backbone, base.features.height, base.features.width = "pixels_rgb", 4, 4
    base.dataset.num_train, base.dataset.num_test, base.dataset.num_frames = 6, 12, 40
    base.dataset.height, base.dataset.width = 64, 96
    base.features.cache_dir = str(folder / "cache")
    base.train.epochs = 2

    def sweep(add) -> None:
        for model in ("lstm", "gru"):
            for step in range(RUNS // SEEDS // 2):
                for seed in range(SEEDS):
                    add(**{"model.name": model, "train.lr": 1e-4 * (step + 1)}, seed=seed)

    return read_sweep(sweep, base)


def _write(specs, folder: pathlib.Path) -> None:
    """Run the first one, and write the others as copies with other metrics."""
    from vadjax.runtime.console import Console
    from vadjax.sweeps.folder import run_sweep

    (first,), errors = run_sweep(specs[:1], folder, console=Console(quiet=True))
    if errors:
        raise RuntimeError(f"the run to copy failed: {errors}")
    metrics = json.loads((first / "metrics.json").read_text(encoding="utf-8"))
    saved = json.loads((first / "config.json").read_text(encoding="utf-8"))
    auc = metrics["frame"]["auc_micro"]
    for number, spec in enumerate(specs[1:], 1):
        workdir = folder / "runs" / spec.name
        workdir.mkdir()
        shutil.copy(first / "log.jsonl", workdir)
        config = json.loads(json.dumps(spec.config.to_dict(), default=list))
        (workdir / "config.json").write_text(json.dumps({**saved, "config": config}))
        metrics["seeds"] = [spec.config.seed]
        metrics["detector"]["model"] = spec.config.model.name
        metrics["frame"]["auc_micro"] = auc + 1e-4 * (number % 97)
        (workdir / "metrics.json").write_text(json.dumps(metrics))


CASES = {"tables of 1,000 runs": {"vadjax": tables_vadjax}}
