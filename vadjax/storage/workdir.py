"""The workdir of a run: its lock, its config and its videos."""

import contextlib
import json
import pathlib
from collections.abc import Callable, Iterable, Iterator, Mapping

from vadjax.errors import UserError
from vadjax.storage.files import write_json
from vadjax.storage.json_file import read_object
from vadjax.storage.lock import locked

FINGERPRINTS = "content"  # what data.json's are hashes of; up to 0.2 of names, sizes and times
_MEND = "restore it, or give another --workdir."
_MOST_KEYS, _MOST_CHARACTERS = 20, 100  # of a message: a damaged file may hold anything


@contextlib.contextmanager
def opened(
    path: pathlib.Path,
    *,
    identity: Mapping[str, object],
    defaults: Mapping[str, object] | None = None,
    upgrade: Callable[[Mapping], Mapping] = dict,
) -> Iterator[pathlib.Path]:
    """Lock the workdir `path`, check that it belongs to this config, and yield it.

    Folders made here are removed again if the block fails before the workdir is claimed.

    Args:
      path: the folder; created if it does not exist.
      identity: flat keys whose values must equal those of an earlier run in this folder.
      defaults: values of keys that did not exist when an earlier run was started.
      upgrade: returns the flat keys of an earlier run by today's names.

    Yields:
      `path`.

    Raises:
      UserError: another process runs in this folder, the keys differ, the path is a file, or the
        folder cannot be written.
    """
    claimed = path / "config.json"
    with locked(path, flag="--workdir", keep=lambda _: claimed.exists()):
        _compare(path, identity, defaults or {}, upgrade)
        yield path


def _compare(
    path: pathlib.Path,
    identity: Mapping,
    defaults: Mapping,
    upgrade: Callable[[Mapping], Mapping],
) -> None:
    """Compare `identity` with the one on disk, if there is one."""
    identity, defaults = json.loads(json.dumps([identity, defaults], default=list))
    file = path / "config.json"
    if file.is_file():
        saved = read_object(file, mend=_MEND).get("identity")
        if not isinstance(saved, dict):
            raise UserError(f"{file} is damaged (no identity); {_MEND}")
        before = {**defaults, **upgrade(saved)}
        keys = sorted(
            k for k in before.keys() | identity.keys() if before.get(k) != identity.get(k)
        )
        if keys:
            lines = [
                f"  {_cut(key)}: {_cut(repr(before.get(key)))} there, "
                f"{_cut(repr(identity.get(key)))} asked"
                for key in keys[:_MOST_KEYS]
            ]
            if len(keys) > _MOST_KEYS:
                lines.append(f"  and {len(keys) - _MOST_KEYS} more")
            raise UserError(
                f"{path} belongs to another config:\n" + "\n".join(lines) + "\n"
                "Give another --workdir, or the same values."
            )


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}..."


def claim(
    path: pathlib.Path,
    *,
    config: Mapping,
    identity: Mapping[str, object],
    data_dir: str,
    videos: Mapping[str, str],
    frame_sizes: Iterable[tuple[int, int]] = (),
    truth: Mapping[str, Mapping[str, str]] | None = None,
    added: Mapping[str, str] | None = None,
    before: Callable[[str], str] = lambda name: "",
) -> None:
    """Bind an opened workdir to a config and its videos; write config.json and data.json.

    Args:
        path: the folder.
        config: the whole config.
        identity: as given to `opened`.
        data_dir: folder of the videos, for messages.
        videos: id -> fingerprint of every video.
        frame_sizes: (height, width) of the training frames.
        truth: "labels" and "masks", each id -> hash.
        added: id -> fingerprint of clips that the detector has learnt since its training.
        before: returns a video's fingerprint as vadjax made it up to 0.2, "" where it is not known,
            for workdirs of that time.

    Raises:
        UserError: the workdir holds a run on other videos.
    """
    file = path / "data.json"
    if file.is_file():
        saved = _read_data(file)
        there = saved["videos"]
        by_content = saved.get("fingerprints") == FINGERPRINTS
        ids = there.keys() | videos.keys()
        other = [name for name in ids if there.get(name) != videos.get(name)]
        if not by_content and there.keys() == videos.keys():
            other = [name for name in other if before(name) not in ("", there[name])]
        if other:
            raise UserError(
                f"{path} belongs to other videos: {len(other)} of {len(ids)} differ, such as "
                f"{min(other)} (data_dir was {saved['data_dir']!r} there and is {data_dir!r} "
                "now). Give another --workdir."
            )
    data = {
        "data_dir": data_dir,
        "frame_sizes": sorted({tuple(size) for size in frame_sizes}),
        "fingerprints": FINGERPRINTS,
        "videos": dict(videos),
        **({"added": dict(added)} if added else {}),
        **(truth or {}),
    }
    write_json(file, data)
    write_config(path, config=config, identity=identity)


