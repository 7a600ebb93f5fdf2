"""Detection by a launcher gives the files of one process, and scores no video twice."""

import csv

import pytest

from tests.fleet.here import Here
from vadjax.errors import UserError
from vadjax.fleet import detection
from vadjax.pipeline import predict
from vadjax.pipeline.trained import TrainedDetector


@pytest.fixture
def scored(monkeypatch):
    """Fingerprints of the videos that were scored, in order."""
    names, score = [], TrainedDetector.score_videos

    def noted(self, videos, *, known=None, **more):
        if known is None:
            names.extend(video.fingerprint for video in videos)
        return score(self, videos, known=known, **more)

    monkeypatch.setattr(TrainedDetector, "score_videos", noted)
    return names


def detect(trained, paths, out, launcher=None, work=detection.detect_job, **more):
    spread = None if launcher is None else detection.spread_by(launcher, work)
    return predict.detect(trained, paths, out=out, spread=spread, quiet=True, **more)


def table(out):
    return list(csv.DictReader((out / "scores.csv").open()))


def test_tables_are_those_of_one_process(trained, clips, tmp_path, scored):
    paths = [str(clips / "clip0"), str(clips)]  # one of them named twice
    detect(trained, paths, tmp_path / "one", fps=25)
    alone, scored[:] = list(scored), []
    here = Here(workers=2)
    detect(trained, paths, tmp_path / "many", here, fps=25)
    assert len(here.jobs) == 5 and sorted(scored) == sorted(alone) and len(alone) == 5
    for name in ("scores.csv", "alarms.csv"):
        assert (tmp_path / "many" / name).read_text() == (tmp_path / "one" / name).read_text()
    assert (tmp_path / "many" / "report.html").is_file()

    scored.clear()  # another threshold, and the same command: records are there
    detect(trained, paths, tmp_path / "many", Here(), fps=25, threshold=-1.0)
    assert not scored and all(row["alarm"] == "1" for row in table(tmp_path / "many"))
    detect(trained, paths, tmp_path / "many", Here(), fps=5)  # another rate is another record
    assert len(scored) == 5


def test_a_lost_worker_loses_no_record(trained, clips, tmp_path, scored):
    with pytest.raises(UserError, match=r"(?s)of 5 could not be scored.*the node was lost"):
        detect(trained, [str(clips)], tmp_path, Here(lost=(1,)))
    before = len(scored)
    assert 0 < before < 5
    detect(trained, [str(clips)], tmp_path, Here())
    assert len(scored) == len(set(scored)) == 5


def test_a_damaged_record_is_made_again(trained, clips, tmp_path, scored):
    detect(trained, [str(clips / "clip1")], tmp_path, Here())
    [record] = (tmp_path / detection.FOLDER).glob("*/scores.npz")
    record.write_bytes(record.read_bytes()[:100])
    detect(trained, [str(clips / "clip1")], tmp_path, Here())
    assert len(scored) == 2


def test_videos_that_cannot_be_read_or_are_too_short(trained, clips, tmp_path):
    (tmp_path / "in" / "cut").mkdir(parents=True)
    (tmp_path / "in" / "cut" / "1.png").write_bytes(b"no picture")
    paths = [str(clips / "clip0"), str(tmp_path / "in")]
    with pytest.raises(UserError) as alone:
        detect(trained, paths, tmp_path / "one")
    with pytest.raises(UserError) as many:
        detect(trained, paths, tmp_path / "many", Here())
    assert str(many.value) == str(alone.value)
    [kept] = detect(trained, paths, tmp_path / "many", Here(), skip_broken=True)
    assert kept.id == "clip0"

    (tmp_path / "short").mkdir()
    picture = next((clips / "clip0").iterdir())
    (tmp_path / "short" / "1.png").write_bytes(picture.read_bytes())
    with pytest.raises(UserError, match="short"):
        detect(trained, [str(tmp_path / "short")], tmp_path / "many", Here())
