"""What is wrong with a training of windows, once it is known how much there is to train on."""

from collections.abc import Callable, Sequence
from typing import Any

from vadjax.data.clip import Clip
from vadjax.errors import UserError

# Models whose memory answers for whole rows. In those over pixels (memae, mnad, std) items answer
# for places, of which every row has many.
WITH_MEMORY = ("memory_autoencoder",)


def check_memory(config: Any, train: Sequence[Clip]) -> None:
    """Refuse a memory that could hold every row it is trained on.

    Args:
        config: the whole config.
        train: clips of the training units.

    Raises:
        UserError: there are more items than rows.
    """
    items, rows = config.model.memory, sum(len(clip.units.used_rows()) for clip in train)
    if config.model.name in WITH_MEMORY and items > rows:
        raise UserError(
            f"model.memory is {items}, and there are {rows} rows to train on: a memory that can "
            "hold each of them rebuilds anything that is like one; set model.memory to a tenth of "
            "them or fewer, or give more training clips."
        )


def say_reach(config: Any, say: Callable[[str], None]) -> None:
    """Say where windows are shorter than what a model of convolutions could see.

    Args:
        config: the whole config.
        say: gets a sentence, or nothing.
    """
    if config.model.name != "tcn":
        return
    from vadjax.models.tcn import receptive_field

    reach, length = receptive_field(len(config.model.units)), config.window.length
    if reach > length:
        say(
            f"note: tcn of {len(config.model.units)} blocks sees {reach} rows, and windows have "
            f"{length}: rows before them count as zeros; a block fewer, or window.length={reach}, "
            "uses all of it"
        )
