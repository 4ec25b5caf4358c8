import dataclasses
import math

import numpy as np
import pytest

from boneage.imaging import Scan, read_scan
from boneage.imaging.errors import InvalidModelFile
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.data import load_collection
from boneage.pipeline.pipeline import BoneAgePipeline, fingerprint_localiser, load_localiser, load_pipeline
from boneage.pipeline.storage.model_file import load_model, save_model
from boneage.pipeline.training.age_model import fit_age_model, prepare_crops
from boneage.pipeline.training.age_settings import make_settings
from boneage.regression import AgeRegressor, CropSpec, for_volumes, occlude


def test_a_saved_pipeline_reads_the_same_age(pipeline, model_file, new, tmp_path):
    scan = read_scan(new / "images" / "phantom0002.png")
    pipeline.save(tmp_path / "again.boneage")
    again = BoneAgePipeline.load(tmp_path / "again.boneage")
    one, other = pipeline.assess(scan, sex="F"), again.assess(scan, sex="F")
    np.testing.assert_array_equal(one.points.positions, other.points.positions)
    assert one.estimate.months == pytest.approx(other.estimate.months, abs=1e-4)
    assert (tmp_path / "again.boneage").read_bytes() == model_file.read_bytes()


def test_the_name_says_which_file_it_was(pipeline, model_file):
    assert pipeline.name == f"model.boneage {load_model(model_file).sha256[:12]}"
    assert pipeline.summary["age"]["n_phantoms"] == pipeline.summary["age"]["n_hands"] == 12


def test_a_localiser_comes_from_its_own_file_or_a_pipelines(localiser_file, model_file, new):
    scan = read_scan(new / "images" / "phantom0001.png")
    (alone, summary), (within, inner) = load_localiser(localiser_file), load_localiser(model_file)
    np.testing.assert_array_equal(alone.locate(scan).positions, within.locate(scan).positions)
    assert summary == inner
    assert summary["n_hands"] == summary["n_phantoms"] == 12


def test_a_localiser_is_no_age_model(localiser_file):
    with pytest.raises(InvalidModelFile, match=r"localiser.*'pipeline' is needed"):
        BoneAgePipeline.load(localiser_file)


def to_format_2(model):
    """Return settings and arrays as they were written in format 2, of a localiser of the preset ``fast``.

    Its pose stage voted for all landmarks; here, by leaves that have none of them, for those that it does not know.
    """
    localiser = {**model.settings["localiser"], "settings": dict(model.settings["localiser"]["settings"])}
    settings = localiser["settings"]
    for later in ("search", "candidates", "standardise", "doubtful_score", "prior", "max_oversampling"):
        del settings[later]
    settings["first_mirrored"] = settings.pop("may_mirror")
    settings["first_scales"] = [1.0, 0.7, 0.5]
    settings["first_rotations_rad"] = [math.radians(angle) for angle in range(0, 360, 30)]
    settings["first_rolls_rad"] = [0.0]
    settings["pairwise_prior"] = True
    localiser["convincing_support"] = 5.0
    later_arrays = ("/least_distances", "/pose_landmarks")
    arrays = {name: array for name, array in model.arrays.items() if not name.endswith(later_arrays)}
    n, few = len(localiser["names"]), model.arrays["localiser/pose_landmarks"]
    for name, absent in (("displacements", 0), ("spreads", -1)):
        known = arrays[f"localiser/whole0/{name}"]
        every = np.full((len(known), n, *known.shape[2:]), absent, known.dtype)
        every[:, few] = known
        arrays[f"localiser/whole0/{name}"] = every
    return {**model.settings, "localiser": localiser}, arrays


def to_format_1(model, *, several):
    """Return settings and arrays as they were written in format 1, when a pipeline had one age model, or several."""
    new_settings, new_arrays = to_format_2(model)
    localiser = new_settings["localiser"]
    localiser["settings"]["constellation"] = localiser["settings"].pop("pairwise_prior")
    readers = [
        {
            "regressor": one["regressor"],
            "cut": one["crop"]["kind"],
            **{k: v for k, v in one["crop"].items() if k != "kind"},
        }
        for one in new_settings["age_models"]
    ]
    settings = {"localiser": localiser, "readers": readers} if several else {"localiser": localiser, **readers[0]}
    names = (
        ("pairwise_prior/anchor_sets", "constellation/tellers"),
        ("pairwise_prior/", "constellation/"),
        ("age_models/", "readers/") if several else ("age_models/0/", "regressor/"),
    )
    arrays = {}
    for name, array in new_arrays.items():
        for new, old in names:
            name = name.replace(new, old)
        arrays[name] = array
    return settings, arrays


