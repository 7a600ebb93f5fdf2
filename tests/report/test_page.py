"""The page: well-formed, complete in itself, true to the metrics, safe with anybody's names."""

import base64
import dataclasses
import hashlib
import html.parser
import json
import re
from urllib.parse import quote

import numpy as np
import pytest

from tests.report import demo, test_normal_map
from vadjax.data.scored_video import Finding, Normal, ScoredVideo
from vadjax.errors import UserError
from vadjax.evaluation import schema
from vadjax.report import page, wording

VOID = {"meta", "link", "img", "br", "hr", "input"}
PAGES = {
    "labelled": demo.arguments,
    "explained": demo.explained,
    "folds": demo.in_folds,
    "one_class": demo.of_one_class,
    "unlabelled": demo.unlabelled,
    "empty": lambda: {"metrics": {}, "videos": []},
}


class Reader(html.parser.HTMLParser):
    """Checks that every element is closed in its turn, and collects what the tests ask for."""

    def __init__(self, text: str):
        super().__init__()
        self.open, self.faults, self.ids, self.data, self.tags = [], [], [], {}, []
        self.text, self.scripts, self.urls = [], [], []
        self.feed(text)
        self.close()
        self.faults += [f"<{tag}> is never closed" for tag in self.open]

    def handle_starttag(self, tag, pairs):
        attributes = dict(pairs)
        if len(attributes) < len(pairs):
            self.faults.append(f"<{tag}> has an attribute twice: {pairs}")
        self.tags.append((tag, attributes))
        if "id" in attributes:
            self.ids.append(attributes["id"])
        self.urls += [attributes[k] for k in ("src", "href", "action", "srcset") if k in attributes]
        if tag == "data" and "data-key" in attributes:
            self.data.setdefault(attributes["data-key"], attributes["value"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, pairs):  # within svg only
        self.handle_starttag(tag, pairs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()} closes nothing")

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif self.open and self.open[-1] != "style":
            self.text.append(data)

    def shown(self) -> str:
        return " ".join(" ".join(self.text).split())


def written(tmp_path, **arguments) -> tuple[str, Reader]:
    text = page.write_report(tmp_path / "report.html", **arguments).read_text("utf-8")
    return text, Reader(text)


def test_an_unlabelled_page_says_what_the_threshold_cannot_promise(tmp_path):
    arguments = demo.unlabelled()
    arguments["metrics"]["threshold"] |= {"rule": "alarms", "fallback": "one alarm instead"}
    arguments["config"] = {"evaluate": {"alarms_per_hour": 1.0}}
    text, _ = written(tmp_path, **arguments)
    assert "raise at most 1 alarm an hour" in " ".join(text.split())
    assert "<b>Note: one alarm instead.</b>" in text


def test_the_made_up_metrics_are_of_the_real_schema():
    for arguments in (demo.arguments(), demo.in_folds(), demo.explained()):
        schema.validate(arguments["metrics"])


@pytest.mark.parametrize("name", PAGES)
def test_is_well_formed_and_complete_in_itself(tmp_path, name):
    text, reader = written(tmp_path, **PAGES[name]())
    assert reader.faults == []
    assert len(reader.ids) == len(set(reader.ids))
    outside = [u for u in reader.urls if not u.startswith(("data:", "#"))]
    films = [f"explain/{quote(quote(v.id, safe=''))}.webm" for v in demo.videos()]
    assert sorted(set(outside)) == (films if name == "explained" else [])
    assert ("media-src" in text) == (name == "explained")
    assert {u[1:] for u in reader.urls if u.startswith("#")} <= set(reader.ids)
    assert re.findall(r"https?:|url\((?!#)|@import|fetch\(|XMLHttp", text) == []
    assert list(tmp_path.iterdir()) == [tmp_path / "report.html"]


@pytest.mark.parametrize("name", PAGES)
def test_can_be_read_without_sight_and_mouse(tmp_path, name):
    _, reader = written(tmp_path, **PAGES[name]())
    tags = [tag for tag, _ in reader.tags]
    assert tags.count("h1") == tags.count("main") == 1
    assert all(a.get("alt") for tag, a in reader.tags if tag == "img")
    assert all(a.get("aria-hidden") for tag, a in reader.tags if tag == "svg")
    assert all(a.get("aria-label") for _, a in reader.tags if a.get("role") == "img")
    labelled_by = {a["aria-labelledby"] for _, a in reader.tags if "aria-labelledby" in a}
    assert labelled_by <= set(reader.ids)


def test_shows_the_numbers_of_the_metrics(tmp_path):
    arguments = demo.arguments()
    metrics = arguments["metrics"]
    _, reader = written(tmp_path, **arguments)
    for section in ("frame", "baselines", "threshold", "accounting", "leakage"):
        for key, value in metrics[section].items():
            path = f"{section}.{key}"
            if isinstance(value, (int, float)) and path in reader.data:
                assert float(reader.data[path]) == value
    for path in (
        *("frame.auc_micro", "frame.auc_macro", "frame.ap", "frame.ap_chance", "frame.eer"),
        *(f"baselines.{row.key}" for row in wording.BASELINES[:6]),
        *("baselines.majority_accuracy", "threshold.value", "threshold.f1", "threshold.mcc"),
        *(f"threshold.confusion.{cell}" for cell in ("tp", "fp", "tn", "fn")),
        *("accounting.scored", "accounting.filled", "accounting.substituted", "leakage.exact"),
    ):
        assert float(reader.data[path]) == wording.lookup(metrics, path), path
        assert wording.number(wording.lookup(metrics, path)) in reader.shown() or "leak" in path
    low, high = metrics["frame"]["auc_micro_ci95"]
    assert f"95 % interval {low:.3f} to {high:.3f}" in reader.shown()
    for row in metrics["videos"]:
        assert row["id"] in reader.shown()


def test_says_when_a_baseline_beats_the_detector(tmp_path):
    arguments = demo.arguments()
    _, reader = written(tmp_path, **arguments)
    assert "The baseline “Optical flow” beats it" in reader.shown()
    assert reader.shown().count("▲ beats the detector") == 1
    arguments["metrics"]["baselines"]["flow_box"] = 0.6
    _, reader = written(tmp_path, **arguments)
    assert "beats" not in reader.shown()
    assert "The best baseline, “Nearest neighbours”, gets 0.902, inside that" in reader.shown()


def test_any_number_of_baselines_is_shown_with_title_and_group(tmp_path):
    arguments = demo.arguments()
    metrics = arguments["metrics"]
    metrics["baselines"] |= {"box": 0.61, "unheard_of": 0.52}
    metrics["baseline_titles"] = {"box": {"title": "Flow in a box", "group": "Motion, by hand"}}
    _, reader = written(tmp_path, **arguments)
    assert "Motion, by hand Flow in a box 0.610" in reader.shown()
    assert "Other scores Unheard of 0.520" in reader.shown()
    assert "Label nearest in time" not in reader.shown()  # it is not in the metrics
    metrics["baselines"] = {"box": 0.61}
    assert "Optical flow" not in written(tmp_path, **arguments)[1].shown()


def test_a_null_gives_its_reason(tmp_path):
    _, reader = written(tmp_path, **demo.arguments())
    assert "Mahalanobis distance – needs at least two normal clips" in reader.shown()
    assert "False alarms per hour ◆ – 1.7 minutes of normal footage" in reader.shown()
    _, reader = written(tmp_path, **demo.of_one_class())
    assert "the labels hold one class only: every frame is abnormal" in reader.shown()
    assert "frame.auc_micro" not in reader.data


@pytest.mark.parametrize("section", ["frame", "baselines", "threshold", "leakage", "accounting"])
def test_any_part_may_be_null(tmp_path, section):
    arguments = demo.arguments()
    arguments["metrics"] |= {section: None, "reasons": {section: f"no {section} today"}}
    _, reader = written(tmp_path, **arguments)
    assert f"no {section} today" in reader.shown()


@pytest.mark.parametrize("protocol", ["random_window", "published_shuffled"])
def test_a_leaky_protocol_is_stamped(tmp_path, protocol):
    arguments = demo.arguments()
    arguments["metrics"] |= {"protocol": protocol, "warnings": ["random weights"]}
    _, reader = written(tmp_path, **arguments)
    assert "Leaky protocol: " + wording.PROTOCOLS[protocol].title in reader.shown()
    assert "Warning. random weights" in reader.shown()
    assert ("p", {"class": "big leaky"}) in reader.tags
    assert "frame-level ROC AUC, micro leaky" in reader.shown()


def test_coverage_stands_beside_the_numbers(tmp_path):
    arguments = demo.arguments()
    arguments["metrics"]["coverage"] = "6 of 37 clips"
    _, reader = written(tmp_path, **arguments)
    for words in (
        "6 of 37 clips labels:",
        "All over 6 of 37 clips",
        "Micro AUC over 6 of 37 clips",
    ):
        assert words in reader.shown()
    for heading in ("Timelines", "Threshold", "By kind and by video", "Validity"):
        assert f"{heading} 6 of 37 clips" in reader.shown()


def test_folds_have_their_own_thresholds_and_spread(tmp_path):
    _, reader = written(tmp_path, **demo.in_folds())
    assert "of its fold, the threshold of best recall minus false-positive rate" in reader.shown()
    assert "0.840 , 0.900" in reader.shown()
    assert "0.910, 0.950; mean 0.930" in reader.shown()
    assert "pooled over the folds" in reader.shown()


def test_says_what_the_controls_of_the_maps_say(tmp_path):
    arguments = demo.explained()
    shown = written(tmp_path, **arguments)[1].shown()
    assert (
        "The maps depend on the trained weights: maps of a randomised head correlate 0.123" in shown
    )
    assert "the maps do not localise" not in shown
    arguments["metrics"]["region"]["pixel_auc"] = 0.7
    arguments["metrics"]["explain"]["sanity"]["correlation"] = 0.98
    shown = written(tmp_path, **arguments)[1].shown()
    assert "The maps hardly depend on the trained weights: maps of a randomised head" in shown
    assert "By the pixel-level AUC the maps do not localise" in shown


@pytest.mark.parametrize("block", ["sweep", "thresholds", "classes", "region", "explain"])
def test_a_block_that_is_missing_says_why(tmp_path, block):
    arguments = demo.explained()
    arguments["metrics"] |= {block: None}
    arguments["metrics"]["reasons"] |= {block: f"no {block} today"}
    assert f"no {block} today" in written(tmp_path, **arguments)[1].shown()


def test_a_reason_stands_once_and_the_empty_section_not_at_all(tmp_path):
    arguments = demo.arguments()
    arguments["metrics"] |= {"region": None, "explain": None}
    arguments["metrics"]["reasons"] |= {"region": "no masks", "explain": "no masks"}
    _, reader = written(tmp_path, **arguments)
    assert reader.shown().count("no masks") == 1
    assert "where" not in reader.ids and "left-out" in reader.ids
    assert "where" in written(tmp_path, **demo.explained())[1].ids


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


def test_copies_are_shown_side_by_side(tmp_path):
    arguments = demo.arguments()
    copy = {"video": "test/01", "start": 0, "stop": 40, "other": "train/<3>", "other_start": 5}
    copy |= {"kind": "mirrored", "score": 0.97, "speed": 1.0}
    arguments["metrics"]["leakage"]["copies"] = [copy, copy]
    shown = {**copy, "frame": 20, "other_frame": 25, "jpegs": [b"this one", b"that one"]}
    text, reader = written(tmp_path, **arguments, copies=[shown])
    for jpeg in shown["jpegs"]:
        assert base64.b64encode(jpeg).decode() in text
    assert "mirrored : test/01, frames 0 to 39, and train/<3> from frame 5" in reader.shown()
    assert "1 more stretch in leakage.json" in reader.shown()
    assert "Copies" not in written(tmp_path, **demo.arguments())[1].shown()


def test_oracle_and_legacy_are_there_on_request_and_marked(tmp_path):
    shown = written(tmp_path, **demo.explained())[1].shown()
    assert "Oracle chosen on test labels" in shown
    assert "Legacy comparable other conventions" in shown
    assert "Best F1 at 0.771 0.882" in shown
    shown = written(tmp_path, **demo.arguments())[1].shown()
    assert "Oracle" not in shown
    assert "Legacy" not in shown


EVIL = "</script><script>alert(1)</script><img src=x onerror=\"alert('2')\">&amp;{{ 7 * 7 }}"


def test_names_from_outside_are_only_text(tmp_path):
    arguments = demo.arguments()
    arguments["videos"] = [
        dataclasses.replace(v, id=f"{EVIL}{n}", kinds={EVIL: np.arange(len(v.scores)) < 9})
        for n, v in enumerate(arguments["videos"][:2])
    ]
    arguments["thumbnails"] = {v.id: [(3, EVIL.encode())] for v in arguments["videos"]}
    metrics = arguments["metrics"]
    metrics |= {"dataset": EVIL, "coverage": EVIL, "protocol": EVIL, "warnings": [EVIL]}
    metrics["reasons"]["baselines.mahalanobis"] = EVIL
    metrics["detector"]["backbone"] = EVIL
    metrics["videos"][0]["id"] = metrics["kinds"][0]["kind"] = EVIL
    arguments["config"] = {"report": {"title": EVIL}, EVIL: {EVIL: EVIL}}
    arguments["environment"] = {"command": EVIL, EVIL: EVIL}
    text, reader = written(tmp_path, **arguments, log=EVIL)
    assert reader.faults == []
    assert len(reader.scripts) == 2
    assert EVIL.lower() not in text.lower()
    assert not [a for _, a in reader.tags if "onerror" in a or a.get("src") == "x"]
    assert EVIL in json.loads(reader.scripts[0])["videos"][0]["id"]
    assert EVIL in "".join(reader.text)  # shown as it is


def test_only_its_own_script_may_run(tmp_path):
    text, reader = written(tmp_path, **demo.arguments())
    sealed = base64.b64encode(hashlib.sha256(reader.scripts[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{sealed}'" in text.replace("&#39;", "'")
    assert "default-src 'none'" in text.replace("&#39;", "'")


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


def test_the_data_for_the_script_are_exact(tmp_path):
    arguments = demo.arguments()
    _, reader = written(tmp_path, **arguments)
    island = json.loads(reader.scripts[0])
    for view, stored in zip(arguments["videos"], island["videos"], strict=True):
        scores = np.frombuffer(base64.b64decode(stored["scores"]), "<f4")
        np.testing.assert_array_equal(scores, view.scores)
        labels = np.zeros(len(scores), np.uint8)
        for start, stop in stored["truth"]:
            labels[start:stop] = 1
        np.testing.assert_array_equal(labels, view.labels)
        assert stored["filled"] == [[0, 15]]


def test_the_same_run_gives_the_same_page(tmp_path):
    assert written(tmp_path, **demo.arguments())[0] == written(tmp_path, **demo.arguments())[0]


def test_is_light(tmp_path):
    """Ped2's twelve clips with twelve pictures each."""
    text, _ = written(tmp_path, **demo.arguments())
    assert len(text) < 1_000_000
    text, _ = written(tmp_path, **demo.arguments(thumbnails={}))
    assert len(text) < 215_000


def test_a_thousand_videos_make_a_page(tmp_path):
    rng = np.random.default_rng(0)
    views = [
        ScoredVideo(
            f"v{n}", rng.random(40, np.float32) + n, labels=np.arange(40) > 20, threshold=20
        )
        for n in range(1000)
    ]
    text, reader = written(tmp_path, metrics={}, videos=views)
    assert "800 more videos count in every figure" in reader.shown()
    assert 'id="video-199"' in text
    assert 'id="video-200"' not in text
    assert "v999: 40 frames" in text
    assert "v10: 40 frames" not in text


@pytest.mark.parametrize(
    "view",
    [
        ScoredVideo("one frame", np.ones(1, np.float32), threshold=0.5, alarms=((0, 1),)),
        ScoredVideo("no frame", np.ones(0, np.float32)),
        ScoredVideo("constant", np.full(9, -2.0, np.float32), labels=np.zeros(9, np.uint8)),
        ScoredVideo("tiny", np.linspace(0, 1e-9, 50).astype(np.float32), threshold=1e-10, fps=25),
        ScoredVideo("huge", np.linspace(-1e9, 1e9, 5000).astype(np.float32), threshold=0.0),
    ],
    ids=lambda view: view.id,
)
def test_odd_videos(tmp_path, view):
    _, reader = written(tmp_path, metrics={}, videos=[view])
    assert reader.faults == []
    assert view.id in reader.shown()
    drawn = [a.get(k) or "" for _, a in reader.tags for k in ("d", "style", "height", "aria-label")]
    assert not re.search(r"nan|inf", " ".join([*drawn, reader.shown()]))


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"report\.html cannot be written"):
        page.write_report(tmp_path / "file" / "report.html", metrics={}, videos=[])


def luminance(colour: str) -> float:
    """Relative luminance of #rgb or #rrggbb (WCAG 2.2)."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
    linear = []
    for n in (0, 2, 4):
        c = int(digits[n : n + 2], 16) / 255
        linear.append(c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4)
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_is_readable(scheme):
    css = (page.TEMPLATE / "style.css").read_text("utf-8")
    colours = dict(
        re.findall(r"--([\w-]+): (#\w+)", css.split(":root {")[scheme + 1].split("}")[0])
    )
    for ground in ("paper", "raised"):
        for text in ("ink", "soft", "accent"):
            pair = sorted((luminance(colours[ground]), luminance(colours[text])))
            assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5, (ground, text)
