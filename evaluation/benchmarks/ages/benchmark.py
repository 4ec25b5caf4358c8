"""The age benchmark: every variant trained and tested on the same hands, one after another, resumable."""

from __future__ import annotations

import math
import re
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boneage.evaluation.benchmarks.ages.rounds import AgeRound, Part, Prediction, load_round, save_round
from boneage.evaluation.benchmarks.ages.variants import AgeEstimator, Variant, create_crop_builder, name_variants
from boneage.evaluation.benchmarks.memory import read_memory, reset_peak_memory
from boneage.evaluation.benchmarks.provenance import name_commit
from boneage.evaluation.benchmarks.splits import CrossValidation, FixedSplit, Split
from boneage.imaging import Collection
from boneage.imaging.errors import InvalidInput
from boneage.imaging.progress import Progress
from boneage.pipeline.pipeline import BoneAgePipeline
from boneage.pipeline.storage.code_version import prepare_versioned_folder
from boneage.pipeline.storage.output import prepare_folder
from boneage.pipeline.training.crop_cache import fingerprint
from boneage.pipeline.training.dataset import AgeDataset
from boneage.regression import AgeRegressor, CropKind, CropSpec, RegressorSettings


@dataclass(frozen=True, eq=False)
class AgeBenchmarkSettings:
    """What an age benchmark compares, and how.

    Parameters
    ----------
    names : tuple of str
        Of the variants; see :func:`~boneage.evaluation.benchmarks.ages.variants.name_variants`.
    protocol : CrossValidation or FixedSplit
        Which hands are trained on and tested in each round.
    settings : RegressorSettings
        Of the networks.
    recipe : str, optional
        How every network is trained, by name; its own way if not given.
    epochs : int, optional
        Passes over the hands for every network; those of its recipe if not given.
    make_crop_spec : callable
        From a variant's kind of crops to their :class:`~boneage.regression.CropSpec`.
    localiser : Path, optional
        Model file of the localiser that finds the landmarks.
    at_annotations : bool
        Whether hands are cropped at annotated landmarks instead.
    weights : Path, optional
        File of pretrained weights, for the networks that take some.
    start : BoneAgePipeline, optional
        A trained model whose weights the networks start from.
    jobs : int
        Number of processes that prepare hands.
    """

    names: tuple[str, ...] = ("constant", "regions")
    protocol: CrossValidation | FixedSplit = field(default_factory=lambda: CrossValidation(5))
    settings: RegressorSettings = field(default_factory=RegressorSettings)
    recipe: str | None = None
    epochs: int | None = None
    make_crop_spec: Callable[[CropKind], CropSpec] = CropSpec
    localiser: Path | None = None
    at_annotations: bool = False
    weights: Path | None = None
    start: BoneAgePipeline | None = None
    jobs: int = 1

    def select(self, collection: Collection) -> Collection:
        """Return the hands of a collection that take part: all of them, or those of a fixed split."""
        return collection.subset(self.protocol.ids) if isinstance(self.protocol, FixedSplit) else collection


def run_age_benchmark(
    collection: Collection,
    settings: AgeBenchmarkSettings,
    folder: Path,
    *,
    cache: Path | None = None,
    report: Progress | None = None,
) -> list[AgeRound]:
    """Measure the variants on the hands of a collection that have an age.

    Parameters
    ----------
    collection : Collection
        With a fixed split, hands of other ids are left out.
    settings : AgeBenchmarkSettings
    folder : Path
        Stores the rounds; see :func:`measure_variants`.
    cache : Path, optional
        Folder for located landmarks, crops and features off the shelf.
    report : callable, optional

    Raises
    ------
    InvalidInput
        If a variant has no known name, landmarks are needed and there are none, or there are too few hands.
    UnusableOutput
        If the folder cannot be written to, or holds rounds of another benchmark.
    """
    variants = name_variants(
        settings.names,
        settings.settings,
        settings.make_crop_spec,
        recipe=settings.recipe,
        epochs=settings.epochs,
        weights=settings.weights,
        start=settings.start,
        features=cache and cache / "features",
    )
    builder = create_crop_builder(
        settings.select(collection),
        variants,
        settings.localiser,
        at_annotations=settings.at_annotations,
        cache=cache,
        jobs=settings.jobs,
        report=report,
    )
    splits = settings.protocol.split(builder.load_labels().ids)
    return measure_variants(variants, lambda variant: variant.build_inputs(builder), splits, folder, report=report)


