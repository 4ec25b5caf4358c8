"""Training and cross-validating the age model on hands whose regions the localiser cut."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boneage.evaluation import constant_by_sex
from boneage.imaging import Collection, Sex, fold_ids
from boneage.landmarks import ForestLocaliser, accurate
from boneage.pipeline.bone_age import BoneAgePipeline, load_localiser
from boneage.pipeline.progress import Report
from boneage.pipeline.training import LabelledRegions, label_regions, train_localiser
from boneage.regression import HAND_SITES, AgeRegressor, RegressorSettings, Site, check_sites

SIDE = 64


@dataclass(frozen=True, eq=False)
class PreparedHands:
    """Hands cropped and labelled, with the localiser that will crop new ones the same way."""

    localiser: ForestLocaliser
    localiser_summary: dict[str, Any]
    regions: LabelledRegions
    sites: tuple[Site, ...]
    side: int


@dataclass(frozen=True)
class HeldOutAge:
    """The prediction for one hand by a model that has not seen it, in months."""

    id: str
    fold: int
    sex: Sex | None
    truth: float
    predicted: float
    constant: float


def settings_for(*, use_sex: bool, epochs: int | None) -> RegressorSettings:
    """Return the default settings of the age model with what a command's options change."""
    settings = RegressorSettings(use_sex=use_sex)
    if epochs is None:
        return settings
    return dataclasses.replace(settings, recipe=dataclasses.replace(settings.recipe, epochs=epochs))


def prepare_regions(
    collection: Collection,
    localiser_path: Path | None,
    *,
    cut_at_annotations: bool,
    seed: int,
    jobs: int,
    report: Report | None = None,
) -> PreparedHands:
    """Crop the regions of every hand that has an age.

    1. Load the localiser, or train one on the annotated hands if none is given.
    2. Crop at its points, or at the annotated ones if asked to.

    Raises
    ------
    ValueError
        If there is neither a localiser nor annotated landmarks, or the localiser lacks a site's landmarks.
    """
    if localiser_path is not None:
        localiser, summary = load_localiser(localiser_path)
    elif cut_at_annotations:
        localiser, summary, _ = train_localiser(collection, accurate(), seed=seed, jobs=jobs, report=report)
    else:
        raise ValueError("give --localiser (a trained one) or --landmarks (annotated points): regions need one")
    check_sites(HAND_SITES, localiser.names_)
    regions = label_regions(collection, localiser, HAND_SITES, SIDE, report, at_annotations=cut_at_annotations)
    return PreparedHands(localiser, dict(summary), regions, HAND_SITES, SIDE)


def train_pipeline(
    prepared: PreparedHands,
    settings: RegressorSettings,
    *,
    seed: int,
    report: Report | None = None,
    checkpoints: Path | None = None,
) -> BoneAgePipeline:
    """Fit the age model on all prepared hands and join it with the localiser.

    Parameters
    ----------
    prepared : PreparedHands
    settings : RegressorSettings
    seed : int
    report : callable, optional
    checkpoints : Path, optional
        Folder in which the training leaves its state; the same call resumes from there.

    Raises
    ------
    ValueError
        If there are too few hands, or the model is to use the sex and that of a hand is not known.
    """
    regions = prepared.regions
    _check_sexes(regions, settings)
    regressor = AgeRegressor(settings=settings, random_state=seed)
    regressor.fit(regions.stacks, regions.ages_months, regions.sexes, progress=report, checkpoints=checkpoints)
    summary = {
        "localiser": prepared.localiser_summary,
        "age": {
            "n_hands": len(regions.ids),
            "n_phantoms": regions.n_phantoms,
            "seed": seed,
            "ids": list(regions.ids),
        },
    }
    return BoneAgePipeline(prepared.localiser, regressor, prepared.sites, prepared.side, summary)


def cross_validate(
    regions: LabelledRegions,
    settings: RegressorSettings,
    *,
    n_folds: int,
    seed: int,
    report: Report | None = None,
) -> list[HeldOutAge]:
    """Predict every hand by a model trained on the other folds, beside the constant-by-sex baseline.

    Raises
    ------
    ValueError
        If there are fewer hands than folds.
    """
    if len(regions.ids) < n_folds:
        raise ValueError(f"{n_folds} folds need at least as many hands, got {len(regions.ids)}")
    _check_sexes(regions, settings)
    rows: list[HeldOutAge] = []
    for fold, held_out in enumerate(fold_ids(regions.ids, n_folds, seed)):
        test = [regions.ids.index(id_) for id_ in held_out]
        train = [k for k in range(len(regions.ids)) if k not in set(test)]
        rows += _validate_fold(regions, settings, fold, train, test, seed, report)
    return rows


def _validate_fold(
    regions: LabelledRegions,
    settings: RegressorSettings,
    fold: int,
    train: Sequence[int],
    test: Sequence[int],
    seed: int,
    report: Report | None,
) -> list[HeldOutAge]:
    stacks, ages, sexes = regions.stacks, regions.ages_months, regions.sexes

    def report_fold(stage: str, fraction: float) -> None:
        if report:
            report(f"fold {fold + 1}: {stage}", fraction)

    regressor = AgeRegressor(settings=settings, random_state=seed + fold)
    regressor.fit([stacks[k] for k in train], [ages[k] for k in train], [sexes[k] for k in train], progress=report_fold)
    estimates = regressor.predict([stacks[k] for k in test], [sexes[k] for k in test])
    constants = constant_by_sex([ages[k] for k in train], [sexes[k] for k in train], [sexes[k] for k in test])
    return [
        HeldOutAge(regions.ids[k], fold, sexes[k], ages[k], estimate.months, float(constant))
        for k, estimate, constant in zip(test, estimates, constants, strict=True)
    ]


def _check_sexes(regions: LabelledRegions, settings: RegressorSettings) -> None:
    unknown = [id_ for id_, sex in zip(regions.ids, regions.sexes, strict=True) if sex is None]
    if settings.use_sex and unknown:
        raise ValueError(
            f"the sex of {len(unknown)} hands is not known ({', '.join(unknown[:5])}"
            f"{', …' if len(unknown) > 5 else ''}): add it to the age table, or train with --no-sex"
        )
