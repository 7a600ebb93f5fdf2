import pytest

from vadjax.data.labels.name_lists import Line, read_lines
from vadjax.errors import UserError

WANTED = [
    Line(1, "Abuse001_x264", "Abuse", ()),
    Line(2, "Normal_Videos_003_x264", "Testing_Normal_Videos_Anomaly", ("0", "-1")),
]


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
@pytest.mark.parametrize("slash", ["/", "\\"])
@pytest.mark.parametrize("cells", [",0,-1", "\t0\t-1", "  0  -1  "])
def test_every_form_in_circulation_gives_the_same(tmp_path, end, slash, cells):
    first = (
        "G:\\lists\\Abuse\\Abuse001_x264.mp4" if slash == "\\" else "/Train/Abuse/Abuse001_x264.mp4"
    )
    second = f"Testing_Normal_Videos_Anomaly{slash}Normal_Videos_003_x264.mp4{cells}"
    path = tmp_path / "list.txt"
    path.write_bytes(b"\xef\xbb\xbf" + f"{first} {end or chr(10)}{second}{end}".encode())
    assert read_lines(path, form="x") == WANTED


def test_points_in_names_stay(tmp_path):
    path = tmp_path / "list"
    path.write_text("Bad.Boys.1995__#01-33-51_label_B2-0-0 420 1848\n\nv=a_b__#1_label_A.mp4\n")
    assert [(line.number, line.name) for line in read_lines(path, form="x")] == [
        (1, "Bad.Boys.1995__#01-33-51_label_B2-0-0"),
        (3, "v=a_b__#1_label_A"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no lines like 'NAME'"),
        (b"\0\1\2\n", "holds no lines like 'NAME'"),
        (b"a\nb\na.mp4\n", "names a in lines 1 and 3"),
        (b"version https://git-lfs.github.com/spec/v1\0", "is a Git-LFS pointer"),
    ],
)
def test_other_files(tmp_path, content, message):
    (tmp_path / "list").write_bytes(content)
    with pytest.raises(UserError, match=message):
        read_lines(tmp_path / "list", form="NAME")
