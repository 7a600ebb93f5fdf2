"""What is said of clips that are dark or noisy, and of training that lacked something."""

import types

import numpy as np
import pytest

from tests import drawn
from vadjax import config as configs
from vadjax.data.splits.units import Segment
from vadjax.detectors.scene.detector import Scene
from vadjax.detectors.scene.doubts import cautions_of, doubt_of, night_of, noise_of
from vadjax.features.scene.learn import learn_reference
from vadjax.features.scene.reference import fit_reference
from vadjax.pipeline import findings

BACK = drawn.backdrop()
CAMERA = drawn.reference(BACK, body=20)


def walk(number=20, back=BACK):
    body = drawn.texture(20, 10)
    return [drawn.put(back.copy(), body, 10 + 2 * k, 40) for k in range(number)]


def clip(frames):
    return drawn.clip("test/0", [frame.astype(np.uint8) for frame in frames], CAMERA)


@pytest.mark.parametrize(
    ("gain", "said"), [(1.0, ""), (0.6, ""), (1.3, ""), (0.1, "its frames have 1")]
)
def test_a_clip_of_the_night_is_said_to_be_dark(gain, said):
    found = night_of(clip([gain * frame for frame in walk()]))
    assert found.startswith(said) and bool(found) == bool(said)


def test_a_lens_that_is_covered_for_a_while_is_said_with_its_time():
    frames = walk(40)
    covered = [np.full_like(BACK, 4)] * 10
    found = night_of(clip([*frames[:20], *covered, *frames[20:]]))
    assert found.startswith("in 20% of its frames, the first at 2 s, there is less than 35% of the")
    assert "not seen; scores there mean nothing" in found
    assert night_of(clip([*frames[:20], covered[0], *frames[20:]])) == ""


def test_noise_is_said_with_the_share_of_its_frames():
    rng, frames = np.random.default_rng(0), walk(60)
    wet = [frame + 60 * (rng.random(frame.shape) < 0.03) for frame in frames[30:]]
    assert noise_of(clip(frames)) == ""
    found = noise_of(clip([*frames[:30], *wet]))
    share = int(found.removeprefix("in ").partition("%")[0])
    assert 40 <= share <= 50 and "of its frames the picture is noisy (rain, snow" in found


def state(frames, clips=4, background=BACK, limit=14.0):
    fitted = {"training": [(f"train/{n}", 0, frames // clips) for n in range(clips)]}
    names = [f"train/{n}" for n in range(clips)]
    learnt = {"background": background, "limit": np.broadcast_to(limit, BACK.shape[:2])}
    return {"clips": names, "fitted_on": fitted, "reference": learnt}


def test_what_training_lacked_is_said_each_by_itself():
    assert cautions_of(state(200), 4) == []
    [few] = cautions_of(state(196), 4)
    assert few.startswith("learnt from 196 frames, below the 200 with which")
    [dark] = cautions_of(state(200, background=0.2 * BACK), 4)
    assert dark.startswith("the training clips are dark: nine tenths") and "less than 14" in dark
    [clips] = cautions_of(state(200, clips=2), 4)
    assert clips.startswith("calibrated on stretches of 2 clips: what")
    assert len(cautions_of(state(100, clips=1, background=0.2 * BACK), 4)) == 3


def test_a_camera_that_moved_in_all_training_clips_is_said():
    rng = np.random.default_rng(0)
    wide = rng.integers(0, 255, (BACK.shape[0] // 8, BACK.shape[1] // 2)).repeat(8, 0).repeat(8, 1)
    views = [wide[: BACK.shape[0], 3 * k : 3 * k + BACK.shape[1]] for k in range(60)]
    frames = [np.repeat(view[..., None], 3, 2).astype(np.uint8) for view in views]
    learnt = fit_reference(frames).arrays()
    assert [s for s in cautions_of(state(200) | {"reference": learnt}, 4) if "that moves" in s]
    [moves] = cautions_of(state(200, limit=np.arange(BACK.shape[1]) % 2 * 20.0), 4)
    assert moves.startswith("50% of the picture differ all the time")
    assert cautions_of(state(200, limit=(np.arange(BACK.shape[1]) % 4 == 0) * 20.0), 4) == []


def test_training_clips_of_another_camera_are_named(tmp_path, monkeypatch):
    """Of one size; the background, a median, is that of the camera with most frames."""
    frames = {f"train/{n}": walk() for n in range(3)}
    frames["train/yard"] = walk(back=np.roll(BACK[::-1], 40, axis=1))
    [said] = doubts_of_training(frames, tmp_path, monkeypatch)
    assert said.startswith("train/yard: ") and "another scene, or a camera that" in said


def pan(number=60, step=3):
    """A camera that turns: what it sees goes past, over a scene three times as wide."""
    wide = drawn.backdrop((BACK.shape[0], 3 * BACK.shape[1] + number * step), seed=3)
    return [wide[:, k * step :][:, : BACK.shape[1]] for k in range(number)]


def test_a_camera_that_turns_is_said_when_it_is_scored():
    found = doubt_of(clip(pan()))
    assert "of the picture differ" in found and "a camera that moves or was moved" in found
    assert doubt_of(clip(walk(60))) == ""


def test_a_training_clip_of_a_camera_that_turns_is_named(tmp_path, monkeypatch):
    frames = {f"train/{n}": walk(40) for n in range(3)} | {"train/turning": pan(40)}
    [said] = doubts_of_training(frames, tmp_path, monkeypatch)
    assert said.startswith("train/turning: ") and "a camera that moves" in said


def doubts_of_training(frames, tmp_path, monkeypatch):
    """What is said of clips that a background and bodies were learnt from."""
    videos = {name: drawn.video(name, own) for name, own in frames.items()}
    segments = [Segment(name, 0, len(own)) for name, own in frames.items()]
    camera = learn_reference(videos, segments, folder=tmp_path)
    clips = [drawn.clip(name, own, camera) for name, own in frames.items()]
    run = types.SimpleNamespace(
        detector=Scene(configs.default_config(), drawn.frontend(camera)),
        folds=[types.SimpleNamespace(index=0, train=clips, test=[])],
        workdir=tmp_path,
        clips=lambda units, fold: units,
    )
    monkeypatch.setattr(findings.artifacts, "read_state", lambda *_: {"cues": {}})
    return findings.doubts_of(run)
