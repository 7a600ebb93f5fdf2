"""The model hub: a server on this machine stands in for it, and without one the answer is quick."""

import hashlib
import http.server
import json
import pathlib
import socket
import threading
import time

import jax
import numpy as np
import pytest

from tools.make_goldens_vit import write_folder
from vadjax import backbones
from vadjax.backbones import hub, weights
from vadjax.errors import UserError

COMMIT = "c" * 40
GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "transformers_ViTForImageClassification.npz"


def write_vit(folder: pathlib.Path) -> None:
    """Write the checkpoint folder of a small ViT with random weights."""
    write_folder(folder, json.loads(bytes(np.load(GOLDEN)["description"])), seed=0)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of the hub's client."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr("urllib.request.getproxies", dict)
    return tmp_path / "cache"


@pytest.fixture
def server(tmp_path, cache, monkeypatch):
    """A hub on loopback that serves `tmp_path/hub` as the checkpoint me/mine."""
    from huggingface_hub import constants

    folder = tmp_path / "hub"
    folder.mkdir()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.reply(with_content=False)

        def do_GET(self):
            self.reply(with_content=True)

        def reply(self, *, with_content):
            path = self.path.partition("?")[0]
            files = sorted(path.name for path in folder.iterdir())
            if path == "/api/models/me/mine/revision/main":
                about = {"id": "me/mine", "sha": COMMIT}
                about["siblings"] = [{"rfilename": each} for each in files]  # older hubs want them
                content = json.dumps(about).encode()
            elif path == f"/api/models/me/mine/tree/{COMMIT}":
                files_of = [{"type": "file", "path": f, "size": 1, "oid": "0"} for f in files]
                content = json.dumps(files_of).encode()
            elif path.startswith("/me/mine/resolve/") and path.split("/")[-1] in files:
                content = (folder / path.split("/")[-1]).read_bytes()
            else:
                self.send_response(404)
                self.send_header("X-Error-Code", "EntryNotFound" if "mine" in path else "Repo")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.end_headers()
            if with_content:
                self.wfile.write(content)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setattr(constants, "ENDPOINT", url)
        template = url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        yield folder
        server.shutdown()


def test_a_checkpoint_of_the_hub_equals_its_folder(server, monkeypatch):
    write_vit(server)
    (server / "pytorch_model.bin").write_bytes(b"never fetched")
    want = backbones.create("transformers", weights=str(server))
    got = backbones.create("transformers", weights="me/mine")
    assert got.spec() == want.spec() and got.weights_source == "hub me/mine"
    jax.tree.map(np.testing.assert_array_equal, got.variables, want.variables)
    assert not (hub.checkpoint_folder("me/mine") / "pytorch_model.bin").exists()
    monkeypatch.setattr(hub, "is_offline", lambda: True)  # the cache serves from now on
    assert backbones.create("transformers", weights="me/mine").spec() == want.spec()


def test_what_the_hub_does_not_have_is_said(server):
    with pytest.raises(UserError, match="checkpoint you/yours is not available from the model hub"):
        backbones.create("transformers", weights="you/yours")
    (server / "config.json").write_text('{"model_type": "vit"}')
    with pytest.raises(UserError, match=r"model\.safetensors not found"):
        backbones.create("transformers", weights="me/mine")


@pytest.mark.parametrize("failure", ["refused", "silent"])
def test_without_a_network_the_answer_is_quick_and_clear(cache, failure, monkeypatch):
    from huggingface_hub import constants

    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{port}")
    if failure == "silent":  # as looking up a name may be
        monkeypatch.setattr(socket, "create_connection", never_answers)
    start = time.monotonic()
    with pytest.raises(UserError, match=r"me/mine .*out of reach.*weights=FOLDER"):
        backbones.create("transformers", weights="me/mine")
    assert time.monotonic() - start < 3
    with pytest.raises(UserError, match="out of reach"):
        weights.load("net", weights="me/mine", cache_dir=cache)


def never_answers(*_, **__):
    time.sleep(6)
    raise TimeoutError


def test_a_folder_of_the_same_name_goes_before_the_hub(cache, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = pathlib.Path("me/mine")
    folder.mkdir(parents=True)
    write_vit(folder)
    assert backbones.create("transformers", weights="me/mine").weights_source.startswith("file")
