"""How much memory this process takes."""

from __future__ import annotations

import contextlib
from pathlib import Path


def read_memory(field: str) -> float:
    """Return this process's memory in MB: ``VmHWM`` its peak, ``VmRSS`` what it holds now.

    Where there is no ``/proc``, the peak of ``getrusage`` is returned; it may be the parent's.
    """
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(float(line.split()[1]) / 1024 for line in lines if line.startswith(f"{field}:"))
    except (OSError, StopIteration):
        import resource

        return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) / 1024


def forget_peak() -> None:
    """Let the peak begin anew at what the process holds now; where the system has no way to, it stays."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
