"""A recurrent scanner as a `Model`: rows are projected once for all windows, or read one by one."""

import dataclasses

from vadjax.errors import UserError
from vadjax.models.cells import zero_carry
from vadjax.models.linen import LinenModel


@dataclasses.dataclass(frozen=True)
class RecurrentModel(LinenModel):
    """A model whose first projection is separable from its recurrence."""

    @property
    def every_row(self) -> bool:
        """A state after each row, of a scanner in one direction."""
        return not self.module.bidirectional and self.module.task != "reconstruct"

    def project(self, variables, frames):
        """First layer's input projection with bias, for `apply(projected=True)`.

        A row stands in up to t windows; projecting rows once saves most of the work of scoring
        every window.

        Args:
            variables: as in `apply`.
            frames: [n, d] float.

        Returns:
            [n, g].

        Raises:
            UserError: the rows have another width than the model reads.
        """
        self._check_rows(frames)
        return self.module.apply(variables, frames, method="project")

    def apply(
        self,
        variables,
        windows,
        *,
        train=False,
        hparams=None,
        rngs=None,
        num_outputs=None,
        projected=False,
    ):
        """Run the scanner over windows; see `Model.apply`.

        Args:
            variables: parameters.
            windows: [b, t, d] float, or [b, t, g] rows of `project`.
            train: drop units.
            hparams: arrays by name.
            rngs: keys by name.
            num_outputs: outputs for so many of the last rows; None is all.
            projected: the windows are rows of `project`.

        Returns:
            (outputs, {}).

        Raises:
            UserError: the windows have another shape than the model reads.
        """
        self._check(windows, (self.module.width,) if projected else self.feature_shape)
        return self._apply(
            variables,
            windows,
            train=train,
            hparams=hparams or {},
            keys=rngs or {},
            num_outputs=num_outputs,
            projected=projected,
        )

    def begin(self, batch):
        """Return the state before the first row.

        Args:
            batch: videos.

        Returns:
            Zeros: of each layer, the arrays [batch, u] of its cell.
        """
        module = self.module
        return tuple(
            zero_carry(cell, (batch, units), module.dtype)
            for cell, units in zip(module.cells, module.units, strict=True)
        )

    def step(self, variables, state, rows):
        """Go on by one row, of a model that reads forward alone and decodes nothing.

        Args:
            variables: as in `apply`.
            state: of `begin`, or of the row before.
            rows: [b, d] float.

        Returns:
            (the state after the row, what `apply` gives for it as `output`, [b, 1, ...]).
        """
        self._check_rows(rows)
        return self.module.apply(variables, state, rows, method="step")

    def _check_rows(self, rows):
        if rows.ndim != 2 or rows.shape[1:] != self.feature_shape:
            raise UserError(
                f"the model reads rows [n, {self.feature_shape[0]}], but got shape {rows.shape}"
            )
