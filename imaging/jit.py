"""Compiling the loops that numpy has no words for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile a function; it keeps its type, and gives up the interpreter's lock while it runs."""
    compiled: F = numba.njit(nogil=True, cache=True)(function)
    return compiled
