"""Whether the memory of a run grows with the number of files.

Usage: OMP_NUM_THREADS=1 python docs/measure/memory.py [N_FILES [PLOT.png [IMAGES,… SEXES,…]]]

Pictures of 100 to 2,000 pixels a side, in mixed order, are read by one process that is never replaced; the width alone
is noted, so that what grows is the reading, the run or the results. With IMAGES, the files of these folders are read by
the shipped model instead, again and again. Memory is what of a process lies in RAM (resident).
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from boneage.imaging import find_scans, read_sexes
from boneage.pipeline.batch.models import ModelReference
from boneage.pipeline.batch.outcome import StoredProcessor
from boneage.pipeline.batch.prediction import Prediction
from boneage.pipeline.batch.run import open_run, run_durably
from boneage.pipeline.batch.status import RunMonitor, RunStatus
from boneage.pipeline.batch.tasks import make_tasks
from boneage.pipeline.batch.worker_processes import WorkerProcesses
from boneage.pipeline.storage.shipped_model import shipped_model

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


def main(n_files: int, plot: Path | None, images: list[Path], sexes: list[Path]) -> None:
    """Read the files, and print how memory grows after the first tenth of them."""
    rows: list[tuple[int, float, float]] = []
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        files = [path for of_images in images for path in find_scans(of_images)] or draw_pictures(folder, rng)
        sex_of = {id_: sex for table in sexes for id_, sex in read_sexes(table).items()}
        paths = []
        (folder / "links").mkdir()
        for k, chosen in enumerate(rng.integers(len(files), size=n_files)):
            paths.append(folder / "links" / f"{k}{files[chosen].suffix}")
            paths[-1].symlink_to(files[chosen].absolute())
        out = folder / "out"
        (out / "notes").mkdir(parents=True)
        of_links = {path.stem: sex for path in paths if (sex := sex_of.get(path.resolve().stem))}
        tasks = make_tasks(paths, sexes=of_links, sizes={})

        def note(_stage: str, part: float) -> None:
            n_read = round(part * n_files)
            if n_read % EVERY == 0:
                rows.append((n_read, measure_mb("self"), max(map(measure_mb, find_children()))))

        processor: StoredProcessor = Stub(out / "notes")
        if images:
            processor = Prediction((ModelReference.of(shipped_model()),), out / "notes")
        monitor = RunMonitor(out, RunStatus("", n_files, 0))
        executor = WorkerProcesses(processor, 1, timeout_s=600, most_files=10**9)
        with open_run(out, {"command": "memory"}) as store, executor:
            for _ in run_durably(processor, tasks, store, executor, monitor, note):
                pass
    report(np.array(rows), n_files, plot)


def draw_pictures(folder: Path, rng: np.random.Generator) -> list[Path]:
    """Draw pictures of 100 to 2,000 pixels a side."""
    drawn = [folder / f"{side:.0f}.png" for side in np.linspace(100, 2000, N_SIZES)]
    for path in drawn:
        shape = (int(path.stem), int(path.stem))
        Image.fromarray(rng.integers(0, 255, shape, dtype=np.uint8)).save(path)
    return drawn


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
    n_files, plot = [*sys.argv[1:3], *["2000", ""][len(sys.argv[1:3]) :]]
    folders = [[Path(name) for name in argument.split(",")] for argument in sys.argv[3:5]] or [[], []]
    main(int(n_files), Path(plot) if plot else None, *folders)
