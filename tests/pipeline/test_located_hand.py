import dataclasses
import json

import numpy as np
import pytest

from boneage.imaging import Points, Scan, read_scan
from boneage.landmarks import Acceptance
from boneage.landmarks.acceptance import BEYOND_OUTLINE
from boneage.pipeline.located_hand import (
    HandLandmarks,
    HandView,
    crop_located_hand,
    locate_hand,
    mean_shape_of,
    measure_rotation,
)
from boneage.regression import CropSpec


@pytest.fixture(scope="module")
def scan(new):
    return read_scan(new / "images" / "phantom0001.png")


@pytest.fixture(scope="module")
def located(pipeline, scan):
    return locate_hand(scan, pipeline.localiser)


def test_a_located_hand_is_cropped(pipeline, scan, located):
    assert not located.fault
    regions, fault = crop_located_hand(scan, located, CropSpec(side=32), mean_shape_of(pipeline.localiser))
    assert fault == ""
    assert regions.pixels.shape == (17, 32, 32)


def test_a_mirrored_hand_is_known_as_one(pipeline, scan):
    mirrored = locate_hand(dataclasses.replace(scan, pixels=scan.pixels[:, ::-1]), pipeline.localiser)
    assert mirrored.mirrored


@pytest.mark.parametrize("degrees", [-170.0, -30.0, 0.0, 45.0])
@pytest.mark.parametrize("side", [1, -1])
def test_a_turned_hand_is_measured_clockwise_mirrored_or_not(degrees, side):
    upright = np.array([[90.0, 50.0], [0.0, 45.0], [60.0, 0.0], [10.0, 70.0]])
    angle = np.deg2rad(degrees)
    clockwise = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])  # of (row, column)
    turned = (upright * [1, side]) @ clockwise.T * 3 + 7
    names = ("wrist", "tip", "thumb", "little")
    assert measure_rotation(Points(names, turned), Points(names, upright)) == pytest.approx(degrees)


def test_what_tells_no_rotation_has_none():
    one = Points(("a", "b"), np.array([[1.0, 2.0], [np.nan, np.nan]]))
    assert np.isnan(measure_rotation(one, one))
    assert np.isnan(measure_rotation(one, None))


def test_how_a_hand_lies_is_known_only_of_one_that_was_found():
    points = Points(("a",), np.array([[1.0, 2.0]]))
    found = HandLandmarks(points, True, False, rotated_deg=-3.21)
    assert found.view("L").cells() == {"laterality": "L", "mirrored": True, "inverted": False, "rotated_deg": "-3.2"}
    unknown = {"laterality": "R", "mirrored": "", "inverted": "", "rotated_deg": ""}
    assert HandLandmarks(points, fault="no hand").view("R").cells() == unknown
    assert HandView().cells()["laterality"] == ""


def test_a_negative_is_known_as_one_and_its_crops_are_those_of_the_hand(pipeline, scan, located):
    swapped = scan.negative()
    there = locate_hand(swapped, pipeline.localiser)
    assert (located.inverted, there.inverted) == (False, True)
    assert np.abs(there.points.positions - located.points.positions).max() < 2
    crop_spec, reference = CropSpec(side=32), mean_shape_of(pipeline.localiser)
    expected, _ = crop_located_hand(scan, located, crop_spec, reference)
    same_places = dataclasses.replace(located, inverted=True)
    crops, fault = crop_located_hand(swapped, same_places, crop_spec, reference)
    assert fault == ""
    assert crops.pixels == pytest.approx(expected.pixels, abs=1e-3)
    as_it_is, _ = crop_located_hand(swapped, located, crop_spec, reference)
    assert np.abs(as_it_is.pixels - expected.pixels).mean() > 0.1


def test_what_makes_the_picture_doubtful_is_told(pipeline, scan, located):
    assert located.findings == ()
    noisy = scan.pixels + np.random.default_rng(0).normal(0, 0.4 * np.ptp(scan.pixels), scan.pixels.shape)
    findings = locate_hand(dataclasses.replace(scan, pixels=noisy), pipeline.localiser).findings
    assert any("noise is" in finding for finding in findings)


def test_a_fault_of_the_landmarks_is_that_of_the_crops(scan):
    assert crop_located_hand(scan, HandLandmarks(None, fault="no hand"), CropSpec("whole", 16), None) == (
        None,
        "no hand",
    )


def test_a_volume_is_not_located_by_a_localiser_of_radiographs(pipeline):
    volume = Scan(np.random.default_rng(0).uniform(size=(20, 20, 20)), modality="mri")
    assert locate_hand(volume, pipeline.localiser).fault == "is a volume (MR); the model reads radiographs"


def test_without_a_localiser_there_are_no_landmarks_and_no_fault(scan):
    located = locate_hand(scan, None)
    assert (located.points, located.fault) == (None, "")
    assert mean_shape_of(None) is None


def test_landmarks_survive_json(located):
    for flags in (
        {},
        {"mirrored": True},
        {"inverted": True},
        {"inverted": None},
        {"findings": ("noise", "two hands"), "fault": "odd", "acceptance": 0.5},
    ):
        hand = dataclasses.replace(located, **flags)
        again = HandLandmarks.from_json(json.loads(json.dumps(hand.to_json())))
        assert np.array_equal(again.points.positions, located.points.positions, equal_nan=True)
        assert np.array_equal(again.points.scores, located.points.scores)
        assert (again.points.names, again.points.reasons) == (located.points.names, located.points.reasons)
        for name in ("mirrored", "inverted", "findings", "fault"):
            assert getattr(again, name) == getattr(hand, name)
        assert again.acceptance == pytest.approx(hand.acceptance, nan_ok=True)
    assert HandLandmarks.from_json(HandLandmarks(None, fault="no hand").to_json()).points is None


def test_a_hand_unlike_those_that_the_localiser_judges_by_is_refused(pipeline, scan, located):
    evidence = pipeline.localiser.find(scan).evidence
    better = dataclasses.replace(evidence, terms=evidence.terms + 1, scores=np.full_like(evidence.scores, 0.9))
    for known, accepted in ((evidence, True), (better, False)):
        judge = pipeline.localiser.with_acceptance(Acceptance.fit([known] * 4, threshold=0.25))
        hand = locate_hand(scan, judge)
        assert hand.acceptance == (1.0 if accepted else 0.2)
        assert ("no hand that the model can read" in hand.fault) != accepted
        assert np.array_equal(hand.points.positions, located.points.positions)
    assert locate_hand(dataclasses.replace(scan, pixels=np.zeros_like(scan.pixels)), judge).acceptance == 0.0
    assert np.isnan(located.acceptance)


def test_landmarks_of_which_nothing_is_seen_are_left_out(pipeline, scan):
    """The picture's only outline is far from the hand: every landmark with a low score is left out."""
    evidence = pipeline.localiser.find(scan).evidence
    high = evidence.scores > np.median(evidence.scores)
    known = dataclasses.replace(evidence, scores=np.where(high, 0.0, 1.0))
    judge = pipeline.localiser.with_acceptance(Acceptance.fit([known] * 4, threshold=0.25))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("boneage.landmarks.localiser.find_beyond", lambda positions, mask: np.ones(len(positions), bool))
        points = judge.locate(scan)
    assert np.array_equal(points.present, high)
    assert {reason for reason, there in zip(points.reasons, high, strict=True) if not there} == {BEYOND_OUTLINE}
