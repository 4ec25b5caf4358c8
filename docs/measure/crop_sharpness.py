"""How much of a hand's sharpness is left where hands are first shrunk to one number of pixels.

Usage: python docs/measure/crop_sharpness.py MODEL IMAGES DETAIL...

Every hundredth file of IMAGES is located with the MODEL's localiser and cropped upright at side 224, once without a
detail and once for each DETAIL. Prints the hands' lengths in pixels and, for each DETAIL, the variance of the Laplacian
in parts of what it is without one: the median over the hands, and the lowest.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

from boneage.imaging import find_scans, read_scan
from boneage.imaging.standardise import StandardiseSettings
from boneage.pipeline.located_hand import crop_located_hand, locate_hand, mean_shape_of
from boneage.pipeline.pipeline import load_localiser
from boneage.regression import CropSpec

_EACH = 100


def main(model: str, images: str, *details: str) -> None:
    """Crop the hands at each detail and compare."""
    localiser, _ = load_localiser(Path(model))
    reference = mean_shape_of(localiser)
    sides = (0, *map(int, details))
    sharpness: list[list[float]] = []
    lengths: list[float] = []
    for path in find_scans(Path(images))[::_EACH]:
        scan = read_scan(path)
        located = locate_hand(scan, localiser)
        crops = []
        for detail in sides:
            spec = CropSpec("hand", 224, proportions="fitted", detail=detail, standardise=StandardiseSettings())
            crops.append(crop_located_hand(scan, located, spec, reference)[0])
        if located.points is None or any(crop is None for crop in crops):
            continue
        positions = located.points.positions
        lengths.append(float((np.nanmax(positions, axis=0) - np.nanmin(positions, axis=0)).max()))
        sharpness.append([float(cv2.Laplacian(crop.pixels[0], cv2.CV_32F).var()) for crop in crops if crop])
    print(f"{len(lengths)} hands, {np.median(lengths):.0f} pixels long ({min(lengths):.0f} to {max(lengths):.0f})")
    parts = np.array(sharpness) / np.array(sharpness)[:, :1]
    for place, detail in enumerate(details, start=1):
        print(f"detail {detail}: {np.median(parts[:, place]):.2f}, at least {parts[:, place].min():.2f}")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
