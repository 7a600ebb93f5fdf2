"""The data sets through tfds, as docs/datasets.md shows them; nothing imports tfds early."""

import os
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest

from tests.data import layouts
from vadjax import data
from vadjax.errors import UserError

ROOT = pathlib.Path(__file__).parents[2]


def test_the_example_of_the_documentation(tmp_path, monkeypatch):
    for side, name in (("train", "a"), ("train", "b"), ("test", "c")):
        layouts.write_images(tmp_path / "my_camera" / side / name, 4)
    (tmp_path / "my_camera" / "labels.csv").write_text("video,start,stop\nc,1,3\n")
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "datasets.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names = {}
    exec(example, names)
    assert [len(names["source"]), names["row"]["id"]] == [1, b"test/c"]
    video = names["video"]
    np.testing.assert_array_equal(video.labels, [0, 1, 1, 0])
    np.testing.assert_array_equal(list(video.frames), [layouts.picture(i) for i in range(4)])


@pytest.mark.parametrize("name", ["ucsd_ped2", "folder"])
def test_tfds_and_load_give_the_same_clips(tmp_path, name):
    import tensorflow_datasets as tfds

    import vadjax.data.tfds

    if name == "folder":
        for clip in ("a", "b"):
            layouts.write_images(tmp_path / "data" / clip, 3)
    else:
        clips = {"train": {1: 3}, "test": {1: 5}, "intervals": [[(2, 4)]] * 12, "masks": [1]}
        layouts.ucsd_official(tmp_path / "data", "UCSDped2", **clips)
    builder = tfds.builder(
        f"vadjax_{name}", source_dir=tmp_path / "data", data_dir=tmp_path / "tfds"
    )
    builder.download_and_prepare()
    wanted = data.load(layouts.config(name, tmp_path / "data"), cache_dir=tmp_path / "cache")
    for split in ("train", "test"):
        videos = [vadjax.data.tfds.video_of(row) for row in builder.as_data_source(split)]
        for got, want in zip(videos, getattr(wanted, split), strict=True):
            assert (got.id, got.split, got.scene) == (want.id, split, "0")
            assert (got.fingerprint, got.frames.paths) == (want.fingerprint, want.frames.paths)
            np.testing.assert_array_equal(got.labels, want.labels)
    assert builder.dataset().coverage == wanted.coverage
    assert not list((tmp_path / "data").rglob("*array_record*"))


def test_every_data_set_on_disk_is_known_to_tfds(tmp_path):
    import tensorflow_datasets as tfds

    from vadjax.data.tfds import NAMES

    without = ("synthetic", "features")  # neither is read from videos or images
    assert {f"vadjax_{name}" for name in data.DATASETS if name not in without} == set(NAMES)
    for name in NAMES:
        assert f"vadjax_{tfds.builder_cls(name).dataset_name}" == name
    (tmp_path / "other").mkdir()
    with pytest.raises(UserError, match="is empty"):
        tfds.builder("vadjax_avenue", source_dir=tmp_path / "other", data_dir=tmp_path)


@pytest.mark.parametrize(
    "code",
    [
        "import vadjax, vadjax.config; vadjax.config.validate(vadjax.config.default_config())",
        "import vadjax.data; [vadjax.data.builder(n) for n in vadjax.data.DATASETS]",
        "import runpy; sys.argv = ['main', '--help']\n"
        "try: runpy.run_module('vadjax.main', run_name='__main__')\n"
        "except SystemExit: pass",
    ],
    ids=["import", "builders", "help"],
)
def test_tfds_is_not_imported_before_it_is_needed(code):
    code = f"import sys\n{code}\nassert 'tensorflow_datasets' not in sys.modules"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(
        [sys.executable, "-c", code], check=True, env=environment, stdout=subprocess.DEVNULL
    )
