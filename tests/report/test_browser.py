"""The page in a real browser: quiet, keyed, counting as numpy does, playing its films."""

import base64
import json

import cv2
import numpy as np
import pytest

from tests.browser import Tab
from tests.report import demo
from vadjax.data.scored_video import ScoredVideo
from vadjax.evaluation import events, frame
from vadjax.evaluation.decisions import decide
from vadjax.explain import film, webm
from vadjax.explain.film_stretches import numbers
from vadjax.report import page

MOMENTS = [[20, 50], [100, 130]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The page after the stage `explain`, with films of two videos, the second in part."""
    folder = tmp_path_factory.mktemp("page")
    arguments = demo.explained()
    arguments["gallery"]["moments"] = {arguments["videos"][1].id: MOMENTS}
    page.write_report(folder / "report.html", **arguments)
    view = arguments["videos"][0]
    (folder / "explain").mkdir()
    pictures = np.random.default_rng(0).integers(0, 255, (len(view.scores), 24, 32), np.uint8)
    edges = np.arange(len(view.scores) + 1) / 10
    images = film.annotate(pictures, view.scores, labels=view.labels, edges=edges, scale=(0, 2))
    webm.write_webm(folder / arguments["gallery"]["films"][view.id], images, edges=edges)
    view = arguments["videos"][1]
    shown, edges = list(numbers(MOMENTS)), np.arange(61) / 10
    images = film.annotate(pictures[shown], view.scores, numbers=shown, scale=(0, 2))
    webm.write_webm(folder / arguments["gallery"]["films"][view.id], images, edges=edges)
    return folder


@pytest.fixture(scope="module")
def opened(chromium, folder):
    tab = Tab(chromium, folder / "report.html")
    yield tab
    assert tab.faults == []
    tab.close()


def test_nothing_is_asked_for_and_nothing_complained_of(opened):
    assert opened.outside() == []
    assert opened.faults == []


@pytest.mark.parametrize("make", [demo.explained, demo.in_folds, demo.unlabelled])
def test_nothing_sticks_out(chromium, tmp_path, make):
    tab = Tab(chromium, page.write_report(tmp_path / "r.html", **make()))
    for width in (1280, 390):
        tab.set_viewport_size({"width": width, "height": 900})
        assert tab.evaluate("document.documentElement.scrollWidth") == width
    assert tab.faults == []
    tab.close()


def test_long_names_do_not_stick_out(chromium, tmp_path):
    arguments = demo.explained()
    for row in arguments["gallery"]["pictures"]["most_abnormal"]:
        row["video"] = "test/a_clip_of_a_camera_with_a_long_name_2024"
    tab = Tab(chromium, page.write_report(tmp_path / "r.html", **arguments), width=390)
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    tab.close()


def shown(tab, key: str) -> str:
    return tab.locator(f"[data-live={key}]").first.inner_text()


def percent(share: float) -> str:
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"


def expected(views, limit: float | None) -> dict[str, str]:
    """Count by numpy what the page shows of a threshold."""
    limit = np.inf if limit is None else np.float64(limit)
    decided = [decide(video, limit) for video in views]
    calls, labels = [v.scores >= limit for v in views], [v.labels for v in views]
    flat = [np.concatenate(x) for x in (calls, labels)]
    cells = frame.confusion(*flat)
    found = events.event_metrics(decided)[0]
    texts = {key: f"{value:,}" for key, value in cells.items()}
    for key, name in (("alarms", "alarms"), ("falseAlarms", "false_alarms")):
        texts[key] = f"{found[name]:,}"
    for key in ("touched", "found"):
        texts[key], texts[f"{key}Rate"] = f"{found[key]:,}", percent(found[f"{key}_rate"])
    texts["shareCalled"] = percent(found["mean_share_called"])
    for key in ("precision", "recall", "f1", "mean_f1"):
        name = "event" + "".join(word.capitalize() for word in key.split("_"))
        texts[name] = f"{found['matched'][key]:.3f}"
    delay = found["median_delay_frames"]
    texts["delayFrames"] = "–" if delay is None else f"{delay:.1f}"
    for key, value in frame.threshold_metrics(cells).items():
        texts[key] = f"{value:.3f}".replace("-", "−")
    return texts


def read_limits(tab) -> list:
    return json.loads(tab.locator("#data").inner_text())["limits"]


def slide(tab, index: int) -> None:
    tab.locator("#limit").evaluate(
        "(input, at) => { input.value = at; input.dispatchEvent(new Event('input')); }", index
    )


def test_the_slider_counts_as_numpy_does(opened):
    views, limits = demo.explained()["videos"], read_limits(opened)
    assert limits[-1] is None
    assert 0.84 in limits
    before = {key: shown(opened, key) for key in expected(views, 0.84)}
    assert before["tp"] == expected(views, 0.84)["tp"]
    for index in (0, len(limits) // 3, limits.index(0.84), len(limits) - 5, len(limits) - 1):
        slide(opened, index)
        wanted = expected(views, limits[index])
        assert {key: shown(opened, key) for key in wanted} == wanted
    assert "above every score" in opened.locator("#limit-value").inner_text()
    opened.locator("#limit-reset").click()
    assert {key: shown(opened, key) for key in before} == before


def test_the_slider_moves_the_delay_in_seconds(opened):
    views, limits = demo.explained()["videos"], read_limits(opened)
    for index in (len(limits) // 3, len(limits) // 2, limits.index(0.84)):
        slide(opened, index)
        decided = [decide(video, np.float64(limits[index])) for video in views]
        wanted = events.event_metrics(decided)[0]["median_delay_s"]
        assert float(shown(opened, "delaySeconds")) == pytest.approx(wanted, abs=0.051)
    opened.locator("#limit-reset").click()


def test_the_slider_and_the_rules_obey_the_keyboard(opened):
    views, limits = demo.explained()["videos"], read_limits(opened)
    opened.locator("#limit").focus()
    opened.keyboard.press("ArrowRight")
    wanted = expected(views, limits[limits.index(0.84) + 1])
    assert {key: shown(opened, key) for key in wanted} == wanted
    assert "not a result" in opened.locator("#try-note").inner_text()
    opened.locator("button.use").nth(1).focus()
    opened.keyboard.press("Enter")
    wanted = expected(views, 0.9321)
    assert {key: shown(opened, key) for key in wanted} == wanted
    opened.locator("#limit-reset").click()


def test_videos_without_a_timeline_count_too(chromium, tmp_path):
    rng = np.random.default_rng(0)
    views = [
        ScoredVideo(
            f"v{n}", rng.random(20, np.float32), labels=np.arange(20) > n % 15, threshold=0.5
        )
        for n in range(203)
    ]
    tab = Tab(
        chromium,
        page.write_report(tmp_path / "r.html", metrics=full(views), videos=views),
    )
    limits = read_limits(tab)
    for index in (3, limits.index(0.5), len(limits) - 2):
        slide(tab, index)
        wanted = expected(views, limits[index])
        for key in ("tp", "fp", "fn", "tn", "f1", "mcc", "precision"):
            assert shown(tab, key) == wanted[key]
    assert "Every metric counts all 203 videos" in tab.locator("main").inner_text()
    assert tab.faults == []
    tab.close()


def full(views) -> dict:
    """Return metrics with a confusion matrix, and no more."""
    flat = [np.concatenate([getattr(v, name) for v in views]) for name in ("scores", "labels")]
    cells = frame.confusion(flat[0] >= 0.5, flat[1])
    return {"threshold": {"value": 0.5, "confusion": cells, **frame.threshold_metrics(cells)}}


def test_pointing_at_a_timeline_shows_the_frame(opened):
    view = demo.explained()["videos"][0]
    item = opened.locator("#video-0")
    item.locator(".plot").hover(position={"x": 5, "y": 20})
    readout = item.locator(".readout").inner_text()
    near = min(demo.made()[1][view.id], key=lambda pair: abs(pair[0] - int(readout.split()[1])))
    image = item.locator("img")
    assert image.get_attribute("data-frame") == str(near[0])
    assert base64.b64decode(image.get_attribute("src").split(",")[1]) == near[1]
    assert image.evaluate("one => one.complete && one.naturalWidth > 0")
    assert f"Frame {near[0]} of test/01" in image.get_attribute("alt")


def test_a_timeline_obeys_the_keyboard_and_says_where_it_is(opened):
    view = demo.explained()["videos"][1]
    plot = opened.locator("#video-1 .plot")
    plot.focus()
    for key, at in (("Home", 0), ("ArrowRight", 1), ("Shift+ArrowRight", 26), ("End", 179)):
        plot.press(key)
        assert plot.get_attribute("aria-valuenow") == str(at)
        text = plot.get_attribute("aria-valuetext")
        assert text.startswith(f"frame {at} · ")
        assert f"score {view.scores[at]:.3f}" in text
    assert "truly" in text


def test_everything_that_can_be_used_can_be_reached_by_tab(opened):
    reached = opened.evaluate(
        """() => [...document.querySelectorAll("a[href], button, input, select, summary, .plot")]
        .filter((one) => one.checkVisibility() && one.tabIndex < 0).length"""
    )
    assert reached == 0


def test_the_film_plays_and_moves_the_cursor(opened):
    item = opened.locator("#video-0")
    item.locator("summary").click()
    played = item.locator("video").evaluate(
        """async (video) => {
          video.muted = true;
          video.playbackRate = 4;
          const late = new Promise((done) => {
            video.addEventListener("timeupdate", () => video.currentTime > 1 && done());
            setTimeout(done, 5000);
          });
          await video.play();
          await late;
          video.pause();
          const { totalVideoFrames } = video.getVideoPlaybackQuality();
          return [video.duration, video.videoWidth, totalVideoFrames > 5];
        }"""
    )
    assert played == [18, film.WIDTHS[0], True]  # 180 frames at 10 a second
    assert int(item.locator(".plot").get_attribute("aria-valuenow")) >= 9
    assert {url.rpartition("/")[2] for url in opened.outside()} == {"test%252F01.webm"}


def test_an_alarm_plays_its_film(chromium, folder):
    tab = Tab(chromium, folder / "report.html")
    start, stop = demo.explained()["videos"][0].alarms[0]
    tab.locator(f"#alarms ~ * a[href='#video-0'][data-start='{start}']").last.click()
    item = tab.locator("#video-0")
    played = item.locator("video").evaluate(
        """async (video) => {
          const late = (done) => video.addEventListener("timeupdate", done, { once: true });
          while (video.paused || video.seeking) await new Promise((done) => setTimeout(done, 50));
          await Promise.race([new Promise(late), new Promise((done) => setTimeout(done, 5000))]);
          return [video.currentTime, video.paused];
        }"""
    )
    assert max(0, start / 10 - 1.1) <= played[0] <= stop / 10 and not played[1]
    assert start - 11 <= int(item.locator(".plot").get_attribute("aria-valuenow")) < stop
    assert tab.faults == []
    tab.close()


def test_an_alarm_without_a_film_walks_through_its_frames(chromium, tmp_path):
    arguments = demo.unlabelled()
    number, view = next((n, v) for n, v in enumerate(arguments["videos"]) if v.alarms)
    path = page.write_report(tmp_path / "r.html", **arguments)
    start, stop = view.alarms[0]
    for motion in ("no-preference", "reduce"):
        tab = Tab(chromium, path, reduced_motion=motion)
        tab.locator(f"table a[href='#video-{number}'][data-start='{start}']").last.click()
        plot = tab.locator(f"#video-{number} .plot")
        first = int(plot.get_attribute("aria-valuenow"))
        tab.wait_for_timeout(600)
        later = int(plot.get_attribute("aria-valuenow"))
        peak = start + int(np.argmax(view.scores[start:stop]))
        if motion == "reduce":
            assert (first, later) == (peak, peak)
        else:
            assert start - 11 <= first < later < stop
        assert tab.faults == []
        tab.close()


def test_the_slider_of_a_page_without_labels_counts_alarms(chromium, tmp_path):
    arguments = demo.unlabelled()
    views = arguments["videos"]
    tab = Tab(chromium, page.write_report(tmp_path / "r.html", **arguments))
    limits = read_limits(tab)
    seconds = sum(v.duration_s for v in views)
    before = tab.locator(".lane .alarm").count()
    for index in (0, len(limits) // 2, limits.index(0.84), len(limits) - 3, len(limits) - 1):
        slide(tab, index)
        limit = np.inf if limits[index] is None else limits[index]
        alarms = [len(events.merged_runs(v.scores >= limit, v)) for v in views]
        called = np.concatenate([v.scores >= limit for v in views])
        assert shown(tab, "alarms") == f"{sum(alarms):,}"
        assert shown(tab, "alarmed") == str(np.count_nonzero(alarms))
        assert shown(tab, "alarmsPerHour") == f"{3600 * sum(alarms) / seconds:.1f}"
        assert shown(tab, "calledShare") == percent(called.mean())
        assert tab.locator(".lane .alarm").count() == sum(alarms)
    tab.locator("#limit-reset").click()
    assert tab.locator(".lane .alarm").count() == before
    assert tab.faults == []
    tab.close()


def test_a_film_of_moments_and_its_timeline_move_together(opened):
    item = opened.locator("#video-1")
    assert "The video is long: the film shows" in item.locator("details.film").text_content()
    item.locator("summary").click()
    plot = item.locator(".plot")
    seek = """async (video, time) => {
      const told = (name) => Promise.race([
        new Promise((done) => video.addEventListener(name, done, { once: true })),
        new Promise((_, fail) => setTimeout(() => fail(`no ${name}`), 10000)),
      ]);
      const loaded = told("loadedmetadata");
      video.preload = "auto";  // the page loads a film when it is played
      video.load();
      await loaded;
      const shown = told("seeked");
      video.currentTime = time;
      await shown;
      await new Promise((done) => setTimeout(done, 300));
    }"""
    item.locator("video").evaluate(seek, 3.55)
    assert plot.get_attribute("aria-valuenow") == "105"  # 30 frames of the first moment, then 5
    plot.press("Home")
    for time in (0.55, 3.05, 3.05):  # frames 25, 50 and 75; the film shows 20 to 49 and 100 to 129
        plot.press("PageUp")
        shown = item.locator("video").evaluate("(video) => video.currentTime")
        assert shown == pytest.approx(time, abs=0.01)


def test_without_scripts_it_can_be_read(chromium, folder):
    tab = Tab(chromium, folder / "report.html", java_script_enabled=False)
    text = tab.locator("main").inner_text()
    assert "Try another threshold" not in text  # no slider that does nothing
    for words in (
        "0.933",
        "For a reviewer",
        "Worst false alarms",
        "test/12",
        "Pixel-level AUC",
        "Mean + k dev",
    ):
        assert words in text
    assert tab.locator("#video-0 svg path").first.is_visible()
    tab.close()


def test_the_first_screen_has_the_accent_in_either_scheme(chromium, folder):
    for scheme in ("light", "dark"):
        tab = Tab(chromium, folder / "report.html", color_scheme=scheme)
        image = cv2.imdecode(np.frombuffer(tab.screenshot(), np.uint8), cv2.IMREAD_COLOR)
        spread = image.max(2).astype(int) - image.min(2)
        assert (spread > 90).sum() > 1000
        assert (np.median(image) > 128) == (scheme == "light")
        tab.close()
