"""Training the age model on hands that were cut the way new ones will be."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boneage.imaging import Collection
from boneage.imaging.errors import InvalidInput
from boneage.imaging.progress import Progress
from boneage.landmarks import ForestLocaliser, accurate
from boneage.pipeline.age_model import AgeModel
from boneage.pipeline.assessment import mean_shape_of
from boneage.pipeline.pipeline import BoneAgePipeline, load_localiser
from boneage.pipeline.training.crops import CropBuilder
from boneage.pipeline.training.dataset import AgeDataset
from boneage.pipeline.training.localiser import train_localiser
from boneage.regression import (
    PRESETS,
    AgeRegressor,
    CropSpec,
    RegionStack,
    RegressorSettings,
    fine_tuning_of,
    modern_recipe,
    seed_recipe,
)
from boneage.regression.fusion import FUSION_RULES
from boneage.regression.recipes import Precision

_STRATUM = "stratum="
RECIPES = {"modern": modern_recipe, "seed": seed_recipe}


@dataclass(frozen=True, eq=False)
class PreparedCrops:
    """Hands cut and labelled, with the localiser, if there is one, that will find new ones the same way."""

    localiser: ForestLocaliser | None
    localiser_summary: dict[str, Any]
    regions: AgeDataset[RegionStack]
    crop_spec: CropSpec


def settings_for(
    *,
    use_sex: bool = True,
    epochs: int | None = None,
    network: str = "multiregion",
    recipe: str | None = None,
    precision: Precision = "float32",
    going_on: bool = False,
) -> RegressorSettings:
    """Return the settings of the age model that a command's options ask for.

    What goes on from a trained model is trained by the gentler form of its network's recipe.

    Parameters
    ----------
    use_sex : bool
    epochs : int, optional
    network : str
        Name of a preset, and after colons what is to be other; see :func:`change_settings`.
    recipe : str, optional
    precision : str
    going_on : bool

    Raises
    ------
    ValueError
        If there is no network, change or recipe of that name.
    """
    name, *changes = network.split(":")
    for given, known in ((name, PRESETS), (recipe or "modern", RECIPES)):
        if given not in known:
            raise InvalidInput(f"{given!r} is not one of {', '.join(known)}")
    preset = PRESETS[name]
    chosen = RECIPES[recipe]() if recipe else fine_tuning_of(preset.recipe) if going_on else preset.recipe
    settings = dataclasses.replace(preset, use_sex=use_sex, recipe=chosen).with_recipe(precision=precision)
    settings = change_settings(settings, changes, network)
    return settings.with_recipe(epochs=epochs) if epochs else settings


def change_settings(settings: RegressorSettings, changes: Sequence[str], name: str) -> RegressorSettings:
    """Return settings with some things other.

    A change is the name of a network's preset, a weighting of the regions (``learned``, ``inverse_variance``,
    ``fixed``, ``equal``), a recipe (``modern``, ``seed``), or ``stratum=W``, how far the loss makes up for rare ages (0
    to 1). The use of the sex and the precision stay.

    Parameters
    ----------
    settings : RegressorSettings
    changes : sequence of str
        One after the other.
    name : str
        What they are the changes of, for messages.

    Raises
    ------
    ValueError
        If a change is none of these.

    Examples
    --------
    >>> change_settings(settings_for(), ["equal", "stratum=0.5"], "regions").fusion
    'equal'
    """
    for change in changes:
        precision = settings.recipe.precision
        if change in PRESETS:
            preset = dataclasses.replace(PRESETS[change], use_sex=settings.use_sex, fusion=settings.fusion)
            settings = preset.with_recipe(precision=precision)
        elif change in FUSION_RULES:
            settings = dataclasses.replace(settings, fusion=change)
        elif change in RECIPES:
            settings = dataclasses.replace(settings, recipe=RECIPES[change]()).with_recipe(precision=precision)
        elif change.startswith(_STRATUM):
            settings = settings.with_recipe(stratum_weight=_read_number(change.removeprefix(_STRATUM), name))
        else:
            known = ", ".join([*PRESETS, *FUSION_RULES, *RECIPES, f"{_STRATUM}W"])
            raise InvalidInput(f"{name!r}: after a colon goes one of {known}, got {change!r}")
    return settings


def _read_number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidInput(f"{name!r}: {_STRATUM} wants a number from 0 to 1, got {text!r}") from None


def prepare_regions(
    collection: Collection,
    localiser_path: Path | None,
    crop_spec: CropSpec | None = None,
    *,
    cut_at_annotations: bool,
    seed: int,
    jobs: int,
    cache: Path | None = None,
    report: Progress | None = None,
) -> PreparedCrops:
    """Cut every hand that has an age.

    1. Load the localiser, or train one on the annotated hands if none is given.
    2. Cut at its points, or at the annotated ones if asked to; regions around sites if nothing else is asked for.

    Raises
    ------
    ValueError
        If landmarks are needed and there is neither a localiser nor annotated ones, or a site lacks some.
    """
    crop_spec = crop_spec or CropSpec()
    if cut_at_annotations and collection.landmarks is not None:
        crop_spec.check_landmarks(collection.landmarks.names)
    localiser: ForestLocaliser | None = None
    summary: Mapping[str, Any] = {}
    if localiser_path is not None:
        localiser, summary = load_localiser(localiser_path)
    elif cut_at_annotations:
        localiser, summary, _ = train_localiser(
            collection, accurate(collection.ndim), seed=seed, jobs=jobs, report=report
        )
    preparation = CropBuilder(collection, localiser, mean_shape_of(localiser), cut_at_annotations, cache, jobs, report)
    return PreparedCrops(localiser, dict(summary), preparation.build_crops(crop_spec), crop_spec)


def train_pipeline(
    prepared: PreparedCrops,
    settings: RegressorSettings,
    *,
    seed: int,
    weights: Path | None = None,
    start: BoneAgePipeline | None = None,
    report: Progress | None = None,
    checkpoints: Path | None = None,
) -> BoneAgePipeline:
    """Fit the age model on all prepared hands and join it with the localiser.

    Parameters
    ----------
    prepared : PreparedHands
    settings : RegressorSettings
    seed : int
    weights : Path, optional
        File of pretrained weights, for networks that take some.
    start : BoneAgePipeline, optional
        What to go on from: its age model's weights are where the training begins.
    report : callable, optional
    checkpoints : Path, optional
        Folder in which the training leaves its state; the same call resumes from there.

    Raises
    ------
    ValueError
        If there are too few hands, or the model is to use the sex and that of a hand is not known, or ``start`` joins
        several age models.
    """
    regions = prepared.regions
    if settings.use_sex:
        regions.check_sexes()
    begun = start.only_age_model.regressor if start else None
    regressor = AgeRegressor(settings=settings, random_state=seed, weights=weights, start=begun)
    regressor.fit(
        regions.inputs, regions.ages_months, regions.sexes, ids=regions.ids, progress=report, checkpoints=checkpoints
    )
    summary = {
        "localiser": prepared.localiser_summary,
        "age": {
            "n_hands": len(regions.ids),
            "n_phantoms": len(regions.phantoms),
            "seed": seed,
            "ids": list(regions.ids),
        },
    }
    if start is not None:
        summary["age"]["started_from"] = {"model": start.name, **start.summary["age"]}
    return BoneAgePipeline(prepared.localiser, (AgeModel(regressor, prepared.crop_spec),), summary)
