"""A source is learnt from its own first hours, through restarts, in films that are bounded."""

import json
import os
import subprocess
import sys
import time

import av
import numpy as np
import pytest

from vadjax.errors import UserError
from vadjax.live import learning
from vadjax.live.blur import Blur
from vadjax.live.inbox import Arrival, Report
from vadjax.live.learning import Learner
from vadjax.live.settled import seconds_of
from vadjax.live.status import Status

FPS = 5.0


@pytest.fixture
def make(tmp_path):
    fitted = []

    def fit(films, workdir, stopped):
        fitted.append(sorted(path.name for path in films.glob("*.mp4")))
        if len(fitted) == 1 and fitted[0] == []:
            return "nothing to learn from"
        workdir.mkdir(parents=True)
        (workdir / "metrics.json").write_text("{}")
        return ""

    def made(learn_s=120.0, blur=""):
        status, made = Status(["door"]), {"fit": fit, "blur": Blur(blur)}
        return Learner("door", folder=tmp_path, learn_s=learn_s, status=status, **made), status

    made.fitted = fitted
    return made


def feed(learner, begin, end, *, moving=True, shape=(31, 45, 3)):
    rng = np.random.default_rng(0)
    background = rng.integers(0, 255, shape).astype(np.uint8)
    for number in range(round(begin * FPS), round(end * FPS)):
        frame = background.copy()
        if moving:
            frame[5:15, number % 35 :][:, :8] = 250
        learner.frame(Arrival(frame, number / FPS, 0.0, 0.0, FPS, number == round(begin * FPS)))
        learner.tick()


def settle(learner):
    if learner._thread is not None:
        learner._thread.join()
        learner.tick()


def test_it_says_how_far_it_is_and_fits_in_the_end(make, tmp_path):
    learner, status = make()
    feed(learner, 0, 60)
    health = status.health("door")
    assert health.state == "learning" and health.learnt == pytest.approx(0.5, abs=0.1)
    assert "of 0.0333 h" in health.message and learner.run is None
    feed(learner, 60, 122)
    settle(learner)
    assert learner.run == tmp_path / "run" and len(make.fitted) == 1
    assert len(make.fitted[0]) in (12, 13)
    with av.open(str(tmp_path / "films" / make.fitted[0][3])) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
        assert film.streams.video[0].average_rate == FPS
    assert len(frames) == pytest.approx(50, abs=2) and frames[0].shape == (31, 45, 3)


def test_what_was_learnt_stays_through_restarts_and_silence_does_not_count(make, tmp_path):
    learner, _ = make()
    feed(learner, 0, 40)
    del learner  # killed: nothing is closed
    learner, status = make()
    before = status.health("door").learnt
    assert 20 / 120 < before <= 40 / 120
    films = len(list((tmp_path / "films").glob("[0-9]*.mp4")))
    feed(learner, 1000, 1020)
    learner.report(Report("lost", "gone", 0.0))
    feed(learner, 5000, 5020)
    learner.close()
    known = json.loads((tmp_path / "learnt.json").read_text())
    assert known["seconds"] == pytest.approx(120 * before + 40, abs=1)
    assert len(list((tmp_path / "films").glob("[0-9]*.mp4"))) >= films + 2


def test_films_are_bounded_and_spread_over_all_hours(make, tmp_path, monkeypatch):
    monkeypatch.setattr(learning, "MOST", 6)
    learner, _ = make(learn_s=600.0)
    learner._stretch_s = 4.0
    feed(learner, 0, 500)
    numbers = [int(path.stem) for path in sorted((tmp_path / "films").glob("[0-9]*.mp4"))]
    assert 3 <= len(numbers) <= 6 and len(set(np.diff(numbers))) == 1
    assert numbers[0] == 0 and numbers[-1] > 80


def test_stretches_in_which_nothing_moves_are_mostly_left_out(make, tmp_path):
    learner, _ = make(learn_s=1000.0)
    learner._stretch_s = 4.0
    feed(learner, 0, 120, moving=False)
    assert len(list((tmp_path / "films").glob("[0-9]*.mp4"))) == 3
    feed(learner, 120, 160)
    assert len(list((tmp_path / "films").glob("[0-9]*.mp4"))) >= 12


def test_a_fit_that_fails_is_told_and_learning_goes_on(make, tmp_path, monkeypatch):
    monkeypatch.setattr(learning, "STILL", 10**9)
    learner, status = make(learn_s=20.0)
    learner._number = 1
    feed(learner, 0, 21, moving=False)
    settle(learner)
    health = status.health("door")
    assert "nothing to learn from" in health.message and health.learnt == pytest.approx(
        0.8, abs=0.02
    )
    feed(learner, 21, 40)
    settle(learner)
    assert learner.run is not None


def texture(path):
    """How much the pixels of a body of stripes differ, over the frames of a film."""
    with av.open(str(path)) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    return max(
        float(np.abs(np.diff(frame[:, 40:60, 0].astype(int), axis=0)).mean()) for frame in frames
    )


def striped(learner, end):
    for number in range(round(end * FPS)):
        frame = np.full((60, 100, 3), 120, np.uint8)
        x = 20 + 2 * (number % 20)
        frame[10:50:2, x : x + 16] = 255
        learner.frame(Arrival(frame, number / FPS, 0.0, 0.0, FPS, number == 0))


def test_films_are_blurred_where_what_is_stored_is(make, tmp_path):
    clear, _ = make()
    striped(clear, 9.4)
    clear.close()
    (film,) = (tmp_path / "films").glob("[0-9]*.mp4")
    seen = texture(film)
    film.unlink()
    (tmp_path / "learnt.json").unlink()
    blurred, _ = make(blur="all-moving")
    striped(blurred, 9.4)
    blurred.close()
    (film,) = (tmp_path / "films").glob("[0-9]*.mp4")
    assert seen > 30 and texture(film) < 0.3 * seen
    assert not list((tmp_path / "films").glob(f"{learning.PREFIX}*"))
    with pytest.raises(UserError, match="learnt with --blur=all-moving"):
        make()


def test_the_fit_ends_with_its_watch(tmp_path):
    asks = "import sys; from vadjax.live.learning import ending_with_us as e; "
    asks += "e([sys.executable, '-c', sys.argv[1]]).wait()"
    child = "import os, pathlib, time; "
    child += f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid())); time.sleep(60)"
    watch = subprocess.Popen([sys.executable, "-c", asks, child])
    end = time.monotonic() + 30
    while not (tmp_path / "pid").exists() and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.2)
    number = int((tmp_path / "pid").read_text())
    watch.kill()
    watch.wait()
    time.sleep(2.0)
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


def test_times():
    assert [seconds_of(text) for text in ("24h", "90m", "30s")] == [86400, 5400, 30]
    for wrong in ("24", "0h", "-1h", "1d", ""):
        with pytest.raises(UserError, match="such as 24h"):
            seconds_of(wrong)
