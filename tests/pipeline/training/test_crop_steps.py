import numpy as np
import pytest

from boneage.imaging import Points
from boneage.pipeline.data import load_collection
from boneage.pipeline.located_hand import HandLandmarks
from boneage.pipeline.training.crop_steps import CroppedHand, CropStep, LocatedHand, LocateStep
from boneage.pipeline.units import scale_to_mm
from boneage.regression import CropSpec


def test_annotated_hands_are_located_and_mirrored_ones_recognised(known, tmp_path):
    lines = (known / "landmarks.csv").read_text().splitlines()[:2]
    (tmp_path / "one.csv").write_text("\n".join(lines) + "\n")
    hands = load_collection([known / "images"], landmarks=tmp_path / "one.csv")
    points = hands.landmarks.points["phantom0001"]
    mirror = Points(points.names, points.positions * [1, -1])
    for reference, mirrored in ((points, False), (mirror, True), (None, False)):
        hand = LocateStep(None, reference).run(hands, "phantom0001")
        assert (hand.located.mirrored, hand.located.fault, hand.phantom) == (mirrored, "", True)
    assert "no annotated" in LocateStep(None, points).run(hands, "phantom0002").located.fault


def test_a_located_hand_is_the_same_after_a_round_trip():
    points = Points(("a", "b"), [[1.5, 2.0], [np.nan, np.nan]], np.array([0.5, np.nan]), ("", "score too low"))
    back = LocatedHand.from_bytes(LocatedHand(HandLandmarks(points, True), (0.5, 0.25), True, 2.5).to_bytes())
    assert np.array_equal(back.located.points.positions, points.positions, equal_nan=True)
    assert back.located.points.reasons == points.reasons
    assert (back.located.mirrored, back.phantom, back.seconds) == (True, True, 2.5)
    assert back.spacing_mm == (0.5, 0.25)
    assert back.true_points.position("a").tolist() == [0.75, 0.5]
    none = LocatedHand.from_bytes(LocatedHand(HandLandmarks(None, fault="is empty"), None, False, 0.5).to_bytes())
    assert (none.located.points, none.located.fault) == (None, "is empty")
    assert none.spacing_mm is none.true_points is None


def test_a_cropped_hand_and_a_fault_are_the_same_after_a_round_trip(known):
    hands = load_collection([known / "images"])
    located = {"phantom0001": HandLandmarks(None), "phantom0002": HandLandmarks(None, fault="no hand")}
    step = CropStep(CropSpec("whole", 16), None, located)
    cropped, faulty = (step.run(hands, id_) for id_ in located)
    back = CroppedHand.from_bytes(cropped.to_bytes())
    assert np.array_equal(back.stacks.pixels, cropped.stacks.pixels)
    assert np.allclose(back.stacks[0].frames[0].matrix, cropped.stacks[0].frames[0].matrix)
    assert (back.fault, back.phantom, back.seconds) == ("", True, cropped.seconds)
    empty = CroppedHand.from_bytes(faulty.to_bytes())
    assert (len(empty.stacks), empty.fault) == (0, "no hand")


def test_damaged_bytes_raise_a_value_error(known):
    hands = load_collection([known / "images"])
    cropped = CropStep(CropSpec("whole", 16), None, {"phantom0001": HandLandmarks(None)}).run(hands, "phantom0001")
    content = cropped.to_bytes()
    places, n_errors = range(0, len(content), 7), 0
    for k in places:
        changed = bytearray(content)
        changed[k] ^= 0x55
        try:
            CroppedHand.from_bytes(bytes(changed))
        except (ValueError, KeyError, TypeError):
            n_errors += 1
    assert 2 * n_errors > len(places), "most bytes of an archive are checked"


def test_volumes_are_located_and_cropped(phantom_volumes):
    hands = load_collection([phantom_volumes / "images"], landmarks=phantom_volumes / "landmarks.csv")
    points = hands.points("phantom0001")
    upright = scale_to_mm(points, (3.0, 2.0, 2.4))
    mirror = Points(points.names, upright.positions * [1, 1, -1])
    for reference, mirrored in ((upright, False), (mirror, True)):
        hand = LocateStep(None, reference).run(hands, "phantom0001")
        assert (hand.located.mirrored, hand.located.fault) == (mirrored, "")
        assert hand.spacing_mm == pytest.approx((3.0, 2.0, 2.4))
    assert np.allclose(hand.true_points.positions, upright.positions, equal_nan=True, atol=1e-4)
    located = {"phantom0001": hand.located}
    cropped = CropStep(CropSpec("regions-slice", 16, ndim=3), upright, located).run(hands, "phantom0001")
    back = CroppedHand.from_bytes(cropped.to_bytes())
    assert back.stacks.pixels.shape == (1, 13, 16, 16)
    assert back.stacks.frames.shape == (1, 13, 4, 4)
    flat = CropStep(CropSpec(), upright, located).run(hands, "phantom0001")
    assert flat.fault == "is a volume (MR); the model reads radiographs"
