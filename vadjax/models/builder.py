"""The function `build` of models that are made of their widths and a check of their frames."""

from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn

from vadjax.errors import UserError
from vadjax.models.linen import LinenModel, read_fields, read_widths


class Wanted(NamedTuple):
    """What a module is made for.

    Attributes:
        config: the section `model`.
        widths: of its layers, checked.
        shape: of one row, (d,) or (h, w, c).
        objective: of the training.
        fields: of the module that all models share, see `linen.read_fields`.
    """

    config: Any
    widths: tuple[int, ...]
    shape: tuple[int, ...]
    objective: Any
    fields: dict[str, Any]

    @property
    def out_features(self) -> int:
        """Channels of the output."""
        return self.objective.out_features(self.shape)


def builder(
    module: Callable[[Wanted], nn.Module],
    *,
    check: Callable[[str, tuple[int, ...], tuple[int, ...]], None] | None = None,
    example: tuple[int, ...] = (),
    key: str = "",
    min_length: Callable[[Wanted], int] = lambda wanted: wanted.objective.min_length,
    model: Callable[..., LinenModel] = LinenModel,
) -> Callable[..., LinenModel]:
    """Return the function `build` of a module of models; see `models.create`.

    Args:
        module: makes the Linen module.
        check: called with the model's name, the widths and the shape of a row; raises a UserError
            where the layers cannot read such frames.
        example: of widths, where their number is fixed; () for any number.
        key: of the section `model` that has the widths; "" is units for vectors, channels for maps.
        min_length: fewest rows of a window.
        model: the class of the model.

    Returns:
        build(config, *, feature_shape, objective), which raises a UserError for widths out of range
        and for frames that do not fit.
    """

    def build(config: Any, *, feature_shape: tuple[int, ...], objective: Any) -> LinenModel:
        of_widths = key or ("channels" if len(feature_shape) > 1 else "units")
        widths = read_widths(f"model.{of_widths}", getattr(config, of_widths))
        if example and len(widths) != len(example):
            raise UserError(
                f"model {config.name} wants as many widths as {example}, but model.{of_widths} is "
                f"{widths}"
            )
        if check:
            check(config.name, widths, feature_shape)
        wanted = Wanted(config, widths, feature_shape, objective, read_fields(config))
        return model(module(wanted), feature_shape, min_length=min_length(wanted))

    return build
