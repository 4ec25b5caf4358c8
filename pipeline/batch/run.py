"""A batch that can be stopped at any moment and goes on where it was."""

from __future__ import annotations

import contextlib
import importlib.util
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boneage.imaging.atomic_files import PARTIAL_SUFFIX
from boneage.imaging.errors import MissingPackage, UnusableOutput
from boneage.imaging.progress import Progress
from boneage.pipeline.batch.executors import Executor, ThisProcess
from boneage.pipeline.batch.exports import Exports, write_exports
from boneage.pipeline.batch.outcome import Result, StoredProcessor, refuse_file
from boneage.pipeline.batch.run_lock import check_not_locked, lock_run
from boneage.pipeline.batch.status import RunMonitor, RunStatus
from boneage.pipeline.batch.store import STORE_NAME, ResultsStore
from boneage.pipeline.batch.tasks import FileTask
from boneage.pipeline.batch.worker_processes import WorkerProcesses
from boneage.pipeline.storage.code_version import compute_code_version
from boneage.pipeline.storage.output import write_rows

_MOST_LOSSES = 2  # of a file that its process did not survive
_TICK_SECONDS = 1.0
_FEWEST_FOR_WORKERS = 20  # files: of fewer, starting a process would take a good part of the time


@dataclass(frozen=True)
class RunOptions:
    """How a run deals with what is there and with what fails.

    Parameters
    ----------
    timeout_s : float
        For one file, where files are read in processes of their own.
    restart : bool
        Whether results that are there are removed.
    retry_refused : bool
        Whether files that were refused are read again.
    base : Path or None
        The folder that paths in tables are relative to; the one that has all files in it if None.
    watch : callable or None
        Is told how far the run is, each second.
    notes : dict of str
        What is told in the row of a file, by path.
    scheduler : str
        Address of the Dask cluster that reads the files; they are read on this machine if empty.
    """

    timeout_s: float = 120.0
    restart: bool = False
    retry_refused: bool = False
    base: Path | None = None
    watch: Callable[[RunStatus], None] | None = None
    notes: Mapping[Path, str] = field(default_factory=dict)
    scheduler: str = ""


def run_files(
    processor: StoredProcessor[Result],
    tasks: Sequence[FileTask],
    folder: Path,
    identity: Mapping[str, Any],
    exports: Exports,
    *,
    stage: str,
    jobs: int,
    options: RunOptions,
    progress: Progress | None,
) -> None:
    """Read the files that have no result yet, then write the tables; see :func:`iterate_files`."""
    for _ in iterate_files(
        processor, tasks, folder, identity, exports, stage=stage, jobs=jobs, options=options, progress=progress
    ):
        pass


def iterate_files(
    processor: StoredProcessor[Result],
    tasks: Sequence[FileTask],
    folder: Path,
    identity: Mapping[str, Any],
    exports: Exports,
    *,
    stage: str,
    jobs: int,
    options: RunOptions,
    progress: Progress | None,
) -> Generator[Iterator[str], None, None]:
    """Yield the rows of each file as JSON, in the order of the input, once they and those before them are there.

    Files that have no result yet are read, then the tables are written, as the only run in the folder. Beside
    ``exports`` a table of the seconds that each file took is written: ``timings.csv``. Where the iterator is closed
    before its end, its processes end, and what is done is kept.

    Files are read by a cluster if there is one; in this process if one job has few of them to read; else in as many
    processes as there are jobs.

    Raises
    ------
    UnusableOutput
        As :func:`open_run`, or if a table cannot be written; the others are.
    MissingPackage, ClusterFails
        If there is no Dask, or the cluster cannot be used.
    """
    with open_run(folder, identity, restart=options.restart) as store:
        store.set_inputs(tasks)
        unread = store.find_unread(tasks, retry_refused=options.retry_refused)
        missing, following = {task.name for task in unread}, deque(tasks)

        def take_finished() -> Iterator[Iterator[str]]:
            while following and following[0].name not in missing:
                yield store.contents(following.popleft())

        yield from take_finished()
        if unread:
            monitor = RunMonitor(folder, RunStatus(stage, len(tasks), len(tasks) - len(unread)), options.watch)
            with (
                _choose_executor(processor, folder, jobs, len(unread), options) as executor,
                closing(run_durably(processor, unread, store, executor, monitor, progress)) as read,
            ):
                for task in read:
                    missing.discard(task.name)
                    yield from take_finished()
            store.commit()
        write_exports(folder, {"timings.csv": lambda: _write_timings(folder, store), **exports})


