"""One run, one folder: locks, claims, damage."""

import json
import subprocess
import sys

import pytest

from vadjax.errors import UserError
from vadjax.storage import workdir


def claim(path, videos=None, **identity):
    videos = videos or {"test/1": "x"}
    with workdir.opened(path, identity=identity):
        workdir.claim(path, config={"a": 1}, identity=identity, data_dir="/d", videos=videos)


def test_the_same_identity_resumes_and_another_is_refused_key_by_key(tmp_path):
    claim(tmp_path / "w", lr=1, units=(2, 3))
    claim(tmp_path / "w", lr=1, units=(2, 3))
    with pytest.raises(UserError, match=r"lr: 1 there, 2 asked(.|\n)*Give another --workdir"):
        claim(tmp_path / "w", lr=2, units=(2, 3))
    assert workdir.read_config(tmp_path / "w") == {"a": 1}


def test_what_differs_is_told_in_a_short_message(tmp_path):
    more = {"k" * 9000: 1, **{f"other{n}": n for n in range(90)}}
    claim(tmp_path / "w", long="1" * 9000, **more)
    with pytest.raises(UserError, match="belongs to another config") as error:
        claim(tmp_path / "w", long="2")
    text = str(error.value)
    assert len(text) < 3000 and "and 72 more" in text and "1..." in text


def test_a_run_that_is_older_than_a_key_had_its_default(tmp_path):
    claim(tmp_path, lr=1)
    younger = {"lr": 9, "augment": "none"}
    with workdir.opened(tmp_path, identity={"lr": 1, "augment": "none"}, defaults=younger):
        pass
    asked = {"lr": 1, "augment": "flips"}
    with (
        pytest.raises(UserError, match="augment: 'none' there, 'flips' asked"),
        workdir.opened(tmp_path, identity=asked, defaults=younger),
    ):
        pass


def test_other_videos_under_the_same_names_are_refused_before_anything_is_written(tmp_path):
    claim(tmp_path)
    before = {p.name: p.read_bytes() for p in tmp_path.glob("*.json")}
    with pytest.raises(UserError, match="other videos: 1 of 1 differ, such as test/1"):
        claim(tmp_path, videos={"test/1": "y"})
    assert before == {p.name: p.read_bytes() for p in tmp_path.glob("*.json")}


def test_a_second_process_is_refused_and_the_lock_dies_with_its_process(tmp_path):
    code = (
        "import sys, time, pathlib; from vadjax.storage import workdir\n"
        "with workdir.opened(pathlib.Path(sys.argv[1]), identity={}):\n"
        "    print('in', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout.readline() == "in\n"
        with pytest.raises(UserError, match=f"another process .pid {child.pid}. works in"):
            claim(tmp_path)
    finally:
        child.kill()
        child.wait()
    claim(tmp_path)


def test_places_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"file is a file; give --workdir=FOLDER"):
        claim(tmp_path / "file")
    with pytest.raises(UserError, match="cannot be written"):
        claim(tmp_path / "file" / "below")


def test_a_start_that_fails_leaves_nothing_behind(tmp_path):
    def fail(path):
        with pytest.raises(UserError), workdir.opened(path, identity={}):
            raise UserError("no such data_dir")

    fail(tmp_path / "runs" / "a")
    assert not list(tmp_path.iterdir())
    (tmp_path / "own").mkdir()  # a folder of the user's stays
    fail(tmp_path / "own")
    assert (tmp_path / "own").is_dir()
    claim(tmp_path / "run")
    fail(tmp_path / "run")
    assert (tmp_path / "run" / "config.json").is_file()


def test_damage_is_said(tmp_path):
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(UserError, match="damaged"):
        claim(tmp_path)
    with pytest.raises(UserError, match="is damaged"):
        workdir.read_config(tmp_path)
    with pytest.raises(UserError, match="no workdir of vadjax"):
        workdir.read_config(tmp_path / "none")


def test_data_of_a_workdir_of_an_earlier_version(tmp_path):
    """Up to 0.2 a fingerprint was made of names, sizes and times; where it is known it counts."""

    def again(before, videos=("now", "now")):
        ids = dict(zip(("test/1", "test/2"), videos, strict=True))
        with workdir.opened(tmp_path, identity={}):
            workdir.claim(
                tmp_path, config={}, identity={}, data_dir="", videos=ids, before=before.get
            )

    old = {"data_dir": "", "frame_sizes": [], "videos": {"test/1": "a", "test/2": "b"}}
    (tmp_path / "data.json").write_text(json.dumps(old))
    with pytest.raises(UserError, match="other videos: 1 of 2 differ, such as test/2"):
        again({"test/1": "a", "test/2": "x"})
    again({"test/1": "a", "test/2": ""})
    saved = json.loads((tmp_path / "data.json").read_text())
    assert saved["videos"] == {"test/1": "now", "test/2": "now"}
    with pytest.raises(UserError, match="other videos: 1 of 2 differ, such as test/1"):
        again({"test/1": "now", "test/2": "now"}, ("other", "now"))


@pytest.mark.parametrize("text", ["{", "[]", '{"videos": 1, "data_dir": ""}', "{}", "[" * 10000])
def test_damaged_data_is_said(tmp_path, text):
    (tmp_path / "data.json").write_text(text)
    with pytest.raises(UserError, match=r"data.json is damaged"):
        claim(tmp_path)


def test_a_folder_that_is_no_run_names_the_run_that_it_may_stand_for(tmp_path):
    run = tmp_path / "folder_lstm-1a2b3c4d5e"
    claim(run)
    for given in (tmp_path / "folder_lstm-...", tmp_path / "folder_lstm", tmp_path):
        with pytest.raises(UserError, match=f"There is {run}\\."):
            workdir.read_config(given)
    with pytest.raises(UserError, match="Train a detector first"):
        workdir.read_config(tmp_path / "other")
