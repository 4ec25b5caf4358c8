"""Progress bars for the command line, and the silent kind for everyone else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Report = Callable[[str, float], None]
"""What a long task calls: the name of its current stage, and how much of it is done (0..1)."""

T = TypeVar("T")


@contextmanager
def show_stages(console: Console) -> Iterator[Report]:
    """Show one bar for each stage that a task reports."""
    bars: dict[str, int] = {}
    columns = (TextColumn("{task.description:<34}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:

        def report(stage: str, fraction: float) -> None:
            if stage not in bars:
                bars[stage] = progress.add_task(stage, total=1.0)
            progress.update(progress.tasks[bars[stage]].id, completed=fraction)

        yield report


def track(items: Iterable[T], *, total: int, label: str, console: Console) -> Iterator[T]:
    """Pass items on, counting them on a bar."""
    columns = (TextColumn("{task.description:<34}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        yield from progress.track(items, total=total, description=label)
