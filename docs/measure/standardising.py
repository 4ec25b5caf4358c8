"""Whether standardising keeps every landmark in the picture, what it cuts off, and how often it tells the polarity.

Usage: python docs/measure/standardising.py IMAGES LANDMARKS [MOST]

IMAGES is a folder of radiographs, LANDMARKS their annotations, with the original sizes where the files are resized
copies. At most MOST files are read (default: all), evenly spread over the ids. Every picture is also inverted.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from pathlib import Path

import numpy as np

from boneage.imaging import Points, Scan
from boneage.imaging.standardise import StandardisedScan, standardise
from boneage.pipeline.data import load_collection


def main(images: str, landmarks: str, most: str = "") -> None:
    """Standardise every annotated picture and print what came of it."""
    collection = load_collection([Path(images)], landmarks=Path(landmarks))
    ids = collection.annotated_ids
    ids = ids[:: max(len(ids) // int(most), 1)][: int(most)] if most else ids
    cut, found, right, seconds, lost = [], [], [], [], []
    for id_ in ids:
        scan = collection.scan(id_)
        start = time.process_time()
        result = standardise(scan)
        seconds.append(time.process_time() - start)
        opposite = standardise(invert(scan))
        cut.append(1 - result.scan.pixels.size / scan.pixels.size)
        found.append(result.field.n_sides > 0)
        right.append((not result.polarity.inverted, opposite.polarity.inverted))
        lost += [id_] if count_outside(result, scan, collection.points(id_)) else []
    parts, sides = np.array(cut), np.array(found)
    print(f"{len(ids)} hands; all landmarks inside: {1 - len(lost) / len(ids):.1%}; not: {', '.join(lost) or 'none'}")
    print(f"area cut off: median {np.median(parts):.1%}, 90th percentile {np.percentile(parts, 90):.1%}")
    if sides.any():
        print(f"a side of the field found: {sides.mean():.1%}; cut off there: median {np.median(parts[sides]):.1%}")
    print("polarity right: as it is {:.1%}, inverted {:.1%}".format(*np.mean(right, axis=0)))
    print(f"CPU time: median {1000 * np.median(seconds):.0f} ms, worst {1000 * max(seconds):.0f} ms")


def invert(scan: Scan) -> Scan:
    """Return a scan with its grey values upside down."""
    return dataclasses.replace(scan, pixels=scan.pixels.max() - scan.pixels)


def count_outside(result: StandardisedScan, scan: Scan, points: Points) -> int:
    """Return how many landmarks that lie in the file's picture lie outside the standardised one."""
    inside = []
    for picture in (scan, result.scan):
        at = picture.frame_to_original().inverse().apply(points.positions[points.present])
        inside.append(((at > -0.5) & (at < np.array(picture.pixels.shape) - 0.5)).all(axis=1))
    return int((inside[0] & ~inside[1]).sum())


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])
