"""Files read by the workers of a Dask cluster, which see the same folders under the same paths."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import queue
import time
import uuid
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple, Self

from distributed import Client, Future, KilledWorker, WorkerPlugin, get_worker

from boneage.imaging.errors import BoneAgeError
from boneage.pipeline.batch.executors import ClusterFails, Done
from boneage.pipeline.batch.outcome import FileOutcome, Result, StoredProcessor, read_file
from boneage.pipeline.batch.tasks import FileTask
from boneage.pipeline.storage.code_version import compute_code_version

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0
_GATHER_SECONDS = 10.0
_MOST_FAILED_STARTS = 3
_DIED = "the reading process died"


class DaskWorkers:
    """Reads files on a cluster; a worker that dies, or has a file for too long, loses that file alone.

    Each worker loads the model once, from its path, and says whether it is the same model and the same boneage. It has
    one file at a time, which stays there: which file a worker died of is known, and counted by the run, not by the
    cluster.

    Parameters
    ----------
    processor : StoredProcessor
        Travels to the workers.
    scheduler : str
        Address of the cluster's scheduler: ``tcp://host:port``, or ``tls://``.
    folder : Path
        Of the run; every worker must see it.
    timeout_s : float
        For one file; the worker is ended then.
    patience_s : float
        How long there may be no worker.
    """

    def __init__(
        self,
        processor: StoredProcessor[Result],
        scheduler: str,
        *,
        folder: Path,
        timeout_s: float,
        patience_s: float = 60.0,
    ) -> None:
        self._reader = _Reader(processor, compute_code_version(), folder.absolute())
        self._scheduler, self._timeout_s, self._patience_s = scheduler, timeout_s, patience_s
        self._name = f"boneage-{uuid.uuid4().hex}"
        self._waiting: deque[FileTask] = deque()
        self._workers: set[str] = set()
        self._ending: set[str] = set()
        self._readings: dict[str, _Reading] = {}
        self._finished: queue.SimpleQueue[Future] = queue.SimpleQueue()
        self._numbers, self._n_failed_starts = itertools.count(), 0
        self._looked_s = self._seen_s = time.monotonic()
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._client = stack.enter_context(_connect(self._scheduler, self._patience_s))
            try:
                self._client.wait_for_workers(1, timeout=self._patience_s)
            except TimeoutError as error:
                raise self._lack_of_workers() from error
            try:
                self._client.register_plugin(self._reader, name=self._name)
            except Exception as error:  # whatever keeps a worker from loading it
                raise ClusterFails(f"the workers of {self._scheduler} cannot load boneage ({error!r})") from error
            stack.callback(self._leave)
            self._look_at_workers()
            self._open = stack.pop_all()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._open.close()

    @property
    def n_free(self) -> int:
        """How many more files the workers take now."""
        return len(self._workers - self._readings.keys()) - len(self._waiting)

    def submit(self, task: FileTask) -> None:
        """Take a file, and give it to a worker that has none."""
        self._waiting.append(task)
        self._distribute()

    def next_done(self, timeout_s: float) -> Sequence[Done]:
        """Return files that are done; none if that takes longer than ``timeout_s``.

        Raises
        ------
        ClusterFails
            If there is no worker for a while, or a worker is of another version or has another model.
        """
        done = self._receive(timeout_s)
        if time.monotonic() - self._looked_s >= _LOOK_SECONDS:
            done += self._look_at_workers()
            done += self._end_slow_workers()
        self._distribute()
        return done

    def _receive(self, timeout_s: float) -> list[Done]:
        done: list[Done] = []
        wait_s = timeout_s
        while True:
            try:
                future = self._finished.get(timeout=wait_s)
            except queue.Empty:
                return done
            wait_s = 0.0
            address = next((place for place, one in self._readings.items() if one.future.key == future.key), None)
            if address is not None:  # else it was given up
                done += self._take(address, self._readings.pop(address))

    def _take(self, address: str, reading: _Reading) -> list[Done]:
        """Return the file of a future that is done; none if a worker says that it is ready."""
        if reading.future.status == "cancelled":  # by somebody who restarts the cluster
            self._waiting.extendleft(reading.tasks)
            return []
        try:
            outcome = reading.future.result(timeout=_GATHER_SECONDS)
        except (KilledWorker, TimeoutError):  # it ended with the file, or before the result was fetched
            return self._describe_loss(reading)
        except Exception as error:  # what is wrong with a file is an outcome; this is the cluster's
            raise ClusterFails(f"a worker of {self._scheduler} cannot read files ({error!r})") from error
        if isinstance(outcome, BoneAgeError):
            raise outcome
        self._workers.add(address)
        self._n_failed_starts = 0
        return [Done(task, outcome) for task in reading.tasks]

    def _look_at_workers(self) -> list[Done]:
        """Note which workers have come, and return the files that others died of."""
        self._looked_s = time.monotonic()
        try:
            threads: dict[str, int] = self._client.nthreads()
        except (OSError, TimeoutError) as error:
            raise ClusterFails(f"the scheduler at {self._scheduler} does not answer any more") from error
        for address, n_threads in threads.items():
            if n_threads != 1:
                raise ClusterFails(f"worker {address} has {n_threads} threads: start workers with --nthreads 1")
        self._ending &= threads.keys()
        there = threads.keys() - self._ending
        self._workers &= there
        if there:
            self._seen_s = self._looked_s
        elif self._looked_s - self._seen_s > self._patience_s:
            raise self._lack_of_workers()
        for address in sorted(there - self._workers - self._readings.keys()):
            self._ask(address, [])
        gone = self._readings.keys() - there
        return [done for address in gone for done in self._describe_loss(self._give_up(address))]

    def _end_slow_workers(self) -> list[Done]:
        now, done = time.monotonic(), []
        for address, reading in list(self._readings.items()):
            if reading.tasks and now - reading.began_s > self._timeout_s:
                self._ending.add(address)
                self._workers.discard(address)
                self._client.run(_end_process, workers=[address], wait=False, on_error="ignore")
                fault = f"took longer than {self._timeout_s:g} seconds"
                done += [Done(task, fault=fault) for task in self._give_up(address).tasks]
        return done

    def _give_up(self, address: str) -> _Reading:
        reading = self._readings.pop(address)
        self._client.cancel([reading.future], force=True)
        return reading

    def _describe_loss(self, reading: _Reading) -> list[Done]:
        """Return the file that a worker died of; none if it died before it had any."""
        self._n_failed_starts += not reading.tasks
        if self._n_failed_starts >= _MOST_FAILED_STARTS:
            raise ClusterFails(f"the workers of {self._scheduler} end as they begin: is there enough memory?")
        return [Done(task, fault=_DIED, died=True) for task in reading.tasks]

    def _distribute(self) -> None:
        for address in sorted(self._workers - self._readings.keys()):
            if self._waiting:
                self._ask(address, [self._waiting.popleft().absolute()])

    def _ask(self, address: str, tasks: Sequence[FileTask]) -> None:
        """Have a worker read a file; without one, say that it has loaded the model."""
        key = f"{self._name}-{next(self._numbers)}"
        future = self._client.submit(_read, self._name, *tasks, key=key, workers=[address], pure=False)
        self._readings[address] = _Reading(tasks, future, time.monotonic())
        future.add_done_callback(self._finished.put)

    def _leave(self) -> None:
        with contextlib.suppress(Exception):  # the scheduler may be gone
            self._client.cancel([reading.future for reading in self._readings.values()], force=True)
            self._client.unregister_worker_plugin(self._name)

    def _lack_of_workers(self) -> ClusterFails:
        return ClusterFails(
            f"no worker of {self._scheduler} for {self._patience_s:g} seconds: start some with "
            f"dask worker {self._scheduler} --nthreads 1"
        )


class _Reading(NamedTuple):
    """The file that a worker has, if any, its future, and since when."""

    tasks: Sequence[FileTask]
    future: Future
    began_s: float


class _Reader(WorkerPlugin):
    """What a worker keeps for a run: the processor with its model, or why it cannot take part."""

    def __init__(self, processor: StoredProcessor[Any], code: str, folder: Path) -> None:
        self.processor = processor
        self.fault: ClusterFails | None = None
        self._code, self._folder = code, folder

    async def setup(self, worker: Any) -> None:
        """Load the model, while the worker goes on answering; called by Dask."""
        fault = await asyncio.to_thread(self._prepare)
        self.fault = ClusterFails(f"worker {worker.address}: {fault}") if fault else None

    def _prepare(self) -> str:
        if compute_code_version() != self._code:
            return f"its boneage is of another version (code {compute_code_version()}, not {self._code})"
        if not self._folder.is_dir():
            return f"it does not see the folder {self._folder}"
        try:
            self.processor.prepare()
        except BoneAgeError as error:
            return str(error)
        except Exception as error:  # told where the run is too
            logger.exception("unexpected error while loading the model")
            return repr(error)
        return ""


def _read(name: str, task: FileTask | None = None) -> FileOutcome | BoneAgeError | None:
    """Read a file on a worker, if there is one, or return why the worker takes no part."""
    reader = get_worker().plugins[name]
    return reader.fault or (read_file(reader.processor, task) if task else None)


async def _end_process() -> None:
    os._exit(1)


def _connect(scheduler: str, timeout_s: float) -> Client:
    if not scheduler.startswith(("tcp://", "tls://")):
        raise ClusterFails(f"the address of a scheduler is such as tcp://127.0.0.1:8786 or tls://…, got {scheduler!r}")
    try:
        return Client(scheduler, timeout=min(timeout_s, 10.0), set_as_default=False, name="boneage")
    except (OSError, TimeoutError, ValueError, TypeError) as error:
        raise ClusterFails(f"no Dask scheduler answers at {scheduler} ({error})") from error
