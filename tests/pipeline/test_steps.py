import dataclasses
import math

import numpy as np
import pytest

from boneage.imaging import Frame, Points, Scan, read_scan
from boneage.imaging.standardise.results import Finding
from boneage.landmarks import ForestLocaliser
from boneage.pipeline.assessment import COMPARISON_COLUMNS, INTERVAL_COLUMNS
from boneage.pipeline.located_hand import crop_located_hand
from boneage.pipeline.quality import find_landmark_fault, find_region_fault
from boneage.pipeline.training.age_model import fit_age_model
from boneage.pipeline.training.age_settings import make_settings
from boneage.regression import BiasCorrection, CropSpec, RegionStack
from boneage.regression.bias_correction import Knot
from boneage.regression.proportions import measure_hand


@pytest.fixture(scope="module")
def scan(new):
    """A phantom girl's or boy's hand whose file does not say which."""
    return read_scan(new / "images" / "phantom0001.png")


def test_a_hand_is_read_with_every_region_weighed(pipeline, scan):
    result = pipeline.assess(scan, sex="F", id_="hand", path="hand.png")
    assert (result.id, result.path, result.status, result.sex) == ("hand", "hand.png", "ok", "F")
    assert 0 < result.estimate.months < 260
    assert sum(result.estimate.region_weights) == pytest.approx(1)
    assert result.points.present.all()
    assert result.regions[0].present.all()


def test_the_sex_is_never_guessed(pipeline, scan):
    refused = pipeline.assess(scan, sex=None)
    assert refused.status == "refused"
    assert "sex is not known" in refused.reason
    assert pipeline.assess(dataclasses.replace(scan, sex="M"), sex=None).sex == "M"


def test_the_chronological_age_is_compared_and_changes_nothing(pipeline, scan):
    alone = pipeline.assess(scan, sex="F")
    assert math.isnan(alone.chronological_months)
    assert [alone.row([])[name] for name in COMPARISON_COLUMNS] == [""] * 4
    stated = pipeline.assess(dataclasses.replace(scan, age_months=100.0), sex="F")
    given = pipeline.assess(dataclasses.replace(scan, age_months=100.0), sex="F", chronological_months=120.0)
    assert (stated.chronological_months, given.chronological_months) == (100.0, 120.0)
    assert alone.estimate.months == stated.estimate.months == given.estimate.months
    row = given.row([])
    assert row["chronological_age_months"] == "120.00"
    assert row["difference_months"] == f"{given.estimate.months - 120:.2f}"
    assert (row["sd_score"], row["determination"]) == (
        f"{given.comparison.sd_score:.2f}",
        given.comparison.determination,
    )


def test_a_file_that_contradicts_the_sex_given_is_flagged(pipeline, scan):
    result = pipeline.assess(dataclasses.replace(scan, sex="M"), sex="F")
    assert (result.status, result.sex) == ("flagged", "F")
    assert result.reason == "the file says the sex is M"


@pytest.mark.parametrize("pixels", [np.zeros((80, 80)), np.random.default_rng(0).uniform(0, 255, (300, 200))])
def test_what_is_no_hand_is_refused(pipeline, pixels):
    result = pipeline.assess(Scan(pixels), sex="F")
    assert result.status == "refused"
    assert "no hand that the model can read" in result.reason
    assert result.estimate is None


def give_points(monkeypatch, localiser, scan, points):
    """Let every localiser find these points, whatever it is given, and all else of a scan."""
    found = dataclasses.replace(localiser.find(scan), points=points)
    monkeypatch.setattr(type(localiser), "find", lambda self, scan: found)


@pytest.fixture
def without_tips(pipeline, scan, monkeypatch):
    """Every localiser finds the landmarks of the hand but for the finger tips; how many are found of how many."""
    points = pipeline.localiser.locate(scan)
    positions = points.positions.copy()
    tips = [points.names.index(f"{finger}_tip") for finger in ("thumb", "index", "middle", "ring", "little")]
    positions[tips] = np.nan
    reasons = tuple("score below 0.05" if k in tips else "" for k in range(len(points)))
    fewer = dataclasses.replace(points, positions=positions, reasons=reasons)
    give_points(monkeypatch, pipeline.localiser, scan, fewer)
    return f"{len(points) - 5} of {len(points)} landmarks found"


