"""Watches a call that reads what nobody made: it may take so much time and memory, and do nothing but read."""

from __future__ import annotations

import faulthandler
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from boneage.evaluation.benchmarks.memory import read_memory, reset_peak_memory
from boneage.imaging.errors import BoneAgeError

MOST_SECONDS = 60.0  # then the process ends, and shows where it hung
MOST_MB = 2048.0  # above what the process holds: two pictures of the largest area that is read
_FORBIDDEN = (
    "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "pickle.find_class", "socket.connect",
    "socket.getaddrinfo", "urllib.Request", "webbrowser.open",
)  # fmt: skip
_CHANGING = ("open", "os.rename", "os.mkdir", "shutil.rmtree", "os.truncate")  # forbidden but in a temporary folder
_TEMPORARY = f"{tempfile.gettempdir()}/tmp"

_watched: list[str] = []
_seen: list[str] = []


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watched or event not in (*_FORBIDDEN, *_CHANGING):
        return
    reads = event == "open" and not set(str(arguments[1] or "")) & set("wax+")
    if event in _FORBIDDEN or not (reads or str(arguments[0]).startswith(_TEMPORARY)):
        _seen.append(f"{event} {arguments!r:.200}")


sys.addaudithook(_watch)


@contextmanager
def _bounded() -> Iterator[None]:
    reset_peak_memory()
    before = read_memory("VmRSS")
    faulthandler.dump_traceback_later(MOST_SECONDS, exit=True)
    _watched.append("reading")
    try:
        yield
    finally:
        _watched.clear()
        faulthandler.cancel_dump_traceback_later()
    done, taken = list(_seen), read_memory("VmHWM") - before
    _seen.clear()
    assert not done, f"reading did more than read: {done}"
    assert taken < MOST_MB, f"reading took {taken:.0f} MB"


def read_guarded(read: Callable[[Path], Any], path: Path) -> bool:
    """Read a file within the bounds; return whether it was read, not refused by name.

    Raises
    ------
    AssertionError
        If reading took too much memory, or it wrote or started something.
    Exception
        What the reader raised, if it is no :class:`~boneage.imaging.errors.BoneAgeError`.
    """
    with _bounded():
        try:
            read(path)
        except BoneAgeError:
            return False
    return True
