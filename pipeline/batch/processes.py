"""Work for several processes, which end with it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache
from typing import TypeVar

import joblib
from joblib.externals.loky import get_reusable_executor

from boneage.imaging.progress import Progress

T = TypeVar("T")

_LOOK_S = 1.0


def run_in_processes(
    calls: Sequence[Callable[[], T]], jobs: int, *, stage: str = "", report: Progress | None = None
) -> Iterator[T]:
    """Yield what each call returns, in order; with one job, or a single call, in this process.

    The processes are ended with the last result: idle ones would keep models in memory through a long training, and a
    pool whose processes leave after a while idle has been seen to take new work just then and never do it. They also
    end where this process is killed: the calls that they had would go on for as long as those take.

    Parameters
    ----------
    calls : sequence of callable
        Without arguments; they and their results can be pickled.
    jobs : int
        Largest number of processes.
    stage : str
        What ``report`` calls it.
    report : callable, optional
        Told how many of the calls are done, once the result of each has been taken.

    Examples
    --------
    >>> from functools import partial
    >>> list(run_in_processes([partial(pow, 2, k) for k in range(4)], jobs=1))
    [1, 2, 4, 8]
    """
    n_jobs = max(min(jobs, len(calls)), 1)
    parent = os.getpid()
    try:
        results = joblib.Parallel(n_jobs=n_jobs, return_as="generator")(
            joblib.delayed(_call)(call, parent) for call in calls
        )
        with closing(results):
            for n_done, result in enumerate(results, start=1):
                yield result
                if report is not None:
                    report(stage, n_done / len(calls))
    finally:
        if n_jobs > 1:
            get_reusable_executor().shutdown(wait=True, kill_workers=True)


def _call(call: Callable[[], T], parent: int) -> T:
    if os.getpid() != parent:
        _end_with(parent)
    return call()


@cache
def _end_with(parent: int) -> None:
    """Let this process end once its parent has."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Let PyTorch compute on one thread meanwhile, then on as many as before."""
    import torch  # many processes need none

    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)
