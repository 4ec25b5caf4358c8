"""A batch as the command line runs it: a bar, and a word when it is stopped."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer

from boneage.cli.options import err_console
from boneage.cli.progress import show_stages
from boneage.imaging.progress import Progress

_EXIT_INTERRUPTED = 130


@contextmanager
def show_batch() -> Iterator[Progress]:
    """Show a bar; leave with 130 at Ctrl-C or SIGTERM, and say how to go on."""
    previous = signal.signal(signal.SIGTERM, _interrupt)
    try:
        with show_stages(err_console()) as progress:
            yield progress
    except KeyboardInterrupt:
        err_console().print("stopped; what was done is kept, and the same command goes on")
        raise typer.Exit(_EXIT_INTERRUPTED) from None
    finally:
        signal.signal(signal.SIGTERM, previous)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
