"""The page in a browser: it follows the camera, is keyed, draws zones, and asks nobody else."""

import io
import threading
import time

import numpy as np
import pytest
from PIL import Image

from tests.live import made
from tests.live.server import watched
from vadjax.explain import webm
from vadjax.live.settings import SettingsFile


@pytest.fixture
def camera(page):
    """A camera that shows ten pictures a second."""
    ended = threading.Event()

    def go():
        step = 0
        while not ended.wait(0.1):
            step += 1
            watched.show(page.status, step=step, score=page.score)

    page.score = 0.5
    thread = threading.Thread(target=go)
    thread.start()
    yield page
    ended.set()
    thread.join()


@pytest.fixture
def tab(chromium, camera):
    tab = chromium.new_page(viewport={"width": 1280, "height": 900})
    tab.faults, tab.asked = [], []
    tab.on("console", lambda message: tab.faults.append(message.text))
    tab.on("pageerror", lambda error: tab.faults.append(str(error)))
    tab.on("request", lambda request: tab.asked.append(request.url))
    tab.goto(camera.url)
    tab.wait_for_selector(".event")
    yield tab
    tab.close()


def until(condition, timeout_s=15):
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.05)


def wait(tab, condition):
    """Wait for a condition in JavaScript; the page's policy forbids Playwright's own way."""
    until(lambda: tab.evaluate(condition))


def test_it_shows_what_is_there_and_asks_nobody_else(tab, camera):
    wait(tab, "document.getElementById('picture').naturalWidth === 360")
    wait(tab, "document.getElementById('score').textContent === '0.50'")
    assert tab.locator("#score-note").inner_text() == "below the threshold of 1.25"
    assert tab.locator(".event").count() == 12
    assert tab.locator("#hours button").count() >= 1
    assert tab.locator("#tiles dd").count() == 12
    assert all(url.startswith((camera.url, "data:")) for url in tab.asked)
    assert tab.faults == []


def test_nothing_sticks_out(tab):
    for width in (1280, 390):
        tab.set_viewport_size({"width": width, "height": 900})
        assert tab.evaluate("document.documentElement.scrollWidth") == width


def test_it_follows_scores_pictures_and_events(tab, camera):
    first = tab.evaluate("document.getElementById('picture').src")
    camera.score = 2.0
    wait(tab, "document.getElementById('score').textContent === '2.00'")
    assert "hot" in tab.locator("#score-box").get_attribute("class")
    assert tab.locator("#hour-hot").get_attribute("d")
    event = made.event(77, start=time.time(), sentence="A <b>new</b> one & more")
    camera.store.put(event)
    card = tab.locator("#event-gate-0077")
    card.wait_for()
    assert card.locator("h3").inner_text() == "A <b>new</b> one & more"
    assert card.locator(".tag").inner_text() == "going on"
    camera.store.put(made.closed(event))
    wait(tab, "document.querySelector('#event-gate-0077 .tag').hidden")
    assert tab.evaluate("document.getElementById('picture').src") != first
    camera.status.set_state("gate", "lost", "no answer")
    wait(tab, "document.getElementById('state').textContent === 'lost · no answer'")
    assert "dead" in tab.locator("#now").get_attribute("class")
    tab.faults.clear()  # health answers 503 now


def test_by_keyboard(tab, camera):
    tab.keyboard.press("j")
    tab.keyboard.press("j")
    second = camera.store.list(limit=2)[1].id
    assert tab.evaluate("document.activeElement.id") == f"event-{second}"
    tab.keyboard.press("n")
    until(lambda: camera.store.get(second).answer == "normal")
    tab.wait_for_selector(f"#event-{second}.is-normal")
    assert tab.evaluate("document.activeElement.id") == f"event-{second}"
    tab.keyboard.press("n")
    until(lambda: camera.store.get(second).answer is None)
    tab.keyboard.press("m")
    until(lambda: camera.store.get(second).answer == "matters")
    tab.keyboard.press("k")
    assert tab.evaluate("document.activeElement.id") != f"event-{second}"


def test_filters(tab):
    tab.select_option("#kind", "camera_lost")
    wait(tab, "document.querySelectorAll('.event').length === 1")
    assert tab.locator(".event h3").inner_text() == "The camera is lost"
    tab.select_option("#answer", "matters")
    wait(tab, "!document.getElementById('nothing').hidden")
    assert tab.locator("#nothing").inner_text() == "No event is like that."


def test_a_clip_plays(tab, camera):
    pictures = [Image.open(io.BytesIO(watched.jpeg(step))) for step in range(20)]
    path = camera.store.folder / "clips" / "78.webm"
    webm.write_webm(path, list(map(np.asarray, pictures)), edges=np.arange(21) / 10)
    event = made.event(78, start=time.time(), clip="clips/78.webm", picture="pictures/1.jpg")
    camera.store.put(made.closed(event))
    tab.locator("#event-gate-0078 .play").click()
    wait(tab, "document.querySelector('#event-gate-0078 video')?.currentTime > 0.3")
    assert tab.faults == []


def test_zones_are_drawn_tried_and_saved(tab, camera):
    settings = SettingsFile(camera.store.folder)
    tab.select_option("#zone-kind", "loiter")
    tab.locator("#rules").scroll_into_view_if_needed()
    wait(tab, "document.getElementById('still').naturalWidth === 360")
    box = tab.locator("#draw").bounding_box()
    for x, y in ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75)):
        tab.locator("#draw").click(position={"x": x * box["width"], "y": y * box["height"]})
    tab.locator("#zone-close").click()
    tab.get_by_label("Seconds").fill("45")
    tab.get_by_label("Name of the zone").fill("door")
    tab.locator("ellipse.corner").nth(2).focus()
    tab.keyboard.press("ArrowDown")
    tab.locator("#period-add").click()
    tab.locator("#rate").fill("60")
    wait(tab, "document.getElementById('week').textContent.includes('would count')")
    tab.locator("#save").click()
    wait(tab, "document.getElementById('save-note').textContent.startsWith('Saved')")
    kept = settings.read().of("gate")
    (zone,) = kept.zones
    assert (zone.kind, zone.name, zone.seconds) == ("loiter", "door", 45)
    wanted = [(0.25, 0.25), (0.75, 0.25), (0.75, 0.76)]
    for point, corner in zip(zone.points, wanted, strict=True):
        assert point == pytest.approx(corner, abs=0.01)
    assert kept.schedule[0].days == (0, 1, 2, 3, 4) and kept.schedule[0].begin == 18 * 60
    assert kept.alarms_per_day == pytest.approx(0.05 * 2000**0.6, rel=0.05)
    assert tab.faults == []


def test_it_says_that_the_watch_is_gone(tab, camera):
    camera.close()
    wait(tab, "!document.getElementById('offline').hidden")
    tab.faults.clear()


def test_without_a_watcher_only_events_are_shown(chromium, tmp_path):
    from vadjax.live.server import Server

    store = watched.fill_store(tmp_path)
    server = Server(tmp_path, store, port=0, title="Review of runs")
    server.start()
    tab = chromium.new_page()
    tab.goto(server.url)
    tab.wait_for_selector(".event")
    assert tab.title() == "Review of runs" and not tab.locator("#now").is_visible()
    assert not tab.locator("#health").is_visible()
    tab.close()
    server.close()
    store.close()
