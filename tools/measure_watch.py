"""Measure a watch: latency, memory, lost cameras, and processes that are killed.

  python tools/measure_watch.py latency --detector=RUN --video=FILE --seconds=60
  python tools/measure_watch.py streams --detector=RUN --video=FILE --seconds=60 --count=4
  python tools/measure_watch.py memory --detector=RUN --video=FILE --seconds=600 [--bare]
  python tools/measure_watch.py disconnects --detector=RUN --video=FILE --times=10
  python tools/measure_watch.py kills --detector=RUN --video=FILE --times=10

FILE is a film of the camera that RUN has learnt, H.264 in MP4 for `disconnects`, which starts the
RTSP server of the tests (Debian: gir1.2-gst-rtsp-server-1.0). Prints one line of JSON. The seconds
of processor are what the whole process takes, decoding and clips included, and say more than the
latency where other programs are busy. `streams` plays the film to several sources at its own pace,
then as fast as they are scored. `memory` plays the film over and over, as fast as it is
scored, and says which hours of 25 frames a second that are; with `--bare` the scores are made up,
an event of 10 s every 40 s, so that many hours of events, clips and retention pass by.
"""

import argparse
import contextlib
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from typing import ClassVar

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from vadjax.live.event_store import EventStore  # noqa: E402
from vadjax.live.settled import Settings  # noqa: E402
from vadjax.live.source import sources_of  # noqa: E402
from vadjax.live.status import memory_bytes  # noqa: E402

NAME = "cam"
FPS = 25.0


class Bare:
    """Stands for a detector: abnormal for 10 s of every 40."""

    threshold = 1.0

    def __init__(self, workdir):
        self.workdir = workdir

    def stream(self, fps=None):
        return BareStream()


class BareStream:
    def __init__(self):
        self._count = 0

    def update(self, frame, time=None):
        from vadjax.detectors.contract import FrameScore

        self._count += 1
        score = 2.0 if self._count // (10 * FPS) % 4 == 3 else 0.0
        return [FrameScore(self._count - 1, time, score)]

    def close(self):
        return []


class Running:
    """A watch in a thread of this process, of one source or of several that show the same."""

    started: ClassVar[list] = []

    def __init__(self, arguments, target, out, *, names=(NAME,), **settings):
        from vadjax.live.watcher import Watcher
        from vadjax.pipeline.trained import TrainedDetector
        from vadjax.runtime.console import Console

        detector = (Bare if arguments.bare else TrainedDetector)(arguments.detector)
        self.watcher = Watcher(
            sources_of([f"{name}={target}" for name in names]),
            dict.fromkeys(names, detector),
            folder=out,
            settings=Settings(**settings),
            console=Console(quiet=True),
        )
        self.status = self.watcher.status
        self._thread = threading.Thread(target=self.watcher.run)
        self._thread.start()
        Running.started.append(self)

    def wait_for(self, frames, timeout_s=400.0):
        end = time.monotonic() + timeout_s
        while self.status.health(NAME).frames < frames and time.monotonic() < end:
            time.sleep(0.02)
        return self.status.health(NAME)

    def is_alive(self):
        return self._thread.is_alive()

    def stop(self):
        self.watcher.stop()
        self._thread.join()


@contextlib.contextmanager
def ending():
    """End what was started, also when a measurement fails: its threads keep the process alive."""
    try:
        yield
    finally:
        for running in Running.started:
            if running.is_alive():
                running.stop()


class Player(threading.Thread):
    """Plays a film over and over into a named pipe, as y4m."""

    def __init__(self, video, pipe):
        super().__init__(daemon=True)
        self._video, self._pipe = video, pipe

    def run(self):
        import av

        first = True
        with open(self._pipe, "wb") as file:
            while True:
                with av.open(str(self._video)) as container:
                    for frame in container.decode(video=0):
                        if first:
                            head = f"YUV4MPEG2 W{frame.width} H{frame.height} F25:1 C420jpeg\n"
                            file.write(head.encode())
                            first = False
                        data = frame.reformat(format="yuv420p").to_ndarray().tobytes()
                        try:
                            file.write(b"FRAME\n" + data)
                        except BrokenPipeError:
                            return


def processor_s():
    used = os.times()
    return used.user + used.system


def latency(arguments, out):
    running = Running(arguments, arguments.video, out)
    running.wait_for(50)  # programs are compiled by then
    begin, used, frames = time.monotonic(), processor_s(), running.status.health(NAME).frames
    time.sleep(arguments.seconds)
    health = running.status.health(NAME)
    seconds, count = time.monotonic() - begin, health.frames - frames
    each = (processor_s() - used) / max(count, 1)
    running.stop()
    return {
        "frames": count,
        "frames_per_s": round(count / seconds, 1),
        "dropped": health.dropped,
        "latency_p50_ms": round(1000 * (health.latency_p50_s or 0)),
        "latency_p99_ms": round(1000 * (health.latency_p99_s or 0)),
        "processor_ms_per_frame": round(1000 * each, 1),
        "share_of_a_core_at_25_per_s": round(FPS * each, 2),
    }


