"""Put a watch under load: a simulated day, and a thousand open pages.

  python tools/load_watch.py day --detector=RUN --hours=24 --seconds=3600
  python tools/load_watch.py clients --detector=RUN --count=1000 --rounds=6 --seconds=10
  python tools/load_watch.py clients --detector=RUN --video=FILM --rounds=6 --seconds=10

`day` draws frames of 64x48, 5 a second, into a pipe that is read as fast as they are scored, with
made-up scores: an event of 10 s every 10 minutes, with picture and clip; the retention is enforced
each simulated hour. It ends after the hours, or earlier after the seconds, and says how far it
came. `clients` scores such frames all the time, while the event streams of as many pages are opened
and closed again, round by round; they are read by a process of their own, and the median of the
rounds counts. With a film the detector itself scores its first frames, again and again. Where
other programs want the processor too, what it took for a frame says more than how many frames
were scored: it is that of the watch alone. Prints one line of JSON.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import av
import measure_watch
import numpy as np

from vadjax.live.server import Server
from vadjax.live.status import memory_bytes

FPS = 5.0
CALM_S = 600.0  # from one event to the next
GIGABYTES = 0.002  # of clips and pictures, so that a day has to be pruned
CLIENT = "client"
FILMED = 600  # frames of a film


class Stream:
    """Abnormal for 10 s of every `CALM_S`."""

    def __init__(self):
        self._count = 0

    def update(self, frame, time=None):
        from vadjax.detectors.contract import FrameScore

        self._count += 1
        score = 2.0 if self._count / FPS % CALM_S >= CALM_S - 10 else 0.0
        return [FrameScore(self._count - 1, time, score)]

    def close(self):
        return []


class Writer(threading.Thread):
    """Writes frames into a named pipe, as y4m, until nobody reads.

    Args:
        pipe: its path.
        head: size and frame rate of y4m.
        frames: luma and chroma of each, without an end.
    """

    def __init__(self, pipe, head, frames):
        super().__init__(daemon=True)
        self._pipe, self._head, self._frames = pipe, head, frames

    def run(self):
        with contextlib.suppress(BrokenPipeError), open(self._pipe, "wb") as file:
            file.write(f"YUV4MPEG2 {self._head} C420jpeg\n".encode())
            for frame in self._frames:
                file.write(b"FRAME\n" + frame)


def painted():
    """Return head and frames of a block that moves."""
    ground = np.random.default_rng(0).integers(40, 200, (48, 64), np.uint8)
    rest = np.full(2 * 24 * 32, 128, np.uint8).tobytes()

    def frames():
        for number in itertools.count():
            frame = ground.copy()
            frame[10:20, number % 54 :][:, :10] = 250
            yield frame.tobytes() + rest

    return f"W64 H48 F{FPS:.0f}:1", frames()


def filmed(path):
    """Return head and frames of a film's first frames, which come again and again."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        rate, kept = video.average_rate, []
        for frame in itertools.islice(container.decode(video), FILMED):
            kept.append(frame.reformat(format="yuv420p").to_ndarray().tobytes())
        head = f"W{video.width} H{video.height} F{rate.numerator}:{rate.denominator}"
    return head, itertools.cycle(kept)


def started(arguments, out):
    """Return a watch of a pipe, of a film where one is named."""
    os.mkfifo(out / "pipe")
    Writer(out / "pipe", *(filmed(arguments.video) if arguments.video else painted())).start()
    measure_watch.BareStream = Stream
    arguments.bare = arguments.video is None
    settings = {"as_fast": True, "gigabytes": GIGABYTES, "cooldown_s": 1.0, "forget_s": None}
    running = measure_watch.Running(arguments, out / "pipe", out, **settings)
    running.wait_for(50)
    return running


