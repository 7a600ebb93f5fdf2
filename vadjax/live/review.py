"""Events of runs, of detect folders and of watches below one folder, for the page."""

import dataclasses
import hashlib
import json
import pathlib
from collections.abc import Iterator
from typing import Any

from vadjax.data.labels.marked import Mark
from vadjax.errors import UserError
from vadjax.live.event import Event
from vadjax.live.event_store import NAME, EventStore
from vadjax.live.imported import FOLDER, imported, write_labels

_MOST_LINES = 200_000


class Review:
    """Gathers events into a store of its own, where answers are kept from one review to the next.

    Videos have no date: the events of a run are shown as if its videos had begun one after another,
    the last one ending when the run wrote its alarms.

    Args:
        folder: below which runs, detect folders and watches lie.
        may_be_empty: there need be none.

    Raises:
        UserError: there is none, or one is damaged.
    """

    def __init__(self, folder: pathlib.Path, *, may_be_empty: bool = False):
        self.folder = folder
        lists = sorted(p for p in folder.rglob("alarms.jsonl") if FOLDER not in p.parts)
        watches = sorted(p.parent for p in folder.rglob(NAME) if p.parent.name != FOLDER)
        if not lists and not watches and not may_be_empty:
            raise UserError(
                f"{folder} holds no alarms.jsonl of a run or of vadjax detect, and no {NAME} of a "
                "watch; name the folder above them."
            )
        self.store = EventStore(folder / FOLDER)
        self._videos: dict[str, dict[str, Any]] = {}  # id -> video, start, stop
        self._watches: dict[str, pathlib.Path] = {}  # id -> folder of its watch
        for path in lists:
            self._put(self._of_alarms(path))
        for watch in watches:
            self._put(self._of_watch(watch))

    def answered(self, event: Event) -> None:
        """Hand an answer on: to the watch that it came from, and to labels.csv.

        Args:
            event: with its answer.
        """
        if watch := self._watches.get(event.id):
            store = EventStore(watch)
            store.answer(event.id, event.answer)
            store.close()
        self.write_labels()

    def write_labels(self) -> None:
        """Write what was answered of videos as labels.csv, as data set `folder` reads it.

        An alarm that matters is an abnormal interval; a video of which all that was answered is
        normal has a row without times. What was imported from other programs stays.
        """
        rows = {video: list(marks) for video, marks in imported(self.folder).items()}
        for event in self.store.list(limit=None):
            where = self._videos.get(event.id)
            if where is None or event.answer is None:
                continue
            of_video = rows.setdefault(where["video"], [])
            if event.answer == "matters":
                of_video.append(Mark(where["start"], where["stop"], ""))
        write_labels(self.folder, rows)

    def _put(self, events: Iterator[Event]) -> None:
        for event in events:
            if self.store.get(event.id) is None or event.answer is not None:
                self.store.put(event)

    def _of_alarms(self, path: pathlib.Path) -> Iterator[Event]:
        where = path.parent.relative_to(self.folder).as_posix()
        source = (path.parent.resolve().name if where == "." else where)[:200]
        alarms = list(_alarms(path))
        lengths: dict[str, float] = {}
        for alarm in alarms:
            lengths[alarm["video"]] = max(lengths.get(alarm["video"], 0.0), _seconds(alarm, "stop"))
        begin, at = {}, path.stat().st_mtime
        for video, length in reversed(lengths.items()):
            at -= length + 60
            begin[video] = at
        for alarm in alarms:
            key = json.dumps([where, alarm["video"], alarm["start"], alarm["stop"]])
            name = f"alarm-{hashlib.sha256(key.encode()).hexdigest()[:20]}"
            self._videos[name] = {k: alarm[k] for k in ("video", "start", "stop")}
            start = begin[alarm["video"]] + _seconds(alarm, "start")
            picture = alarm.get("picture")
            yield Event(
                id=name,
                source=source,
                kind="anomaly",
                state="closed",
                start=start,
                peak=start,
                end=begin[alarm["video"]] + _seconds(alarm, "stop"),
                score=alarm.get("peak_score"),
                threshold=alarm.get("threshold"),
                cue=alarm.get("cue"),
                sentence=f"{alarm['video']}, {_place(alarm)}: {alarm.get('finding') or 'alarm'}",
                expected=alarm.get("usual"),
                actual=alarm.get("value"),
                picture=None
                if picture is None
                else (path.parent / picture).relative_to(self.folder).as_posix(),
            )

    def _of_watch(self, watch: pathlib.Path) -> Iterator[Event]:
        store, inside = EventStore(watch), watch.relative_to(self.folder)

        def below(name: str | None) -> str | None:
            return None if name is None else (inside / name).as_posix()

        for event in store.list(limit=None):
            self._watches[event.id] = watch
            yield dataclasses.replace(event, picture=below(event.picture), clip=below(event.clip))
        store.close()


def rewrite_labels(folder: pathlib.Path) -> None:
    """Write labels.csv of what was imported and, where there are alarms, of what was answered.

    Args:
        folder: see `Review`.
    """
    review = Review(folder, may_be_empty=True)
    review.write_labels()
    review.store.close()


def _alarms(path: pathlib.Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file):
            try:
                alarm = json.loads(line)
                known = {"video", "start", "stop"} <= alarm.keys() and number < _MOST_LINES
            except (ValueError, AttributeError):
                known = False
            if not known:
                raise UserError(f"{path}, line {number + 1}: no alarm; score the videos again.")
            yield alarm


def _seconds(alarm: dict[str, Any], which: str) -> float:
    """Return a time of an alarm; frames are seconds where nothing says how many a second has."""
    value = alarm.get(f"{which}_s")
    return float(alarm[which] if value is None else value)


def _place(alarm: dict[str, Any]) -> str:
    if alarm.get("start_s") is None:
        return f"frames {alarm['start']} to {alarm['stop'] - 1}"
    seconds = int(alarm["start_s"])
    return f"{seconds // 60}:{seconds % 60:02d}"
