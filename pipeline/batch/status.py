"""How far a run is: for ``status.json``, and for whoever watches."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from boneage.imaging.errors import UnusableOutput
from boneage.pipeline.batch.outcome import FileOutcome
from boneage.pipeline.storage.output import write_atomically

STATUS_NAME = "status.json"

_MOST_REASONS = 5
_TELL_SECONDS = 1.0


@dataclass(frozen=True)
class RunStatus:
    """How far a run is.

    Parameters
    ----------
    stage : str
    state : {"running", "done", "stopped"}
    n_files : int
        In the input.
    n_kept : int
        Read by earlier runs.
    n_ok, n_flagged, n_refused, n_failed : int
        Read by this run, by the worst of their rows; failed are those that the program could not deal with: an internal
        error, a process that died, a time limit.
    seconds : float
        Since this run began to read.
    last_reasons : tuple of str
        Of the files that were refused or failed last, with their names.
    """

    stage: str
    n_files: int
    n_kept: int
    state: Literal["running", "done", "stopped"] = "running"
    n_ok: int = 0
    n_flagged: int = 0
    n_refused: int = 0
    n_failed: int = 0
    seconds: float = 0.0
    last_reasons: tuple[str, ...] = ()

    @property
    def n_read(self) -> int:
        """Files that this run has read."""
        return self.n_ok + self.n_flagged + self.n_refused + self.n_failed

    @property
    def files_per_minute(self) -> float:
        """Of this run; 0 before the first."""
        return 60 * self.n_read / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """At the rate so far; None before the first file."""
        n_left = self.n_files - self.n_kept - self.n_read
        return n_left * self.seconds / self.n_read if self.n_read else None

    def describe(self) -> str:
        """Return it in a line.

        Examples
        --------
        >>> RunStatus("reading", 500, 100, n_ok=90, n_refused=10, seconds=50.0).describe()
        '200 of 500 files, 10 refused, 0 failed, 120 a minute, 2.5 min left'
        """
        left = "" if self.seconds_left is None else f", {self.seconds_left / 60:.1f} min left"
        return (
            f"{self.n_kept + self.n_read} of {self.n_files} files, {self.n_refused} refused, {self.n_failed} failed, "
            f"{self.files_per_minute:.0f} a minute{left}"
        )

    def add(self, name: str, outcome: FileOutcome, *, failed: bool) -> RunStatus:
        """Return the status after one more file."""
        statuses = {row.status for row in outcome.rows}
        reasons = [row.reason for row in outcome.rows if row.status == "refused"]
        failed = failed or any(reason.startswith("internal error") for reason in reasons)
        worst = "failed" if failed else next(s for s in ("refused", "flagged", "ok") if s in statuses)
        told = (*self.last_reasons, *(f"{name}: {reason}" for reason in reasons))[-_MOST_REASONS:]
        return dataclasses.replace(self, **{f"n_{worst}": getattr(self, f"n_{worst}") + 1}, last_reasons=told)


class RunMonitor:
    """Keeps the status of a run, writes it into the folder each second and tells it to whoever watches.

    Parameters
    ----------
    folder : Path
    status : RunStatus
        As the run begins.
    watch : callable, optional
        Is told the status.
    """

    def __init__(self, folder: Path, status: RunStatus, watch: Callable[[RunStatus], None] | None = None) -> None:
        self.status = status
        self._path, self._watch = folder / STATUS_NAME, watch
        self._start = self._told = time.monotonic()
        self._begun = _now()

    def add(self, name: str, outcome: FileOutcome, *, failed: bool) -> None:
        """Count a file."""
        self.status = self.status.add(name, outcome, failed=failed)

    def tell_if_due(self) -> None:
        """Write and tell the status, unless that was done less than a second ago."""
        if time.monotonic() - self._told >= _TELL_SECONDS:
            self.tell("running")

    def tell(self, state: Literal["running", "done", "stopped"]) -> None:
        """Write and tell the status; one that cannot be written ends no run."""
        self._told = time.monotonic()
        self.status = dataclasses.replace(self.status, state=state, seconds=self._told - self._start)
        status, left = self.status, self.status.seconds_left
        content = {
            **dataclasses.asdict(status),
            "n_done": status.n_kept + status.n_read,
            "seconds": round(status.seconds, 1),
            "files_per_minute": round(status.files_per_minute, 1),
            "seconds_left": None if left is None else round(left),
            "begun": self._begun,
            "written": _now(),
            "host": socket.gethostname(),
            "pid": os.getpid(),
        }
        with contextlib.suppress(UnusableOutput):
            write_atomically(self._path, json.dumps(content, indent=1) + "\n")
        if self._watch is not None:
            self._watch(status)


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
