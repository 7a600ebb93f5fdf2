"""A watch as the page sees it: a camera that shows drawn pictures, and events of two days."""

import dataclasses
import io
import math
import time

import numpy as np
from PIL import Image, ImageDraw

from tests.live import made
from vadjax.live.event_store import EventStore
from vadjax.live.status import Latest, Status

SIZE = (360, 240)


def jpeg(step: int = 0) -> bytes:
    """Return a picture of a yard with somebody in it."""
    image = Image.new("RGB", SIZE, (96, 104, 98))
    draw = ImageDraw.Draw(image)
    draw.polygon([(0, 240), (360, 240), (260, 90), (80, 90)], fill=(140, 140, 134))
    draw.rectangle((20, 20, 110, 92), fill=(120, 96, 84))
    x = 60 + 3 * step % 240
    draw.ellipse((x, 132, x + 12, 144), fill=(60, 48, 44))
    draw.rectangle((x, 144, x + 12, 178), fill=(44, 60, 96))
    draw.rectangle((x - 6, 126, x + 18, 184), outline=(255, 148, 92), width=2)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


def fill_store(folder, *, source="gate", now=None) -> EventStore:
    """Return a store with events of today and yesterday, one of which goes on."""
    now = time.time() if now is None else now
    store = EventStore(folder)
    (folder / "pictures").mkdir(exist_ok=True)
    (folder / "clips").mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    sentences = [
        "Something moves 4.2 times as fast as ever here, to the left.",
        "Something stands where nothing has stood in 36 hours.",
        "Nobody has gone this way before: across the lawn.",
        "It looks like nothing that was seen here before.",
    ]
    for number in range(12):
        start = now - 600 - 9000 * number
        name = f"pictures/{number}.jpg"
        (folder / name).write_bytes(jpeg(5 * number))
        event = made.event(
            number,
            source=source,
            start=start,
            peak=start + 2,
            sentence=sentences[number % 4],
            picture=name,
            rarer_than_hours=float(np.exp(rng.uniform(1, 6))),
            score=float(rng.uniform(1.3, 6)),
        )
        if number == 5:
            event = dataclasses.replace(event, kind="camera_lost", sentence=None, score=None)
        store.put(event if number == 0 else made.closed(event, after_s=4.0 + 7 * number))
    return store


def fill_status(status: Status, source="gate", *, seconds=3600, now=None) -> None:
    """Give a source an hour of scores and a picture."""
    now = time.time() if now is None else now
    status.set_state(source, "watching")
    rng = np.random.default_rng(1)
    for second in range(seconds):
        score = 0.5 + 0.12 * rng.standard_normal() + 0.1 * math.sin(second / 200)
        score += 2.2 * math.exp(-(((second - 0.6 * seconds) / 12) ** 2))
        at = now - seconds + second
        status.scored(source, at, max(0.02, score), 1.25, latency_s=0.06, size=SIZE)
    show(status, source)


def show(status: Status, source="gate", step: int = 0, score: float = 0.6) -> None:
    """Show one more frame."""
    now = time.time()
    status.scored(source, now, score, 1.25, latency_s=0.05, size=SIZE)
    status.show(source, Latest(jpeg(step), now, score, 1.25))
