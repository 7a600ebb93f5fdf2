"""Checkpoints: what is saved comes back; what differs or is damaged is said in one message."""

import pathlib
import shutil
import subprocess
import sys

import jax
import numpy as np
import pytest

from vadjax.errors import UserError
from vadjax.storage.checkpoints import Checkpoints, export_npz, load_npz


def _tree(seed: int = 0) -> dict:
    rng = np.random.default_rng(seed)
    return {
        "params": {"kernel": rng.normal(size=(3, 4)).astype(np.float32)},
        "moments": (np.zeros(2, np.float32), np.array(7, np.int32)),
    }


def _equal(a: object, b: object) -> bool:
    return jax.tree.structure(a) == jax.tree.structure(b) and all(
        x.dtype == y.dtype and np.array_equal(x, y)
        for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    )


def test_the_newest_of_each_kind_comes_back(tmp_path):
    with Checkpoints(tmp_path / "c") as checkpoints:
        assert checkpoints.latest("last") is None
        assert checkpoints.restore("last", _tree()) is None
        for step in (0, 3):
            checkpoints.save("last", step, _tree(step), {"epoch": step})
        checkpoints.save("best", 2, _tree(2), {})
    with Checkpoints(tmp_path / "c") as checkpoints:
        tree, metadata = checkpoints.restore("last", _tree())
        assert metadata == {"epoch": 3} and _equal(tree, _tree(3))
        assert checkpoints.latest("best") == 2
        like = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), _tree())
        assert _equal(checkpoints.restore("best", like)[0], _tree(2))
        checkpoints.save("last", 1, _tree(1), {})  # an earlier one replaces it too
        assert checkpoints.latest("last") == 1
        checkpoints.clear()
        assert checkpoints.latest("last") is None and checkpoints.latest("best") is None


def test_a_relative_folder_is_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Checkpoints("here") as checkpoints:
        checkpoints.save("last", 0, _tree(), {})
    assert (tmp_path / "here" / "last" / "0").is_dir()


def test_another_structure_is_listed(tmp_path, capfd):
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save("last", 5, _tree(), {})
        other = {
            "params": {"kernel": np.zeros((3, 5), np.float32), "bias": np.zeros(5, np.float32)},
            "moments": (np.zeros(2, np.float32),),
        }
        with pytest.raises(UserError, match="another model or optimizer") as caught:
            checkpoints.restore("last", other)
    message = str(caught.value)
    assert "params/kernel: float32 [3, 4] in the checkpoint, float32 [3, 5] expected" in message
    assert "params/bias: not in the checkpoint" in message
    assert "moments/1: in the checkpoint only" in message
    assert capfd.readouterr().err == ""


def test_a_damaged_checkpoint_is_named(tmp_path):
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save("last", 5, _tree(), {})
    for file in (tmp_path / "last" / "5" / "state").rglob("*"):
        if file.is_file():
            file.write_bytes(b"?" * 10)
    with Checkpoints(tmp_path) as checkpoints, pytest.raises(UserError, match=r"last/5.*damaged"):
        checkpoints.restore("last", _tree())


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        Checkpoints(tmp_path / "file").save("last", 0, _tree(), {})


def test_a_full_disk_is_said_before_anything_is_written(tmp_path, monkeypatch):
    usage = type(shutil.disk_usage(tmp_path))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9 - 10**6, 10**6))
    with Checkpoints(tmp_path) as checkpoints:
        with pytest.raises(UserError, match=r"takes 0\.0 MB and some room, 1\.0 MB are free"):
            checkpoints.save("last", 0, _tree(), {})
        assert checkpoints.latest("last") is None


def test_orbax_is_silent_under_absl(tmp_path):
    program = (
        "import sys\nfrom absl import app\n"
        "def main(_):\n"
        "  import numpy as np\n  from vadjax.storage.checkpoints import Checkpoints\n"
        "  with Checkpoints(sys.argv[1]) as c:\n"
        "    c.save('last', 1, {'a': np.ones(3)}, {})\n"
        "  print(Checkpoints(sys.argv[1]).restore('last', {'a': np.ones(3)})[0]['a'].sum())\n"
        "app.run(main)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=pathlib.Path(__file__).parents[2],
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "3.0\n", "")


def test_npz_round_trip(tmp_path):
    variables = {"params": _tree()["params"], "stats": {"n": np.array(3, np.int32)}}
    export_npz(tmp_path / "v.npz", variables)
    assert _equal(load_npz(tmp_path / "v.npz"), variables)
    assert [p.name for p in tmp_path.iterdir()] == ["v.npz"]


def test_npz_that_is_none(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        load_npz(tmp_path / "absent.npz")
    (tmp_path / "torn.npz").write_bytes(b"PK\x03\x04 torn")
    np.save(tmp_path / "array.npy", np.zeros(3))
    np.savez(tmp_path / "foreign.npz", a=np.zeros(3))
    np.savez(tmp_path / "pickled.npz", a=np.array([{}], object))
    for name in ("torn.npz", "array.npy", "foreign.npz", "pickled.npz"):
        with pytest.raises(UserError, match="train again to rewrite it"):
            load_npz(tmp_path / name)