def write_truth(path: pathlib.Path, truth: Mapping[str, Mapping[str, str]]) -> None:
    """Replace what data.json says of labels, masks or added clips.

    Args:
        path: a claimed folder.
        truth: "labels", "masks" or "added", each id -> hash.

    Raises:
        UserError: data.json is damaged, or the folder cannot be written.
    """
    write_json(path / "data.json", {**_read_data(path / "data.json"), **truth})


def read_truth(path: pathlib.Path) -> dict[str, dict[str, str]]:
    """Return what data.json says of labels and masks: kind -> id -> hash; {} where it does not.

    Raises:
        UserError: data.json is damaged.
    """
    file = path / "data.json"
    saved = _read_data(file) if file.is_file() else {}
    return {kind: saved[kind] for kind in ("labels", "masks") if isinstance(saved.get(kind), dict)}


def write_config(path: pathlib.Path, *, config: Mapping, identity: Mapping[str, object]) -> None:
    """Write config.json.

    Args:
        path: the folder.
        config: the whole config.
        identity: as given to `opened`.

    Raises:
        UserError: the folder cannot be written, or the disk is full.
    """
    plain = json.loads(json.dumps({"config": config, "identity": identity}, default=list))
    write_json(path / "config.json", plain)


def _read_data(file: pathlib.Path) -> dict:
    """Return what data.json holds."""
    mend = "nothing says now which videos the run belongs to: give another --workdir."
    saved = read_object(file, mend=mend)
    if not isinstance(saved.get("videos"), dict) or not isinstance(saved.get("data_dir"), str):
        raise UserError(f"{file} is damaged (videos or data_dir is missing); {mend}")
    return saved


def read_config(path: pathlib.Path) -> dict:
    """Return the config that a workdir was made with.

    Raises:
      UserError: there is none, or it cannot be read.
    """
    file = path / "config.json"
    try:
        config = read_object(file, mend=_MEND).get("config")
    except FileNotFoundError:
        raise UserError(
            f"{path} is no workdir of vadjax: it has no config.json. {_runs_beside(path)}"
        ) from None
    if not isinstance(config, dict):
        raise UserError(f"{file} is damaged (no config); {_MEND}")
    return config


def _runs_beside(path: pathlib.Path) -> str:
    """Say which runs a folder that is none may stand for, or how to make one."""
    name = path.name.rstrip(".").rstrip("…")
    found = [
        file.parent
        for file in (*path.glob("*/config.json"), *path.parent.glob("*/config.json"))
        if file.parent.parent == path or (name and file.parent.name.startswith(name))
    ]
    if not found:
        return "Train a detector first (vadjax train CONFIG --workdir=DIR)."
    latest = max(found, key=lambda run: (run / "config.json").stat().st_mtime)
    others = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return f"There is {latest}{others}."


def read_frame_sizes(path: pathlib.Path) -> list[tuple[int, int]]:
    """Return (height, width) of the training frames; none if the run did not record them."""
    try:
        sizes = read_object(path / "data.json", mend=_MEND)["frame_sizes"]
        return [(int(height), int(width)) for height, width in sizes]
    except (OSError, ValueError, KeyError, TypeError):
        return []
