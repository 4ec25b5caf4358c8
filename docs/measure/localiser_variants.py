"""What each part of the `accurate` localiser buys: variants of it on one 43/17 split.

Usage: python docs/measure/localiser_variants.py IMAGES LANDMARKS.csv REFERENCE [SEED]
"""

from __future__ import annotations

import dataclasses
import sys
import time
from pathlib import Path

from boneage.evaluation import draw_table, measure_landmarks, read_reference, summarise_landmarks
from boneage.imaging import split_ids
from boneage.landmarks import (
    LocaliserSettings,
    StageSettings,
    accurate,
    change_stages,
    fast,
    paper,
    with_vote_weight,
)
from boneage.pipeline.gathering import gather
from boneage.pipeline.training import train_localiser


def lengthen(factor: float) -> LocaliserSettings:
    """Return the settings with features ``factor`` times as long."""

    def change(stage: StageSettings) -> StageSettings:
        return dataclasses.replace(stage, feature_range=stage.feature_range * factor)

    return change_stages(accurate(), change)


def keep_shallow() -> LocaliserSettings:
    """Return the settings with trees of depth 14 everywhere."""

    def change(stage: StageSettings) -> StageSettings:
        return dataclasses.replace(stage, forest=dataclasses.replace(stage.forest, max_depth=14))

    return change_stages(accurate(), change)


def stay_unmoved() -> LocaliserSettings:
    """Return the settings without augmentation."""

    def change(stage: StageSettings) -> StageSettings:
        return dataclasses.replace(stage, n_copies=1, max_rotation_rad=0.0, max_log_scale=0.0)

    return change_stages(accurate(), change)


VARIANTS = {
    "accurate": accurate(),
    "features half as long": lengthen(0.5),
    "features twice as long": lengthen(2.0),
    "features four times as long": lengthen(4.0),
    "trees of depth 14 everywhere": keep_shallow(),
    "vote weight 1": with_vote_weight(accurate(), "uniform"),
    "no augmentation": stay_unmoved(),
    "one local stage": dataclasses.replace(accurate(), local=accurate().local[:1]),
    "fast": fast(),
    "paper": paper(),
    "paper, vote weight 1": with_vote_weight(paper(), "uniform"),
}


def main(images: Path, landmarks: Path, reference: str, seed: int) -> None:
    """Train and test every variant; print a table as it grows."""
    hands = gather([images], landmarks=landmarks)
    train, test = split_ids(hands.annotated_ids, 43, 17, seed)
    unit = read_reference(reference)
    truth = {id_: points for id_ in test if (points := hands.points(id_)) is not None}
    rows = []
    for name, settings in VARIANTS.items():
        begun = time.perf_counter()
        # Absent landmarks are counted as they would be without a lowest score: variants have scores of their own.
        settings = dataclasses.replace(settings, min_score=0.0)
        localiser, _, _ = train_localiser(hands.subset(train), settings, seed=0, jobs=2)
        trained = time.perf_counter()
        found = {id_: localiser.locate(hands.scan(id_)) for id_ in test}
        located = time.perf_counter()
        errors = measure_landmarks(found, truth, unit)
        s = summarise_landmarks(errors)["overall"]
        rates = [f"{100 * s[key]:.1f} %" for key in ("within_2", "within_4", "beyond_10")]
        spent = [f"{trained - begun:.0f} s", f"{(located - trained) / len(test):.2f} s"]
        rows.append([name, f"{s['mean']:.2f}", f"{s['median']:.2f}", *rates, *spent])
        print(*rows[-1], sep=", ", file=sys.stderr, flush=True)
    print(draw_table(["variant", f"mean {errors.unit}", "median", "<= 2", "<= 4", "> 10", "training", "a hand"], rows))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]) if len(sys.argv) > 4 else 1)