@pytest.fixture
def save_format(monkeypatch):
    """Save a model file whose header says an older format."""

    def save(number, path, model, settings, arrays):
        with monkeypatch.context() as patch:
            patch.setattr("boneage.pipeline.storage.model_file.FORMAT", number)
            save_model(path, dataclasses.replace(model, settings=settings, arrays=arrays))

    return save


@pytest.fixture
def older_pipeline(pipeline):
    """The pipeline without what older files don't hold: no standard form, and no least distances of landmarks."""
    settings, arrays = pipeline.localiser.to_state()
    settings["settings"]["standardise"] = None
    arrays["pairwise_prior/least_distances"] = np.zeros_like(arrays["pairwise_prior/least_distances"])
    return dataclasses.replace(pipeline, localiser=ForestLocaliser.from_state(settings, arrays))


def test_a_file_from_before_there_were_kinds_of_crops_has_regions(model_file, tmp_path, pipeline, save_format):
    model = load_model(model_file)
    settings, arrays = to_format_1(model, several=False)
    for later in ("cut", "proportions", "thumbnail", "ndim"):
        del settings[later]
    del settings["localiser"]["settings"]["first_rolls_rad"]
    save_format(1, tmp_path / "old.boneage", model, settings, arrays)
    assert BoneAgePipeline.load(tmp_path / "old.boneage").only_age_model.crop_spec == pipeline.only_age_model.crop_spec


@pytest.mark.parametrize(("number", "several"), [(1, False), (1, True), (2, False)])
def test_an_older_file_gives_the_same_ages_and_the_same_file(
    model_file, tmp_path, older_pipeline, new, number, several, save_format
):
    model = load_model(model_file)
    settings, arrays = to_format_1(model, several=several) if number == 1 else to_format_2(model)
    under = "age_models" if number == 2 else "readers" if several else "regressor"
    assert {name.split("/")[0] for name in arrays} == {"localiser", under}
    assert ("localiser/constellation/tellers" in arrays) == (number == 1)
    assert ("localiser/pairwise_prior/anchor_sets" in arrays) == (number == 2)
    save_format(number, tmp_path / "old.boneage", model, settings, arrays)
    scan = read_scan(new / "images" / "phantom0001.png")
    old = BoneAgePipeline.load(tmp_path / "old.boneage")
    assessed, expected = old.assess(scan, sex="F"), older_pipeline.assess(scan, sex="F")
    assert assessed.points.present.all()
    assert np.array_equal(assessed.points.positions, expected.points.positions)
    assert assessed.estimate == expected.estimate
    for pipeline, name in ((old, "again"), (older_pipeline, "new")):
        pipeline.save(tmp_path / f"{name}.boneage")
    assert (tmp_path / "again.boneage").read_bytes() == (tmp_path / "new.boneage").read_bytes()


def test_a_localiser_of_format_2_still_locates(localiser_file, model_file, older_pipeline, new, tmp_path, save_format):
    alone = load_model(localiser_file)
    settings, arrays = to_format_2(load_model(model_file))
    of_localiser = {
        name.removeprefix("localiser/"): array for name, array in arrays.items() if name.startswith("localiser/")
    }
    save_format(2, tmp_path / "old.boneage", alone, settings["localiser"], of_localiser)
    localiser, _ = load_localiser(tmp_path / "old.boneage")
    points = localiser.locate(read_scan(new / "images" / "phantom0002.png"))
    expected = older_pipeline.localiser.locate(read_scan(new / "images" / "phantom0002.png"))
    assert points.present.all()
    assert np.array_equal(points.positions, expected.positions)


def test_a_calibration_is_kept_in_the_file(calibrated, calibrated_file):
    assert BoneAgePipeline.load(calibrated_file).calibration == calibrated.calibration


