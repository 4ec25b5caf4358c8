"""When, where and by which command something was measured."""

from __future__ import annotations

import datetime
import functools
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path


def describe_run() -> dict[str, str]:
    """Return date, machine, code and command of this process; to be called when a benchmark begins."""
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} cores, {_name_processor()}, {platform.system()}; load {load} at the start",
        "code": f"boneage {version('boneage')}, {name_commit()}",
        "software": f"Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in ("numpy", "numba", "scikit-learn")),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
    }


def _name_processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


@functools.cache
def name_commit() -> str:
    """Return the commit of the source tree, as ``commit abc1234`` with `` with changes`` if files were edited since.

    It is the commit at the first call in this process; ``commit unknown`` outside a source tree.
    """
    root = Path(__file__).resolve().parent
    try:
        commit = _run_git(root, "rev-parse", "--short", "HEAD")
        changed = _run_git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return "commit unknown"
    return f"commit {commit}" + (" with changes" if changed else "")


def _run_git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()
