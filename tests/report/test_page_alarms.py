"""Alarms on the page, with and without labels, and what is normal."""

import base64
import dataclasses
import json

import numpy as np

from tests.report import demo, test_normal_map
from tests.report.page_reader import written
from vadjax.data.scored_video import Finding, Normal
from vadjax.report import page, wording


def test_an_unlabelled_page_says_what_the_threshold_cannot_promise(tmp_path):
    arguments = demo.unlabelled()
    arguments["metrics"]["threshold"] |= {"rule": "alarms", "fallback": "one alarm instead"}
    arguments["config"] = {"evaluate": {"alarms_per_hour": 1.0}}
    text, _ = written(tmp_path, **arguments)
    assert "raise at most 1 alarm an hour" in " ".join(text.split())
    assert "<b>Note: one alarm instead.</b>" in text


def test_a_labelled_page_keeps_its_alarms(tmp_path):
    arguments = demo.arguments()
    views = arguments["videos"]
    _, reader = written(tmp_path, **arguments)
    assert {"alarms", "strongest", "review"} <= set(reader.ids)
    links = [a for tag, a in reader.tags if tag == "a" and "data-start" in a]
    named = {(a["href"], int(a["data-start"]), int(a["data-stop"])) for a in links}
    assert named == {(f"#video-{n}", *alarm) for n, v in enumerate(views) for alarm in v.alarms}
    peak = max(float(v.scores[a:b].max()) for v in views for a, b in v.alarms)
    strongest = views[int(links[0]["href"].rpartition("-")[2])]
    assert strongest.scores[int(links[0]["data-frame"])] == np.float32(peak)


def test_a_page_without_labels_has_the_slider(tmp_path):
    arguments = demo.unlabelled()
    _, reader = written(tmp_path, **arguments)
    live = {a["data-live"] for _, a in reader.tags if "data-live" in a}
    assert live == {"alarms", "alarmed", "alarmsPerHour", "calledShare"}
    limits = json.loads(reader.scripts[0])["limits"]
    assert 0.84 in limits and limits[-1] is None and limits[:-1] == sorted(limits[:-1])
    pooled = np.concatenate([v.scores for v in arguments["videos"]])
    assert limits[0] == pooled.min() and limits[-2] == pooled.max()


def test_unlabelled_videos_give_a_page_of_alarms(tmp_path):
    arguments = demo.unlabelled()
    _, reader = written(tmp_path, **arguments)
    shown = reader.shown()
    assert f"{sum(len(v.alarms) for v in arguments['videos'])} alarms in 3 videos, 0:51" in shown
    assert "the page cannot say how often the detector is right" in shown
    start, stop = arguments["videos"][1].alarms[0]
    assert f"camera-2.mp4 {wording.clock(start / 10)} {wording.clock(stop / 10)}" in shown
    assert "ROC" not in shown
    assert "truly" not in shown
    pictures = [a["alt"] for tag, a in reader.tags if tag == "img"]
    peak = arguments["videos"][1].peak
    assert any(alt.startswith(f"Frame {peak} of camera-2.mp4, score ") for alt in pictures)


def test_an_alarm_is_shown_beside_the_normal_body_like_it(tmp_path):
    arguments = demo.unlabelled()
    view = next(v for v in arguments["videos"] if v.alarms)
    normal = Normal("train/<b>07", 123, 72.4, b"the normal one")
    one = Finding(5, "look", "unlike", (1, 2, 3, 4), jpeg=b"the odd one", normal=normal)
    said = dataclasses.replace(view, findings=(one,) * len(view.alarms))
    text = page.write_report(tmp_path / "p.html", **{**arguments, "videos": [said]}).read_text(
        "utf-8"
    )
    for jpeg in (b"the odd one", b"the normal one"):
        assert base64.b64encode(jpeg).decode() in text
    assert "this; nearest normal: train/&lt;b&gt;07 at 1:12" in text
    bare = dataclasses.replace(said, findings=(Finding(5, "look", "unlike"),) * len(view.alarms))
    text = page.write_report(tmp_path / "p.html", **{**arguments, "videos": [bare]}).read_text(
        "utf-8"
    )
    assert "unlike" in text and "Beside what is normal" not in text


def test_what_is_normal_is_shown_with_its_scales(tmp_path):
    arguments = {**demo.unlabelled(), "normal": test_normal_map.scene()}
    text = page.write_report(tmp_path / "p.html", **arguments).read_text("utf-8")
    section = text[text.index('id="normal"') :].split("</section>")[0]
    assert "What is normal here" in section and "learnt from 900 frames, 1 min 30 s" in section
    assert "0.5 body heights/s" in section and "99.9 % stay below" in section
    share = 0.5 * test_normal_map.normal_map.LONGEST * 20 / 0.8 / 64
    assert f"width:{100 * share:.2f}".rstrip("0") in section
    still = {**arguments, "normal": test_normal_map.scene(arrows=(), speed=None)}
    text = page.write_report(tmp_path / "p.html", **still).read_text("utf-8")
    assert "99.9 %" not in text[text.index('id="normal"') :].split("</section>")[0]


def test_times_are_shown_where_they_are_known(tmp_path):
    arguments = demo.unlabelled()
    first = next(i for i, view in enumerate(arguments["videos"]) if view.alarms)
    arguments["videos"] = list(arguments["videos"])
    arguments["videos"][first] = dataclasses.replace(arguments["videos"][first], fps=None)
    shown = written(tmp_path, **arguments)[1].shown()
    for index, view in enumerate(arguments["videos"]):
        for start, stop in view.alarms:
            times = f"{wording.clock(start / 10)} {wording.clock(stop / 10)}"
            assert f"{view.id} {'– –' if index == first else times}" in shown
