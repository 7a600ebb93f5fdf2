"""Members that wait for a slot of a population, and what is kept of those in training."""

import collections
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import jax

from vadjax.training.member import Member
from vadjax.training.progress import Progress


class Keeper(Protocol):
    """Keeps members in training, so that a killed population goes on."""

    def read(self, member: Member, like: Any) -> tuple[Any, dict] | None:
        """Return what was kept of a member.

        Args:
            member: that takes a slot.
            like: structure of its state.

        Returns:
            State and `Progress.kept` to go on from; None where the member starts.
        """

    def due(self) -> bool:
        """Return whether it is time to write."""

    def write(self, members: Iterable[tuple[Member, Any, Mapping]]) -> None:
        """Write (member, its state on the host, `Progress.kept`)."""

    def wants_end(self, member: Member) -> bool:
        """Return whether the state in which a member ended is to be written too."""


class Seated(NamedTuple):
    """A member that takes a slot.

    Attributes:
      member: which.
      state: to go on from, on the host; None at the beginning.
      progress: its history so far.
    """

    member: Member
    state: Any
    progress: Progress


class Waiting:
    """A queue of members.

    Args:
      members: in their order.
      begin: returns a member's progress from what was kept of it.
      make: returns a member's first state; its structure is compared with what was kept.
      keeper: None: all start at the beginning.
    """

    def __init__(
        self,
        members: Sequence[Member],
        *,
        begin: Callable[[Member, Mapping], Progress],
        make: Callable[[Member], Any],
        keeper: Keeper | None,
    ):
        self._queue = collections.deque(members)
        self._begin, self._make, self._keeper = begin, make, keeper
        self.ended: list[Seated] = []  # before they came here; their state holds the best epoch

    def take(self) -> Seated | None:
        """Return the next member that has not ended; None where none is left."""
        while self._queue:
            member, kept = self._queue.popleft(), None
            if self._keeper:
                kept = self._keeper.read(member, jax.eval_shape(lambda m=member: self._make(m)))
            state, known = kept or (None, {})
            seated = Seated(member, state, self._begin(member, known))
            if not seated.progress.ended:
                return seated
            self.ended.append(seated)
        return None
