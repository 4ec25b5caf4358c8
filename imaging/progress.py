"""The type of progress callbacks, the same for all packages."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""Called by a long task with the name of its current stage and the part of it that is done (0..1)."""
