import numpy as np
import pytest

from boneage.imaging import Points
from boneage.pipeline.assessment import HandLandmarks
from boneage.pipeline.data import load_collection, scale_to_mm
from boneage.pipeline.training.crop_files import (
    LocatedFile,
    crop_file,
    locate_file,
    pack_cropped,
    pack_located,
    unpack_cropped,
    unpack_located,
)
from boneage.regression import CropSpec


def test_annotated_hands_are_placed_and_mirrored_ones_noticed(known, tmp_path):
    lines = (known / "landmarks.csv").read_text().splitlines()[:2]
    (tmp_path / "one.csv").write_text("\n".join(lines) + "\n")
    hands = load_collection([known / "images"], landmarks=tmp_path / "one.csv")
    points = hands.landmarks.points["phantom0001"]
    mirror = Points(points.names, points.positions * [1, -1])
    for reference, mirrored in ((points, False), (mirror, True), (None, False)):
        hand = locate_file(hands, "phantom0001", localiser=None, reference=reference)
        assert (hand.located.mirrored, hand.located.fault, hand.phantom) == (mirrored, "", True)
    assert "no annotated" in locate_file(hands, "phantom0002", localiser=None, reference=points).located.fault


def test_a_placed_hand_survives_its_file():
    points = Points(("a", "b"), [[1.5, 2.0], [np.nan, np.nan]], np.array([0.5, np.nan]), ("", "score too low"))
    back = unpack_located(pack_located(LocatedFile(HandLandmarks(points, True), (0.5, 0.25), True, 2.5)))
    assert np.array_equal(back.located.points.positions, points.positions, equal_nan=True)
    assert back.located.points.reasons == points.reasons
    assert (back.located.mirrored, back.phantom, back.seconds) == (True, True, 2.5)
    assert back.spacing_mm == (0.5, 0.25)
    assert back.true_points.position("a").tolist() == [0.75, 0.5]
    none = unpack_located(pack_located(LocatedFile(HandLandmarks(None, fault="is empty"), None, False, 0.5)))
    assert (none.located.points, none.located.fault) == (None, "is empty")
    assert none.spacing_mm is none.true_points is None


def test_a_cut_hand_survives_its_file_and_a_refused_one_keeps_its_reason(known):
    hands = load_collection([known / "images"])
    located = {"phantom0001": HandLandmarks(None), "phantom0002": HandLandmarks(None, fault="no hand")}
    cut, refused = (
        crop_file(hands, id_, located=located, crop_spec=CropSpec("whole", 16), reference=None) for id_ in located
    )
    back = unpack_cropped(pack_cropped(cut))
    assert np.array_equal(back.stacks.pixels, cut.stacks.pixels)
    assert np.allclose(back.stacks[0].frames[0].matrix, cut.stacks[0].frames[0].matrix)
    assert (back.fault, back.phantom, back.seconds) == ("", True, cut.seconds)
    nothing = unpack_cropped(pack_cropped(refused))
    assert (len(nothing.stacks), nothing.fault) == (0, "no hand")


def test_whatever_the_damage_a_cut_hand_is_refused_by_value(known):
    hands = load_collection([known / "images"])
    cut = crop_file(
        hands,
        "phantom0001",
        located={"phantom0001": HandLandmarks(None)},
        crop_spec=CropSpec("whole", 16),
        reference=None,
    )
    content = pack_cropped(cut)
    places, refused = range(0, len(content), 7), 0
    for k in places:
        changed = bytearray(content)
        changed[k] ^= 0x55
        try:
            unpack_cropped(bytes(changed))
        except (ValueError, KeyError, TypeError):
            refused += 1
    assert 2 * refused > len(places), "some bytes of an archive say nothing, most do"


def test_volumes_are_placed_and_cut(phantom_volumes):
    hands = load_collection([phantom_volumes / "images"], landmarks=phantom_volumes / "landmarks.csv")
    points = hands.points("phantom0001")
    upright = scale_to_mm(points, (3.0, 2.0, 2.4))
    mirror = Points(points.names, upright.positions * [1, 1, -1])
    for reference, mirrored in ((upright, False), (mirror, True)):
        hand = locate_file(hands, "phantom0001", localiser=None, reference=reference)
        assert (hand.located.mirrored, hand.located.fault) == (mirrored, "")
        assert hand.spacing_mm == pytest.approx((3.0, 2.0, 2.4))
    assert np.allclose(hand.true_points.positions, upright.positions, equal_nan=True, atol=1e-4)
    crop_spec = CropSpec("regions-slice", 16, ndim=3)
    cut = crop_file(hands, "phantom0001", located={"phantom0001": hand.located}, crop_spec=crop_spec, reference=upright)
    back = unpack_cropped(pack_cropped(cut))
    assert back.stacks.pixels.shape == (1, 13, 16, 16)
    assert back.stacks.frames.shape == (1, 13, 4, 4)
    flat = crop_file(
        hands, "phantom0001", located={"phantom0001": hand.located}, crop_spec=CropSpec(), reference=upright
    )
    assert flat.fault == "is a volume (MR); the model reads radiographs"
