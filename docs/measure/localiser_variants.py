"""What each part of the `accurate` localiser buys, and more hands: variants of it on the same random splits.

Usage: python docs/measure/localiser_variants.py IMAGES LANDMARKS.csv REFERENCE [ROUNDS [VARIANTS [SIZES]]]

VARIANTS are names as in the table, by semicolons; all if not given. SIZES are numbers of hands to train on, by commas;
43 if not given. Fewer are some of those that more are; 17 others are tested, the same for every size. Times are of the
processor: other programs may run.
"""

from __future__ import annotations

import dataclasses
import itertools
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from boneage.evaluation.metrics import measure_landmarks, read_reference, summarise_distances
from boneage.evaluation.reports.text_table import draw_table
from boneage.imaging import split_ids
from boneage.landmarks import LocaliserSettings, StageSettings, accurate, change_stages, fast, paper, with_vote_weight
from boneage.pipeline.data import load_collection
from boneage.pipeline.training.localiser import train_localiser


def change(**fields: Any) -> LocaliserSettings:
    """Return the settings with fields of every stage changed."""
    return change_stages(accurate(), lambda stage: dataclasses.replace(stage, **fields))


def change_local(**fields: Any) -> LocaliserSettings:
    """Return the settings with fields of the local stages changed."""
    local = tuple(dataclasses.replace(stage, **fields) for stage in accurate().local)
    return dataclasses.replace(accurate(), local=local)


def lengthen(factor: float) -> LocaliserSettings:
    """Return the settings with features ``factor`` times as long."""

    def longer(stage: StageSettings) -> StageSettings:
        return dataclasses.replace(stage, feature_range=stage.feature_range * factor)

    return change_stages(accurate(), longer)


def deepen(max_depth: int) -> LocaliserSettings:
    """Return the settings with trees of a depth in every stage."""

    def deeper(stage: StageSettings) -> StageSettings:
        return dataclasses.replace(stage, forest=dataclasses.replace(stage.forest, max_depth=max_depth))

    return change_stages(accurate(), deeper)


VARIANTS = {
    "`accurate`": accurate(),
    "no frames of the landmarks' own": dataclasses.replace(accurate(), n_neighbours=0),
    "no pairwise prior": dataclasses.replace(accurate(), pairwise_prior=False),
    "neither of the two": dataclasses.replace(accurate(), n_neighbours=0, pairwise_prior=False),
    "contrast of the whole view": change(contrast=0.0),
    "even contrast without tone": change(tone=1.0),
    "no change of exposure in training": change(max_log_gamma=0.0),
    "no augmentation": change(max_log_gamma=0.0, n_copies=1, max_rotation_rad=0.0, max_log_scale=0.0),
    "vote weight 1": with_vote_weight(accurate(), "uniform"),
    "features half as long": lengthen(0.5),
    "features twice as long": lengthen(2.0),
    "features four times as long": lengthen(4.0),
    "trees of depth 10": deepen(10),
    "trees of depth 18": deepen(18),
    "one local stage": dataclasses.replace(accurate(), local=accurate().local[:1]),
    "two local stages": dataclasses.replace(accurate(), local=accurate().local[:2]),
    "local stages: four patches of an image": change_local(n_copies=4),
    "`fast`": fast(),
    "`paper`": paper(),
    "`paper`, vote weight 1": with_vote_weight(paper(), "uniform"),
}


def main(images: Path, landmarks: Path, reference: str, rounds: int, names: list[str], sizes: list[int]) -> None:
    """Train and test every variant in every round; print a table as it grows."""
    hands = load_collection([images], landmarks=landmarks)
    unit = read_reference(reference)
    rows = []
    for name, size in itertools.product(names, sizes):
        # Absent landmarks are counted as they would be without a lowest score: variants have scores of their own.
        settings = dataclasses.replace(VARIANTS[name], min_score=0.0)
        measured, training, locating = [], 0.0, 0.0
        for seed in range(rounds):
            train, test = split_ids(hands.annotated_ids, max(sizes), 17, seed)
            truth = {id_: points for id_ in test if (points := hands.points(id_)) is not None}
            scans = {id_: hands.scan(id_) for id_ in test}
            begun = time.process_time()
            localiser, _, _ = train_localiser(hands.subset(train[:size]), settings, seed=seed, jobs=1)
            trained = time.process_time()
            found = {id_: localiser.locate(scan) for id_, scan in scans.items()}
            locating += (time.process_time() - trained) / len(test)
            training += trained - begun
            measured.append(measure_landmarks(found, truth, unit).distances)
        s = summarise_distances(np.concatenate(measured))
        rates = [f"{100 * s[key]:.1f} %" for key in ("within_2", "within_4")] + [f"{100 * s['beyond_10']:.2f} %"]
        spent = [f"{training / rounds:.0f} s", f"{1000 * locating / rounds:.0f} ms"]
        rows.append([name, str(size), f"{s['mean']:.2f}", f"{s['median']:.2f}", *rates, *spent])
        print(*rows[-1], sep=", ", file=sys.stderr, flush=True)
    rates = ["<= 2", "<= 4", "> 10"]
    print(draw_table(["variant", "trained on", f"mean {unit.unit}", "median", *rates, "training", "a hand"], rows))


if __name__ == "__main__":
    images, landmarks, reference, *rest = sys.argv[1:]
    rounds, chosen, sizes = [*rest, *["4", ";".join(VARIANTS), "43"][len(rest) :]]
    numbers = [int(size) for size in sizes.split(",")]
    main(Path(images), Path(landmarks), reference, int(rounds), chosen.split(";"), numbers)
