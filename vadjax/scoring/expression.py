"""Conditions that a person writes: comparisons of named quantities, and nothing else.

`0.2 < x < 0.8 and not score < 3`: numbers, the names that are allowed, + - * /, comparisons, and
`and`, `or`, `not`. The text is read by Python's own grammar; every node of it is checked before
anything is computed, so no name, call, attribute or index of Python can be reached.
"""

import ast
import functools
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from vadjax.errors import UserError

MOST_CHARACTERS = 200
MOST_NUMBER = 1e12
_ARITHMETIC: dict[type, Callable] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
}
_COMPARISONS: dict[type, Callable] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_JOINED: dict[type, Callable] = {ast.And: np.logical_and, ast.Or: np.logical_or}
_HOW = "write numbers, names, + - * /, < <= > >=, and, or, not"


class Condition:
    """A condition on arrays.

    >>> Condition("0.2 < x and not y > 0.5", ("x", "y"))({"x": np.array([0.1, 0.3]), "y": 0.4})
    array([False,  True])

    Args:
        text: the condition.
        names: quantities that it may name.

    Raises:
        UserError: anything but a condition of these names.
    """

    def __init__(self, text: str, names: Sequence[str]):
        self.text, self._allowed = text, tuple(names)
        if len(text) > MOST_CHARACTERS:
            raise self._fault(f"it has {len(text)} characters, of at most {MOST_CHARACTERS}")
        self.names = frozenset[str]()
        try:
            self._tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise self._fault(f"it cannot be read; {_HOW}") from None
        if self._kind(self._tree) is not bool:
            raise self._fault("it is a number and no condition; compare it with another")

    def _fault(self, why: str) -> UserError:
        return UserError(f"the condition {self.text[:80]!r}: {why}.")

    def _kind(self, node: ast.AST) -> type:
        """Return bool or float, or raise where a node is none of ours."""
        if isinstance(node, ast.Name):
            if node.id not in self._allowed:
                raise self._fault(f"no {node.id!r} here; there are {', '.join(self._allowed)}")
            self.names |= {node.id}
            return float
        if isinstance(node, ast.Constant) and type(value := node.value) in (int, float):
            if not abs(value) < MOST_NUMBER:  # type: ignore[arg-type]  # a number by the line above
                raise self._fault(f"the number {ast.unparse(node)[:20]} is too large")
            return float
        if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
            return self._all((node.left, node.right), float)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return self._all((node.operand,), float)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return self._all((node.operand,), bool)
        if isinstance(node, ast.BoolOp):
            return self._all(node.values, bool)
        if isinstance(node, ast.Compare) and all(type(one) in _COMPARISONS for one in node.ops):
            self._all((node.left, *node.comparators), float)
            return bool
        raise self._fault(f"{ast.unparse(node)!r} is not allowed; {_HOW}")

    def _all(self, nodes: Sequence[ast.AST], kind: type) -> type:
        for node in nodes:
            if self._kind(node) is not kind:
                wanted = "a condition" if kind is bool else "a number"
                raise self._fault(f"{ast.unparse(node)!r} stands where {wanted} is needed")
        return kind

    def __call__(self, values: Mapping[str, Any]) -> np.ndarray:
        """Evaluate the condition.

        Args:
            values: of each name of `names`, arrays or numbers that broadcast.

        Returns:
            bool, of the broadcast shape. A division by 0 gives infinity; 0 by 0 gives NaN, for
            which no comparison holds.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(_value(self._tree, values))


def _value(node: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Name):
        return values[node.id]
    if isinstance(node, ast.Constant):
        return float(node.value)  # type: ignore[arg-type]  # `_kind` has seen that it is a number
    if isinstance(node, ast.BinOp):
        return _ARITHMETIC[type(node.op)](_value(node.left, values), _value(node.right, values))
    if isinstance(node, ast.UnaryOp):
        operand = _value(node.operand, values)
        return np.negative(operand) if isinstance(node.op, ast.USub) else np.logical_not(operand)
    if isinstance(node, ast.BoolOp):
        return functools.reduce(
            _JOINED[type(node.op)], [_value(one, values) for one in node.values]
        )
    sides = [_value(side, values) for side in (node.left, *node.comparators)]
    pairs = zip(node.ops, sides, sides[1:], strict=False)
    found = [_COMPARISONS[type(one)](left, right) for one, left, right in pairs]
    return functools.reduce(np.logical_and, found)