@pytest.mark.parametrize(
    "change",
    [{"cells": []}, {"cells": [{"sex": "F", "from_months": 0.0, "scores": [2.0, 1.0]}]}, {"hashes": [7]}, {"more": 1}],
)
def test_a_calibration_of_impossible_values_is_refused(calibrated_file, tmp_path, change):
    model = load_model(calibrated_file)
    settings = {**model.settings, "calibration": {**model.settings["calibration"], **change}}
    save_model(tmp_path / "bad.boneage", dataclasses.replace(model, settings=settings))
    with pytest.raises(InvalidModelFile, match="do not fit together"):
        BoneAgePipeline.load(tmp_path / "bad.boneage")


def test_a_model_of_the_whole_image_has_no_localiser_and_says_so(whole_model_file, new):
    pipeline = BoneAgePipeline.load(whole_model_file)
    assert pipeline.localiser is None
    assert pipeline.region_names == ("whole",)
    result = pipeline.assess(read_scan(new / "images" / "phantom0001.png"), sex="F")
    assert result.status == "flagged"
    assert "nothing checked that this is a hand" in result.reason
    assert result.points is None
    assert result.estimate.region_weights == (1.0,)
    with pytest.raises(InvalidModelFile, match="has no localiser"):
        load_localiser(whole_model_file)


def test_with_a_localiser_a_model_of_the_whole_image_refuses_what_is_no_hand(whole_model_file, pipeline, new):
    whole = dataclasses.replace(BoneAgePipeline.load(whole_model_file), localiser=pipeline.localiser)
    assert whole.assess(read_scan(new / "images" / "phantom0001.png"), sex="F").status == "ok"
    refused = whole.assess(Scan(np.random.default_rng(0).uniform(0, 255, (300, 200))), sex="F")
    assert (refused.status, refused.estimate) == ("refused", None)


def test_a_model_of_regions_needs_a_localiser(pipeline):
    with pytest.raises(ValueError, match="cropping regions needs a localiser"):
        dataclasses.replace(pipeline, localiser=None)


@pytest.mark.parametrize(
    "change",
    [
        lambda s, a: s["localiser"]["names"].pop(),
        lambda s, a: s["age_models"][0]["regressor"]["regions"].pop(),
        lambda s, a: s["age_models"][0]["crop"]["sites"].pop(),
        lambda s, a: s["age_models"][0]["crop"].update({"side": 16}),
        lambda s, a: s["age_models"][0]["crop"].update({"kind": "half"}),
        lambda s, a: s["age_models"][0]["crop"].update({"kind": "hand"}),
        lambda s, a: s["age_models"].clear(),
        lambda s, a: s["age_models"].append(s["age_models"][0]),
        lambda s, a: s.update({"age_models": {"0": 1}}),
        lambda s, a: s.pop("age_models"),
        lambda s, a: s.update({"localiser": None}),
        lambda s, a: a.pop("localiser/mean_shape"),
        lambda s, a: a.update({"localiser/mean_shape": np.full((37, 2), np.nan)}),
    ],
    ids=[
        "landmark names",
        "regions",
        "sites",
        "side",
        "no such crop",
        "another crop",
        "no age model",
        "an age model without arrays",
        "no list of age models",
        "no age models at all",
        "no localiser",
        "array missing",
        "NaN",
    ],
)
def test_parts_that_do_not_fit_together_are_refused(model_file, tmp_path, change):
    model = load_model(model_file)
    settings, arrays = dict(model.settings), dict(model.arrays)
    change(settings, arrays)
    save_model(tmp_path / "odd.boneage", dataclasses.replace(model, settings=settings, arrays=arrays))
    with pytest.raises(InvalidModelFile, match=r"odd\.boneage: its contents do not fit together"):
        BoneAgePipeline.load(tmp_path / "odd.boneage")