def streams(arguments, out):
    names, found = [f"{NAME}{number}" for number in range(arguments.count)], {}
    for way in ("paced", "as_fast"):
        settings = {"as_fast": way == "as_fast", "forget_s": None}
        running = Running(arguments, arguments.video, out / way, names=names, **settings)

        def counts(running=running):
            health = [running.status.health(name) for name in names]
            return sum(one.frames for one in health), sum(one.dropped for one in health)

        while counts()[0] < 20 * len(names):  # programs are compiled by then
            time.sleep(0.05)
        begin, used, (frames, dropped) = time.monotonic(), processor_s(), counts()
        while time.monotonic() - begin < arguments.seconds and running.is_alive():
            time.sleep(0.05)
        seconds, (scored, lost) = time.monotonic() - begin, counts()
        used = processor_s() - used
        running.stop()
        found[way] = {
            "frames_per_s": round((scored - frames) / seconds, 1),
            "dropped": lost - dropped,
            "processor_ms_per_frame": round(1000 * used / max(scored - frames, 1), 1),
            "cores_used": round(used / seconds, 2),
        }
    return {"streams": len(names), **found}


def memory(arguments, out):
    pipe = out / "pipe"
    os.mkfifo(pipe)
    Player(arguments.video, pipe).start()
    settings = {"as_fast": True, "gigabytes": 0.05, "cooldown_s": 1.0}
    running = Running(arguments, pipe, out, **settings)
    running.wait_for(50)
    begin, points = time.monotonic(), []
    while time.monotonic() - begin < arguments.seconds:
        time.sleep(min(5.0, arguments.seconds / 20))
        points.append((running.status.health(NAME).frames, memory_bytes()))
    after = points[len(points) // 3 :]  # caches are full by then
    hours = (after[-1][0] - after[0][0]) / FPS / 3600
    running.watcher.store.prune(gigabytes=0.05)
    events = len(running.watcher.store.list(limit=None))
    running.stop()
    files = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    grown = (after[-1][1] - after[0][1]) / 1e6
    return {
        "hours_of_25_per_s": round(hours, 2),
        "memory_mb": round(after[-1][1] / 1e6),
        "grown_mb": round(grown, 1),
        "events": events,
        "files_mb": round(files / 1e6, 1),
        "files_mb_allowed": 50,
    }


def disconnects(arguments, out):
    from tests.live.rtsp import Camera

    camera, back = Camera(arguments.video), []
    camera.start()
    running = Running(arguments, camera.address, out)
    running.wait_for(20)
    for number in range(arguments.times):
        camera.kill()
        time.sleep(random.Random(number).uniform(0.2, 3.0))
        frames = -1  # until those that were on their way have been scored
        while frames != (frames := running.status.health(NAME).frames):
            time.sleep(0.5)
        camera.start()
        begin = time.monotonic()
        running.wait_for(frames + 1, 60.0)
        back.append(time.monotonic() - begin)
        time.sleep(1.0)
    running.stop()
    camera.kill()
    store = EventStore(out)
    ids = [event.id for event in store.list(limit=None)]
    left = len(store.unfinished())
    store.close()
    return {
        "disconnects": len(back),
        "recovered_in_10_s": sum(seconds < 10 for seconds in back),
        "longest_s": round(max(back), 1),
        "events": len(ids),
        "twice": len(ids) - len(set(ids)),
        "left_open": left,
    }


def kills(arguments, out):
    rng, seen, lost = random.Random(0), {}, 0
    command = [sys.executable, "-m", "vadjax", "watch", f"{NAME}={arguments.video}", "--quiet"]
    command += [f"--detector={arguments.detector}", f"--out={out}", "--cooldown=0.2"]
    store = EventStore(out)
    for _ in range(arguments.times):
        process = subprocess.Popen(command, cwd=ROOT)
        before, until = store.last_change(), None
        while until is None or time.monotonic() < until:
            for number, event in store.changes(max(seen, default=0)):
                seen[number] = event
            if until is None and store.last_change() > before:
                until = time.monotonic() + rng.uniform(0, 6)
            if process.poll() is not None:
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        kept = dict(store.changes(0, limit=10**9))
        lost += sum(kept.get(number) != event for number, event in seen.items())
    store.close()
    opened = [event.id for event in seen.values() if event.state == "open"]
    return {
        "kills": arguments.times,
        "changes_announced": len(seen),
        "lost": lost,
        "opened_twice": len(opened) - len(set(opened)),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("latency", "streams", "memory", "disconnects", "kills"))
    parser.add_argument("--detector", required=True, type=pathlib.Path)
    parser.add_argument("--video", required=True, type=pathlib.Path)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--bare", action="store_true")
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--times", type=int, default=10)
    arguments = parser.parse_args()
    arguments.video = arguments.video.resolve()
    measures = {
        "latency": latency,
        "streams": streams,
        "memory": memory,
        "disconnects": disconnects,
        "kills": kills,
    }
    with tempfile.TemporaryDirectory() as folder, ending():
        found = measures[arguments.what](arguments, _out(folder))
    print(json.dumps({"what": arguments.what, **found, "cores": os.cpu_count()}))


def _out(folder):
    out = pathlib.Path(folder) / "watch"
    out.mkdir()
    return out


if __name__ == "__main__":
    main()
