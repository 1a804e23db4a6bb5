"""What the interpreter's functions work on. None is null."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Value: TypeAlias = str | int | float | bool | None
Values = Mapping[str, Any]
Function = Callable[[Values], Value]


class NotKnown(Exception):
    """An expression that has no translation; polars itself must be asked."""


def whole_number_limits(dtype: Any) -> tuple[int, int]:
    """Smallest and largest number of a whole-number type.

    >>> import polars as pl
    >>> whole_number_limits(pl.UInt8())
    (0, 255)
    """
    bits = int(re.sub(r"\D", "", str(dtype)))
    return (0, 2**bits - 1) if dtype.is_unsigned_integer() else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
