"""How long the shipped model takes for each file on one core: reading, landmarks, age and overlay.

Usage: OMP_NUM_THREADS=1 python docs/measure/reading_times.py IMAGES SEXES [LOWEST HIGHEST N]

Of the files whose numbers lie between LOWEST and HIGHEST, N are drawn; all without them. The first two files warm up.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from boneage.imaging import find_scans, read_sexes
from boneage.pipeline.batch.file_processing import run_file
from boneage.pipeline.batch.models import ModelReference
from boneage.pipeline.batch.prediction import Prediction
from boneage.pipeline.batch.tasks import make_tasks
from boneage.pipeline.storage.shipped_model import shipped_model


def main(images: Path, sexes: Path, lowest: int = 0, highest: int = sys.maxsize, n: int = sys.maxsize) -> None:
    """Read the files, and print the median, 95th percentile, largest and mean time of a core, in seconds."""
    paths = [path for path in find_scans(images) if lowest == 0 or lowest <= int(path.stem) < highest]
    if len(paths) > n:
        chosen = np.random.default_rng(1).choice(len(paths), n, replace=False)
        paths = [paths[k] for k in sorted(chosen)]
    tasks = make_tasks(paths, sexes=read_sexes(sexes), sizes={})
    seconds: list[float] = []
    statuses: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        processor = Prediction((ModelReference.of(shipped_model()),), Path(folder))
        for task in tasks[:2]:
            run_file(processor, task)
        for task in tasks:
            start = time.process_time()
            statuses.update(result.status for result in run_file(processor, task))
            seconds.append(time.process_time() - start)
    median, late = np.percentile(seconds, (50, 95))
    print(f"{len(tasks)} files: {', '.join(f'{count} {status}' for status, count in sorted(statuses.items()))}")
    worst, mean = max(seconds), np.mean(seconds)
    print(f"seconds: median {median:.2f}, 95th percentile {late:.2f}, worst {worst:.2f}, mean {mean:.2f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:]))
