"""Whether a model reads the same age from a radiograph, its half-size copy and its thumbnail.

Usage: python docs/measure/resolutions.py MODEL IMAGES THUMBNAILS AGES

MODEL is a trained pipeline; IMAGES holds radiographs at their own size, THUMBNAILS files of the same names, AGES their
ages and sexes. Half-size copies are made here, by averaging. Prints the mean absolute error at each size, and the mean
absolute difference between each two, over the hands that are read at all sizes.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import cv2
import numpy as np

from boneage.imaging import Scan, find_scans, read_ages, read_scan
from boneage.pipeline.pipeline import BoneAgePipeline


def main(model: str, images: str, thumbnails: str, ages: str) -> None:
    """Read every hand at three sizes and compare."""
    pipeline = BoneAgePipeline.load(model)
    known = read_ages(Path(ages))
    small = {path.stem: path for path in find_scans(Path(thumbnails))}
    read: list[list[float]] = []
    for path in find_scans(Path(images)):
        scan = read_scan(path)
        sizes = {"native": scan, "half": halve(scan), "thumbnail": read_scan(small[path.stem])}
        results = {name: pipeline.assess(copy, sex=known[path.stem].sex) for name, copy in sizes.items()}
        refused = [f"{name}: {result.reason}" for name, result in results.items() if result.estimate is None]
        if refused:
            print(f"{path.stem} refused at {'; '.join(refused)}")
            continue
        ages = [result.estimate.months for result in results.values() if result.estimate]
        read.append([*ages, known[path.stem].boneage_months])
    months = np.array(read)
    names = ("native", "half", "thumbnail")
    print(f"{len(months)} hands read at all sizes")
    for k, name in enumerate(names):
        error = months[:, k] - months[:, 3]
        print(f"{name}: MAD {np.abs(error).mean():.2f} months, bias {error.mean():+.2f}")
    for first, second in itertools.combinations(range(3), 2):
        apart = months[:, first] - months[:, second]
        pair = f"{names[first]} and {names[second]}"
        print(f"{pair}: {np.abs(apart).mean():.2f} months apart, at most {np.abs(apart).max():.1f}")


def halve(scan: Scan) -> Scan:
    """Return a scan of half the size, each pixel the mean of those it covers."""
    rows, columns = scan.pixels.shape
    return Scan(cv2.resize(scan.pixels, (columns // 2, rows // 2), interpolation=cv2.INTER_AREA), source=scan.source)


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
