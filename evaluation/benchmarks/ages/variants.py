"""The variants that an age benchmark compares, by name."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, Self

from boneage.imaging import Collection, LandmarkTable, Points, Sex, UnreadableScan, compute_mean_shape
from boneage.imaging.errors import InvalidInput
from boneage.imaging.progress import Progress
from boneage.pipeline.located_hand import mean_shape_of
from boneage.pipeline.pipeline import BoneAgePipeline, load_localiser
from boneage.pipeline.training.age_settings import change_settings
from boneage.pipeline.training.crops import CropBuilder
from boneage.pipeline.training.dataset import AgeDataset
from boneage.pipeline.units import scale_to_mm
from boneage.regression import (
    CROP_KINDS,
    AgeEstimate,
    AgeRegressor,
    BackboneSettings,
    ConstantBySex,
    CropKind,
    CropSpec,
    FeatureRidge,
    GeometryRegressor,
    GeometrySettings,
    HogRegressor,
    RegressorSettings,
    for_volumes,
)

_RIDGE = "ridge"

InputKind = Literal["labels", "landmarks", "crops"]


class AgeEstimator(Protocol):
    """A model that can be compared."""

    @property
    def n_parameters(self) -> int:
        """Number of values learnt."""

    def fit(self, inputs: Any, ages_months: Any, sexes: Any) -> Self:
        """Learn from hands of known age."""

    def predict(self, inputs: Any, sexes: Sequence[Sex | None]) -> list[AgeEstimate]:
        """Estimate the ages of hands."""


@dataclass(frozen=True)
class Variant:
    """A way to predict ages, by name.

    Parameters
    ----------
    name : str
    input_kind : {"labels", "landmarks", "crops"}
        What of a hand its model reads; with ``labels``, the sex alone.
    make : callable
        From a seed to an unfitted model.
    settings : RegressorSettings or GeometrySettings, optional
        Of the model, if it has any.
    crop_spec : CropSpec, optional
        Of a model that reads crops.
    start : str
        Name of the model that its training starts from; empty if there is none.
    """

    name: str
    input_kind: InputKind
    make: Callable[[int], AgeEstimator]
    settings: RegressorSettings | GeometrySettings | None = None
    crop_spec: CropSpec | None = None
    start: str = ""

    @property
    def needs_landmarks(self) -> bool:
        """Whether the landmarks of the hands must be known."""
        return self.input_kind == "landmarks" or (self.crop_spec is not None and self.crop_spec.needs_landmarks)

    @property
    def needs_sex(self) -> bool:
        """Whether the sex of every hand must be known."""
        return self.settings is not None and self.settings.use_sex

    @property
    def epochs(self) -> int:
        """Passes over the hands; 1 for models that are no network."""
        return self.settings.recipe.epochs if isinstance(self.settings, RegressorSettings) else 1

    def build_inputs(self, builder: CropBuilder) -> AgeDataset[Any]:
        """Return the hands with what the model reads of each."""
        if self.input_kind == "landmarks":
            return builder.build_landmarks()
        return builder.load_labels() if self.crop_spec is None else builder.build_crops(self.crop_spec)

    def describe(self) -> list[Any]:
        """Return its settings as JSON data: all that its results rest on, apart from hands and code."""
        settings = dataclasses.asdict(self.settings) if self.settings else None
        kind = type(self.settings.network).__name__ if isinstance(self.settings, RegressorSettings) else ""
        return [
            settings,
            type(self.make(0)).__name__,
            kind,
            dataclasses.asdict(self.crop_spec) if self.crop_spec else None,
            self.start,
        ]


def name_variants(
    asked: Sequence[str],
    settings: RegressorSettings,
    make_crop_spec: Callable[[CropKind], CropSpec] = CropSpec,
    *,
    recipe: str | None = None,
    epochs: int | None = None,
    weights: Path | None = None,
    start: BoneAgePipeline | None = None,
    features: Path | None = None,
) -> list[Variant]:
    """Return the variants of some names.

    ``constant`` is the median age of the sex, ``geometry`` the landmarks alone, ``hog-ridge`` gradients of the whole
    image. A network is named by its crops, ``whole``, ``hand``, ``regions`` or ``hand+regions``, and, after colons,
    by changes to ``settings``, such as ``regions:equal``; see
    :func:`~boneage.pipeline.training.age_settings.change_settings`. ``whole:vgg16-features:ridge`` reads features off
    the shelf by ridge regression instead of a trained head.
    Volumes have ``regions-slice`` and ``regions-projection`` too, whose crops are pictures.

    Parameters
    ----------
    asked : sequence of str
    settings : RegressorSettings
        Of the networks. Whether the sex is used holds for the geometry too.
    make_crop_spec : callable
        From the kind, ``whole`` and so on, to the crop specification.
    recipe : str, optional
        How every network is trained, by name; its own way if not given.
    epochs : int, optional
        Passes over the hands for every network; those of its recipe if not given.
    weights : Path, optional
        File of pretrained weights, for the networks that take some.
    start : BoneAgePipeline, optional
        A trained model whose weights the networks start from.
    features : Path, optional
        Folder in which features off the shelf are kept, so that they are computed once a hand.

    Raises
    ------
    InvalidInput
        If a name is not known or is there twice, or none is given, or a network cannot start from ``start``, which may
        join several age models.
    """
    if not asked or len(set(asked)) < len(asked):
        raise InvalidInput(f"variants to compare must be named once each, at least one, got {', '.join(asked)!r}")
    return [
        _BASELINES[name](settings)
        if name in _BASELINES
        else _name_network(
            name,
            settings,
            make_crop_spec,
            recipe=recipe,
            epochs=epochs,
            weights=weights,
            start=start,
            features=features,
        )
        for name in asked
    ]


def remark_on_known_hands(start: BoneAgePipeline | None, collection: Collection) -> list[str]:
    """Return a remark on the hands whose ids a model to start from was trained on: tested on them, it knows them."""
    known = sorted(start.trained_ids & set(collection.ids)) if start else []
    if not start or not known:
        return []
    return [f"{start.name} was trained on hands of the same ids as {len(known)} of these: {', '.join(known[:5])} …"]


def create_geometry_variant(settings: GeometrySettings, name: str = "geometry") -> Variant:
    """Return the variant that reads the landmarks and, if the settings ask for it, the sex."""
    return Variant(name, "landmarks", lambda seed: GeometryRegressor(settings=settings), settings)


def create_constant_variant() -> Variant:
    """Return the variant that reads the sex alone."""
    return Variant("constant", "labels", lambda seed: ConstantBySex())


def create_crop_builder(
    collection: Collection,
    variants: Sequence[Variant],
    localiser_path: Path | None,
    *,
    at_annotations: bool,
    cache: Path | None,
    jobs: int,
    report: Progress | None = None,
) -> CropBuilder:
    """Return the builder of what some variants read; a localiser is loaded only if one of them needs landmarks.

    Hands are aligned to the localiser's mean shape, without a localiser to that of the annotated hands.

    Raises
    ------
    InvalidInput
        If landmarks are needed and there is neither a localiser nor annotated ones, or those of a site are missing.
    """
    needing = [variant for variant in variants if variant.needs_landmarks]
    localiser, reference = None, None
    if needing and localiser_path is not None:
        localiser, _ = load_localiser(localiser_path)
        reference = mean_shape_of(localiser)
    elif needing and at_annotations and collection.landmarks is not None:
        reference = compute_mean_shape(_read_shapes(collection, collection.landmarks))
    elif needing:
        raise InvalidInput(
            f"{needing[0].name} needs landmarks: give --localiser (a trained one) or --landmarks (annotated)"
        )
    builder = CropBuilder(collection, localiser, reference, at_annotations, cache, jobs, report)
    for variant in needing:
        if variant.crop_spec is not None:
            builder.check_landmarks(variant.crop_spec)
    return builder


def _read_shapes(collection: Collection, table: LandmarkTable) -> list[Points]:
    """Return the annotated landmarks, those of volumes in millimetres: voxels are not cubes."""
    if table.ndim == 2:
        return list(table.points.values())
    shapes = []
    for id_ in collection.annotated_ids:
        with contextlib.suppress(UnreadableScan):
            points = collection.points(id_)
            assert points is not None
            shapes.append(scale_to_mm(points, collection.scan(id_).original_spacing_mm))
    return shapes


_BASELINES: Mapping[str, Callable[[RegressorSettings], Variant]] = {
    "constant": lambda settings: create_constant_variant(),
    "geometry": lambda settings: create_geometry_variant(GeometrySettings(use_sex=settings.use_sex)),
    "geometry+size": lambda settings: create_geometry_variant(
        GeometrySettings(use_sex=settings.use_sex, with_size=True), "geometry+size"
    ),
    "hog-ridge": lambda settings: Variant("hog-ridge", "crops", lambda seed: HogRegressor(), None, CropSpec("whole")),
}


def _create_ridge_variant(
    name: str, settings: RegressorSettings, crop_spec: CropSpec, file: Path | None, features: Path | None
) -> Variant:
    """Return the variant that reads a frozen backbone's features by ridge regression."""
    network, use_sex = settings.network, settings.use_sex
    if not (isinstance(network, BackboneSettings) and network.frozen):
        raise InvalidInput(
            f"{name!r}: ridge is for features off the shelf, such as {name.split(':')[0]}:vgg16-features:ridge"
        )

    def make(seed: int) -> AgeEstimator:
        return FeatureRidge(settings=network, use_sex=use_sex, weights=file, cache=features)

    # no recipe's passes, and no layers of its own
    return Variant(name, "crops", make, dataclasses.replace(settings.with_recipe(epochs=1), views=1), crop_spec)


