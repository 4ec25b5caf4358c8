"""A batch as the command line runs it: a bar with counts, and a word when it is stopped."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import typer
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from boneage.cli.options import err_console

if TYPE_CHECKING:
    from boneage.pipeline.batch.status import RunStatus

_EXIT_INTERRUPTED = 130


@contextmanager
def watch_batch() -> Iterator[Callable[[RunStatus], None]]:
    """Show a bar with counts; leave with 130 at Ctrl-C or SIGTERM, and say how to go on."""
    previous = signal.signal(signal.SIGTERM, _interrupt)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[counts]}"))
    try:
        with Progress(*columns, console=err_console()) as bars:
            tasks: list[TaskID] = []

            def show(status: RunStatus) -> None:
                if not tasks:
                    tasks.append(bars.add_task(status.stage, total=status.n_files, counts=""))
                bars.update(tasks[0], completed=status.n_kept + status.n_read, counts=status.describe())

            yield show
    except KeyboardInterrupt:
        err_console().print("stopped; what was done is kept, and the same command goes on")
        raise typer.Exit(_EXIT_INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGTERM, previous)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
