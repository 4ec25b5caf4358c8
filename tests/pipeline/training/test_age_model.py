import dataclasses

import numpy as np
import pytest

from boneage.pipeline.data import load_collection
from boneage.pipeline.pipeline import BoneAgePipeline
from boneage.pipeline.training.age_model import prepare_regions, settings_for, train_pipeline
from boneage.regression import CropSpec, MultiRegionSettings, modern_recipe, seed_recipe


def test_unknown_sexes_are_named_and_a_model_without_sex_does_not_mind(prepared):
    sexes = (None, *prepared.regions.sexes[1:])
    unsure = dataclasses.replace(prepared, regions=dataclasses.replace(prepared.regions, sexes=sexes))
    with pytest.raises(ValueError, match=r"sex of 1 hands is not known \(phantom0001\).*--no-sex"):
        train_pipeline(unsure, settings_for(use_sex=True, epochs=1), seed=0)
    assert not train_pipeline(unsure, settings_for(use_sex=False, epochs=1), seed=0).only_age_model.regressor.needs_sex


def test_the_pipeline_says_what_it_was_trained_on(pipeline, prepared):
    assert pipeline.summary["age"] == {
        "n_hands": 12,
        "n_phantoms": 12,
        "seed": 0,
        "ids": list(prepared.regions.ids),
    }
    assert pipeline.summary["localiser"]["n_hands"] == 12
    assert pipeline.trained_ids == set(prepared.regions.ids)


def test_regions_need_a_localiser_or_landmarks(known):
    collection = load_collection([known / "images"], ages=[known / "ages.csv"])
    with pytest.raises(ValueError, match=r"--localiser .* or --landmarks"):
        prepare_regions(collection, None, cut_at_annotations=False, seed=0, jobs=1)


@pytest.mark.parametrize("kind", ["hand", "hand+regions"])
def test_a_pipeline_of_any_way_of_cutting_reads_what_it_saved(known, localiser_file, new, tmp_path, kind):
    from boneage.imaging import read_scan

    collection = load_collection([known / "images"], ages=[known / "ages.csv"])
    collection = collection.subset(collection.ids[:3])
    prepared = prepare_regions(
        collection,
        localiser_file,
        CropSpec(kind, 32),
        cut_at_annotations=False,
        seed=0,
        jobs=1,
        cache=tmp_path / "hands",
    )
    pipeline = train_pipeline(prepared, settings_for(epochs=1), seed=0)
    pipeline.save(tmp_path / "m.boneage")
    again = BoneAgePipeline.load(tmp_path / "m.boneage")
    assert again.only_age_model.crop_spec == pipeline.only_age_model.crop_spec == CropSpec(kind, 32)
    scan = read_scan(new / "images" / "phantom0001.png")
    one, other = pipeline.assess(scan, sex="F"), again.assess(scan, sex="F")
    assert one.status == "ok"
    assert one.estimate.region_names == CropSpec(kind).region_names
    assert other.estimate.months == pytest.approx(one.estimate.months, abs=1e-4)
    hand = one.regions[0].frames[0].inverse().apply(one.points.positions)
    assert ((hand > -0.5) & (hand < 31.5)).all(), "the hand's own region holds all its landmarks"


def test_a_new_hand_is_cut_as_those_learnt_from(known, localiser_file, prepared, pipeline):
    from boneage.imaging import read_scan

    id_ = prepared.regions.ids[4]
    result = pipeline.assess(read_scan(known / "images" / f"{id_}.png"), sex="F")
    stored = prepared.regions.inputs[4]
    assert np.abs(result.regions[0].pixels - stored.pixels).max() <= 0.5 / 255 + 1e-6


def test_a_landmark_table_that_lacks_half_the_sites_is_told_before_any_work(known, tmp_path):
    rows = [line.split(",") for line in (known / "landmarks.csv").read_text().splitlines()]
    kept = [k for k, name in enumerate(rows[0]) if not name.startswith(("index", "middle", "ring", "little"))]
    (tmp_path / "half.csv").write_text("\n".join(",".join(row[k] for k in kept) for row in rows) + "\n")
    collection = load_collection([known / "images"], landmarks=tmp_path / "half.csv", ages=[known / "ages.csv"])
    with pytest.raises(ValueError, match=r"12 of 17 regions \(mcp_2, .*…\) are cropped around .* landmarks .*index_"):
        prepare_regions(collection, None, cut_at_annotations=True, seed=0, jobs=1)


def test_girls_alone_can_be_trained_on(prepared):
    girls = [id_ for id_, sex in zip(prepared.regions.ids, prepared.regions.sexes, strict=True) if sex == "F"]
    assert 2 <= len(girls) < 12
    one = dataclasses.replace(prepared, regions=prepared.regions.among(girls))
    pipeline = train_pipeline(one, settings_for(epochs=1), seed=0)
    assert pipeline.summary["age"]["ids"] == girls


def test_networks_and_recipes_are_asked_for_by_name():
    settings = settings_for(network="multiregion", recipe="seed", epochs=7)
    assert settings.network == MultiRegionSettings()
    assert settings.recipe == dataclasses.replace(seed_recipe(), epochs=7)
    assert settings_for().recipe == modern_recipe()
    with pytest.raises(ValueError, match="'alexnet' is not one of multiregion"):
        settings_for(network="alexnet")
    with pytest.raises(ValueError, match="'old' is not one of modern, seed"):
        settings_for(recipe="old")


def test_a_network_is_changed_after_colons_and_nothing_else_is():
    plain, equal = (
        settings_for(use_sex=False, epochs=3),
        settings_for(network="multiregion:equal:stratum=1", use_sex=False),
    )
    assert equal.fusion == "equal"
    assert equal.recipe.stratum_weight == 1
    recipe = dataclasses.replace(equal.recipe, stratum_weight=0.0, epochs=3)
    assert dataclasses.replace(equal, fusion=plain.fusion, recipe=recipe) == plain
    assert settings_for(network="multiregion:seed", epochs=2).recipe == dataclasses.replace(seed_recipe(), epochs=2)
    with pytest.raises(ValueError, match="'multiregion:bright': after a colon goes one of"):
        settings_for(network="multiregion:bright")


def test_epochs_change_nothing_else():
    short, usual = settings_for(use_sex=True, epochs=3), settings_for(use_sex=True, epochs=None)
    assert short.recipe.epochs == 3
    assert dataclasses.replace(short.recipe, epochs=usual.recipe.epochs) == usual.recipe
