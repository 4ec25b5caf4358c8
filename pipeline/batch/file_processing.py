"""One file of many: read, refused or processed, and drawn; whatever it does, it has its rows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from boneage.imaging import Scan, UnreadableScan, read_scan
from boneage.imaging.errors import FileError
from boneage.pipeline.batch.tasks import FileTask

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

Output = tuple[str, Callable[[], None]]
"""What is drawn or written of one file beside its row: its name in remarks, and what draws it."""


class FileProcessor(Protocol[Result]):
    """What a command does with each file. It travels to other processes."""

    def refuse(self, task: FileTask, reason: str) -> Result:
        """Return the result for a file that is not processed."""

    def split(self, task: FileTask, scan: Scan) -> Sequence[tuple[FileTask, Scan]]:
        """Return the parts of a file that have a result each: their tasks, and a scan of each."""

    def process(self, task: FileTask, scan: Scan) -> Result:
        """Return the result for a scan, or for one part of it."""

    def outputs(self, task: FileTask, scan: Scan, result: Result) -> Sequence[Output]:
        """Return what is drawn or written of the result beside its row; the scan is the whole one."""

    def finish(self, result: Result, remarks: Sequence[str]) -> Result:
        """Return the result with remarks on its row or drawings, without what only the drawings need."""


class WholeFiles:
    """The part of a :class:`FileProcessor` by which each file has one result."""

    def split(self, task: FileTask, scan: Scan) -> list[tuple[FileTask, Scan]]:
        """Return the whole file."""
        return [(task, scan)]


def run_file(processor: FileProcessor[Result], task: FileTask) -> list[Result]:
    """Read, process and draw one file, part by part. Raises nothing that it causes: what fails is a row's reason."""
    if task.fault:
        return [processor.refuse(task, task.fault)]
    try:
        scan = read_scan(task.path, task.original_shape)
        parts = processor.split(task, scan)
    except UnreadableScan as error:
        return [processor.refuse(task, error.reason)]
    except Exception as error:  # a batch must outlive any one file
        logger.exception("unexpected error while reading %s", task.name)
        return [processor.refuse(task, f"internal error: {error!r}")]
    return [_run_part(processor, part_task, part, scan) for part_task, part in parts]


def _run_part(processor: FileProcessor[Result], task: FileTask, part: Scan, scan: Scan) -> Result:
    """Process one part of a scan, and draw the scan with what was found in that part."""
    try:
        result = processor.process(task, part)
        outputs = processor.outputs(task, scan, result)
    except FileError as error:
        return processor.refuse(task, str(error))
    except Exception as error:  # ... a file any one part
        logger.exception("unexpected error while processing %s", task.name)
        return processor.refuse(task, f"internal error: {error!r}")
    remarks = task.remarks(part)
    for name, write in outputs:
        try:
            write()
        except FileError as error:
            remarks.append(f"the {name} could not be drawn ({error.reason})")
        except Exception as error:  # ... and a result any one picture
            logger.exception("unexpected error while drawing the %s of %s", name, task.name)
            remarks.append(f"the {name} could not be drawn ({_describe(error)})")
    return processor.finish(result, remarks)


def _describe(error: Exception) -> str:
    return "not enough memory" if isinstance(error, MemoryError) else repr(error)