def day(arguments, out):
    running, begin, points, pruned = started(arguments, out), time.monotonic(), [], 0.0
    hours = files = most = 0.0
    while hours < arguments.hours and time.monotonic() - begin < arguments.seconds:
        time.sleep(0.5)
        hours = running.status.health(measure_watch.NAME).frames / FPS / 3600
        points.append((hours, memory_bytes()))
        if hours - pruned >= 1.0:
            pruned = hours
            running.watcher.store.prune(gigabytes=GIGABYTES)
            files = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
            most = max(most, files)
            print(f"{hours:.1f} h, {points[-1][1] / 1e6:.0f} MB", file=sys.stderr, flush=True)
    events = running.watcher.store.list(limit=None)
    running.stop()
    after = [memory for hour, memory in points if hour >= 1.0] or [points[-1][1]]
    return {
        "hours": round(hours, 2),
        "minutes_it_took": round((time.monotonic() - begin) / 60, 1),
        "memory_mb": round(after[-1] / 1e6),
        "grown_mb_after_the_first_hour": round((after[-1] - after[0]) / 1e6, 1),
        "events": len(events),
        "events_expected": int(hours * 3600 / CALM_S),
        "clips_left": sum(event.clip is not None for event in events),
        "files_mb_at_most": round(most / 1e6, 2),
        "files_mb_allowed": 1000 * GIGABYTES,
    }


def clients(arguments, out):
    running = started(arguments, out)
    server = Server(out, running.watcher.store, status=running.status, port=0)
    server.start()
    rates, opened = {"alone": [], "open": []}, []
    for _ in range(arguments.rounds):
        rates["alone"].append(_rate(running, arguments.seconds))
        command = [sys.executable, __file__, CLIENT, f"--url={server.url}"]
        command += [f"--count={arguments.count}"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process.stdout.readline()  # all are open
        rates["open"].append(_rate(running, arguments.seconds))
        process.stdin.close()
        opened.append(json.loads(process.stdout.readline()))
        process.wait()
    server.close()
    running.stop()
    found = {"clients": arguments.count}
    for number, (what, digits) in enumerate((("frames_per_s", 1), ("processor_ms_per_frame", 3))):
        alone, open_ = (
            statistics.median(one[number] for one in rates[name]) for name in ("alone", "open")
        )
        found |= {f"{what}_alone": round(alone, digits), f"{what}_open": round(open_, digits)}
        found["more_processor" if number else "slower"] = (
            f"{(open_ / alone - 1) * (2 * number - 1):.1%}"
        )
    return {**found, "clients_with_messages": min(one["with_messages"] for one in opened)}


def _rate(running, seconds):
    """Return frames a second, and milliseconds of processor a frame."""
    begin, frames = time.monotonic(), running.status.health(measure_watch.NAME).frames
    used = measure_watch.processor_s()
    time.sleep(seconds)
    count = running.status.health(measure_watch.NAME).frames - frames
    used = measure_watch.processor_s() - used
    return count / (time.monotonic() - begin), 1000 * used / max(count, 1)


async def read_streams(url, count):
    """Open the event streams of pages, and read them until the input ends."""
    host, _, port = url.removeprefix("http://").rstrip("/").partition(":")
    asked = f"GET /api/stream HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()
    got, ready = [0] * count, []

    async def one(number):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(asked)
        await reader.readuntil(b"retry: 3000")
        ready.append(number)
        while data := await reader.read(1 << 16):
            got[number] += len(data) > 40

    tasks = [asyncio.create_task(one(number)) for number in range(count)]
    while len(ready) < count:
        await asyncio.sleep(0.05)
    print("open", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    print(json.dumps({"with_messages": sum(n > 0 for n in got)}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("day", "clients", CLIENT))
    parser.add_argument("--detector", type=pathlib.Path, help="any run: its severities are used")
    parser.add_argument("--video", type=pathlib.Path, help="clients: a film for the detector")
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--url", default="")
    arguments = parser.parse_args()
    if arguments.what == CLIENT:
        asyncio.run(read_streams(arguments.url, arguments.count))
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        out = pathlib.Path(folder) / "watch"
        out.mkdir()
        with measure_watch.ending():
            found = {"day": day, "clients": clients}[arguments.what](arguments, out)
    print(json.dumps({"what": arguments.what, **found, "cores": os.cpu_count()}))


if __name__ == "__main__":
    main()
