"""A copy of the feature store in an object store, from which machines without it fetch rows.

It has the layout of the store (`storage.features`), and its atomicity: objects appear whole, and
the `.json` of a video, which is written last, says that the `.npy` is there.
"""

import pathlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from vadjax.data.paths.object_store import AT_ONCE, check_address, fetch, listed, put
from vadjax.data.video import Video
from vadjax.storage.features import FeatureStore
from vadjax.storage.files import unwritable

T = TypeVar("T")


class FeatureMirror:
    """The copy of the stores below one folder.

    Args:
        address: of the copy, in an object store.
        root: folder of the stores.

    Raises:
        UserError: the address is none.
    """

    def __init__(self, address: str, root: pathlib.Path):
        check_address(address)
        self._address, self._root = address.rstrip("/"), root

    def fetch(self, stores: Iterable[FeatureStore], videos: Sequence[Video]) -> int:
        """Fetch the rows that stores lack and the mirror has.

        Args:
            stores: below the root.
            videos: whose rows are wanted.

        Returns:
            How many files of rows were fetched.

        Raises:
            UserError: the object store cannot be used, or the folder cannot be written.
        """

        def one(store: FeatureStore, name: str) -> None:
            for suffix in (".npy", ".json"):  # the one that says that the other is there comes last
                path = store.folder / (name + suffix)
                try:
                    fetch(f"{self._of(store)}/{name}{suffix}", path)
                except OSError as error:
                    raise unwritable(path, error) from error

        count = 0
        for store in stores:
            missing = {store.name(v) for v in videos if not store.holds(v)}
            there = self._whole(store) if missing else set()
            _all(lambda name, store=store: one(store, name), missing & there)  # type: ignore[misc]
            count += len(missing & there)
        return count

    def send(self, stores: Iterable[FeatureStore], videos: Sequence[Video]) -> int:
        """Copy the rows that stores have and the mirror lacks.

        Args:
            stores: below the root.
            videos: whose rows are copied.

        Returns:
            How many files of rows were copied.

        Raises:
            UserError: the object store cannot be used.
        """

        def one(store: FeatureStore, name: str) -> None:
            with store.as_files(name) as files:
                for path in files:  # the metadata last
                    put(path, f"{self._of(store)}/{name}{path.suffix}")

        count = 0
        for store in stores:
            held = {store.name(v) for v in videos if store.holds(v)}
            there = self._whole(store) if held else set()
            if held - there:
                put(store.folder / "spec.json", f"{self._of(store)}/spec.json")
            _all(lambda name, store=store: one(store, name), held - there)  # type: ignore[misc]
            count += len(held - there)
        return count

    def _of(self, store: FeatureStore) -> str:
        """Return the address of a store's copy."""
        return f"{self._address}/{store.folder.relative_to(self._root).as_posix()}"

    def _whole(self, store: FeatureStore) -> set[str]:
        """Return the names of the videos that are complete in the mirror."""
        names = set(listed(self._of(store)))
        stems = {name.removesuffix(".json") for name in names if name.endswith(".json")}
        return {stem for stem in stems if f"{stem}.npy" in names}


def _all(work: Callable[[T], object], things: Iterable[T]) -> None:
    """Call a function for each thing, some at a time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in pool.map(work, sorted(things)):
            pass
