import dataclasses

import numpy as np
import pytest

from boneage.pipeline.data import load_collection
from boneage.pipeline.pipeline import BoneAgePipeline
from boneage.pipeline.training.age_model import AgeTrainingOptions, fit_age_model, prepare_crops, train_age_model
from boneage.pipeline.training.age_settings import make_settings
from boneage.regression import AgeRegressor, CropSpec


def test_unknown_sexes_are_named_unless_the_model_needs_none(prepared):
    sexes = (None, *prepared.regions.sexes[1:])
    unsure = dataclasses.replace(prepared, regions=dataclasses.replace(prepared.regions, sexes=sexes))
    with pytest.raises(ValueError, match=r"sex of 1 hands is not known \(phantom0001\).*--no-sex"):
        fit_age_model(unsure, make_settings(use_sex=True, epochs=1), seed=0)
    assert not fit_age_model(unsure, make_settings(use_sex=False, epochs=1), seed=0).only_age_model.regressor.needs_sex


def test_the_summary_names_the_hands_trained_on(pipeline, prepared):
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
        prepare_crops(collection, None, at_annotations=False, seed=0, jobs=1)


@pytest.mark.parametrize("kind", ["hand", "hand+regions"])
def test_a_pipeline_of_any_crops_is_the_same_after_a_round_trip(known, localiser_file, new, tmp_path, kind):
    from boneage.imaging import read_scan

    collection = load_collection([known / "images"], ages=[known / "ages.csv"])
    collection = collection.subset(collection.ids[:3])
    prepared = prepare_crops(
        collection,
        localiser_file,
        CropSpec(kind, 32),
        at_annotations=False,
        seed=0,
        jobs=1,
        cache=tmp_path / "hands",
    )
    pipeline = fit_age_model(prepared, make_settings(epochs=1), seed=0)
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


def test_a_new_hand_is_cropped_as_those_trained_on(known, localiser_file, prepared, pipeline):
    from boneage.imaging import read_scan

    id_ = prepared.regions.ids[4]
    result = pipeline.assess(read_scan(known / "images" / f"{id_}.png"), sex="F")
    stored = prepared.regions.inputs[4]
    assert np.abs(result.regions[0].pixels - stored.pixels).max() <= 0.5 / 255 + 1e-6


def test_a_landmark_table_that_lacks_half_the_sites_is_refused_before_any_work(known, tmp_path):
    rows = [line.split(",") for line in (known / "landmarks.csv").read_text().splitlines()]
    kept = [k for k, name in enumerate(rows[0]) if not name.startswith(("index", "middle", "ring", "little"))]
    (tmp_path / "half.csv").write_text("\n".join(",".join(row[k] for k in kept) for row in rows) + "\n")
    collection = load_collection([known / "images"], landmarks=tmp_path / "half.csv", ages=[known / "ages.csv"])
    with pytest.raises(ValueError, match=r"12 of 17 regions \(mcp_2, .*…\) are cropped around .* landmarks .*index_"):
        prepare_crops(collection, None, at_annotations=True, seed=0, jobs=1)


def test_girls_alone_can_be_trained_on(prepared):
    girls = [id_ for id_, sex in zip(prepared.regions.ids, prepared.regions.sexes, strict=True) if sex == "F"]
    assert 2 <= len(girls) < 12
    one = dataclasses.replace(prepared, regions=prepared.regions.among(girls))
    pipeline = fit_age_model(one, make_settings(epochs=1), seed=0)
    assert pipeline.summary["age"]["ids"] == girls


def test_train_age_model_is_both_steps_and_names_who_was_left_out(known, tmp_path):
    (tmp_path / "phantom0001.png").write_bytes((known / "images" / "phantom0001.png").read_bytes()[:4000])
    for k in (2, 3, 4):
        (tmp_path / f"phantom000{k}.png").write_bytes((known / "images" / f"phantom000{k}.png").read_bytes())
    collection = load_collection([tmp_path], ages=[known / "ages.csv"])
    options = AgeTrainingOptions(make_settings(epochs=1), CropSpec("whole", 32), seed=3)
    state = tmp_path / "state"
    pipeline, excluded = train_age_model(collection, options, state=state)
    assert [hand.id for hand in excluded] == ["phantom0001"]
    assert pipeline.summary["age"]["ids"] == ["phantom0002", "phantom0003", "phantom0004"]
    assert pipeline.summary["age"]["seed"] == 3
    assert len(list((state / "hands").iterdir())) == 4
    prepared = prepare_crops(collection, None, CropSpec("whole", 32), at_annotations=False, seed=3, jobs=1)
    steps = fit_age_model(prepared, make_settings(epochs=1), seed=3)
    arrays, others = (each.only_age_model.regressor.to_state()[1] for each in (pipeline, steps))
    assert all(np.array_equal(arrays[name], others[name]) for name in arrays)


def test_other_code_starts_the_training_anew(prepared, tmp_path, monkeypatch):
    folders = []
    fit = AgeRegressor.fit

    def follow(self, *arguments, checkpoints, **others):
        folders.append(checkpoints)
        return fit(self, *arguments, checkpoints=checkpoints, **others)

    monkeypatch.setattr(AgeRegressor, "fit", follow)
    fit_age_model(prepared, make_settings(epochs=1), seed=0, checkpoints=tmp_path)
    monkeypatch.setattr("boneage.pipeline.storage.code_version.compute_code_version", lambda: "other")
    fit_age_model(prepared, make_settings(epochs=1), seed=0, checkpoints=tmp_path)
    assert folders[0] != folders[1] == tmp_path / "code-other"


def test_volumes_are_read_by_a_network_of_volumes(phantom_volumes):
    collection = load_collection([phantom_volumes / "images"], ages=[phantom_volumes / "ages.csv"])
    options = AgeTrainingOptions(make_settings(epochs=1), CropSpec("whole", 16, ndim=3))
    pipeline, _ = train_age_model(collection, options)
    assert pipeline.only_age_model.regressor.settings.network.ndim == 3
