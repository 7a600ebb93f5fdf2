"""Files of the model hub: from its local cache, else downloaded there."""

import pathlib
import re
import socket
import threading
import urllib.parse
import urllib.request

from vadjax.errors import UserError

WEIGHTS_FILES = ("model.safetensors", "pytorch_model.bin")
# What `vit.from_folder` reads of a checkpoint.
FOLDER_FILES = (
    "config.json",
    "model.safetensors",
    "preprocessor_config.json",
    "processor_config.json",
)
TIMEOUT_S = 2.0  # the hub's client itself tries for half a minute


def is_hub_id(text: str) -> bool:
    """Return whether a text has the form owner/name."""
    return re.fullmatch(r"[\w.-]+/[\w.-]+", text) is not None


def weights_file(checkpoint: str) -> tuple[pathlib.Path, str]:
    """Return the weights file of a checkpoint, and its sha256 by the hub ("" is not known).

    Raises:
        OSError: It is not in the cache, and the hub is out of reach or does not have it.
    """
    import huggingface_hub
    from huggingface_hub.errors import EntryNotFoundError

    offline = is_offline()
    path = None
    for file in WEIGHTS_FILES:
        try:
            path = pathlib.Path(
                huggingface_hub.hf_hub_download(checkpoint, file, local_files_only=offline)
            )
            break
        except EntryNotFoundError as error:
            missing = error
        except OSError as error:  # all of the hub's errors are OSErrors
            raise _explained(error, offline) from error
    if path is None:
        raise _explained(missing, offline)  # type: ignore[arg-type]  # it is an OSError too
    blob = path.resolve().name  # the cache names large files by their sha256
    return path, blob if re.fullmatch(r"[0-9a-f]{64}", blob) else ""


def checkpoint_folder(checkpoint: str) -> pathlib.Path:
    """Return a local folder with the `FOLDER_FILES` that a checkpoint of transformers has.

    Raises:
        UserError: It is not in the cache, and the hub is out of reach or does not have it.
    """
    import huggingface_hub

    offline = is_offline()
    try:
        folder = huggingface_hub.snapshot_download(
            checkpoint, allow_patterns=list(FOLDER_FILES), local_files_only=offline
        )
    except OSError as error:
        raise UserError(
            f"checkpoint {checkpoint} is not available from the model hub "
            f"({_explained(error, offline)}); no folder of that name exists either. Check the id "
            "and the network, or give the folder of a checkpoint that save_pretrained wrote, with "
            "--config.features.weights=FOLDER"
        ) from None
    return pathlib.Path(folder)


def _explained(error: OSError, offline: bool) -> OSError:
    """Return the error with one line that says why the hub gave nothing."""
    if offline:
        return OSError("out of reach, not in its cache")
    return OSError(str(error).strip().split("\n")[0].rstrip(".") or type(error).__name__)


def is_offline() -> bool:
    """Return within `TIMEOUT_S` whether the hub is out of reach."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return True
    if urllib.request.getproxies():
        return False  # only the client can know
    url = urllib.parse.urlsplit(constants.ENDPOINT)
    return not _answers(url.hostname or "", url.port or (80 if url.scheme == "http" else 443))


def _answers(host: str, port: int) -> bool:
    """Return whether host:port accepts connections within `TIMEOUT_S`."""
    connected = threading.Event()

    def connect() -> None:
        try:
            socket.create_connection((host, port), timeout=TIMEOUT_S).close()
        except OSError:
            return
        connected.set()

    # A thread, because looking up a name has no timeout.
    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(TIMEOUT_S)
    return connected.is_set()
