import dataclasses
from functools import partial

import numpy as np
import pytest

from boneage.evaluation.benchmarks.ages.variants import create_crop_builder, name_variants, remark_on_known_hands
from boneage.imaging import align_to
from boneage.imaging.shapes import shape_extent
from boneage.pipeline.data import load_collection
from boneage.pipeline.pipeline import load_localiser
from boneage.pipeline.training.age_settings import make_settings
from boneage.regression import (
    AgeRegressor,
    ConstantBySex,
    CropSpec,
    FeatureRidge,
    GeometryRegressor,
    GeometrySettings,
    HogRegressor,
    seed_recipe,
)

SETTINGS = make_settings(epochs=3)


def name(*names, settings=SETTINGS, side=None):
    return name_variants(names, settings, partial(CropSpec, side=side or 0))


def test_each_name_is_a_model_and_its_inputs():
    made = name("constant", "geometry", "hog-ridge", "whole", "hand", "regions", "hand+regions")
    models = [type(variant.make(0)) for variant in made]
    assert models == [ConstantBySex, GeometryRegressor, HogRegressor, *[AgeRegressor] * 4]
    assert [variant.input_kind for variant in made[:3]] == ["labels", "landmarks", "crops"]
    kinds = [variant.crop_spec and variant.crop_spec.kind for variant in made]
    assert kinds == [None, None, "whole", "whole", "hand", "regions", "hand+regions"]
    assert [variant.needs_landmarks for variant in made] == [False, True, False, False, True, True, True]
    assert [variant.needs_sex for variant in made] == [False, True, False, True, True, True, True]
    assert [variant.epochs for variant in made] == [1, 1, 1, 3, 3, 3, 3]
    (sized,) = name("geometry+size")
    assert (sized.name, sized.settings) == ("geometry+size", GeometrySettings(with_size=True))


def test_changes_after_colons_change_nothing_else():
    (plain,) = name("regions")
    assert plain.settings == SETTINGS
    (equal,) = name("regions:multiregion:equal:seed")
    assert equal.settings == dataclasses.replace(SETTINGS, fusion="equal", recipe=seed_recipe())
    assert name_variants(("regions:seed",), SETTINGS, epochs=2)[0].epochs == 2
    assert equal.make(5).random_state == 5
    (levelled,) = name("regions:stratum=0.5")
    assert levelled.settings == dataclasses.replace(
        SETTINGS, recipe=dataclasses.replace(SETTINGS.recipe, stratum_weight=0.5)
    )
    assert name("whole", side=40)[0].crop_spec == CropSpec("whole", 40)


def test_the_recipe_holds_for_networks_that_are_named(tmp_path):
    (named,) = name_variants(("regions:efficientnet-lite0-features",), SETTINGS, recipe="seed", features=tmp_path)
    assert (named.settings.recipe.optimiser, named.settings.recipe.augmentation) == ("sgd", None)
    assert named.make(0).cache == tmp_path


def test_features_off_the_shelf_have_a_head_or_a_ridge(tmp_path):
    asked = ("whole:efficientnet-lite0-features", "whole:efficientnet-lite0-features:ridge")
    head, ridge = name_variants(asked, SETTINGS, partial(CropSpec, side=64), weights=tmp_path / "lite.pth")
    model = ridge.make(0)
    assert isinstance(model, FeatureRidge)
    assert (model.settings, model.use_sex, model.weights) == (head.settings.network, True, tmp_path / "lite.pth")
    assert (ridge.epochs, ridge.crop_spec, ridge.needs_sex) == (1, head.crop_spec, True)
    assert ridge.describe() != name_variants(asked[:1], SETTINGS, partial(CropSpec, side=64), epochs=1)[0].describe()
    for network in ("multiregion", "vgg16-finetuned"):
        with pytest.raises(ValueError, match="ridge is for features off the shelf"):
            name(f"whole:{network}:ridge")


def test_the_last_passes_are_at_the_side_of_the_crops():
    assert name("whole:sides=64+96", side=96)[0].settings.recipe.sides == (64, 96)
    with pytest.raises(ValueError, match="cropped at side 100, and the last passes read them at 96"):
        name("whole:sides=64+96")


def test_different_variants_have_different_descriptions():
    described = [variant.describe() for variant in name("whole", "hand", "whole:equal", "constant", "geometry")]
    assert all(one != other for k, one in enumerate(described) for other in described[:k])
    blind = make_settings(epochs=3, use_sex=False)
    assert name("geometry", settings=blind)[0].describe() != described[-1]


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ((), "at least one"),
        (("whole", "whole"), "once each"),
        (("best",), "variants to compare are constant, .*, got 'best'"),
        (("whole:",), "got ''"),
        (("whole:median",), "'whole:median': after a colon goes one of multiregion.*got 'median'"),
        (("constant:equal",), "got 'constant:equal'"),
        (("regions:stratum=much",), "'regions:stratum=much': after a colon goes stratum=W, got 'stratum=much'"),
        (("regions:stratum=2",), "stratum_weight must be from 0 to 1"),
    ],
)
def test_unknown_names_are_refused(names, reason):
    with pytest.raises(ValueError, match=reason):
        name(*names)


