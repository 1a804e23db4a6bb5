"""Words of eight bytes at any address, for compiled kernels (import it only when `jit.available()`).

Kernels get addresses as unsigned integers, so that they can follow the views of many Arrow columns at once.
Whoever calls a kernel keeps the buffers alive and eight bytes of slack behind the last byte read or written.
"""

from __future__ import annotations

from typing import Any

from registry.formats import jit

OPTIONS = jit.options()  # sets the cache folder: before numba is imported

from llvmlite import ir  # noqa: E402
from numba import types  # noqa: E402
from numba.extending import intrinsic  # noqa: E402


def _pointer(builder: Any, address: Any) -> Any:
    return builder.inttoptr(address, ir.IntType(64).as_pointer())


@intrinsic
def _load(_typing: Any, address: Any) -> Any:
    """The eight bytes at an address, as a little-endian uint64; the address needs no alignment."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        word = builder.load(_pointer(builder, arguments[0]))
        word.align = 1
        return word

    return types.uint64(types.uint64), generate


load: Any = _load


@intrinsic
def _store(_typing: Any, address: Any, word: Any) -> Any:
    """Put eight bytes at an address that needs no alignment."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        done = builder.store(arguments[1], _pointer(builder, arguments[0]))
        done.align = 1
        return _context.get_dummy_value()

    return types.void(types.uint64, types.uint64), generate


store: Any = _store


@intrinsic
def _trailing_zeros(_typing: Any, word: Any) -> Any:
    """How many zero bits stand below the lowest one bit (64 for zero)."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate


trailing_zeros: Any = _trailing_zeros