def measure_variants(
    variants: Sequence[Variant],
    build_inputs: Callable[[Variant], AgeDataset[Any]],
    splits: Sequence[Split],
    folder: Path,
    *,
    report: Progress | None = None,
) -> list[AgeRound]:
    """Measure every variant in every round; rounds that this code has measured into ``folder`` are not run again.

    An interrupted training resumes from its last checkpoint.

    Parameters
    ----------
    variants : sequence of Variant
    build_inputs : callable
        From a variant to the hands with what its model reads; called once a variant, so that no two are in memory.
    splits : sequence of Split
        The same for all variants, whichever hands each can read.
    folder : Path
        Stores a file for each variant and round.
    report : callable, optional

    Raises
    ------
    InvalidInput
        If a variant has fewer than two hands to train on in a round, or needs a sex that is not known.
    UnusableOutput
        If the folder cannot be written to, or holds rounds of another benchmark.
    """
    stored = prepare_folder(folder)
    rounds: list[AgeRound] = []
    for variant in variants:
        hands = build_inputs(variant)
        if variant.needs_sex:
            hands.check_sexes()
        for split in splits:
            path = stored / f"{re.sub(r'[^a-z0-9+]+', '-', variant.name)}-{split.number:02d}.json"
            key = _make_key(variant, hands, split)
            measured = load_round(path, key)
            if measured is None:
                measured = _run_round(variant, hands, split, stored / "training", report)
                save_round(path, key, measured)
                shutil.rmtree(stored / "training", ignore_errors=True)
            rounds.append(measured)
            if report:
                report(variant.name, (split.number + 1) / len(splits))
    return rounds


def _run_round(
    variant: Variant, hands: AgeDataset[Any], split: Split, checkpoints: Path, report: Progress | None
) -> AgeRound:
    """Train a variant's model on one part of the hands and test it on the others."""
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
        options = {"ids": train.ids, "progress": follow, "checkpoints": prepare_versioned_folder(checkpoints)}
    reset_peak_memory()
    started = time.perf_counter()
    model.fit(train.inputs, train.ages_months, train.sexes, **options)
    training_s = time.perf_counter() - started
    predictions, predicting_s = _predict(model, hands, {"test": split.test, "validation": split.validation})
    return AgeRound(
        variant=variant.name,
        number=split.number,
        predictions=predictions,
        n_train=len(train.ids),
        n_parameters=model.n_parameters,
        epochs=variant.epochs,
        training_s=training_s,
        preparing_s=hands.seconds,
        predicting_s=predicting_s,
        peak_mb=read_memory("VmHWM"),
        commit=name_commit(),
    )


def _predict(
    model: AgeEstimator, hands: AgeDataset[Any], parts: Mapping[Part, Sequence[str]]
) -> tuple[tuple[Prediction, ...], float]:
    """Return the predictions of all hands of some parts, and the seconds that one hand took."""
    predictions: list[Prediction] = []
    seconds, n_predicted = 0.0, 0
    for part, ids in parts.items():
        tested = hands.among(ids)
        started = time.perf_counter()
        estimates = model.predict(tested.inputs, tested.sexes)
        seconds += time.perf_counter() - started
        n_predicted += len(tested.ids)
        results = {id_: (each.months, each.reason) for id_, each in zip(tested.ids, estimates, strict=True)}
        results |= {hand.id: (math.nan, hand.reason) for hand in tested.excluded}
        predictions += [Prediction(id_, part, *results[id_]) for id_ in ids]
    return tuple(predictions), seconds / max(n_predicted, 1)


def _make_key(variant: Variant, hands: AgeDataset[Any], split: Split) -> str:
    """Return a digest of the settings and hands of a round, but not of the code that measures it."""
    ids = sorted({*hands.ids, *(hand.id for hand in hands.excluded)})
    return fingerprint(variant.describe(), hands.digest, ids, split.seed, split.train, split.test, split.validation)
