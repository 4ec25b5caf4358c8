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


def reset_peak_memory() -> None:
    """Set the peak to what the process holds now; it stays where the system cannot do so."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