def test_a_hand_of_which_several_landmarks_are_not_found_is_flagged(pipeline, scan, without_tips):
    result = pipeline.assess(scan, sex="F")
    assert result.status == "flagged"
    assert f"only {without_tips}" in result.reason


@pytest.mark.parametrize(("part", "status"), [(0.35, "ok"), (0.45, "refused")])
def test_a_hand_of_which_many_landmarks_are_doubtful_is_refused(pipeline, scan, monkeypatch, part, status):
    points = pipeline.localiser.locate(scan)
    n, doubtful = len(points), int(part * len(points))
    doubted = dataclasses.replace(points, reasons=("doubtful: score below 0.1",) * doubtful + ("",) * (n - doubtful))
    give_points(monkeypatch, pipeline.localiser, scan, doubted)
    result = pipeline.assess(scan, sex="F")
    assert result.status == status
    if status == "refused":
        assert result.reason == f"no hand that the model can read: {doubtful} of {n} landmarks are doubtful"


def test_a_hand_that_lacks_landmarks_and_an_age_model_is_refused(joined, scan, without_tips, monkeypatch):
    assert joined.assess(scan, sex="F").status == "flagged"
    fail_to_cut(monkeypatch, "regions")
    result = joined.assess(scan, sex="F")
    assert (result.status, result.estimate, result.regions) == ("refused", None, ())
    assert result.points is not None
    assert result.reason == f"read by 1 of 2 age models: no regions; only {without_tips}"


def test_a_missing_region_weighs_nothing_and_is_named(pipeline, scan):
    rows = scan.pixels.shape[0]
    cut = dataclasses.replace(scan, pixels=scan.pixels[: int(rows * 0.84)], original_shape=None)
    result = pipeline.assess(cut, sex="F")
    assert result.status == "flagged"
    assert "radius" in result.reason
    weights = dict(zip(result.estimate.region_names, result.estimate.region_weights, strict=True))
    assert weights["radius"] == 0
    assert sum(weights.values()) == pytest.approx(1)


def test_several_age_models_are_averaged_and_their_regions_make_up_the_age(joined, scan):
    result = joined.assess(scan, sex="F")
    alone = [
        dataclasses.replace(joined, age_models=(age_model,)).assess(scan, sex="F") for age_model in joined.age_models
    ]
    hand, bones = (one.estimate for one in alone)
    assert abs(hand.months - bones.months) > 0.1, "else this test says nothing"
    assert result.status == "ok"
    assert result.estimate.months == (hand.months + bones.months) / 2
    assert result.estimate.region_names == joined.region_names == ("hand", *bones.region_names)
    assert result.estimate.region_weights == (0.5, *(weight / 2 for weight in bones.region_weights))
    made_up = sum(w * age for w, age in zip(result.estimate.region_weights, result.estimate.region_months, strict=True))
    assert made_up == pytest.approx(result.estimate.months, abs=1e-3)
    assert [stack.names for stack in result.regions] == [("hand",), bones.region_names]
    for stack, one in zip(result.regions, alone, strict=True):
        assert np.array_equal(stack.pixels, one.regions[0].pixels)


def test_an_age_model_twice_says_what_it_says_once_and_cuts_once(pipeline, joined, scan, monkeypatch):
    once = pipeline.assess(scan, sex="F").estimate
    ways = []
    cut = CropSpec.crop
    monkeypatch.setattr(CropSpec, "crop", lambda self, *args, **kwargs: ways.append(self) or cut(self, *args, **kwargs))
    twice = dataclasses.replace(pipeline, age_models=pipeline.age_models * 2).assess(scan, sex="F").estimate
    assert twice.months == once.months
    assert twice.region_weights == once.region_weights
    assert ways == [pipeline.only_age_model.crop_spec]
    dataclasses.replace(joined, age_models=joined.age_models * 2).assess(scan, sex="F")
    assert len(ways) == 1 + 2


def fail_to_cut(monkeypatch, *kinds):
    """Let the regions of some ways of cutting be missing."""

    def cut(scan, located, crop_spec, reference):
        return (
            (None, f"no {crop_spec.kind}")
            if crop_spec.kind in kinds
            else crop_located_hand(scan, located, crop_spec, reference)
        )

    monkeypatch.setattr("boneage.pipeline.steps.crop_located_hand", cut)


