"""What each executor of a batch costs: with the shipped model, and where next to nothing is computed.

Usage: OMP_NUM_THREADS=1 python docs/measure/executors.py IMAGES,… SEXES,… [N_HANDS N_PICTURES EXECUTOR,…]

N_HANDS files of the folders IMAGES are drawn, of each id one, and read, then N_PICTURES pictures of 20 x 20 pixels, of
which the width alone is noted. Executors: process, loky1, loky2, dask1, dask2. Rates are of the files after the first
two of each worker, with which models and libraries are loaded; so are CPU seconds, which are of all processes together.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.pipeline.batch.stub import Stub, draw

from boneage.imaging import find_scans, read_sexes
from boneage.pipeline.batch.executors import Executor, ThisProcess
from boneage.pipeline.batch.models import ModelReference
from boneage.pipeline.batch.outcome import StoredProcessor
from boneage.pipeline.batch.prediction import Prediction
from boneage.pipeline.batch.run import open_run, run_durably
from boneage.pipeline.batch.status import RunMonitor, RunStatus
from boneage.pipeline.batch.tasks import FileTask, make_tasks
from boneage.pipeline.batch.worker_processes import WorkerProcesses
from boneage.pipeline.storage.shipped_model import shipped_model

EXECUTORS = "process,loky1,loky2,dask1,dask2"
TIMEOUT_S = 600.0


@contextmanager
def start(name: str, processor: StoredProcessor, folder: Path) -> Iterator[Executor]:
    """Start an executor by its name, with a cluster of its own if it needs one."""
    kind, n_workers = name.rstrip("0123456789"), int(name[-1]) if name[-1].isdigit() else 1
    with ExitStack() as stack:
        if kind == "process":
            executor: Executor = ThisProcess(processor)
        elif kind == "loky":
            executor = WorkerProcesses(processor, n_workers, timeout_s=TIMEOUT_S)
        else:
            from distributed import LocalCluster

            from boneage.pipeline.batch.dask_workers import DaskWorkers

            options = {"host": "127.0.0.1", "dashboard_address": ":0", "silence_logs": 50}
            cluster = stack.enter_context(LocalCluster(n_workers=n_workers, threads_per_worker=1, **options))
            address = cluster.scheduler_address
            executor = DaskWorkers(processor, address, folder=folder, timeout_s=TIMEOUT_S, patience_s=300)
        yield stack.enter_context(executor)


def measure(name: str, processor: StoredProcessor, tasks: list[FileTask], folder: Path) -> tuple[float, float, float]:
    """Return the seconds until the executor is at work, and its wall and CPU seconds a file from then on."""
    moments: list[float] = []
    cpu: list[float] = []
    n_first = 2 * (int(name[-1]) if name[-1].isdigit() else 1)
    began = time.monotonic()
    monitor = RunMonitor(folder, RunStatus(name, len(tasks), 0))
    with open_run(folder, {"command": name}) as store, start(name, processor, folder) as executor:

        def note(_stage: str, _part: float) -> None:
            moments.append(time.monotonic())
            if len(moments) in (n_first, len(tasks)):
                cpu.append(count_cpu_seconds(os.getpid()))

        for _ in run_durably(processor, tasks, store, executor, monitor, note):
            pass
    first = moments[n_first - 1]
    n_later = len(tasks) - n_first
    return first - began, (moments[-1] - first) / n_later, (cpu[1] - cpu[0]) / n_later


def count_cpu_seconds(process: int) -> float:
    """Return the CPU seconds so far of a process and of those that it has started."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    threads = Path(f"/proc/{process}/task").iterdir()
    children = [int(child) for thread in threads for child in (thread / "children").read_text().split()]
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(map(count_cpu_seconds, children))


def main(images: list[Path], sexes: list[Path], n_hands: int, n_pictures: int, names: list[str]) -> None:
    """Measure each executor with hands, then with pictures of which only the width is noted."""
    paths = list({path.stem: path for folder in images for path in find_scans(folder)}.values())
    sex_of = {id_: sex for table in sexes for id_, sex in read_sexes(table).items()}
    chosen = np.random.default_rng(1).choice(len(paths), min(1000, len(paths)), replace=False)[:n_hands]
    print(f"load at the start {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print("executor   files  starts in s  files/s  wall s a file  CPU s a file")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        hands = make_tasks([paths[k] for k in sorted(chosen)], sexes=sex_of, sizes={})
        pictures = make_tasks([draw(folder / "in" / f"{k}.png") for k in range(n_pictures)], sexes=None, sizes={})
        for kind, tasks in (("hands", hands), ("pictures", pictures)):
            for name in names if tasks else []:
                out = folder / f"{kind}-{name}"
                (out / "notes").mkdir(parents=True)
                model = ModelReference.of(shipped_model())
                processor = Prediction((model,), out / "notes") if kind == "hands" else Stub(out / "notes")
                starts, a_file, cpu = measure(name, processor, tasks, out)
                print(
                    f"{name:10} {len(tasks):5} {starts:12.1f} {1 / a_file:8.2f} {a_file:14.4f} {cpu:13.4f}", flush=True
                )


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[3:5]] or [60, 1000]
    images, sexes = ([Path(name) for name in argument.split(",")] for argument in sys.argv[1:3])
    main(images, sexes, *numbers, (sys.argv[5] if len(sys.argv) > 5 else EXECUTORS).split(","))
