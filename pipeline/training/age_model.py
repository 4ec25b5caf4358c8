"""Training an age model on hands that are cropped as new ones will be."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boneage.imaging import Collection
from boneage.imaging.progress import Progress
from boneage.landmarks import ForestLocaliser, accurate
from boneage.pipeline.age_model import AgeModel
from boneage.pipeline.located_hand import mean_shape_of
from boneage.pipeline.pipeline import BoneAgePipeline, load_localiser
from boneage.pipeline.storage.code_version import prepare_versioned_folder
from boneage.pipeline.training.crops import CropBuilder
from boneage.pipeline.training.dataset import AgeDataset, ExcludedHand
from boneage.pipeline.training.localiser import train_localiser
from boneage.regression import AgeRegressor, CropSpec, RegionStack, RegressorSettings, for_volumes


@dataclass(frozen=True, eq=False)
class AgeTrainingOptions:
    """How an age model is trained.

    Parameters
    ----------
    settings : RegressorSettings
        Of the age model; see :func:`~boneage.pipeline.training.age_settings.make_settings`. A network of pictures is
        replaced by its sibling of volumes where the crops are volumes.
    crop_spec : CropSpec
        What the model reads of a hand.
    localiser : Path, optional
        Model file of the localiser that finds the landmarks to crop around.
    at_annotations : bool
        Whether hands are cropped at annotated landmarks; without a ``localiser`` one is trained on them first.
    weights : Path, optional
        File of pretrained weights, for networks that take some.
    start : BoneAgePipeline, optional
        A trained model: its age model's weights are where the training starts.
    validation_ids : frozenset of str
        Hands that are not trained on; the error on them is measured after each pass.
    seed : int
    jobs : int
        Number of processes.
    """

    settings: RegressorSettings = field(default_factory=RegressorSettings)
    crop_spec: CropSpec = field(default_factory=CropSpec)
    localiser: Path | None = None
    at_annotations: bool = False
    weights: Path | None = None
    start: BoneAgePipeline | None = None
    validation_ids: frozenset[str] = frozenset()
    seed: int = 0
    jobs: int = 1


@dataclass(frozen=True, eq=False)
class PreparedCrops:
    """Hands cropped and labelled, with the localiser, if there is one, that will find new ones the same way."""

    localiser: ForestLocaliser | None
    localiser_summary: dict[str, Any]
    regions: AgeDataset[RegionStack]
    crop_spec: CropSpec


def train_age_model(
    collection: Collection,
    options: AgeTrainingOptions,
    *,
    state: Path | None = None,
    cache: Path | None = None,
    report: Progress | None = None,
) -> tuple[BoneAgePipeline, tuple[ExcludedHand, ...]]:
    """Train an age model on the hands of a collection that have an age.

    1. Crop every hand (:func:`prepare_crops`).
    2. Fit the age model and join it with the localiser (:func:`fit_age_model`).

    Parameters
    ----------
    collection : Collection
    options : AgeTrainingOptions
    state : Path, optional
        Folder for the state of the training: the same call resumes from there. The caller removes it afterwards.
    cache : Path, optional
        Folder for located landmarks and crops; inside ``state`` if not given.
    report : callable, optional

    Returns
    -------
    pipeline : BoneAgePipeline
    excluded : tuple of ExcludedHand
        Hands that could not be read or cropped.

    Raises
    ------
    InvalidInput
        If the settings do not fit the crops or the model to start from, landmarks are needed and there are none, there
        are fewer than two hands, or the sex of a hand is needed and not known.
    """
    crop_spec, settings = options.crop_spec, options.settings
    if len(crop_spec.shape) == 3 and settings.network.ndim == 2:
        settings = for_volumes(settings)
    settings.check_side(crop_spec.side)
    if options.start is not None:
        options.start.only_age_model.regressor.check_fine_tuning(settings, crop_spec.region_names, crop_spec.side)
    prepared = prepare_crops(
        collection,
        options.localiser,
        crop_spec,
        at_annotations=options.at_annotations,
        seed=options.seed,
        jobs=options.jobs,
        cache=state / "hands" if cache is None and state is not None else cache,
        report=report,
    )
    pipeline = fit_age_model(
        prepared,
        settings,
        seed=options.seed,
        weights=options.weights,
        start=options.start,
        validation_ids=options.validation_ids,
        report=report,
        checkpoints=state,
    )
    return pipeline, prepared.regions.excluded


def prepare_crops(
    collection: Collection,
    localiser_path: Path | None,
    crop_spec: CropSpec | None = None,
    *,
    at_annotations: bool,
    seed: int,
    jobs: int,
    cache: Path | None = None,
    report: Progress | None = None,
) -> PreparedCrops:
    """Crop every hand that has an age.

    1. Load the localiser, or train one on the annotated hands if none is given.
    2. Crop at its landmarks, or at the annotated ones if asked to; regions around sites by default.

    Raises
    ------
    InvalidInput
        If landmarks are needed and there is neither a localiser nor annotated ones, or those of a site are missing.
    """
    crop_spec = crop_spec or CropSpec()
    if at_annotations and collection.landmarks is not None:
        crop_spec.check_landmarks(collection.landmarks.names)
    localiser: ForestLocaliser | None = None
    summary: Mapping[str, Any] = {}
    if localiser_path is not None:
        localiser, summary = load_localiser(localiser_path)
    elif at_annotations:
        localiser, summary, _ = train_localiser(
            collection, accurate(collection.ndim), seed=seed, jobs=jobs, report=report
        )
    builder = CropBuilder(collection, localiser, mean_shape_of(localiser), at_annotations, cache, jobs, report)
    return PreparedCrops(localiser, dict(summary), builder.build_crops(crop_spec), crop_spec)


def fit_age_model(
    prepared: PreparedCrops,
    settings: RegressorSettings,
    *,
    seed: int,
    weights: Path | None = None,
    start: BoneAgePipeline | None = None,
    validation_ids: AbstractSet[str] = frozenset(),
    report: Progress | None = None,
    checkpoints: Path | None = None,
) -> BoneAgePipeline:
    """Fit the age model on the prepared hands and join it with the localiser.

    Parameters
    ----------
    prepared : PreparedCrops
    settings : RegressorSettings
    seed : int
    weights : Path, optional
        File of pretrained weights, for networks that take some.
    start : BoneAgePipeline, optional
        A trained model: its age model's weights are where the training starts.
    validation_ids : set of str
        Hands that are not trained on; the error on them is measured after each pass.
    report : callable, optional
    checkpoints : Path, optional
        Folder for the state of the training; the same call resumes from there if the code is the same.

    Raises
    ------
    InvalidInput
        If there are too few hands, or the model is to use the sex and that of a hand is not known, or ``start`` joins
        several age models.
    """
    if settings.use_sex:
        prepared.regions.check_sexes()
    regions = prepared.regions.among(set(prepared.regions.ids) - validation_ids)
    others = prepared.regions.among(validation_ids)
    validation = (others.inputs, others.ages_months, others.sexes) if others.ids else None
    first = start.only_age_model.regressor if start else None
    regressor = AgeRegressor(settings=settings, random_state=seed, weights=weights, start=first)
    folder = prepare_versioned_folder(checkpoints) if checkpoints is not None else None
    regressor.fit(
        regions.inputs, regions.ages_months, regions.sexes,
        ids=regions.ids, validation=validation, progress=report, checkpoints=folder,
    )  # fmt: skip
    summary = {
        "localiser": prepared.localiser_summary,
        "age": {
            "n_hands": len(regions.ids),
            "n_phantoms": len(regions.phantoms),
            "seed": seed,
            "ids": list(regions.ids),
        },
    }
    if others.ids:
        summary["age"]["validation_ids"] = list(others.ids)
    if start is not None:
        summary["age"]["started_from"] = {"model": start.name, **start.summary["age"]}
    return BoneAgePipeline(prepared.localiser, (AgeModel(regressor, prepared.crop_spec),), summary)
