import csv
import dataclasses

import numpy as np
import pytest

from boneage.imaging import find_scans, read_scan, read_sizes
from boneage.imaging.errors import InvalidModelFile
from boneage.imaging.splits import assign_split
from boneage.pipeline.centres import CentreModel
from boneage.pipeline.located_hand import locate_hand
from boneage.pipeline.pipeline import BoneAgePipeline
from boneage.pipeline.storage import shipped_model as shipped
from boneage.pipeline.storage.model_file import load_model, save_model
from boneage.pipeline.training.masks import MaskFolder
from boneage.regression import AgeEstimate
from boneage.regression.segmentation.anatomy import list_centres


@pytest.fixture(scope="module")
def model():
    return BoneAgePipeline.load(shipped.shipped_model())


def test_it_is_small_and_says_what_it_was_trained_on(model):
    assert shipped.shipped_model().stat().st_size <= 40_000_000
    assert model.summary["localiser"]["n_hands"] == 852
    assert model.summary["age"]["n_hands"] == len(model.summary["age"]["ids"]) == 9544
    assert model.summary["age"]["n_phantoms"] == model.summary["localiser"]["n_phantoms"] == 0
    crop_spec = model.only_age_model.crop_spec
    assert (crop_spec.kind, crop_spec.side) == ("regions", 48)
    assert (crop_spec.detail, crop_spec.thumbnail, crop_spec.proportions) == (226, 0, "fitted")
    assert crop_spec.standardise is not None
    assert len(model.region_names) == 17


def test_no_hand_that_it_is_judged_by_was_trained_on(model):
    assert {assign_split(id_) for id_ in model.trained_ids} <= {"train", "test"}
    in_test = [id_ for id_ in model.trained_ids if assign_split(id_) == "test"]
    assert len(in_test) < 80, "only hands with annotations, which are never tested on"


def test_it_has_an_interval_for_either_sex_at_every_age(model):
    assert model.calibration is not None
    for sex in ("F", "M"):
        for months in (30.0, 90.0, 150.0, 200.0):
            estimate = AgeEstimate(months, ("radius", "ulna"), (months, months), (0.5, 0.5))
            interval = model.calibration.apply(estimate, sex, 0.95).interval
            assert interval.low_months < months < interval.high_months
            assert interval.n_hands >= 60


def test_it_judges_thumbnails_by_thumbnails(model):
    assert model.localiser.acceptance_.boundaries.tolist() == pytest.approx([133.3], abs=0.1)


@pytest.mark.real_data
def test_its_localiser_has_seen_none_of_the_hands_at_full_and_half_size(model, real_data):
    held_out = {
        f"rsna{p.stem}" for name in ("rsna_native", "rsna_half") for p in find_scans(real_data / name / "images")
    }
    assert len(held_out) > 400
    assert not held_out & set(model.summary["localiser"]["ids"])


def test_predict_takes_it_where_no_model_is_given(boneage, new, tmp_path):
    (tmp_path / "ids.txt").write_text("phantom0001\n")
    code, out, _ = boneage(
        "predict", new / "images", "--ids", tmp_path / "ids.txt", "--sex-csv", new / "ages.csv", "--out", tmp_path
    )
    assert code in (0, 1)  # 1: it is refused
    assert "1 files" in out
    with (tmp_path / "ages.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["phantom0001"]
    assert all(row["model"].startswith("hand.boneage ") for row in rows)


@pytest.fixture(scope="module")
def segmenter():
    return CentreModel.load(shipped.shipped_segmenter())


def test_the_segmenter_is_small_and_knows_no_hand_of_the_test_part(segmenter):
    assert shipped.shipped_segmenter().stat().st_size <= 8_000_000
    assert segmenter.summary["n_hands"] == len(segmenter.summary["ids"]) == 752
    assert {assign_split(id_) for id_ in segmenter.summary["ids"]} == {"train"}
    assert set(segmenter.least_probabilities["bones"]) == set(list_centres("bones"))


@pytest.mark.real_data
def test_the_segmenter_outlines_and_names_the_bones_of_hands_that_it_has_not_seen(model, segmenter, real_data):
    masks = MaskFolder.open(real_data / "rsna_masks")
    ids = [id_ for id_ in sorted(masks.ids) if assign_split(id_) == "test"][:6]
    sizes = read_sizes(real_data / "rsna_masks" / "sizes.csv")
    overlaps = []
    for id_ in ids:
        scan = read_scan(real_data / "rsna299" / "images" / f"{id_}.jpg").as_resized_copy_of(sizes[id_])
        found = segmenter.find(scan, locate_hand(scan, model.localiser))
        mask, outlined = masks.read(id_, scan)[0] > 0, found.labels["bones"] > 0
        overlaps.append(2 * (mask & outlined).sum() / (mask.sum() + outlined.sum()))
        assert found.n_centres >= 15
    assert np.mean(overlaps) > 0.85


def test_an_installation_without_the_model_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "_FOLDER", tmp_path)
    with pytest.raises(InvalidModelFile, match="lacks the model that comes with boneage: give --model"):
        shipped.shipped_model()


@pytest.mark.parametrize(("name", "value"), [("threshold", 1.5), ("terms", np.nan), ("low_scores", -1.0)])
def test_a_file_whose_acceptance_makes_no_sense_is_refused(name, value, tmp_path):
    model = load_model(shipped.shipped_model())
    array = np.full_like(model.arrays[f"localiser/acceptance/{name}"], value)
    arrays = {**model.arrays, f"localiser/acceptance/{name}": array}
    save_model(tmp_path / "odd.boneage", dataclasses.replace(model, arrays=arrays))
    with pytest.raises(InvalidModelFile, match="do not fit together"):
        BoneAgePipeline.load(tmp_path / "odd.boneage")


def test_the_shipped_localiser_judges_by_hands_that_it_has_not_learnt_from(model):
    known = {id_.removeprefix("rsna") for id_ in model.summary["localiser"]["ids"]}
    judged_by = model.summary["localiser"]["acceptance"]["ids"]
    assert len(judged_by) == len(model.localiser.acceptance_.terms) > 300
    assert not known & set(judged_by)
