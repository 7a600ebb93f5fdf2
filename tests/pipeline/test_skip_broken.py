"""A run with skip_broken says on console and page which videos are left out, and counts them."""

import json

from tests.data import layouts
from tests.pipeline.test_audit import config_of, walk, write
from vadjax import config as configs
from vadjax.pipeline import stages


def test_left_out_videos_are_said_and_counted(tmp_path, capsys):
    videos = tmp_path / "videos"
    write(videos, {f"{s}/{n}": walk(n, 30) for n, s in enumerate(["train"] * 3 + ["test"])})
    layouts.write_images(videos / "test" / "broken", 4, suffix=".png")
    for path in (videos / "test" / "broken").iterdir():
        path.write_bytes(b"\x89PNG")
    config = config_of(videos, tmp_path / "cache", False, skip_broken=True)
    metrics = stages.run(config, tmp_path / "run")
    said = " ".join(capsys.readouterr().out.split())
    assert "folder (4 of 5 clips): 3 training and 1 test clips" in said
    assert "note: left out (skip_broken): test/broken: " in said
    assert metrics["coverage"] == "4 of 5 clips"
    words = "1 of 5 videos cannot be read and are left out: test/broken"
    assert words in metrics["warnings"]
    page = (tmp_path / "run" / "report.html").read_text()
    assert words in page and "4 of 5 clips" in page
    assert "test/broken" not in json.loads((tmp_path / "run" / "data.json").read_text())["videos"]


def test_the_key_names_no_other_run(tmp_path):
    before, asked = configs.default_config(), configs.default_config()
    asked.dataset.skip_broken = True
    assert configs.identity(before) == configs.identity(asked)
    assert configs.run_hash(before) == configs.run_hash(asked)
