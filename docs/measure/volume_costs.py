"""What a localiser of volumes costs: seconds to train on phantoms and to locate, and the most memory held.

Usage: python docs/measure/volume_costs.py PRESET [COUNT]

Trains on COUNT (43) phantom volumes of 60 x 320 x 240 voxels with two threads, then locates in three others of that
size and in one of 128 x 512 x 512, with one. Code is compiled before, on two small volumes, and timed apart.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

from boneage.imaging import Collection, LandmarkTable, Points, Scan, read_scan
from boneage.imaging.phantoms import VOLUME_LANDMARK_NAMES, draw_phantom_volume
from boneage.imaging.volumes.writing import write_volume
from boneage.landmarks import PRESETS, ForestLocaliser

USUAL = (60, 320, 240), (0.9, 0.75, 0.6)
LARGE = (128, 512, 512), (0.45, 0.48, 0.29)
SMALL = (20, 80, 60), (2.7, 3.0, 2.4)


def draw(number: int, size: tuple[tuple[int, int, int], tuple[float, float, float]]) -> tuple[Scan, Points]:
    """Draw a phantom of 8 to 20 years with a number of voxels and their lengths in mm."""
    rng = np.random.default_rng(number)
    age = float(rng.uniform(96, 240))
    hand = draw_phantom_volume(rng, sex="M" if number % 2 else "F", age_months=age, shape=size[0], spacing_mm=size[1])
    return hand.scan, hand.points


def read_memory() -> str:
    """Return the most memory that this process held so far."""
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB"


def main(preset: str, count: int) -> None:
    """Print the costs."""
    settings = PRESETS[preset](3)
    start = time.perf_counter()
    few = [draw(k, SMALL) for k in range(2)]
    ForestLocaliser(settings=settings).fit(*zip(*few, strict=True)).locate(few[0][0])
    print(f"first call, on small volumes: {time.perf_counter() - start:.0f} s; {read_memory()}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        points = {}
        for number in range(count):
            scan, points[f"hand{number:03d}"] = draw(number, USUAL)
            write_volume(Path(folder) / f"hand{number:03d}.nii", scan)
        table = LandmarkTable(Path(folder), VOLUME_LANDMARK_NAMES, points, {}, {})
        collection = Collection.from_folders([folder], landmarks=table)
        print(f"{count} volumes drawn; {read_memory()}", flush=True)
        start, busy = time.perf_counter(), time.process_time()
        localiser = ForestLocaliser(settings=settings, n_jobs=2)
        localiser.fit(collection.scans(list(points)), list(points.values()))
        spent, busy = time.perf_counter() - start, time.process_time() - busy
        print(f"training, reading included: {spent:.0f} s, {busy:.0f} s of processor; {read_memory()}", flush=True)
        for size, numbers in ((USUAL, range(1000, 1003)), (LARGE, range(1003, 1004))):
            for number in numbers:
                scan, truth = draw(number, size)
                write_volume(Path(folder) / "new.nii", scan)
                start = time.perf_counter()
                scan = read_scan(Path(folder) / "new.nii")
                read, start = time.perf_counter() - start, time.perf_counter()
                found = localiser.locate(scan)
                spent = time.perf_counter() - start
                off = np.linalg.norm((found.positions - truth.positions) * scan.spacing_array, axis=1)
                off = off[found.present & truth.present].tolist()
                print(
                    f"{' x '.join(map(str, size[0]))}: read in {read:.1f} s, located in {spent:.1f} s: "
                    f"{len(off)} landmarks, median error {median(off) if off else np.nan:.2f} mm; {read_memory()}",
                    flush=True,
                )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 43)
