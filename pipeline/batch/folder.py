"""Many files, one row each: read, refuse, process and draw, whatever one file does."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from boneage.imaging import Points, Scan, Sex, UnreadableScan, read_scan, write_landmarks
from boneage.imaging.demographics import Sexes, UnclearSex
from boneage.imaging.errors import FileError, UnusableOutput
from boneage.imaging.identifiers import name_files
from boneage.imaging.matching import match_rows
from boneage.imaging.progress import Progress
from boneage.pipeline.batch.processes import run_in_processes

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

Output = tuple[str, Callable[[], None]]
"""What is drawn or written of one file beside its row: its name in remarks, and what draws it."""


@dataclass(frozen=True)
class FileTask:
    """One file to process.

    Parameters
    ----------
    id : str
    path : Path
    sex : {"F", "M"} or None
        As the user gave it; the file's is used where it is None.
    original_shape : tuple of int or None
        Set where the file is a resized copy.
    fault : str
        Why the file is refused before it is read; empty if it is not.
    no_row : str
        That the table of sexes has nothing for the file; a remark if the file states no sex either.
    """

    id: str
    path: Path
    sex: Sex | None = None
    original_shape: tuple[int, ...] | None = None
    fault: str = ""
    no_row: str = ""


class FileProcessor(Protocol[Result]):
    """What a command does with each file. It travels to other processes."""

    def refuse(self, task: FileTask, reason: str) -> Result:
        """Return the result for a file that is not processed."""

    def process(self, task: FileTask, scan: Scan) -> Result:
        """Return the result for a scan, or for one part of it."""

    def outputs(self, task: FileTask, scan: Scan, result: Result) -> Sequence[Output]:
        """Return what is drawn or written of the result beside its row; the scan is the whole one."""

    def finish(self, result: Result, remarks: Sequence[str]) -> Result:
        """Return the result with remarks on its row or drawings, without what only the drawings need."""


Split = Callable[[FileTask, Scan], Sequence[tuple[FileTask, Scan]]]
"""What tells the parts of a file that have a result each: their tasks, and a scan of each."""


def make_tasks(paths: Sequence[Path], *, sexes: Sexes, sizes: Mapping[str, tuple[int, ...]]) -> list[FileTask]:
    """Return a task for each file, with a unique id and what the tables have for it.

    A file whose row fits other files too has a fault that names those; one whose row has no clear sex has that fault.

    Parameters
    ----------
    paths : sequence of Path
    sexes : mapping of {"F", "M"} or UnclearSex, or "F" or "M", or None
        By the ids of a table's rows (see :func:`~boneage.imaging.matching.match_rows`), or one for all files.
    sizes : mapping of tuple
        Original shapes, by the ids of a table's rows.
    """
    of_sex = match_rows(sexes if isinstance(sexes, Mapping) else (), paths, "sexes")
    of_size = match_rows(sizes, paths, "sizes")
    given = of_sex.select(sexes) if isinstance(sexes, Mapping) else dict.fromkeys(paths, sexes)
    sex_of = {path: sex for path, sex in given.items() if not isinstance(sex, UnclearSex)}
    unclear = {path: sex.reason for path, sex in given.items() if isinstance(sex, UnclearSex)}
    shape_of, faults = of_size.select(sizes), {**of_size.faults(), **of_sex.faults(), **unclear}
    absences = of_sex.absences()
    return [
        FileTask(id_, path, sex_of.get(path), shape_of.get(path), faults.get(path, ""), absences.get(path, ""))
        for id_, path in zip(name_files(paths), paths, strict=True)
    ]


def run_folder(
    processor: FileProcessor[Result],
    tasks: Sequence[FileTask],
    *,
    stage: str,
    jobs: int = 1,
    progress: Progress | None = None,
    split: Split | None = None,
) -> list[Result]:
    """Process files in order of ``tasks``; each has its result, whatever happens to it or to the others.

    Parameters
    ----------
    processor : FileProcessor
    tasks : sequence of FileTask
    stage : str
        What ``progress`` calls it.
    jobs : int
        Number of processes; the results do not depend on it.
    progress : callable, optional
    split : callable, optional
        Tells the parts of a file, which follow each other in the results; each file has one result if not given. It
        travels to other processes.
    """
    results: list[Result] = []
    calls = [partial(run_file, processor, task, split or _keep_whole) for task in tasks]
    for n_files, of_file in enumerate(run_in_processes(calls, jobs), start=1):
        results += of_file
        if progress is not None:
            progress(stage, n_files / len(tasks))
    return results


def run_file(processor: FileProcessor[Result], task: FileTask, split: Split) -> list[Result]:
    """Read, process and draw one file, part by part. Raises nothing that it causes: what fails is a row's reason."""
    if task.fault:
        return [processor.refuse(task, task.fault)]
    try:
        scan = read_scan(task.path, task.original_shape)
        parts = split(task, scan)
    except UnreadableScan as error:
        return [processor.refuse(task, error.reason)]
    except Exception as error:  # a batch must outlive any one file
        logger.exception("unexpected error while reading %s", task.path)
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
        logger.exception("unexpected error while processing %s", task.path)
        return processor.refuse(task, f"internal error: {error!r}")
    remarks = [task.no_row] if task.no_row and part.sex is None else []
    for name, write in outputs:
        try:
            write()
        except FileError as error:
            remarks.append(f"the {name} could not be drawn ({error.reason})")
        except Exception as error:  # ... and a result any one picture
            logger.exception("unexpected error while drawing the %s of %s", name, task.path)
            remarks.append(f"the {name} could not be drawn ({_describe(error)})")
    return processor.finish(result, remarks)


def write_points(
    path: Path,
    points: Mapping[str, Points],
    names: Sequence[str],
    original_shapes: Mapping[str, tuple[int, ...]] | None = None,
) -> None:
    """Write the landmarks of many files as a table.

    Raises
    ------
    UnusableOutput
        If the file cannot be written.
    """
    try:
        write_landmarks(path, points, original_shapes=original_shapes, names=names)
    except OSError as error:
        raise UnusableOutput(path, f"cannot be written ({error.strerror})") from error


def _keep_whole(task: FileTask, scan: Scan) -> list[tuple[FileTask, Scan]]:
    return [(task, scan)]


def _describe(error: Exception) -> str:
    return "not enough memory" if isinstance(error, MemoryError) else repr(error)
