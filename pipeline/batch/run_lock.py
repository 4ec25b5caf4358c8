"""One run at a time in an output folder."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from boneage.imaging.errors import UnusableOutput
from boneage.pipeline.batch.store import ResultsStore
from boneage.pipeline.storage.output import write_atomically

LOCK_NAME = "run.lock"


@dataclass(frozen=True)
class RunOwner:
    """A process, told from a later one of the same number by when it was started.

    Parameters
    ----------
    host : str
    pid : int
    started : str
        In the system's own unit; empty where it does not tell.
    """

    host: str
    pid: int
    started: str

    @classmethod
    def this_process(cls) -> Self:
        """Return this process."""
        return cls(socket.gethostname(), os.getpid(), _find_start(os.getpid()))

    def may_run(self) -> bool:
        """Whether the process may still be running; one of another host always may."""
        if self.host != socket.gethostname():
            return True
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        return _find_start(self.pid) == self.started


@contextmanager
def lock_run(folder: Path, store: ResultsStore) -> Iterator[None]:
    """Hold a folder for this process; a lock that a process left which is no longer running is taken over.

    Parameters
    ----------
    folder : Path
    store : ResultsStore
        Of the folder: while the lock changes hands, no other process writes to it.

    Raises
    ------
    UnusableOutput
        If another run holds the folder.
    """
    path, owner = folder / LOCK_NAME, RunOwner.this_process()
    with store.exclusively():
        check_not_locked(folder)
        write_atomically(path, json.dumps(asdict(owner)))
    try:
        yield
    finally:
        if _read_owner(path) == owner:
            path.unlink(missing_ok=True)


def check_not_locked(folder: Path) -> None:
    """Check that no other run holds a folder.

    Raises
    ------
    UnusableOutput
        If one does.
    """
    path = folder / LOCK_NAME
    other = _read_owner(path)
    if other is not None and other.may_run():
        elsewhere = "" if other.host == socket.gethostname() else f"; if it has ended, remove {path}"
        raise UnusableOutput(folder, f"another run writes into it (process {other.pid} on {other.host}){elsewhere}")


def _read_owner(path: Path) -> RunOwner | None:
    try:
        data = json.loads(path.read_text())
        return RunOwner(str(data["host"]), int(data["pid"]), str(data["started"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _find_start(pid: int) -> str:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return text.rpartition(")")[2].split()[19]
