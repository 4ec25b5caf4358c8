import numpy as np
import pytest

from boneage.imaging import Frame
from boneage.pipeline.training.dataset import AgeDataset, ExcludedHand, PackedRegions, Subset
from boneage.regression import RegionStack


def make_stack(value):
    pixels = np.stack([np.full((4, 4), value), np.zeros((4, 4))]).astype(np.float32)
    return RegionStack(("a", "b"), pixels, np.array([True, False]), (Frame.resize((8, 8), (4, 4)), None))


def test_stored_regions_come_back_to_a_half_grey_level():
    stacks = [make_stack(0.1234), make_stack(1.0)]
    stored = PackedRegions.pack(("a", "b"), stacks, (4, 4))
    assert stored.pixels.dtype == np.uint8
    assert len(stored) == len(list(stored)) == len(stored[:1]) + 1 == 2
    for back, stack in zip(stored, stacks, strict=True):
        assert np.abs(back.pixels - stack.pixels).max() <= 0.5 / 255 + 1e-7
        assert back.present.tolist() == [True, False]
        assert np.array_equal(back.frames[0].matrix, stack.frames[0].matrix)
        assert back.frames[1] is None


def test_parts_are_joined_in_order():
    parts = [PackedRegions.pack(("a", "b"), [make_stack(v)] * n, (4, 4)) for v, n in ((0.2, 1), (0.4, 0), (0.6, 2))]
    joined = PackedRegions.join(("a", "b"), parts, (4, 4))
    assert [round(float(stack.pixels[0, 0, 0]), 1) for stack in joined] == [0.2, 0.6, 0.6]


def test_cubes_are_stored_with_frames_of_three_axes():
    pixels = np.linspace(0, 1, 2 * 64, dtype=np.float32).reshape(2, 4, 4, 4)
    stack = RegionStack(("a", "b"), pixels, np.array([True, False]), (Frame.resize((8, 8, 8), (4, 4, 4)), None))
    stored = PackedRegions.pack(("a", "b"), [stack, stack], (4, 4, 4), 3)
    joined = PackedRegions.join(("a", "b"), [stored, stored], (4, 4, 4), 3)
    assert len(joined) == 4
    for back in joined:
        assert np.abs(back.pixels - pixels).max() <= 0.5 / 255 + 1e-7
        assert np.array_equal(back.frames[0].matrix, stack.frames[0].matrix)
        assert back.frames[1] is None


def test_no_hands_can_be_stored():
    assert len(PackedRegions.pack(("a", "b"), [], (4, 4))) == 0


def test_some_hands_keep_what_is_theirs():
    hands = AgeDataset(
        ("1", "2", "3"),
        "xyz",
        (10.0, 20.0, 30.0),
        ("F", None, "M"),
        frozenset("13"),
        (ExcludedHand("4", "4.png", "why"),),
        0.5,
    )
    some = hands.among(["3", "4", "2"])
    assert (some.ids, list(some.inputs), some.ages_months) == (("2", "3"), ["y", "z"], (20.0, 30.0))
    assert some.phantoms == {"3"}
    assert [hand.id for hand in some.excluded] == ["4"]
    assert list(some.among(["3"]).inputs) == ["z"]
    assert hands.among(["1"]).excluded == ()
    assert some.records["3"].sex == "M"


def test_unknown_sexes_are_named():
    with pytest.raises(ValueError, match=r"sex of 1 hands is not known \(2\).*--no-sex"):
        AgeDataset(("1", "2"), "xy", (1.0, 2.0), ("F", None)).check_sexes()
    with pytest.raises(ValueError, match="2 hands need as many"):
        AgeDataset(("1", "2"), "x", (1.0, 2.0), ("F", None))


def test_chosen_items_are_fetched_when_asked_for():
    chosen = Subset("abcdef", [4, 2, 0])
    assert (chosen[0], chosen[-1], len(chosen), list(chosen[1:])) == ("e", "a", 3, ["c", "a"])
