"""Errors of a landmark benchmark in pixels of pictures of one height, by kind of landmark.

Usage: python docs/measure/at_image_height.py ERRORS.csv LANDMARKS HEIGHT [VARIANT]

ERRORS.csv is what a benchmark without a reference wrote, in original pixels; LANDMARKS has the images' sizes. A kind is
a landmark's name without its number: ``PIP`` of ``PIP_3``.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from boneage.evaluation.reports.text_table import draw_table
from boneage.imaging import read_landmarks


def main(errors: Path, landmarks: Path, height: float, variant: str) -> None:
    """Print a table of one variant's errors; what was not found is in no mean, but in the last column."""
    shapes = read_landmarks(landmarks).original_shapes
    kinds: dict[str, list[float]] = defaultdict(list)
    with errors.open(newline="") as lines:
        for row in csv.DictReader(lines):
            if row["variant"] == variant:
                kind = re.sub(r"_\d+$", "", row["landmark"])
                kinds[kind].append(float(row["error"]) * height / shapes[row["id"]][0])
    table = []
    for kind, values in sorted(kinds.items()):
        distances = np.array(values)
        found = distances[np.isfinite(distances)]
        columns = [np.mean(found), np.median(found), *np.percentile(found, (90, 95))]
        table.append([kind, str(len(distances)), *(f"{c:.2f}" for c in columns), str(len(distances) - len(found))])
    print(draw_table(["landmark", "n", f"mean px at height {height:g}", "median", "90 %", "95 %", "not found"], table))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), sys.argv[4] if len(sys.argv) > 4 else "accurate")
