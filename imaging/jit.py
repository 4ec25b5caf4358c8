"""Just-in-time compilation of loops that NumPy cannot express."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile a function with Numba; it releases the interpreter's lock while it runs."""
    compiled: F = numba.njit(nogil=True, cache=True)(function)
    return compiled
