"""The age benchmark: every variant trained and tested on the same hands, one after another, resumable."""

from __future__ import annotations

import hashlib
import json
import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from boneage.evaluation.benchmarks.ages.rounds import AgeRound, Part, Prediction, load_round, save_round
from boneage.evaluation.benchmarks.ages.variants import Variant
from boneage.evaluation.benchmarks.memory import forget_peak, read_memory
from boneage.evaluation.benchmarks.splits import Split
from boneage.imaging.errors import InvalidInput
from boneage.imaging.progress import Progress
from boneage.pipeline.storage.output import prepare_folder
from boneage.pipeline.training.dataset import AgeDataset
from boneage.regression import AgeRegressor


def run_age_benchmark(
    variants: Sequence[Variant],
    label: Callable[[Variant], AgeDataset[Any]],
    splits: Sequence[Split],
    folder: Path,
    *,
    report: Progress | None = None,
) -> list[AgeRound]:
    """Measure every variant in every round; rounds that ``folder`` already holds are not run again.

    A training that was interrupted goes on from its last checkpoint.

    Parameters
    ----------
    variants : sequence of Variant
    label : callable
        From a variant to the hands as its model sees them; called once a variant, so that no two are in memory.
    splits : sequence of Draw
        The same for all variants, whichever hands each can read.
    folder : Path
        Keeps a file for each variant and round.
    report : callable, optional

    Raises
    ------
    ValueError
        If a variant has fewer than two hands to train on in a round, or needs a sex that is not known.
    UnusableOutput
        If the folder cannot be written to, or holds rounds of another benchmark.
    """
    kept = prepare_folder(folder)
    rounds: list[AgeRound] = []
    for variant in variants:
        hands = label(variant)
        if variant.needs_sex:
            hands.check_sexes()
        for split in splits:
            path = kept / f"{re.sub(r'[^a-z0-9+]+', '-', variant.name)}-{split.number:02d}.json"
            key = _fingerprint(variant, hands, split)
            measured = load_round(path, key)
            if measured is None:
                measured = _run_round(variant, hands, split, kept / "training", report)
                save_round(path, key, measured)
            rounds.append(measured)
            if report:
                report(variant.name, (split.number + 1) / len(splits))
    return rounds


def _run_round(
    variant: Variant, hands: AgeDataset[Any], split: Split, checkpoints: Path, report: Progress | None
) -> AgeRound:
    train = hands.among(split.train)
    if len(train.ids) < 2:
        raise InvalidInput(
            f"{variant.name}: round {split.number} has {len(train.ids)} hands to train on, at least 2 needed"
        )

    def follow(stage: str, part: float) -> None:
        if report:
            report(f"{variant.name}, round {split.number + 1}: {stage}", part)

    model = variant.make(split.seed)
    options: dict[str, Any] = {}
    if isinstance(model, AgeRegressor):
        options = {"ids": train.ids, "progress": follow, "checkpoints": prepare_folder(checkpoints)}
    forget_peak()
    begun = time.perf_counter()
    model.fit(train.inputs, train.ages_months, train.sexes, **options)
    training_s = time.perf_counter() - begun
    predictions: list[Prediction] = []
    predicting_s, n_read = 0.0, 0
    asked: Mapping[Part, tuple[str, ...]] = {"test": split.test, "validation": split.validation}
    for part, ids in asked.items():
        tested = hands.among(ids)
        begun = time.perf_counter()
        estimates = model.predict(tested.inputs, tested.sexes)
        predicting_s += time.perf_counter() - begun
        n_read += len(tested.ids)
        said = {id_: (told.months, told.reason) for id_, told in zip(tested.ids, estimates, strict=True)}
        said |= {hand.id: (math.nan, hand.reason) for hand in tested.excluded}
        predictions += [Prediction(id_, part, *said[id_]) for id_ in ids]
    return AgeRound(
        variant=variant.name,
        number=split.number,
        predictions=tuple(predictions),
        n_train=len(train.ids),
        n_parameters=model.n_parameters,
        epochs=variant.epochs,
        training_s=training_s,
        preparing_s=hands.seconds,
        predicting_s=predicting_s / max(n_read, 1),
        peak_mb=read_memory("VmHWM"),
    )


def _fingerprint(variant: Variant, hands: AgeDataset[Any], split: Split) -> str:
    """Return a digest of the settings and hands of a round, but not of the code that measures it."""
    ids = sorted({*hands.ids, *(hand.id for hand in hands.excluded)})
    plan = [variant.describe(), hands.digest, ids, split.seed, split.train, split.test, split.validation]
    return hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()