def test_networks_start_from_one_age_model_and_know_its_hands(joined, pipeline, known):
    (fine_tuning,) = name_variants(("regions",), SETTINGS, start=pipeline)
    assert fine_tuning.make(0).start is pipeline.only_age_model.regressor
    with pytest.raises(ValueError, match="joined joins 2 age models, and a single one is needed"):
        name_variants(("regions",), SETTINGS, start=joined)
    collection = load_collection([known / "images"])
    (remark,) = remark_on_known_hands(pipeline, collection)
    assert "the same ids as 12 of these: phantom0001, " in remark
    summary = {"ids": ["stranger"], "joined": [{"ids": ["phantom0003"]}, {"started_from": {"ids": ["phantom0002"]}}]}
    (remark,) = remark_on_known_hands(dataclasses.replace(joined, summary={"age": summary}), collection)
    assert "as 2 of these: phantom0002, phantom0003 …" in remark
    assert remark_on_known_hands(None, collection) == []
    assert remark_on_known_hands(dataclasses.replace(pipeline, summary={}), collection) == []


def test_a_localiser_is_loaded_only_if_landmarks_are_needed(known, tmp_path):
    collection = load_collection([known / "images"], landmarks=known / "landmarks.csv", ages=[known / "ages.csv"])
    absent = tmp_path / "none.boneage"
    prepare = {"cache": tmp_path, "jobs": 1}
    made = create_crop_builder(collection, name("constant", "whole"), absent, at_annotations=False, **prepare)
    assert made.localiser is made.reference is None
    made = create_crop_builder(collection, name("hand"), None, at_annotations=True, **prepare)
    assert made.localiser is None
    assert made.reference.names == collection.landmarks.names
    with pytest.raises(ValueError, match=r"none\.boneage: there is no such file"):
        create_crop_builder(collection, name("constant", "hand"), absent, at_annotations=False, **prepare)
    with pytest.raises(ValueError, match="geometry needs landmarks: give --localiser"):
        create_crop_builder(collection, name("constant", "geometry"), None, at_annotations=False, **prepare)


def test_annotated_hands_are_aligned_to_the_localisers_shape_where_there_is_one_as_in_training(known, localiser_file):
    collection = load_collection([known / "images"], landmarks=known / "landmarks.csv", ages=[known / "ages.csv"])
    made = create_crop_builder(collection, name("hand"), localiser_file, at_annotations=True, cache=None, jobs=1)
    mean_shape = load_localiser(localiser_file)[0].mean_shape_
    assert np.array_equal(made.reference.positions, mean_shape)
    assert made.build_crops(CropSpec("hand", 16)).ids == collection.ids


@pytest.mark.parametrize("with_localiser", [False, True])
def test_a_table_that_lacks_sites_is_refused_by_site_and_landmark(known, localiser_file, tmp_path, with_localiser):
    (tmp_path / "two.csv").write_text("id,radius_styloid_tip_x,radius_styloid_tip_y,b_x,b_y\nphantom0001,1,2,30,40\n")
    collection = load_collection([known / "images"], landmarks=tmp_path / "two.csv", ages=[known / "ages.csv"])
    with pytest.raises(ValueError, match=r"17 of 17 regions \(radius, ulna.*not among those known: "):
        create_crop_builder(
            collection, name("regions"), localiser_file if with_localiser else None,
            at_annotations=True, cache=tmp_path, jobs=1,
        )  # fmt: skip


def test_volumes_are_read_by_networks_of_volumes_and_their_pictures_by_others():
    made = name_variants(("regions:equal", "regions-slice", "hand"), SETTINGS, partial(CropSpec, ndim=3))
    assert [variant.settings.network.ndim for variant in made] == [3, 2, 3]
    assert [variant.crop_spec.side for variant in made] == [32, 64, 64]
    assert made[0].settings.fusion == "equal"
    assert made[1].settings == SETTINGS
    with pytest.raises(ValueError, match="only multiregion reads volumes"):
        name_variants(("regions:bonet",), SETTINGS, partial(CropSpec, ndim=3))
    with pytest.raises(ValueError, match="makes pictures of volumes"):
        name("regions-slice")


def test_annotated_volumes_are_aligned_to_a_shape_in_millimetres(phantom_volumes, tmp_path):
    collection = load_collection(
        [phantom_volumes / "images"], landmarks=phantom_volumes / "landmarks.csv", ages=[phantom_volumes / "ages.csv"]
    )
    variants = name_variants(("geometry",), SETTINGS, partial(CropSpec, ndim=3))
    made = create_crop_builder(collection, variants, None, at_annotations=True, cache=tmp_path, jobs=1)
    points = collection.points("phantom0002")
    fits = [
        align_to(shape, made.reference.positions).residual / shape_extent(shape) ** 2
        for shape in (points.positions * [3.0, 2.0, 2.4], points.positions)
    ]
    assert 2 * fits[0] < fits[1]
    hands = made.build_landmarks()
    assert np.allclose(hands.inputs[1].positions, points.positions * [3.0, 2.0, 2.4], equal_nan=True, atol=1e-4)
