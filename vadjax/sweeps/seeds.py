"""One config under several seeds: the smallest sweep."""

from ml_collections import ConfigDict

from vadjax.sweeps.plan import Spec, read_sweep


def seeds_of(config: ConfigDict, count: int) -> list[Spec]:
    """Return the runs of a config under seeds seed, seed + 1, ...

    Args:
        config: its `seed` is the first.
        count: how many.

    Returns:
        The runs.
    """

    def sweep(add) -> None:
        for number in range(count):
            add(seed=config.seed + number)

    return read_sweep(sweep, config)
