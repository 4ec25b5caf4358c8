"""How far off localisers are on hands with keypoints at half and full size, which the shipped one has not learnt from.

Usage: python docs/measure/unseen_keypoints.py DATA MODEL...

Percent of the hand's length, of each MODEL (a localiser's file or a pipeline's): as the hands are, and each in an
exposed field, aslant or small, as ``boneage stress`` draws them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from annotation_kinds import compare
from training_hands import read_kinds

from boneage.evaluation.metrics.landmark_errors import summarise_distances
from boneage.imaging import Collection, find_scans
from boneage.pipeline import load_localiser


def main(data: Path, *models: Path) -> None:
    """Print a row for each set of hands, surroundings and model."""
    keypoints = read_kinds(data)["keypoints"]
    print(
        "| hands | surroundings | model | n | mean | median | beyond 10 % or not found |\n|---|---|---|---|---|---|---|"
    )
    for name in ("rsna_half", "rsna_native"):
        images = data / name / "images"
        ids = sorted({path.stem for path in find_scans(images)}.intersection(keypoints.points))
        hands = Collection.from_folders([images], landmarks=keypoints, ids=ids)
        for surrounded in (False, True):
            for path in models:
                errors = compare(load_localiser(path)[0], hands, surrounded)
                figures = summarise_distances(errors.percent_of_length)
                cells = [f"{figures[key]:.2f}" for key in ("mean", "median")] + [f"{100 * figures['beyond_10']:.1f}"]
                surroundings = "an archive's" if surrounded else "its own"
                print("|", " | ".join([name, surroundings, path.name, str(len(ids)), *cells]), "|", flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
