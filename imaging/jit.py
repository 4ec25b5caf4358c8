"""Just-in-time compilation of loops that NumPy cannot express."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, TypeVar

import numba
from numba.core.caching import FunctionCache

F = TypeVar("F", bound=Callable[..., Any])


class _OptionalCache(FunctionCache):  # type: ignore[misc]
    """Keeps compiled code for the next run where that can be written: not on a full disk."""

    def save_overload(self, sig: Any, data: Any) -> None:
        with contextlib.suppress(OSError):
            super().save_overload(sig, data)


def compiled(function: F) -> F:
    """Compile a function with Numba; it releases the interpreter's lock while it runs."""
    dispatcher: Any = numba.njit(nogil=True)(function)
    dispatcher._cache = _OptionalCache(function)  # as njit(cache=True) does
    compiled: F = dispatcher
    return compiled
