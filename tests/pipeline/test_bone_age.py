import dataclasses

import numpy as np
import pytest

from boneage.imaging import Scan, read_scan
from boneage.pipeline.age_training import prepare_regions, settings_for, train_pipeline
from boneage.pipeline.bone_age import BoneAgePipeline, load_localiser
from boneage.pipeline.gathering import gather
from boneage.pipeline.model_files import InvalidModelFile, load_model, save_model
from boneage.regression import Cutting, for_volumes


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


def test_a_model_file_from_before_there_were_ways_of_cutting_has_regions(model_file, tmp_path, pipeline):
    model = load_model(model_file)
    settings = {name: value for name, value in model.settings.items() if name != "cut"}
    save_model(tmp_path / "old.boneage", dataclasses.replace(model, settings=settings))
    assert BoneAgePipeline.load(tmp_path / "old.boneage").cutting == pipeline.cutting


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
    with pytest.raises(ValueError, match="cutting regions needs a localiser"):
        dataclasses.replace(pipeline, localiser=None)


@pytest.mark.parametrize(
    "change",
    [
        lambda s, a: s["localiser"]["names"].pop(),
        lambda s, a: s["regressor"]["regions"].pop(),
        lambda s, a: s["sites"].pop(),
        lambda s, a: s.pop("side"),
        lambda s, a: s.update({"cut": "half"}),
        lambda s, a: s.update({"cut": "hand"}),
        lambda s, a: s.update({"localiser": None}),
        lambda s, a: a.pop("localiser/mean_shape"),
        lambda s, a: a.update({"localiser/mean_shape": np.full((37, 2), np.nan)}),
    ],
    ids=[
        "landmark names",
        "regions",
        "sites",
        "side",
        "no such cut",
        "other cut",
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
    assert saved > 1.5 * pipeline.regressor.n_parameters
    scan = read_scan(new / "images" / "phantom0001.png")
    one, other = pipeline.assess(scan, sex="F"), again.assess(scan, sex="F")
    assert other.estimate.months == pytest.approx(one.estimate.months, abs=0.2)
    assert np.array_equal(one.points.positions, other.points.positions), "the localiser is kept as it is"


def test_a_model_of_volumes_survives_its_file_and_refuses_radiographs(phantom_volumes, new, whole_model_file, tmp_path):
    collection = gather([phantom_volumes / "images"], ages=[phantom_volumes / "ages.csv"])
    cutting = Cutting("whole", 16, ndim=3)
    prepared = prepare_regions(collection, None, cutting, cut_at_annotations=False, seed=0, jobs=1)
    train_pipeline(prepared, for_volumes(settings_for(epochs=1)), seed=0).save(tmp_path / "m.boneage")
    pipeline = BoneAgePipeline.load(tmp_path / "m.boneage")
    assert pipeline.cutting == cutting
    assert pipeline.regressor.shape_ == (16, 16, 16)
    scan, radiograph = collection.scan("phantom0001"), read_scan(new / "images" / "phantom0001.png")
    result = pipeline.assess(scan, sex="F")
    assert 0 < result.estimate.months < 300
    assert result.regions.pixels.shape == (1, 16, 16, 16)
    refused = pipeline.assess(radiograph, sex="F")
    assert (refused.status, refused.reason) == (
        "refused",
        "is a radiograph; the model reads volumes (MR): give a second --model",
    )
    refused = BoneAgePipeline.load(whole_model_file).assess(scan, sex="F")
    assert refused.reason == "is a volume (MR); the model reads radiographs: give a second --model"
    with pytest.raises(ValueError, match="would be cut"):
        dataclasses.replace(pipeline, cutting=Cutting("whole", 16))


def test_a_localiser_of_radiographs_refuses_volumes(pipeline, phantom_volumes):
    refused = pipeline.assess(gather([phantom_volumes / "images"]).scan("phantom0001"), sex="F")
    assert (refused.status, refused.reason) == (
        "refused",
        "is a volume (MR); the model reads radiographs: give a second --model",
    )
