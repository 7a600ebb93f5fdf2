"""Chunks of frames in .npy and .mat, as Ullah et al. publish them, and what is wrong with them."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.io

from vadjax import data
from vadjax.data.builders.chunk_index import Chunk, write_index
from vadjax.data.splits.folds import make_folds
from vadjax.errors import UserError

RNG = np.random.default_rng(0)
FRAMES, VALUES = 3, 1000
COLUMNS = [0, 0, 1, 1, 1, 0]  # by chunk: Fighting first, as folders are sorted
CHUNKS = RNG.random((6, FRAMES * VALUES)).astype(np.float32)
NAMES = "Fighting\nNormal\n"


def load(root, tmp_path):
    config = {"feature_name": "", "crops": "mean", "masks_dir": "", "label_version": ""}
    config = SimpleNamespace(name="features", data_dir=str(root), **config)
    return data.load(config, cache_dir=tmp_path / "cache")


def one_hot(columns, count=2):
    labels = np.zeros((len(columns), count))
    for row, column in enumerate(columns):
        if column >= 0:
            labels[row, column] = 1
    return labels


def write(root, side="Test", chunks=CHUNKS, labels=None, name="DatabaseLabel"):
    np.save(root / f"UCF_{side}_full_resNET-50_features.npy", chunks)
    labels = one_hot(COLUMNS) if labels is None else labels
    scipy.io.savemat(root / f"UCF_{side}_full_resnet_label.mat", {name: labels})


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "ullah"
    root.mkdir()
    write(root)
    (root / "classes.txt").write_text(NAMES)
    return root


class Trap:
    def __reduce__(self):
        return (pytest.fail, ("the pickle was read",))


def test_published_files_without_clips(root, tmp_path):
    (root / "OneHotArray.pickle").write_bytes(pickle.dumps(Trap()))
    dataset = load(root, tmp_path)
    assert not dataset.clips_known and "of which video each chunk is" in dataset.deviations[0].what
    fighting, normal = dataset.test
    own = CHUNKS.reshape(6, FRAMES, VALUES)
    np.testing.assert_array_equal(fighting.frames.rows, own[[0, 1, 5]].reshape(-1, VALUES))
    np.testing.assert_array_equal(normal.frames.rows, own[2:5].reshape(-1, VALUES))
    assert isinstance(normal.frames.rows.base, np.memmap | np.ndarray) and normal.video_label == 0
    assert (fighting.video_label, fighting.classes, fighting.labels) == (1, ("Fighting",), None)
    with pytest.raises(UserError, match="do not say which row is of which clip"):
        make_folds(dataset, protocol="weak")


def test_chunks_are_split_at_random_as_published(root, tmp_path):
    columns = [0] * 10 + [1] * 15
    write(root, chunks=RNG.random((25, FRAMES, 7), np.float32), labels=one_hot(columns))
    dataset = load(root, tmp_path)
    (fold,) = make_folds(dataset, protocol="random_chunk", length=FRAMES, stride=FRAMES)
    assert (len(fold.train), len(fold.test), fold.validation) == (20, 5, fold.test)
    assert np.bincount(fold.test.labels).tolist() == [3, 2]  # both classes alike
    rows = np.concatenate([fold.train.windows, fold.test.windows])
    np.testing.assert_array_equal(np.sort(rows.ravel()), np.arange(25 * FRAMES))
    assert (rows % FRAMES == np.arange(FRAMES)).all()  # a window is a chunk
    assert any("chunks of one clip lie on both sides" in text for text in fold.warnings)


def test_an_index_makes_clips_of_chunks(root, tmp_path):
    order = ["a", "a", "b", "c", "c", "d"]
    chunks = [Chunk(name, FRAMES * order[:n].count(name), FRAMES) for n, name in enumerate(order)]
    write_index(root / "chunks.csv", {"test": chunks})
    dataset = load(root, tmp_path)
    assert dataset.clips_known and [v.id for v in dataset.test] == [f"test/{n}" for n in "abcd"]
    assert [v.classes[0] for v in dataset.test] == ["Fighting", "Normal", "Normal", "Fighting"]
    assert [len(v.frames) for v in dataset.test] == [6, 3, 6, 3]
    own = CHUNKS.reshape(-1, VALUES)
    np.testing.assert_array_equal(dataset.test[2].frames.rows, own[9:15])


def test_the_last_chunk_without_a_label_is_left_out(root, tmp_path):
    """The published code stops labelling one chunk short of the end."""
    write(root, labels=one_hot([*COLUMNS[:5], -1]))
    dataset = load(root, tmp_path)
    assert sum(len(v.frames) for v in dataset.test) == 5 * FRAMES
    assert dataset.deviations[-1].what == "1 chunks have a row of zeros as label"


def broken(case, root):
    path = root / "UCF_Test_full_resNET-50_features.npy"
    if case == "no names":
        (root / "classes.txt").unlink()
    elif case == "no normal":
        (root / "classes.txt").write_text("Fighting\nOther\n")
    elif case == "no labels":
        (root / "UCF_Test_full_resnet_label.mat").unlink()
    elif case == "other length":
        write(root, labels=one_hot(COLUMNS[:5]))
    elif case == "columns":
        write(root, labels=one_hot(COLUMNS, 3))
    elif case == "two ones":
        write(root, labels=np.ones((6, 2)))
    elif case == "variable":
        write(root, name="labels")
    elif case == "width":
        np.save(path, CHUNKS[:, :-1])
    elif case == "objects":
        np.save(path, np.array([Trap()] * 6, object), allow_pickle=True)
    elif case == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    elif case == "index":
        write_index(root / "chunks.csv", {"test": [Chunk("a", 0, 3)]})
    elif case == "two classes":
        write_index(root / "chunks.csv", {"test": [Chunk("a", 3 * n, 3) for n in range(6)]})
    elif case == "twice":
        write(root, side="test_again")


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("no names", r"classes.txt cannot be read .* one a line in their order, among them normal"),
        ("no normal", "names Fighting, Other; wanted each name once, and normal"),
        ("no labels", "has no labels beside it: wanted a .mat file with test in its name"),
        ("other length", "has labels of 5 chunks, and UCF_Test.* has 6"),
        ("columns", r"DatabaseLabel is \[6, 3\]; wanted .* each of the 2 lines"),
        ("two ones", "is not one-hot"),
        ("variable", "DatabaseLabel is nothing"),
        ("width", r"has 2999 numbers a chunk, no multiple of 1000: save it as \[N, t, d\]"),
        ("objects", "without pickle"),
        ("cut", "UCF_Test_full_resNET-50_features.npy"),
        ("index", "has 1 chunks of test, and the features have 6"),
        ("two classes", "chunks of a are of Fighting and of Normal"),
        ("twice", "are both the features of test; keep one"),
    ],
)
def test_what_does_not_belong_together_is_refused(root, tmp_path, case, message):
    broken(case, root)
    with pytest.raises(UserError, match=message):
        load(root, tmp_path)
