"""The notebooks: small, without outputs, and run from the first cell to the last on drawn videos.

Their cells are plain Python, so that running them needs no Jupyter.
"""

import json
import pathlib

import numpy as np
import pytest

from vadjax.comparison.published import read_published

FOLDER = pathlib.Path(__file__).parents[1] / "examples" / "notebooks"
NAMES = (
    "01_feature_extraction",
    "02_sequence_training",
    "03_evaluation_and_visualization",
)
SMALL = {  # of the drawn videos and of the network
    "dataset__num_train": 4,
    "dataset__num_test": 6,
    "dataset__num_frames": 36,
    "dataset__height": 64,
    "dataset__width": 96,
    "features__weights": "random",
    "features__height": 32,
    "features__width": 32,
}
TRAINED = {
    "model__units": (4,),
    "evaluate__num_bootstrap": 20,
    "evaluate__threshold": "half",
    "objective__class_weight": "none",
    "report__thumbnails": 0,
}


def cells_of(name):
    return json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]


def parameters_of(name):
    """Return what the cell of parameters sets."""
    (cell,) = [c for c in cells_of(name) if "parameters" in c["metadata"].get("tags", ())]
    values = {}
    exec("".join(cell["source"]), values)
    return {key: value for key, value in values.items() if key.isupper()}


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_small_and_begins_with_its_parameters(name):
    assert (FOLDER / f"{name}.ipynb").stat().st_size < 20_000
    cells = cells_of(name)
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert [cell["metadata"].get("tags") for cell in code[:2]] == [["install"], ["parameters"]]
    assert len({cell["id"] for cell in cells}) == len(cells)
    if name != NAMES[0]:
        assert {"SEQUENCE_LENGTH", "BATCH_SIZE", "LEARNING_RATE"} <= set(parameters_of(name))


def run(name, **parameters):
    """Run the code cells of a notebook in order, with other parameters; return its names."""
    known = parameters_of(name)
    assert set(parameters) <= set(known)
    names: dict = {}
    for number, cell in enumerate(cells_of(name)):
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"{name}, cell {number}", "exec"), names)
            if "parameters" in cell["metadata"].get("tags", ()):
                names.update(parameters)
    return names


@pytest.mark.slow
def test_the_three_steps_run_on_drawn_videos(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setattr("matplotlib.pyplot.show", lambda: None)
    common = {"ROOT": str(tmp_path)}
    cache = {"features__cache_dir": str(tmp_path / "cache")}
    backbone = "mobilenetv2_100"
    run(NAMES[0], BACKBONES=[backbone], CHANGES={**SMALL, **cache}, **common)
    (features,) = (tmp_path / "features" / "synthetic").glob(f"normal_features_{backbone}.npy")
    assert np.load(features).shape[1] == 1280

    trained = {**cache, **{k: v for k, v in TRAINED.items() if k != "model__units"}}
    fitted = {"EPOCHS": 2, "SEQUENCE_LENGTH": 4, "BATCH_SIZE": 16, "LEARNING_RATE": 1e-3}
    run(
        NAMES[1],
        MODELS=["lstm", "gru"],
        SEEDS=2,
        FEATURES=f"synthetic/{backbone}",
        CHANGES={**trained, "dataset__num_folds": 2},
        **fitted,
        **common,
    )
    found = json.loads((tmp_path / "runs" / "by_video-gru-1" / "config.json").read_text())
    assert found["config"]["window"]["length"] == 4
    assert found["config"]["train"]["batch_size"] == 16
    assert found["config"]["train"]["learning_rate"] == 1e-3

    explained = {**SMALL, **TRAINED, **cache, "dataset__num_folds": 2}
    frames = [("test/01", 5), ("test/02", 20)]
    run(NAMES[2], BACKBONE=backbone, FRAMES=frames, CHANGES=explained, **fitted, **common)
    results = tmp_path / "results"
    (workbook,) = (results / "Sequential_Model_Results_XLSX").glob("*.xlsx")
    values = read_published(workbook)
    assert {(v.model, v.runs) for v in values} == {("LSTM", 2), ("GRU", 2)} and len(values) == 10
    assert (results / "results.xlsx").is_file() and (results / "gradcam.png").stat().st_size > 5000
    assert "| AUC, micro | 95 % | Accuracy | Precision | Recall | F1 |" in capsys.readouterr().out
    table = (results / "figures" / f"results_all_models_{backbone}.csv").read_text().splitlines()
    assert len(table) == 1 + 4
