"""Labels of CVAT and Label Studio become labels.csv."""

import csv
import json

import pytest

from tests.live.test_review import detected
from vadjax.data.labels.cvat_xml import read_cvat
from vadjax.data.labels.label_studio import read_label_studio
from vadjax.data.labels.labels_csv import Length, read_csv
from vadjax.data.labels.marked import Mark
from vadjax.errors import UserError
from vadjax.live.imported import import_labels, read_export
from vadjax.live.review import Review, rewrite_labels

CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <task>
      <id>7</id><name>night shift</name><size>40</size><mode>interpolation</mode>
      <start_frame>0</start_frame><stop_frame>39</stop_frame><frame_filter>{filter}</frame_filter>
      <original_size><width>360</width><height>240</height></original_size>
      <source>night.mp4</source>
    </task>
  </meta>
  <track id="0" label="cyclist" source="manual">
    <box frame="5" keyframe="1" outside="0" occluded="0" xtl="1" ytl="2" xbr="3" ybr="4"
      z_order="0"></box>
    <box frame="6" keyframe="0" outside="0" occluded="0" xtl="1" ytl="2" xbr="3" ybr="4"
      z_order="0"></box>
    <box frame="9" keyframe="1" outside="1" occluded="0" xtl="1" ytl="2" xbr="3" ybr="4"
      z_order="0"></box>
    <box frame="20" keyframe="1" outside="0" occluded="0" xtl="1" ytl="2" xbr="3" ybr="4"
      z_order="0"><attribute name="fast">true</attribute></box>
    <box frame="30" keyframe="1" outside="1" occluded="0" xtl="1" ytl="2" xbr="3" ybr="4"
      z_order="0"></box>
  </track>
  <track id="1" label="cyclist" source="manual">
    <polygon frame="8" keyframe="1" outside="0" occluded="0" points="1,2;3,4;5,6" z_order="0">
    </polygon>
    <polygon frame="12" keyframe="1" outside="1" occluded="0" points="1,2;3,4;5,6" z_order="0">
    </polygon>
  </track>
  <track id="2" label="fall" source="manual">
    <skeleton frame="38" keyframe="1" z_order="0">
      <points label="head" keyframe="1" outside="0" occluded="0" points="1,2"></points>
      <points label="foot" keyframe="1" outside="1" occluded="0" points="1,2"></points>
    </skeleton>
    <skeleton frame="39" keyframe="0" z_order="0">
      <points label="head" keyframe="0" outside="0" occluded="0" points="1,2"></points>
    </skeleton>
  </track>
