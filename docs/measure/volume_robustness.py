"""How robust a localiser of volumes is against the orientation of the hand, on phantoms that it was not trained on.

Usage: python docs/measure/volume_robustness.py MODEL [COUNT]

Prints a row for each orientation: errors in mm over the landmarks in the field, the part of them beyond 10 mm or not
found, how many hands are found to be mirrored, and processor seconds a hand.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from pathlib import Path

import numpy as np

from boneage.imaging import Points, Scan
from boneage.imaging.phantoms import COARSE_MM, PhantomHand, draw_phantom_volume
from boneage.pipeline.pipeline import load_localiser

ORIENTATIONS: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {  # order of the axes, and those that are flipped
    "as it is": ((0, 1, 2), ()),
    "fingers down": ((0, 1, 2), (1, 2)),
    "palm the other way": ((0, 1, 2), (0, 2)),
    "fingers down, palm the other way": ((0, 1, 2), (0, 1)),
    "fingers aside": ((0, 2, 1), (1,)),
    "thumb up": ((2, 1, 0), (0,)),
    "fingers along the planes": ((1, 0, 2), (0,)),
    "mirrored, a right hand": ((0, 1, 2), (2,)),
    "mirrored, palm the other way": ((0, 1, 2), (0,)),
}


def reorient(scan: Scan, points: Points, order: tuple[int, ...], flipped: tuple[int, ...]) -> tuple[Scan, Points]:
    """Return a volume with its axes in another order and some of them flipped, and its landmarks."""
    pixels, positions = scan.pixels.transpose(order), points.positions[:, order].copy()
    for axis in flipped:
        pixels, positions[:, axis] = np.flip(pixels, axis), pixels.shape[axis] - 1 - positions[:, axis]
    spacing = tuple(scan.spacing_array[list(order)].tolist())
    fields = {"original_shape": None, "to_original": None, "to_patient": None}
    return dataclasses.replace(scan, pixels=pixels, spacing=spacing, **fields), Points(points.names, positions)


def draw_hands(count: int) -> list[PhantomHand]:
    """Draw coarse phantoms of 9 to 17 years, girls and boys in turn."""
    ages = np.linspace(108, 204, count).tolist()
    return [
        draw_phantom_volume(
            np.random.default_rng(9000 + k), sex="M" if k % 2 else "F", age_months=age, spacing_mm=COARSE_MM
        )
        for k, age in enumerate(ages)
    ]


def main(model: Path, count: int) -> None:
    """Print the table."""
    localiser, _ = load_localiser(model)
    hands = draw_hands(count)
    print(
        "| orientation | median mm | mean | > 10 or not found | found mirrored | s a hand |\n|---|---|---|---|---|---|"
    )
    for name, (order, flipped) in ORIENTATIONS.items():
        errors, mirrored, spent = [], 0, 0.0
        for hand in hands:
            scan, truth = reorient(hand.scan, hand.points, order, flipped)
            start = time.process_time()
            found = localiser.locate(scan)
            spent += time.process_time() - start
            off = np.linalg.norm((found.positions - truth.positions) * scan.spacing_array, axis=1)
            errors += off[truth.present].tolist()
            mirrored += localiser.is_mirrored(found)
        beyond = 100 * np.mean(~(np.array(errors) <= 10))
        print(
            f"| {name} | {np.nanmedian(errors):.2f} | {np.nanmean(errors):.2f} | {beyond:.1f} % "
            f"| {mirrored} of {count} | {spent / count:.1f} |"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10)
