"""Data, rows and runs in object stores: in memory, and on a server that speaks S3."""

import json
import os
import shutil
import uuid

import numpy as np
import pytest

from vadjax.data.paths import object_store
from vadjax.data.paths.object_store import local_copy
from vadjax.data.video import Video
from vadjax.errors import UserError
from vadjax.storage import run_store
from vadjax.storage.features import FeatureStore
from vadjax.storage.mirror import FeatureMirror
from vadjax.storage.run_store import MANIFEST, pull_run, push_run, push_sweep

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed (extra stores)")


@pytest.fixture(scope="module")
def server():
    """The address of a bucket on a server on this machine."""
    pytest.importorskip("s3fs", reason="s3fs is not installed (extra stores)")
    moto = pytest.importorskip("moto.server", reason="moto is not installed (extra test)")
    server = moto.ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
            patch.setenv(name, "us-east-1")
        fsspec.filesystem("s3").mkdir("bucket")
        yield "s3://bucket"
    server.stop()


@pytest.fixture(params=["memory", "s3"])
def bucket(request):
    """An empty folder in an object store."""
    root = "memory://bucket" if request.param == "memory" else request.getfixturevalue("server")
    return f"{root}/{uuid.uuid4().hex}"


def write(address, content):
    filesystem, path = object_store.opened(address)
    filesystem.pipe_file(path, content)


def held(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_copy_follows_what_is_there(bucket, tmp_path, monkeypatch):
    fetched, fetch = [], object_store.fetch
    monkeypatch.setattr(
        object_store, "fetch", lambda a, p: fetched.append(a.rpartition("/")[2]) or fetch(a, p)
    )
    write(f"{bucket}/set/a/1.png", b"one")
    write(f"{bucket}/set/2.png", b"two")
    write(f"{bucket}/settled/3.png", b"of another folder")
    copy = local_copy(f"{bucket}/set/", cache_dir=tmp_path)
    assert copy.name == "set" and held(copy) == {"a/1.png": b"one", "2.png": b"two"}
    before = os.stat(copy / "2.png").st_mtime_ns
    fetched.clear()
    local_copy(f"{bucket}/set", cache_dir=tmp_path)
    assert not fetched  # nothing has changed
    write(f"{bucket}/set/a/1.png", b"ONE")  # of the same size
    write(f"{bucket}/set/4.png", b"four")
    filesystem, root = object_store.opened(bucket)
    filesystem.rm_file(f"{root}/set/2.png")
    assert held(local_copy(f"{bucket}/set", cache_dir=tmp_path)) == {
        "a/1.png": b"ONE",
        "4.png": b"four",
    }
    assert sorted(fetched) == ["1.png", "4.png"] and before
    (copy / "4.png").unlink()  # lost here
    assert "4.png" in held(local_copy(f"{bucket}/set", cache_dir=tmp_path))


def test_one_object_keeps_its_name(bucket, tmp_path):
    write(f"{bucket}/night.mp4", b"film")
    copy = local_copy(f"{bucket}/night.mp4", cache_dir=tmp_path)
    assert copy.name == "night.mp4" and copy.read_bytes() == b"film"


def test_a_copy_that_breaks_off_leaves_what_was_there(tmp_path, monkeypatch):
    address = f"memory://bucket/{uuid.uuid4().hex}/film.mp4"
    write(address, b"first")
    copy = local_copy(address, cache_dir=tmp_path)
    write(address, b"second, and longer")
    filesystem, _ = object_store.opened(address)

    def broken(self, source, to):
        with open(to, "wb") as file:
            file.write(b"seco")
        raise ConnectionError("the line is dead")

    monkeypatch.setattr(type(filesystem), "get_file", broken)
    with pytest.raises(UserError, match=r"film\.mp4 cannot be used .*the line is dead"):
        local_copy(address, cache_dir=tmp_path)
    assert held(copy.parent).keys() == {"film.mp4", ".copied.json"}
    assert copy.read_bytes() == b"first"
    monkeypatch.undo()
    assert local_copy(address, cache_dir=tmp_path).read_bytes() == b"second, and longer"


def test_what_is_not_there_is_said(bucket, tmp_path):
    with pytest.raises(UserError, match="none does not exist, or holds nothing"):
        local_copy(f"{bucket}/none", cache_dir=tmp_path)


def test_what_is_no_address():
    assert not any(map(object_store.is_address, ("s3:/x", "rtsp://c/1", "https://x/y", "/s3://x")))
    with pytest.raises(UserError, match=r"no address of an object store: it begins with s3://"):
        object_store.check_address("/data/features")


def test_a_package_that_is_missing_is_named(monkeypatch):
    def missing(address):
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec, "url_to_fs", missing)
    with pytest.raises(UserError, match=r"s3://a/b needs s3fs.*pip install 'vadjax\[stores\]'\."):
        object_store.check_address("s3://a/b")


def video(name="test/1", frames=3):
    return Video(name, "test", np.zeros((frames, 4, 4), np.uint8), fingerprint=f"f{name}")


def stores(root):
    return [FeatureStore(root / "set", {"tap": tap}) for tap in ("a", "b")]


def test_rows_that_were_sent_are_those_that_are_fetched(bucket, tmp_path):
    here, there, videos = stores(tmp_path / "1"), stores(tmp_path / "2"), [video(), video("test/2")]
    for number, store in enumerate(here):
        store.write(videos[0], np.full((3, 2), number, np.float32))
    mirror = FeatureMirror(bucket, tmp_path / "1")
    assert mirror.send(here, videos) == 2 and mirror.send(here, videos) == 0
    other = FeatureMirror(bucket, tmp_path / "2")
    assert other.fetch(there, videos) == 2 and other.fetch(there, videos) == 0
    for number, store in enumerate(there):
        np.testing.assert_array_equal(store.read(videos[0]), np.full((3, 2), number))
        assert not store.holds(videos[1])


