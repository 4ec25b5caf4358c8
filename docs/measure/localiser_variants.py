"""What each part of the `accurate` localiser adds, and what more hands add: variants on the same random splits.

Usage: python docs/measure/localiser_variants.py IMAGES LANDMARKS.csv REFERENCE [ROUNDS [VARIANTS [SIZES]]]

VARIANTS are names as in the table, by semicolons; all if not given. SIZES are numbers of hands to train on, by commas;
43 if not given. Times are of the processor: other programs may run.
"""

from __future__ import annotations

import sys
from pathlib import Path

from boneage.evaluation.benchmarks.landmarks.ablation import VARIANTS, measure_ablation, tabulate_ablation
from boneage.evaluation.metrics import read_reference
from boneage.evaluation.reports.text_table import draw_table
from boneage.pipeline.data import load_collection


def main(images: Path, landmarks: Path, reference: str, rounds: int, names: list[str], sizes: list[int]) -> None:
    """Print each row as it is measured, and the whole table at the end."""
    hands = load_collection([images], landmarks=landmarks)
    unit = read_reference(reference)
    variants = {name: VARIANTS[name] for name in names}
    results = []
    for result in measure_ablation(hands, unit, rounds=rounds, sizes=sizes, variants=variants):
        results.append(result)
        print(*tabulate_ablation([result], unit.unit)[1][0], sep=", ", file=sys.stderr, flush=True)
    print(draw_table(*tabulate_ablation(results, unit.unit)))


if __name__ == "__main__":
    images, landmarks, reference, *rest = sys.argv[1:]
    rounds, chosen, sizes = [*rest, *["4", ";".join(VARIANTS), "43"][len(rest) :]]
    numbers = [int(size) for size in sizes.split(",")]
    main(Path(images), Path(landmarks), reference, int(rounds), chosen.split(";"), numbers)