</annotations>
"""
PROJECT = """<?xml version="1.0" encoding="utf-8"?>
<annotations><version>1.1</version><meta><project><id>1</id><name>p</name><tasks>
<task><id>3</id><name>a</name><source>in/a.mp4</source></task>
<task><id>4</id><name>b</name><source>b.mp4</source></task>
</tasks></project></meta>
<track id="0" label="fall" source="manual" task_id="4" subset="default">
<box frame="2" keyframe="1" outside="0" occluded="0" xtl="1" ytl="2" xbr="3" ybr="4"></box>
<box frame="4" keyframe="1" outside="1" occluded="0" xtl="1" ytl="2" xbr="3" ybr="4"></box>
</track></annotations>
"""


def task(video, *results, **more):
    annotation = {"id": 1, "was_cancelled": False, "result": list(results), **more}
    return {"id": 12, "data": {"video": video}, "annotations": [annotation], "predictions": []}


def timeline(start, end, *kinds):
    value = {"ranges": [{"start": start, "end": end}], "timelinelabels": list(kinds)}
    names = {"from_name": "timelineLabels", "to_name": "video", "origin": "manual", "id": "a"}
    return {"value": value, "type": "timelinelabels", **names}


def boxes(*keys, kind="fall", count=100):
    place = {"x": 1, "y": 2, "width": 3, "height": 4, "rotation": 0}
    sequence = [{"frame": f, "enabled": e, "time": f / 25, **place} for f, e in keys]
    value = {"framesCount": count, "duration": 4.0, "sequence": sequence, "labels": [kind]}
    return {"value": value, "type": "videorectangle", "to_name": "video", "from_name": "box"}


def write(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_tracks_of_cvat(tmp_path):
    found = read_cvat(write(tmp_path / "a.xml", CVAT.replace("{filter}", "")))
    cyclists = [Mark(5, 12, "cyclist"), Mark(20, 30, "cyclist")]
    assert found == {"night.mp4": [*cyclists, Mark(38, 40, "fall")]}
    every_5th = read_cvat(write(tmp_path / "b.xml", CVAT.replace("{filter}", "step=5")))
    assert every_5th["night.mp4"][-1] == Mark(38, 44, "fall")


def test_a_project_of_cvat_with_a_task_in_which_nothing_was_marked(tmp_path):
    found = read_cvat(write(tmp_path / "a.xml", PROJECT))
    assert found == {"a.mp4": [], "b.mp4": [Mark(2, 4, "fall")]}


def test_stretches_and_boxes_of_label_studio(tmp_path):
    tasks = [
        task("/data/upload/3/1a2b3c4d-night.mp4", timeline(3, 5, "fall"), timeline(5, 9, "fall")),
        task("s3://bucket/day.mp4", boxes((11, True), (20, True), (25, False), (41, True))),
        task("/data/local-files/?d=films/still.mp4"),
        task("/x/away.mp4", timeline(1, 2, "fall"), was_cancelled=True),
        task("/x/song.mp4", {"type": "labels", "value": {"start": 1.5, "end": 2, "labels": ["a"]}}),
    ]
    found = read_label_studio(write(tmp_path / "a.json", tasks))
    assert found == {
        "night.mp4": [Mark(2, 9, "fall")],
        "day.mp4": [Mark(10, 25, "fall"), Mark(40, 100, "fall")],
        "still.mp4": [],
        "song.mp4": [Mark(1.5, 2.0, "a", True)],
    }


def test_they_become_labels_beside_answers(tmp_path):
    detected(tmp_path / "run", "night.mp4")
    one = write(tmp_path / "a.xml", CVAT.replace("{filter}", ""))
    other = write(
        tmp_path / "b.json",
        [
            task("/x/day.mp4", timeline(1, 4, "fall")),
            task("/x/calm.mp4", timeline(1, 4, "Normal")),
            task(
                "/x/song.mp4", {"type": "labels", "value": {"start": 1, "end": 2, "labels": ["a"]}}
            ),
        ],
    )
    import_labels(tmp_path, [one, other])
    rewrite_labels(tmp_path)
    lengths = {"night.mp4": 40, "day.mp4": 40, "calm.mp4": 40, "song.mp4": 40}
    lengths = {name: Length(count, fps=10.0) for name, count in lengths.items()}
    labels = read_csv(tmp_path / "labels.csv", lengths)
    abnormal = {
        name: [] if one.labels is None else one.labels.nonzero()[0].tolist()
        for name, one in labels.items()
    }
    night = [*range(5, 12), *range(20, 30), 38, 39]
    assert abnormal == {
        "night.mp4": night,
        "day.mp4": [0, 1, 2, 3],
        "calm.mp4": [],
        "song.mp4": [*range(10, 20)],
    }
    assert set(labels["night.mp4"].kinds) == {"cyclist", "fall"}
    review = Review(tmp_path)
    alarm = min(review.store.list(), key=lambda event: event.start)
    review.answered(review.store.answer(alarm.id, "matters"))
    review.store.close()
    again = read_csv(tmp_path / "labels.csv", lengths)["night.mp4"].labels
    assert again.nonzero()[0].tolist() == [2, 3, *night]
    import_labels(tmp_path, [write(tmp_path / "b.json", [task("/x/day.mp4")])])  # corrected
    rewrite_labels(tmp_path)
    rows = list(csv.DictReader((tmp_path / "labels.csv").open()))
    assert [row["start"] for row in rows if row["video"] == "day.mp4"] == [""]
    assert len([row for row in rows if row["video"] == "night.mp4"]) == 4


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.zip", "PK", "unpacked"),
        ("a.xml", "<annotations><meta>", "cannot be read"),
        ("a.xml", "<html/>", "outermost element is 'html'"),
        ("a.xml", "<annotations><meta/><image id='0' name='a'/></annotations>", "single images"),
        ("a.xml", "<!DOCTYPE a [<!ENTITY b 'c'>]><annotations><meta/></annotations>", "declares"),
        ("a.xml", CVAT.replace("night.mp4", ""), "of no task with a video"),
        ("a.xml", CVAT.replace('frame="5"', 'frame="five"'), "is damaged"),
        ("a.xml", CVAT.replace('frame="5"', 'frame="-5"'), "a region from -5 to 9"),
        ("a.xml", CVAT.replace('frame="39"', 'frame="2000000000"'), "a region from 38 to"),
        ("a.json", "[{", "cannot be read"),
        ("a.json", {"video": "a"}, "no list of tasks"),
        ("a.json", [{"video": "a", "tricks": []}], "no list of tasks"),
        ("a.json", [task(None)], "task 12: ValueError"),
        ("a.json", [task("/a.mp4", timeline(5, 3, "x"))], "from 4 to 3"),
        ("a.json", [task("/a.mp4", timeline(5, float("inf"), "x"))], "task 12: OverflowError"),
        ("a.json", [task("/a.mp4", {"type": "timelinelabels", "value": {}})], "KeyError 'ranges'"),
    ],
)
def test_bad_files_get_one_message(tmp_path, name, content, said):
    with pytest.raises(UserError, match=said) as caught:
        read_export(write(tmp_path / name, content))
    assert str(caught.value).count("; wanted") <= 1


def test_labels_of_a_person_are_not_replaced(tmp_path):
    write(tmp_path / "labels.csv", "video,start,stop\n")
    with pytest.raises(UserError, match="not written by vadjax review"):
        import_labels(tmp_path, [write(tmp_path / "a.xml", PROJECT)])
