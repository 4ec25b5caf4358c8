"""What is kept of a file that was read: its rows as JSON, and which file it was."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from boneage.pipeline.batch.file_processing import FileProcessor, run_file
from boneage.pipeline.batch.file_state import FileState, digest_file, state_file
from boneage.pipeline.batch.tasks import FileTask

logger = logging.getLogger(__name__)


class Row(Protocol):
    """A result as far as every command has it."""

    @property
    def id(self) -> str:
        """Of the hand."""

    @property
    def status(self) -> str:
        """``ok``, ``flagged`` or ``refused``."""

    @property
    def reason(self) -> str:
        """Why it is flagged or refused."""


Result = TypeVar("Result", bound=Row)


class StoredProcessor(FileProcessor[Result], Protocol[Result]):
    """A :class:`~boneage.pipeline.batch.file_processing.FileProcessor` whose results can be stored."""

    def prepare(self) -> None:
        """Load what is needed to process files, once a process.

        Raises
        ------
        InvalidModelFile
            If the model is no longer the one that the run began with.
        """

    def to_json(self, result: Result) -> Mapping[str, Any]:
        """Return a result as JSON data."""


@dataclass(frozen=True)
class StoredRow:
    """A result as it is stored; ``content`` is JSON."""

    id: str
    status: str
    reason: str
    content: str


@dataclass(frozen=True)
class FileOutcome:
    """The rows of a file, and which file they are of.

    Parameters
    ----------
    rows : tuple of StoredRow
        In the order of the hands.
    state : FileState
        When the reading began.
    digest : str
        Of its content then.
    seconds : float
    """

    rows: tuple[StoredRow, ...]
    state: FileState
    digest: str
    seconds: float = 0.0


def read_file(processor: StoredProcessor[Result], task: FileTask) -> FileOutcome:
    """Read a file, and note its state and digest before that: if it changes meanwhile, it is read anew next time."""
    start = time.perf_counter()
    state, digest = state_file(task.path), digest_file(task.path)
    try:
        rows = tuple(_store(processor, result) for result in run_file(processor, task))
    except Exception as error:  # a batch must outlive any one file
        logger.exception("unexpected error while storing the results of %s", task.name)
        rows = (_store(processor, processor.refuse(task, f"internal error: {error!r}")),)
    return FileOutcome(rows, state, digest, time.perf_counter() - start)


def refuse_file(processor: StoredProcessor[Result], task: FileTask, reason: str) -> FileOutcome:
    """Return the outcome of a file that is not read."""
    row = _store(processor, processor.refuse(task, reason))
    return FileOutcome((row,), state_file(task.path), digest_file(task.path))


def _store(processor: StoredProcessor[Result], result: Result) -> StoredRow:
    content = json.dumps(processor.to_json(result), allow_nan=False)
    return StoredRow(result.id, result.status, result.reason, content)
