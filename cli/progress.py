"""Progress bars for the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import rich.progress
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn

from boneage.imaging.progress import Progress


@contextmanager
def show_stages(console: Console) -> Iterator[Progress]:
    """Show one bar for each stage that a task reports."""
    tasks: dict[str, rich.progress.TaskID] = {}
    columns = (TextColumn("{task.description:<34}"), BarColumn(), TimeElapsedColumn())
    with rich.progress.Progress(*columns, console=console) as bars:

        def report(stage: str, fraction: float) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=1.0)
            bars.update(tasks[stage], completed=fraction)

        yield report
