"""Where files are read: in this process, or in others that a file may kill."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from boneage.imaging.errors import BoneAgeError
from boneage.pipeline.batch.outcome import FileOutcome, Result, StoredProcessor, read_file
from boneage.pipeline.batch.tasks import FileTask


class ClusterFails(BoneAgeError):
    """A cluster that cannot be reached, has no workers, or has some that are of no use."""


@dataclass(frozen=True)
class Done:
    """A file that is done with.

    Parameters
    ----------
    task : FileTask
    outcome : FileOutcome or None
        None if it was not read.
    fault : str
        Why it was not read.
    died : bool
        Whether its process died: it may have been another's fault.
    """

    task: FileTask
    outcome: FileOutcome | None = None
    fault: str = ""
    died: bool = False


class Executor(Protocol):
    """Takes files, and gives their outcomes in any order; a context that leaves no process behind."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_exception: object) -> None: ...

    @property
    def n_free(self) -> int:
        """How many more files it takes now."""

    def submit(self, task: FileTask) -> None:
        """Take a file."""

    def next_done(self, timeout_s: float) -> Sequence[Done]:
        """Return files that are done; none if that takes longer than ``timeout_s``."""


class ThisProcess:
    """Reads files in this process: nothing is to be started, and a file that kills the process ends the run."""

    def __init__(self, processor: StoredProcessor[Result]) -> None:
        self._processor = processor
        self._tasks: deque[FileTask] = deque()

    def __enter__(self) -> Self:
        self._processor.prepare()
        return self

    def __exit__(self, *_exception: object) -> None:
        pass

    @property
    def n_free(self) -> int:
        """One file at a time."""
        return 1 - len(self._tasks)

    def submit(self, task: FileTask) -> None:
        """Take a file."""
        self._tasks.append(task)

    def next_done(self, timeout_s: float) -> Sequence[Done]:
        """Read the file, however long that takes."""
        task = self._tasks.popleft()
        return [Done(task, read_file(self._processor, task))]