def test_half_precision_makes_a_smaller_file_that_says_the_same(pipeline, new, tmp_path):
    pipeline.save(tmp_path / "whole.boneage")
    pipeline.save(tmp_path / "half.boneage", half=True)
    again = BoneAgePipeline.load(tmp_path / "half.boneage")
    saved = (tmp_path / "whole.boneage").stat().st_size - (tmp_path / "half.boneage").stat().st_size
    assert saved > 1.5 * pipeline.only_age_model.regressor.n_parameters
    scan = read_scan(new / "images" / "phantom0001.png")
    one, other = pipeline.assess(scan, sex="F"), again.assess(scan, sex="F")
    assert other.estimate.months == pytest.approx(one.estimate.months, abs=0.2)
    assert np.array_equal(one.points.positions, other.points.positions), "the localiser is kept as it is"


def test_a_model_of_volumes_survives_its_file_and_refuses_radiographs(phantom_volumes, new, whole_model_file, tmp_path):
    collection = load_collection([phantom_volumes / "images"], ages=[phantom_volumes / "ages.csv"])
    crop_spec = CropSpec("whole", 16, ndim=3)
    prepared = prepare_crops(collection, None, crop_spec, at_annotations=False, seed=0, jobs=1)
    fit_age_model(prepared, for_volumes(make_settings(epochs=1)), seed=0).save(tmp_path / "m.boneage")
    pipeline = BoneAgePipeline.load(tmp_path / "m.boneage")
    assert pipeline.only_age_model.crop_spec == crop_spec
    assert pipeline.only_age_model.regressor.shape_ == (16, 16, 16)
    scan, radiograph = collection.scan("phantom0001"), read_scan(new / "images" / "phantom0001.png")
    result = pipeline.assess(scan, sex="F")
    assert 0 < result.estimate.months < 300
    assert [stack.pixels.shape for stack in result.regions] == [(1, 16, 16, 16)]
    refused = pipeline.assess(radiograph, sex="F")
    assert (refused.status, refused.reason) == (
        "refused",
        "is a radiograph; the model reads volumes (MR): give a second --model",
    )
    refused = BoneAgePipeline.load(whole_model_file).assess(scan, sex="F")
    assert refused.reason == "is a volume (MR); the model reads radiographs: give a second --model"
    with pytest.raises(ValueError, match="all read radiographs, or all read volumes"):
        dataclasses.replace(
            pipeline, age_models=(*pipeline.age_models, *BoneAgePipeline.load(whole_model_file).age_models)
        )


@pytest.mark.parametrize("half", [False, True])
def test_several_age_models_survive_their_file(joined, new, tmp_path, half):
    joined.save(tmp_path / "joined.boneage", half=half)
    again = BoneAgePipeline.load(tmp_path / "joined.boneage")
    assert [age_model.crop_spec for age_model in again.age_models] == [
        age_model.crop_spec for age_model in joined.age_models
    ]
    scan = read_scan(new / "images" / "phantom0001.png")
    one, other = joined.assess(scan, sex="F"), again.assess(scan, sex="F")
    assert other.estimate.region_names == one.estimate.region_names
    assert other.estimate.region_months == pytest.approx(one.estimate.region_months, abs=0.5 if half else 0)
    kept = [array for age_model in again.age_models for array in age_model.regressor.to_state()[1].values()]
    learnt = [array for age_model in joined.age_models for array in age_model.regressor.to_state()[1].values()]
    assert all(np.array_equal(one, other) for one, other in zip(kept, learnt, strict=True)) != half


def test_age_models_that_cannot_go_together_are_refused(joined, pipeline, whole_model_file):
    whole = BoneAgePipeline.load(whole_model_file)
    assert dataclasses.replace(joined, age_models=(*joined.age_models, *whole.age_models)).region_names[-1] == "whole"
    with pytest.raises(ValueError, match="cropping regions needs a localiser"):
        dataclasses.replace(whole, age_models=(*whole.age_models, *pipeline.age_models))
    with pytest.raises(ValueError, match="at least one age model"):
        dataclasses.replace(pipeline, age_models=())


def test_what_takes_a_single_age_model_refuses_several(joined, pipeline):
    assert pipeline.only_age_model is pipeline.age_models[0]
    with pytest.raises(ValueError, match="joined joins 2 age models, and a single one is needed"):
        joined.only_age_model  # noqa: B018


def test_each_region_has_one_name_whoever_reads_it(joined, pipeline):
    assert joined.region_names == ("hand", *pipeline.region_names)
    assert dataclasses.replace(pipeline, age_models=pipeline.age_models * 2).region_names == pipeline.region_names


