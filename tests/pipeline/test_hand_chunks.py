import numpy as np

from boneage.imaging import Points
from boneage.pipeline.assessment import Placed
from boneage.pipeline.gathering import gather
from boneage.pipeline.hand_chunks import (
    CutHands,
    PlacedHands,
    cut_chunk,
    pack_cut,
    pack_placed,
    place_chunk,
    unpack_cut,
    unpack_placed,
)
from boneage.regression import Cutting


def test_annotated_hands_are_placed_and_mirrored_ones_noticed(known, tmp_path):
    lines = (known / "landmarks.csv").read_text().splitlines()[:2]
    (tmp_path / "one.csv").write_text("\n".join(lines) + "\n")
    hands = gather([known / "images"], landmarks=tmp_path / "one.csv").subset(["phantom0001"])
    points = hands.landmarks.points["phantom0001"]
    mirror = Points(points.names, points.positions * [1, -1])
    for reference, mirrored in ((points, False), (mirror, True)):
        placed = place_chunk(hands, None, reference)
        assert placed.placed["phantom0001"].mirrored == mirrored
        assert placed.phantoms == {"phantom0001"}


def test_placed_hands_survive_their_file():
    points = Points(("a", "b"), [[1.5, 2.0], [np.nan, np.nan]], np.array([0.5, np.nan]), ("", "score too low"))
    hands = PlacedHands({"1": Placed(points, True), "2": Placed(None, fault="is empty")}, frozenset({"1"}), 2.5)
    back = unpack_placed(pack_placed(hands))
    assert np.array_equal(back.placed["1"].points.positions, points.positions, equal_nan=True)
    assert back.placed["1"].points.reasons == points.reasons
    assert (back.placed["1"].mirrored, back.placed["2"].fault) == (True, "is empty")
    assert (back.phantoms, back.seconds) == ({"1"}, 2.5)


def test_cut_hands_survive_their_file_and_refused_ones_keep_their_reason(known):
    hands = gather([known / "images"]).subset(["phantom0001", "phantom0002"])
    placed = {"phantom0001": Placed(None), "phantom0002": Placed(None, fault="no hand")}
    cut = cut_chunk(hands, placed, Cutting("whole", 16), None)
    assert isinstance(cut, CutHands)
    back = unpack_cut(pack_cut(cut))
    assert (back.ids, back.faults) == (("phantom0001",), {"phantom0002": "no hand"})
    assert np.array_equal(back.stacks.pixels, cut.stacks.pixels)
    assert np.allclose(back.stacks[0].frames[0].matrix, cut.stacks[0].frames[0].matrix)
    assert back.seconds == cut.seconds > 0
