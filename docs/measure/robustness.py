"""How robust a localiser is against rotation, mirroring, size, noise, collimation and a cropped wrist.

Usage: python docs/measure/robustness.py IMAGES LANDMARKS.csv MODEL.boneage TEST_IDS.txt REFERENCE
"""

from __future__ import annotations

import sys
from pathlib import Path

from boneage.evaluation.benchmarks.landmarks.robustness import measure_robustness, tabulate_robustness
from boneage.evaluation.metrics import read_reference
from boneage.evaluation.reports.text_table import draw_table
from boneage.pipeline.data import load_collection
from boneage.pipeline.pipeline import load_localiser


def main(images: Path, landmarks: Path, model: Path, ids: Path, reference: str) -> None:
    """Print the errors after every change."""
    hands = load_collection([images], landmarks=landmarks, ids=ids)
    unit = read_reference(reference)
    results = measure_robustness(hands, load_localiser(model)[0], unit)
    print(draw_table(*tabulate_robustness(results, unit.unit)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]), sys.argv[5])
