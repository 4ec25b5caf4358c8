"""Compare ways to choose the hands that an age network learns from next: one round, from 200 hands to 400.

Usage: python docs/measure/deep_selection.py IMAGES AGES IDS LOCALISER HANDS OUT [VARIANT] [SIDE] [REPEATS]

IMAGES is a folder, AGES its age table, IDS a list of the hands to use, one a line: 500 are kept to test on in each
repeat, the others are the pool. HANDS keeps located and cropped hands. VARIANT is one of `boneage age benchmark`, by
default hand:efficientnet-lite0-finetuned, read at SIDE pixels (128). Strategies are stratified chance, core-set
(k-centre) and the disagreement of a hand's mirrored and turned views. Prints the report that goes into OUT; the same
command goes on where it stopped.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from boneage.evaluation.benchmarks.ages.variants import Variant, create_crop_builder, name_variants
from boneage.evaluation.benchmarks.selection.ages import AGE_SCALE
from boneage.evaluation.benchmarks.selection.benchmark import measure_strategies
from boneage.evaluation.benchmarks.selection.measurement import ErrorScale, StrategyTask
from boneage.evaluation.benchmarks.selection.plan import AgeSelectionPlan
from boneage.imaging.standardise import StandardiseSettings
from boneage.pipeline.data import load_collection
from boneage.pipeline.selection import Pool, Signals, read_pool
from boneage.pipeline.storage.code_version import prepare_versioned_folder
from boneage.pipeline.training.dataset import AgeDataset
from boneage.regression import AgeRegressor, CropSpec, RegionStack, RegressorSettings
from boneage.regression.selection import predict_views

PASSES = 15


@dataclass(frozen=True, eq=False)
class NetworkTask(StrategyTask[AgeRegressor]):
    """One strategy in one repeat, measured by age networks."""

    scale: ClassVar[ErrorScale] = AGE_SCALE

    variant: Variant
    hands: AgeDataset[RegionStack]

    def describe_model(self) -> list[Any]:
        """Return the settings, and a digest of the hands."""
        return [self.variant.describe(), self.hands.digest]

    def train(self, ids: tuple[str, ...]) -> AgeRegressor:
        """Return the network of some hands; trainings are kept, so that a repeat trains the first one once."""
        kept = prepare_versioned_folder(self.file.parent / "training")
        hands = self.hands.among(ids)
        model = self.variant.make(self.draw.seed)
        assert isinstance(model, AgeRegressor), "a network, not a baseline"
        return model.fit(hands.inputs, hands.ages_months, hands.sexes, ids=hands.ids, checkpoints=kept)

    def measure(self, model: AgeRegressor, ids: Sequence[str]) -> NDArray[np.float64]:
        """Return how far off the ages of hands are, months, shape (n_hands, 1); infinite without an age."""
        hands = self.hands.among(ids)
        months = [estimate.months for estimate in model.predict(hands.inputs, hands.sexes)]
        errors = dict(zip(hands.ids, np.abs(np.array(months) - np.array(hands.ages_months)), strict=True))
        return np.array([[np.inf if np.isnan(errors[id_]) else errors[id_]] for id_ in ids])

    def ask(self, model: AgeRegressor, pool: Pool) -> Signals:
        """Return how far apart the ages of a hand's views are."""
        hands = self.hands.among(pool.ids)
        assert hands.ids == pool.ids, "both in the order of the collection"
        return Signals({"disagreement": predict_views(model, hands.inputs, hands.sexes).std(axis=0)})


def main(
    images: Path, ages: Path, ids: Path, localiser: Path, kept: Path, out: Path, *, name: str, side: int, repeats: int
) -> None:
    """Measure it, and print the report."""
    collection = load_collection([images], ages=[ages], ids=ids)
    spec = partial(CropSpec, side=side, proportions="fitted", detail=226, standardise=StandardiseSettings())
    (variant,) = name_variants([name], RegressorSettings(), spec, epochs=PASSES)
    builder = create_crop_builder(collection, [variant], localiser, at_annotations=False, cache=kept, jobs=2)
    hands = variant.build_inputs(builder)
    pool = read_pool(collection.subset(hands.ids), jobs=2)
    plan = AgeSelectionPlan(("stratified", "k-centre", "disagreement"), 200, (400,), (), 500, repeats)
    make = partial(NetworkTask, pool=pool, variant=variant, hands=hands)
    print(measure_strategies(plan, pool, out, make, "months", tell=partial(print, flush=True)))


if __name__ == "__main__":
    files, others = [Path(argument) for argument in sys.argv[1:7]], sys.argv[7:]
    name, side, repeats = others + ["hand:efficientnet-lite0-finetuned", "128", "3"][len(others) :]
    main(*files, name=name, side=int(side), repeats=int(repeats))
