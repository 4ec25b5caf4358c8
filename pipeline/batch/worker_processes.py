"""Files read in processes of their own, which are replaced when a file kills one or takes too long."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Sequence
from multiprocessing.connection import Connection, Pipe, wait
from tempfile import TemporaryDirectory
from typing import Any, Self

from joblib.externals.loky.backend.process import LokyProcess

from boneage.imaging.errors import BoneAgeError
from boneage.pipeline.batch.executors import Done
from boneage.pipeline.batch.outcome import Result, StoredProcessor, read_file
from boneage.pipeline.batch.tasks import FileTask

DEPTH = 2
"""Files a worker has at a time: the next one is there when it is done with one."""

_MOST_FILES = 1000  # of one worker: what a library does not give back is given back with the process
_MOST_FAILED_STARTS = 3
_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"), "1"
)


class WorkersFail(BoneAgeError):
    """Processes that end before they have read anything."""


class WorkerProcesses:
    """Reads files in processes that are started afresh, without a fork, each on one thread.

    A process that dies or has a file for too long loses that file alone: the others that it had are read elsewhere.

    Parameters
    ----------
    processor : StoredProcessor
        Travels to the processes.
    jobs : int
        Number of processes.
    timeout_s : float
        For one file; its process is killed then.
    most_files : int
        After so many, a process is replaced.
    """

    def __init__(
        self,
        processor: StoredProcessor[Result],
        jobs: int,
        *,
        timeout_s: float,
        most_files: int = _MOST_FILES,
    ) -> None:
        self._processor, self._jobs = processor, jobs
        self._timeout_s, self._most_files = timeout_s, most_files
        self._waiting: deque[FileTask] = deque()
        self._workers: list[_Worker] = []
        self._n_failed_starts = 0

    def __enter__(self) -> Self:
        self._temporary = TemporaryDirectory(prefix="boneage-", ignore_cleanup_errors=True)  # processes may be killed
        self._workers = [self._start() for _ in range(self._jobs)]
        return self

    def __exit__(self, *_exception: object) -> None:
        for worker in self._workers:
            worker.kill()
        self._temporary.cleanup()

    @property
    def n_free(self) -> int:
        """How many more files the processes take now."""
        return DEPTH * self._jobs - len(self._waiting) - sum(len(worker.tasks) for worker in self._workers)

    def submit(self, task: FileTask) -> None:
        """Take a file, and give it to the process that has the fewest."""
        self._waiting.append(task)
        self._distribute()

    def next_done(self, timeout_s: float) -> Sequence[Done]:
        """Return files that are done; none if that takes longer than ``timeout_s``.

        Raises
        ------
        BoneAgeError
            What a process raised when it loaded the model, or :class:`WorkersFail` if three in a row died before.
        """
        wait([worker.connection for worker in self._workers], timeout_s)
        done: list[Done] = []
        for place, worker in enumerate(self._workers):
            done += worker.receive()
            if worker.ready:
                self._n_failed_starts = 0
            lost = self._find_loss(worker)
            if lost is not None or worker.n_more == 0:
                done += lost or []
                self._replace(place)
        self._distribute()
        return done

    def _find_loss(self, worker: _Worker) -> list[Done] | None:
        """Return the file that a process has died of, or has had for too long; none if it died before it had any."""
        if worker.has_been_reading_s() > self._timeout_s:
            return [Done(worker.tasks.popleft(), fault=f"took longer than {self._timeout_s:g} seconds")]
        if not worker.ended:
            return None
        if worker.ready and worker.tasks:
            return [Done(worker.tasks.popleft(), fault="the reading process died", died=True)]
        self._n_failed_starts += not worker.ready
        if self._n_failed_starts >= _MOST_FAILED_STARTS:
            raise WorkersFail("the processes that are to read files end as they begin: is there enough memory?")
        return []

    def _replace(self, place: int) -> None:
        worker = self._workers[place]
        worker.kill()
        self._waiting.extendleft(reversed(worker.tasks))
        self._workers[place] = self._start()

    def _start(self) -> _Worker:
        return _Worker(self._processor, self._most_files, self._temporary.name)

    def _distribute(self) -> None:
        while self._waiting:
            able = [worker for worker in self._workers if len(worker.tasks) < min(DEPTH, worker.n_more)]
            if not able:
                return
            min(able, key=lambda worker: len(worker.tasks)).give(self._waiting.popleft())


class _Worker:
    """One process, and the files that it has: it reads the first of them. It is to read ``n_more`` in all."""

    def __init__(self, processor: StoredProcessor[Any], most_files: int, temporary: str) -> None:
        self.connection, far_end = Pipe()
        environment = _ONE_THREAD | {"TMPDIR": temporary}
        self._process = LokyProcess(target=_work, args=(far_end, processor), daemon=True, env=environment)
        self._process.start()
        far_end.close()
        self.tasks: deque[FileTask] = deque()
        self.n_more = most_files
        self.ready = self.ended = False
        self._began_s = 0.0

    def give(self, task: FileTask) -> None:
        if not self.tasks:
            self._began_s = time.monotonic()
        self.tasks.append(task)
        try:
            self.connection.send(task)
        except OSError:
            self.ended = True

    def receive(self) -> list[Done]:
        """Return what the process has sent; raise what it raised when it began."""
        done = []
        try:
            while self.connection.poll():
                message = self.connection.recv()
                if isinstance(message, BaseException):
                    raise message
                self._began_s = time.monotonic()
                if message is None:
                    self.ready = True
                else:
                    done.append(Done(self.tasks.popleft(), message))
                    self.n_more -= 1
        except (EOFError, ConnectionError):
            self.ended = True
        return done

    def has_been_reading_s(self) -> float:
        return time.monotonic() - self._began_s if self.ready and self.tasks else 0.0

    def kill(self) -> None:
        self.connection.close()
        if self._process.pid is not None and self._process.is_alive():
            os.kill(self._process.pid, signal.SIGKILL)
        self._process.join()


def _work(connection: Connection, processor: StoredProcessor[Any]) -> None:
    """Read files as they come, until the other end is closed; say first that the model is loaded, or why it is not."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then ends this process
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    try:
        processor.prepare()
    except BoneAgeError as error:
        connection.send(error)
        return
    connection.send(None)
    while True:
        try:
            task = connection.recv()
        except EOFError:
            return
        connection.send(read_file(processor, task))


def _end_with_parent(parent: int) -> None:
    """End this process, even in the midst of a file, when its parent has ended."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)
