"""What each part of a localiser adds: variants of the preset `accurate` on the same random splits."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from boneage.evaluation.metrics import Reference, measure_landmarks, summarise_distances
from boneage.evaluation.reports.number_format import Table
from boneage.imaging import Collection, split_ids
from boneage.landmarks import LocaliserSettings, StageSettings, accurate, change_stages, fast, paper, with_vote_weight
from boneage.pipeline.training.localiser import train_localiser


def change_all(**fields: Any) -> LocaliserSettings:
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
    "pictures as they are, not standardised": dataclasses.replace(accurate(), standardise=None),
    "no pairwise prior": dataclasses.replace(accurate(), prior=None),
    "neither of the two": dataclasses.replace(accurate(), n_neighbours=0, prior=None),
    "contrast of the whole view": change_all(contrast=0.0),
    "even contrast without tone": change_all(tone=1.0),
    "no change of exposure in training": change_all(max_log_gamma=0.0),
    "no augmentation": change_all(max_log_gamma=0.0, n_copies=1, max_rotation_rad=0.0, max_log_scale=0.0),
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


_N_TEST = 17


@dataclass(frozen=True, eq=False)
class AblationResult:
    """What was measured of one variant, trained on one number of hands.

    Parameters
    ----------
    variant : str
    n_train : int
    distances : ndarray of shape (n_tests, n_landmarks)
        Of all rounds, in the unit of the reference; infinite where a landmark was not found.
    training_s, locating_s : float
        Processor seconds to train, and to locate in one image; the mean over rounds.
    """

    variant: str
    n_train: int
    distances: NDArray[np.float64]
    training_s: float
    locating_s: float


def measure_ablation(
    collection: Collection,
    reference: Reference | None,
    *,
    rounds: int = 4,
    sizes: Sequence[int] = (43,),
    variants: Mapping[str, LocaliserSettings] = VARIANTS,
) -> Iterator[AblationResult]:
    """Train and test variants with each number of hands; yield each result once it is there.

    All variants and sizes are tested on the same 17 hands in each round; a smaller training set is a part of the larger
    ones.

    Parameters
    ----------
    collection : Collection
        With landmarks.
    reference : Reference or None
        The unit of the errors; pixels of the original image if not given.
    rounds : int
    sizes : sequence of int
        Numbers of hands to train on.
    variants : mapping of LocaliserSettings
    """
    for (name, settings), size in itertools.product(variants.items(), sizes):
        # Scores of variants are not comparable: no landmark is withheld for a low one.
        complete = dataclasses.replace(settings, min_score=0.0)
        measured = []
        training_s = locating_s = 0.0
        for seed in range(rounds):
            train, test = split_ids(collection.annotated_ids, max(sizes), _N_TEST, seed)
            truth = {id_: points for id_ in test if (points := collection.points(id_)) is not None}
            scans = {id_: collection.scan(id_) for id_ in test}
            start = time.process_time()
            localiser, _, _ = train_localiser(collection.subset(train[:size]), complete, seed=seed, jobs=1)
            trained = time.process_time()
            found = {id_: localiser.locate(scan) for id_, scan in scans.items()}
            locating_s += (time.process_time() - trained) / len(test)
            training_s += trained - start
            measured.append(measure_landmarks(found, truth, reference).distances)
        yield AblationResult(name, size, np.concatenate(measured), training_s / rounds, locating_s / rounds)


def tabulate_ablation(results: Sequence[AblationResult], unit: str) -> Table:
    """Return the errors and times of each variant, a row each."""
    rows = []
    for result in results:
        s = summarise_distances(result.distances)
        rates = [f"{100 * s[key]:.1f} %" for key in ("within_2", "within_4")] + [f"{100 * s['beyond_10']:.2f} %"]
        times = [f"{result.training_s:.0f} s", f"{1000 * result.locating_s:.0f} ms"]
        rows.append([result.variant, str(result.n_train), f"{s['mean']:.2f}", f"{s['median']:.2f}", *rates, *times])
    header = ["variant", "trained on", f"mean {unit}", "median", "<= 2", "<= 4", "> 10", "training", "a hand"]
    return header, rows