def _name_network(
    name: str,
    settings: RegressorSettings,
    make_crop_spec: Callable[[CropKind], CropSpec],
    *,
    recipe: str | None,
    epochs: int | None,
    weights: Path | None,
    start: BoneAgePipeline | None,
    features: Path | None,
) -> Variant:
    base, *changes = name.split(":")
    kind = next((kind for kind in CROP_KINDS if kind == base), None)
    if kind is None:
        known = ", ".join([*_BASELINES, *CROP_KINDS])
        raise InvalidInput(f"variants to compare are {known}, got {name!r}")
    ridge = changes[-1:] == [_RIDGE]
    settings = change_settings(
        settings, changes[:-1] if ridge else changes, name, recipe=recipe, fine_tuning=start is not None
    )
    if epochs is not None:
        settings = settings.with_recipe(epochs=epochs)
    crop_spec = make_crop_spec(kind)
    if len(crop_spec.shape) == 3:
        settings = for_volumes(settings)
    settings.check_side(crop_spec.side)
    first = start.only_age_model.regressor if start else None
    if first is not None:
        first.check_fine_tuning(settings, crop_spec.region_names, crop_spec.side)
    file = weights if isinstance(settings.network, BackboneSettings) else None
    if ridge:
        return _create_ridge_variant(name, settings, crop_spec, file, features)

    def make(seed: int) -> AgeEstimator:
        return AgeRegressor(settings=settings, random_state=seed, weights=file, cache=features, start=first)

    return Variant(name, "crops", make, settings, crop_spec, start.name if start else "")
