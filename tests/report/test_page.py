"""The page: well-formed, complete in itself, safe with anybody's names."""

import base64
import dataclasses
import hashlib
import json
import re
from urllib.parse import quote

import numpy as np
import pytest

from tests.report import demo
from tests.report.page_reader import written
from vadjax.data.scored_video import ScoredVideo
from vadjax.errors import UserError
from vadjax.report import page

PAGES = {
    "labelled": demo.arguments,
    "explained": demo.explained,
    "folds": demo.in_folds,
    "one_class": demo.of_one_class,
    "unlabelled": demo.unlabelled,
    "empty": lambda: {"metrics": {}, "videos": []},
}


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
