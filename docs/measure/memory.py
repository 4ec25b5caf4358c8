"""Whether the memory of a run grows with the number of files.

Usage: OMP_NUM_THREADS=1 python docs/measure/memory.py [N_FILES [PLOT.png]]

Pictures of 100 to 2,000 pixels a side, in mixed order, are read by one process that is never replaced; the width alone
is noted, so that what grows is the reading, the run or the results. Memory is what of a process lies in RAM (resident).
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from boneage.pipeline.batch.run import open_run, run_durably
from boneage.pipeline.batch.status import RunMonitor, RunStatus
from boneage.pipeline.batch.tasks import make_tasks
from boneage.pipeline.batch.worker_processes import WorkerProcesses

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.pipeline.batch.stub import Stub

N_SIZES = 40
EVERY = 10


def measure_mb(process: int | str) -> float:
    """Return the resident memory of a process in MB."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def find_children() -> list[int]:
    """Return the processes that this one has started."""
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def main(n_files: int, plot: Path | None) -> None:
    """Read the files, and print how memory grows after the first tenth of them."""
    rows: list[tuple[int, float, float]] = []
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        drawn = [folder / f"{side:.0f}.png" for side in np.linspace(100, 2000, N_SIZES)]
        for path in drawn:
            shape = (int(path.stem), int(path.stem))
            Image.fromarray(rng.integers(0, 255, shape, dtype=np.uint8)).save(path)
        paths = [folder / "links" / f"{k}.png" for k in range(n_files)]
        (folder / "links").mkdir()
        for path in paths:
            path.symlink_to(drawn[rng.integers(N_SIZES)])
        out = folder / "out"
        (out / "notes").mkdir(parents=True)
        tasks = make_tasks(paths, sexes=None, sizes={})

        def note(_stage: str, part: float) -> None:
            n_read = round(part * n_files)
            if n_read % EVERY == 0:
                rows.append((n_read, measure_mb("self"), max(map(measure_mb, find_children()))))

        processor, monitor = Stub(out / "notes"), RunMonitor(out, RunStatus("", n_files, 0))
        executor = WorkerProcesses(processor, 1, timeout_s=600, most_files=10**9)
        with open_run(out, {"command": "memory"}) as store, executor:
            for _ in run_durably(processor, tasks, store, executor, monitor, note):
                pass
    report(np.array(rows), n_files, plot)


def report(table: np.ndarray, n_files: int, plot: Path | None) -> None:
    """Print the slopes, and plot what was measured."""
    later = table[table[:, 0] > n_files / 10]
    axes = Figure(figsize=(6, 3), layout="constrained").add_subplot()
    for column, name in ((1, "the run"), (2, "its worker")):
        slope = np.polyfit(later[:, 0], later[:, column], 1)[0]
        first, last = later[[0, -1], column]
        print(f"{name}: {first:.1f} MB, then {last:.1f} MB; {1000 * slope:+.2f} MB a thousand files")
        axes.plot(table[:, 0], table[:, column], label=name)
    axes.set(xlabel="files read", ylabel="resident memory (MB)", ylim=(0, None))
    axes.legend()
    if plot is not None:
        axes.figure.savefig(plot, dpi=100)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000, Path(sys.argv[2]) if len(sys.argv) > 2 else None)