def test_an_age_model_whose_regions_are_missing_takes_no_part(joined, pipeline, scan, monkeypatch):
    alone = pipeline.assess(scan, sex="F").estimate
    fail_to_cut(monkeypatch, "hand")
    result = joined.assess(scan, sex="F")
    assert (result.status, result.reason) == ("flagged", "read by 1 of 2 age models: no hand")
    assert result.estimate.months == alone.months
    assert result.estimate.region_names == ("hand", *alone.region_names)
    assert result.estimate.region_weights == (0.0, *alone.region_weights)
    assert math.isnan(result.estimate.region_months[0])
    assert result.regions[0] is None
    assert result.stacks == (result.regions[1],)
    row = result.row(joined.region_names)
    assert (row["weight_hand"], row["age_hand"]) == ("0.0000", "")


def test_a_hand_that_no_age_model_can_read_is_refused_with_the_first_reason(joined, scan, monkeypatch):
    fail_to_cut(monkeypatch, "hand", "regions")
    result = joined.assess(scan, sex="F")
    assert (result.status, result.reason, result.regions) == ("refused", "no hand", ())


def test_the_sex_is_needed_if_one_age_model_needs_it(pipeline, prepared, scan):
    blind = fit_age_model(prepared, make_settings(use_sex=False, epochs=1), seed=0)
    assert blind.assess(scan, sex=None).status == "ok"
    both = dataclasses.replace(pipeline, age_models=(*blind.age_models, *pipeline.age_models))
    refused = both.assess(scan, sex=None)
    assert refused.status == "refused"
    assert "sex is not known" in refused.reason


def test_a_region_that_several_age_models_miss_is_named_once(pipeline, scan):
    cut = dataclasses.replace(scan, pixels=scan.pixels[: int(scan.pixels.shape[0] * 0.84)], original_shape=None)
    once = pipeline.assess(cut, sex="F")
    twice = dataclasses.replace(pipeline, age_models=pipeline.age_models * 2).assess(cut, sex="F")
    assert "no region for radius" in once.reason
    assert twice.reason == once.reason


def test_a_calibrated_model_gives_an_age_an_interval_around_it(pipeline, calibrated, scan):
    plain, result = pipeline.assess(scan, sex="F"), calibrated.assess(scan, sex="F")
    interval, months = result.estimate.interval, plain.estimate.months
    assert (result.status, result.reason, result.estimate.months) == (plain.status, plain.reason, months)
    assert (interval.low_months, interval.high_months) == pytest.approx((max(months - 18.9, 0), months + 18.9))
    row = result.row(("radius",))
    assert row["interval_low_months"] == f"{interval.low_months:.2f}"
    assert row["interval_high_months"] == f"{interval.high_months:.2f}"
    assert (row["interval_level"], row["interval_n_hands"]) == ("0.9", 209)
    narrower = calibrated.assess(scan, sex="F", level=0.5).estimate.interval
    assert (narrower.level, narrower.high_months) == (0.5, pytest.approx(months + 10.5))


def test_a_bias_correction_moves_the_age_and_its_regions(pipeline, calibrated, scan):
    correction = BiasCorrection((Knot("F", 100.0, 7.0, 1.0, 60),))
    correcting = dataclasses.replace(calibrated.calibration, corrections=(correction,))
    result = dataclasses.replace(calibrated, calibration=correcting).assess(scan, sex="F")
    before = pipeline.assess(scan, sex="F").estimate
    assert result.estimate.months == before.months + 7.0
    assert result.estimate.region_months[0] == before.region_months[0] + 7.0
    assert result.readings[0].months == before.months


def test_without_an_interval_its_cells_are_empty_and_the_reason_is_kept(pipeline, calibrated, scan):
    for result, reason in (
        (pipeline.assess(scan, sex="F"), "the model holds no calibration"),
        (calibrated.assess(scan, sex="F", level=0.999), "only 209 hands to calibrate on"),
    ):
        assert result.status == "ok"
        assert reason in result.estimate.interval.reason
        assert {result.row(())[name] for name in INTERVAL_COLUMNS} == {""}


@pytest.mark.parametrize(("n_found", "faulty"), [(0, True), (6, True), (7, False), (10, False)])
def test_two_thirds_of_the_landmarks_must_be_found(n_found, faulty):
    positions = np.where(np.arange(10)[:, None] < n_found, 5.0, np.nan) * np.ones(2)
    names = tuple("abcdefghij")
    fault = find_landmark_fault(
        Points(names, positions, np.ones(10), tuple("" if k < n_found else "low" for k in range(10)))
    )
    assert bool(fault) == faulty
    assert not faulty or f"{n_found} of 10" in fault