@pytest.mark.parametrize("lost", [".json", ".npy"])
def test_rows_that_were_not_sent_whole_do_not_count(lost, tmp_path):
    bucket = f"memory://bucket/{uuid.uuid4().hex}"
    [store, _], videos = stores(tmp_path / "1"), [video()]
    store.write(videos[0], np.zeros((3, 2), np.float32))
    mirror = FeatureMirror(bucket, tmp_path / "1")
    mirror.send([store], videos)
    filesystem, root = object_store.opened(bucket)
    [path] = [p for p in filesystem.find(root) if p.endswith(lost) and "spec" not in p]
    filesystem.rm_file(path)
    [other, _] = stores(tmp_path / "2")
    assert FeatureMirror(bucket, tmp_path / "2").fetch([other], videos) == 0
    assert not other.holds(videos[0]) and mirror.send([store], videos) == 1


def test_a_row_file_is_sent_before_what_says_that_it_is_there(tmp_path, monkeypatch):
    from vadjax.storage import mirror as module

    sent = []
    monkeypatch.setattr(module, "put", lambda path, address: sent.append(address[-5:]))
    [store, _], videos = stores(tmp_path), [video()]
    store.write(videos[0], np.zeros((3, 2), np.float32))
    FeatureMirror("memory://none/there", tmp_path).send([store], videos)
    assert sent[0] == ".json" and [each[-4:] for each in sent[1:]] == [".npy", "json"]


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "run"
    (folder / "detector/fold0").mkdir(parents=True)
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints/last").write_text("large")
    (folder / ".lock").write_text("pid 1")
    (folder / "config.json").write_text('{"config": {}}')
    (folder / "detector/fold0/state.npz").write_bytes(b"state")
    return folder


def test_a_pushed_run_comes_back(bucket, run, tmp_path):
    assert push_run(run, f"{bucket}/run") == 2 and push_run(run, f"{bucket}/run") == 0
    copy = pull_run(f"{bucket}/run", cache_dir=tmp_path / "cache")
    assert held(copy).keys() == {"config.json", "detector/fold0/state.npz", MANIFEST}
    (run / "detector/fold0/state.npz").write_bytes(b"STATE")
    (run / "config.json").rename(run / "other.json")
    assert push_run(run, f"{bucket}/run") == 2
    copy = pull_run(f"{bucket}/run", cache_dir=tmp_path / "cache")
    assert held(copy)["detector/fold0/state.npz"] == b"STATE" and "config.json" not in held(copy)


def test_a_sweep_is_pushed_run_by_run(bucket, run, tmp_path):
    sweep = tmp_path / "sweep"
    (sweep / "runs").mkdir(parents=True)
    first = run.rename(sweep / "runs" / "0000-seed=0")
    for name in ("results.csv", ".lock"):
        (sweep / name).write_text(name)
    assert push_sweep(sweep, [first], f"{bucket}/mine/") == 3
    assert push_sweep(sweep, [first], f"{bucket}/mine") == 0
    (sweep / "results.csv").write_text("another seed")
    second = first.with_name("0001-seed=1")
    shutil.copytree(first, second)
    assert push_sweep(sweep, [first, second], f"{bucket}/mine") == 3
    for name in (first.name, second.name):
        copy = pull_run(f"{bucket}/mine/runs/{name}", cache_dir=tmp_path / "cache")
        assert held(copy).keys() == {"config.json", "detector/fold0/state.npz", MANIFEST}
    tables = held(pull_run(f"{bucket}/mine/tables", cache_dir=tmp_path / "cache"))
    assert tables.keys() == {"results.csv", MANIFEST} and tables["results.csv"] == b"another seed"


def test_a_push_that_breaks_off_leaves_no_run(run, tmp_path, monkeypatch):
    address = f"memory://bucket/{uuid.uuid4().hex}"
    push_run(run, address)
    (run / "detector/fold0/state.npz").write_bytes(b"other")
    put = run_store.put

    def broken(path, to):
        if path.name == "state.npz":
            raise UserError("the line is dead")
        put(path, to)

    monkeypatch.setattr(run_store, "put", broken)
    with pytest.raises(UserError, match="the line is dead"):
        push_run(run, address)
    with pytest.raises(UserError, match=r"no complete run: it has no manifest\.json"):
        pull_run(address, cache_dir=tmp_path / "cache")
    monkeypatch.undo()
    assert push_run(run, address) == 2  # without a manifest nothing counts as there
    assert pull_run(address, cache_dir=tmp_path / "cache")


def test_a_file_that_is_not_of_the_manifest_is_noticed(run, tmp_path):
    address = f"memory://bucket/{uuid.uuid4().hex}"
    push_run(run, address)
    write(f"{address}/detector/fold0/state.npz", b"STATE")  # by somebody else, of the same size
    with pytest.raises(UserError, match=r"written while it was read \(detector/fold0/state"):
        pull_run(address, cache_dir=tmp_path / "cache")


def test_the_manifest_says_size_and_hash(run):
    address = f"memory://bucket/{uuid.uuid4().hex}"
    push_run(run, address)
    filesystem, root = object_store.opened(address)
    files = json.loads(filesystem.cat_file(f"{root}/{MANIFEST}"))["files"]
    # printf state | sha256sum
    expected = "4ba69735ca53765ed6a709edb56c6ea236b7193a3b29a6b390c346f0f4340e4e"
    assert files["detector/fold0/state.npz"] == [5, expected]