@contextmanager
def open_run(folder: Path, identity: Mapping[str, Any], *, restart: bool = False) -> Iterator[ResultsStore]:
    """Open the results of a run in a folder that exists, for this run alone.

    Parameters
    ----------
    folder : Path
    identity : mapping
        JSON data: what all results share. The version of the code is added.
    restart : bool
        Whether results that are there are removed.

    Raises
    ------
    UnusableOutput
        If another run writes there, the results there are of another identity, or the folder cannot be written to.
    """
    wanted = {**identity, "code": compute_code_version()}
    check_not_locked(folder)  # the results file is busy then, and would be waited for
    with ResultsStore(folder / STORE_NAME) as store, lock_run(folder, store):
        _remove_partial_files(folder)
        found = store.identity()
        if found is None or restart:
            store.empty(wanted)
        elif found != wanted:
            raise UnusableOutput(
                folder,
                f"holds results of {_describe(found, wanted)}, not of {_describe(wanted, found)}: "
                "choose another folder, or begin anew with --restart",
            )
        yield store


def run_durably(
    processor: StoredProcessor[Result],
    tasks: Sequence[FileTask],
    store: ResultsStore,
    executor: Executor,
    monitor: RunMonitor,
    progress: Progress | None = None,
) -> Generator[FileTask, None, None]:
    """Yield files as they are read and their rows added to the results: each, whatever happens to it or to the others.

    A file whose process dies is read once more, and refused if that process dies too. A file that takes too long is
    refused at once. Results are committed every few seconds.

    Parameters
    ----------
    processor : StoredProcessor
    tasks : sequence of FileTask
        Those that are to be read.
    store : ResultsStore
    executor : Executor
    monitor : RunMonitor
    progress : callable, optional
    """
    waiting, losses = deque(tasks), Counter[str]()
    monitor.tell("running")
    try:
        while monitor.status.n_read < len(tasks):
            while waiting and executor.n_free > 0:
                executor.submit(waiting.popleft())
            for done in executor.next_done(_TICK_SECONDS):
                losses[done.task.name] += done.died
                if done.died and losses[done.task.name] < _MOST_LOSSES:
                    waiting.appendleft(done.task)
                    continue
                outcome = done.outcome or refuse_file(processor, done.task, done.fault)
                store.add(done.task, outcome)
                monitor.add(done.task.name, outcome, failed=done.outcome is None)
                if progress is not None:
                    progress(monitor.status.stage, monitor.status.n_read / len(tasks))
                yield done.task
            store.commit_if_due()
            monitor.tell_if_due()
    finally:
        monitor.tell("done" if monitor.status.n_read == len(tasks) else "stopped")


def _write_timings(folder: Path, store: ResultsStore) -> None:
    rows = ({"path": name, "seconds": f"{seconds:.3f}"} for name, seconds in store.timings())
    write_rows(folder / "timings.csv", rows)


def _choose_executor(
    processor: StoredProcessor[Result], folder: Path, jobs: int, n_files: int, options: RunOptions
) -> Executor:
    if options.scheduler:
        return _connect(processor, folder, options)
    if jobs == 1 and n_files < _FEWEST_FOR_WORKERS:
        return ThisProcess(processor)
    return WorkerProcesses(processor, min(jobs, n_files), timeout_s=options.timeout_s)


def _connect(processor: StoredProcessor[Result], folder: Path, options: RunOptions) -> Executor:
    if importlib.util.find_spec("distributed") is None:
        raise MissingPackage("a cluster needs Dask, which is not installed: pip install 'boneage[cluster]'")
    from boneage.pipeline.batch.dask_workers import DaskWorkers

    return DaskWorkers(processor, options.scheduler, folder=folder, timeout_s=options.timeout_s)


def _describe(identity: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Return what an identity has that another has not."""
    differing = [name for name in identity if identity[name] != other.get(name)]
    return ", ".join(f"{name} {identity[name]}" for name in differing) or "others"


def _remove_partial_files(folder: Path) -> None:
    """Remove what killed runs were writing."""
    for place in (folder, *(entry for entry in folder.iterdir() if entry.is_dir() and not entry.is_symlink())):
        for path in place.glob(f".*{PARTIAL_SUFFIX}"):
            with contextlib.suppress(OSError):
                path.unlink()
