import pytest

from vadjax.data.labels.frame_labels import labels_from_intervals
from vadjax.data.labels.interval_rows import Row, clipped, read_pair_rows, read_ucf_rows
from vadjax.errors import UserError

UCF = (
    "Abuse028_x264.mp4  Abuse  165  240  -1  -1  ",
    "Vandalism036_x264.mp4  Vandalism  1  780  990  1080  ",
    "Normal_Videos_003_x264.mp4  Normal  -1  -1  -1  -1  ",
)
ROWS = [
    Row("Abuse028_x264", "Abuse", ((164, 240),), None),
    Row("Vandalism036_x264", "Vandalism", ((0, 780), (989, 1080)), None),
    Row("Normal_Videos_003_x264", "Normal", (), None),
]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_ucf_rows(tmp_path, end):
    path = tmp_path / "annotation.txt"
    path.write_bytes(end.join(UCF).encode())
    assert read_ucf_rows(path) == ROWS
    path.write_text("\n".join("\t".join([*line.split(), "1412"]) for line in UCF) + "\n")
    assert read_ucf_rows(path) == [row._replace(num_frames=1412) for row in ROWS]


def test_pair_rows_are_half_open_from_0(tmp_path):
    path = tmp_path / "annotations.txt"
    path.write_text("a.b__#1_label_B1-0-0.mp4 0 100\nv=x__#1_label_B4-0-0 150 420 680 1267\n")
    assert [row[:3] for row in read_pair_rows(path)] == [
        ("a.b__#1_label_B1-0-0", "", ((0, 100),)),
        ("v=x__#1_label_B4-0-0", "", ((150, 420), (680, 1267))),
    ]


@pytest.mark.parametrize(
    ("read", "line", "message"),
    [
        (read_ucf_rows, "RoadAccidents122_x264.mp4  RoadAccide", "line 2 .* the line is cut off"),
        (read_ucf_rows, "a.mp4  Abuse  165  240  -1", "line 2 .* cut off"),
        (read_ucf_rows, "a.mp4  Abuse  165  -1  -1  -1", "165 to -1 are no frames"),
        (read_ucf_rows, "a.mp4  Abuse  240  165  -1  -1", "240 to 165 are no frames"),
        (read_ucf_rows, "a.mp4  Abuse  1  2  x  -1", "frames should be whole numbers"),
        (read_ucf_rows, "a.mp4  Abuse  1  99999999999999  -1  -1", "far too large"),
        (read_pair_rows, "a 5", "line 2 .* cut off"),
        (read_pair_rows, "a 5 5", "5 to 5 are no frames"),
    ],
)
def test_damaged_rows(tmp_path, read, line, message):
    good = UCF[0] if read is read_ucf_rows else "first 1 2"
    (tmp_path / "rows.txt").write_text(f"{good}\n{line}")
    with pytest.raises(UserError, match=message):
        read(tmp_path / "rows.txt")


def test_an_end_a_little_behind_the_clip_is_cut():
    assert clipped(((0, 5), (7, 12)), 10, slack=2) == (((0, 5), (7, 10)), 2)
    assert clipped(((0, 10),), 10, slack=2) == (((0, 10),), 0)
    kept = clipped(((0, 13),), 10, slack=2)
    assert kept == (((0, 13),), 0)
    with pytest.raises(UserError, match="do not fit a clip of 10 frames"):
        labels_from_intervals(kept[0], 10, where="x")