def test_the_ids_learnt_from_are_those_of_all_that_went_before(pipeline):
    summary = {"ids": ["a"], "started_from": {"ids": ["b"], "started_from": {"ids": ["c", "a"]}}}
    assert dataclasses.replace(pipeline, summary={"age": summary}).trained_ids == {"a", "b", "c"}
    both = {"ids": ["a", "x"], "joined": [summary, {"model": "of all ids"}]}
    assert dataclasses.replace(pipeline, summary={"age": both}).trained_ids == {"a", "b", "c", "x"}
    assert dataclasses.replace(pipeline, summary={}).trained_ids == set()


def test_each_age_model_changes_the_mean_by_its_part(joined, pipeline, new):
    scan = read_scan(new / "images" / "phantom0001.png")
    result = joined.assess(scan, sex="F")
    explained = joined.explain(result)
    assert [one.names for one in explained] == [("hand",), pipeline.region_names]
    for one, age_model, stack in zip(explained, joined.age_models, result.regions, strict=True):
        assert np.array_equal(one.changes, occlude(age_model.regressor, stack, "F").changes / 2)
        assert one.age_months == result.estimate.months
    absent = dataclasses.replace(result, regions=(None, result.regions[1]))
    (alone,) = joined.explain(absent)
    assert np.array_equal(alone.changes, 2 * explained[1].changes)
    with pytest.raises(ValueError, match="no age to explain"):
        joined.explain(dataclasses.replace(result, regions=()))


def test_a_localiser_has_a_fingerprint_of_its_own(pipeline, localiser_file):
    settings, arrays = pipeline.localiser.to_state()
    same = ForestLocaliser.from_state(settings, arrays)
    arrays["mean_shape"] = arrays["mean_shape"] + 1e-9
    other = ForestLocaliser.from_state(settings, arrays)
    settings["settings"]["min_score"] += 0.01
    doubting = ForestLocaliser.from_state(settings, same.to_state()[1])
    prints = [fingerprint_localiser(one) for one in (pipeline.localiser, same, other, doubting)]
    assert prints[0] == prints[1] == fingerprint_localiser(load_localiser(localiser_file)[0])
    assert len(set(prints)) == 3


def test_a_localiser_of_radiographs_refuses_volumes(pipeline, phantom_volumes):
    refused = pipeline.assess(load_collection([phantom_volumes / "images"]).scan("phantom0001"), sex="F")
    assert (refused.status, refused.reason) == (
        "refused",
        "is a volume (MR); the model reads radiographs: give a second --model",
    )


def test_a_file_is_assessed_like_its_scan(pipeline, new):
    path = new / "images" / "phantom0001.png"
    by_path, by_scan = pipeline.assess(path, sex="F"), pipeline.assess(read_scan(path), sex="F")
    assert by_path.estimate == by_scan.estimate
    assert (by_path.id, by_path.path) == ("phantom0001", str(path))


def test_a_file_that_cannot_be_read_is_a_refused_assessment(pipeline, tmp_path):
    path = tmp_path / "note.txt"
    path.write_text("no image\n")
    refused = pipeline.assess(str(path), sex="F")
    assert (refused.id, refused.path, refused.status, refused.sex) == ("note", str(path), "refused", "F")
    assert refused.reason


def test_the_shipped_model_is_loaded_where_no_file_is_given(model_file):
    assert load_pipeline().name.startswith("hand.boneage ")
    assert load_pipeline(model_file).name.startswith("model.boneage ")


def test_an_explained_hand_is_predicted_once(joined, new, monkeypatch):
    scan = read_scan(new / "images" / "phantom0001.png")
    hands = []
    predict_regions = AgeRegressor.predict_regions

    def count(self, stacks, sexes):
        hands.extend(stacks)
        return predict_regions(self, stacks, sexes)

    monkeypatch.setattr(AgeRegressor, "predict_regions", count)
    result = joined.assess(scan, sex="F")
    joined.explain(result)
    for stack in result.stacks:
        assert sum(np.array_equal(hand.pixels, stack.pixels) for hand in hands) == 1
