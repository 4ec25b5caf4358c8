"""What a hand's time is spent on with the shipped model, and what its age networks would save in batches of hands.

Usage: OMP_NUM_THREADS=1 python docs/measure/reading_shares.py IMAGES SEXES [N]

N files are drawn, and two more that warm up. Times are CPU seconds of one thread.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch

from boneage.imaging import find_scans, read_scan, read_sexes
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.batch.models import ModelReference
from boneage.pipeline.batch.prediction import Prediction
from boneage.pipeline.batch.tasks import make_tasks
from boneage.pipeline.storage.shipped_model import shipped_model
from boneage.regression import AgeRegressor

BATCHES = (1, 2, 4, 8, 16)
REPEATS = 3

seconds: dict[str, list[float]] = defaultdict(list)


@contextmanager
def timed(name: str) -> Iterator[None]:
    """Note the CPU seconds of what is within."""
    start = time.process_time()
    yield
    seconds[name].append(time.process_time() - start)


def time_calls(owner: type, method: str, name: str) -> object:
    """Return a patch that notes the seconds of each call of a method."""
    as_it_is = getattr(owner, method)

    def call(*args: object, **kwargs: object) -> object:
        with timed(name):
            return as_it_is(*args, **kwargs)

    return patch.object(owner, method, call)


def main(images: Path, sexes: Path, n: int = 20) -> None:
    """Print each step's share of a hand, then the networks' seconds a hand by the hands in a batch."""
    torch.set_num_threads(1)
    paths = find_scans(images)
    drawn = np.random.default_rng(1).choice(len(paths), min(n + 2, len(paths)), replace=False)
    results = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name in ("overlays", "cases", "thumbnails"):
            (folder / name).mkdir()
        processor = Prediction((ModelReference.of(shipped_model()),), folder / "overlays", pages=folder)
        for k, task in enumerate(make_tasks([paths[k] for k in drawn], sexes=read_sexes(sexes), sizes={})):
            if k == 2:
                seconds.clear()
            with (
                time_calls(ForestLocaliser, "find", "landmarks"),
                time_calls(AgeRegressor, "predict", "networks"),
                timed("a hand"),
            ):
                with timed("reading the file"):
                    scan = read_scan(task.path)
                result = processor.process(task, scan)
                for name, write in processor.outputs(task, scan, result):
                    if name != "explanation":
                        with timed(name):
                            write()
            results.append(result)
    whole = sum(seconds["a hand"])
    print(f"{len(seconds['a hand'])} files, {whole / len(seconds['a hand']):.3f} s each")
    for name, times in seconds.items():
        print(f"{name:18} {sum(times) / len(seconds['a hand']):.3f} s, {100 * sum(times) / whole:.0f} %")
    (pipeline,) = processor._load()
    read = [result for result in results if result.stacks]
    for size in BATCHES:
        chosen = [read[k % len(read)] for k in range(max(BATCHES))]
        times = []
        for _ in range(REPEATS):
            start = time.process_time()
            for first in range(0, len(chosen), size):
                of_batch = chosen[first : first + size]
                for k, age_model in enumerate(pipeline.age_models):
                    age_model.regressor.predict([one.stacks[k] for one in of_batch], [one.sex for one in of_batch])
            times.append((time.process_time() - start) / len(chosen))
        print(f"networks, {size:2} hands at a time: {min(times):.4f} s a hand")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:]))