@pytest.mark.parametrize(("n_present", "faulty"), [(2, True), (3, False), (6, False)])
def test_half_of_the_regions_must_be_there(n_present, faulty):
    present = np.arange(6) < n_present
    frames = tuple(Frame.identity(2) if there else None for there in present)
    gap = find_region_fault(RegionStack(tuple("abcdef"), np.zeros((6, 4, 4), np.float32), present, frames))
    assert bool(gap) == faulty
    assert not faulty or "2 of 6 regions" in gap


def test_a_mirrored_hand_is_read_the_same_and_says_so(pipeline, scan):
    straight = pipeline.assess(scan, sex="F")
    mirrored = pipeline.assess(dataclasses.replace(scan, pixels=scan.pixels[:, ::-1]), sex="F")
    assert mirrored.status == "flagged"
    assert "mirrored with respect to" in mirrored.reason
    assert mirrored.estimate.months == pytest.approx(straight.estimate.months, abs=6)


def test_a_negative_is_read_nearly_the_same_and_says_so(pipeline, scan):
    straight = pipeline.assess(scan, sex="F")
    inverted = pipeline.assess(scan.negative(), sex="F")
    assert (straight.status, straight.reason) == ("ok", "")
    assert (inverted.status, inverted.reason) == ("flagged", "black and white are swapped in the file")
    assert inverted.estimate.months == pytest.approx(straight.estimate.months, abs=2)
    assert np.abs(inverted.points.positions - straight.points.positions).max() < 2


def test_what_standardising_found_is_in_the_reason(pipeline, scan, monkeypatch):
    found = pipeline.localiser.find(scan)
    odd = (Finding("noise", "the noise is 30 % of it"), Finding("two hands", "there are 2 hands in the picture"))
    standardised = dataclasses.replace(found.standardised, findings=odd)
    doubted = dataclasses.replace(found, standardised=standardised, inverted=True)
    monkeypatch.setattr(type(pipeline.localiser), "find", lambda self, scan: doubted)
    result = pipeline.assess(dataclasses.replace(scan, sex="M"), sex="F")
    assert result.status == "flagged"
    assert result.reason == (
        "the noise is 30 % of it; there are 2 hands in the picture: predict --all-hands reads each; "
        "black and white are swapped in the file; the file says the sex is M"
    )


@pytest.mark.parametrize(("part", "status"), [(0.45, "flagged"), (0.55, "ok")])
def test_a_hand_of_less_than_half_the_detail_is_flagged_with_its_pixels(pipeline, scan, part, status):
    points = pipeline.assess(scan, sex="F").points
    reference = Points(pipeline.localiser.names_, pipeline.localiser.mean_shape_)
    pixels = measure_hand(scan, points, reference).min()
    model = pipeline.only_age_model
    finer = dataclasses.replace(model, crop_spec=dataclasses.replace(model.crop_spec, detail=round(pixels / part)))
    result = dataclasses.replace(pipeline, age_models=(finer,)).assess(scan, sex="F")
    assert result.status == status
    told = f"the hand measures only {pixels:.0f} pixels, the age models read {round(pixels / part)}"
    assert (told in result.reason) == (status == "flagged")


def test_a_localiser_that_does_not_standardise_finds_nothing_odd_about_a_picture(pipeline, scan):
    config, arrays = pipeline.localiser.to_state()
    config["settings"]["standardise"] = None
    plain = dataclasses.replace(pipeline, localiser=ForestLocaliser.from_state(config, arrays))
    assert plain.assess(scan, sex="F").status == "ok"
    swapped = plain.assess(scan.negative(), sex="F")
    assert (swapped.status, swapped.reason) == ("flagged", "black and white are swapped in the file")


def test_what_is_of_another_modality_is_refused_before_anything_else(pipeline):
    volume = Scan(np.zeros((3, 20, 20)), modality="mri")
    result = pipeline.assess(volume, sex=None)
    assert (result.status, result.modality, result.points) == ("refused", "mri", None)
    assert result.reason == "is a volume (MR); the model reads radiographs: give a second --model"
