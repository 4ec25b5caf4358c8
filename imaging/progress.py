"""How a long task says how far it is: one callback type for all floors."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""What a long task calls: the name of its current stage, and how much of it is done (0..1)."""
