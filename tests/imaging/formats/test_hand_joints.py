import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boneage.imaging import Frame
from boneage.imaging.formats.hand_joints import FINGER_JOINTS, JOINTS, MaskRegions, link_chains, name_joints
from tests.imaging.formats.mask_hands import PLACES


def regions(places, **areas):
    """The carpals of 3,600 pixels, all others of 100, but those given."""
    sizes = {name: 3600.0 if name == "Wrist" else 100.0 for name in places} | areas
    return MaskRegions(np.array(list(places.values()), float), np.array([sizes[name] for name in places]))


@given(st.floats(-np.pi, np.pi), st.booleans(), st.permutations(JOINTS), st.floats(0.2, 5))
def test_every_joint_has_its_name_however_the_hand_lies(angle, mirrored, order, scale):
    c, s = np.cos(angle), np.sin(angle)
    turn = scale * np.array([[c, -s], [s, c]]) @ np.diag([1, -1 if mirrored else 1])
    move = Frame.from_linear(turn, np.array([13.0, -7.0]))
    moved = dict(zip(order, move.apply([PLACES[name] for name in order]), strict=True))
    named = name_joints(regions(moved))
    assert set(named.positions) == set(JOINTS)
    assert all(np.allclose(named.positions[name], moved[name]) for name in JOINTS)
    assert named.laterality == ("R" if mirrored else "L")


@pytest.mark.parametrize("absent", [("Radius",), ("Ulna",), ("CMC_1",), ("Radius", "CMC_1")])
def test_regions_fused_with_the_carpals_are_absent_and_so_is_their_centre(absent):
    named = name_joints(regions({name: place for name, place in PLACES.items() if name not in absent}))
    assert set(named.positions) == set(JOINTS) - {*absent, "Wrist"}


@pytest.mark.parametrize("finger", range(4))
def test_of_a_digit_that_lacks_a_joint_or_has_one_more_none_is_named(finger):
    for joint in FINGER_JOINTS[finger]:
        places = {name: place for name, place in PLACES.items() if name != joint}
        assert set(name_joints(regions(places)).positions) == set(JOINTS) - set(FINGER_JOINTS[finger])
    if finger > 0:
        base, middle = (np.array(PLACES[name]) for name in FINGER_JOINTS[finger][:2])
        named = name_joints(regions(PLACES | {"more": (base + middle) / 2}))
        assert set(named.positions) == set(JOINTS) - set(FINGER_JOINTS[finger])


def test_a_finger_out_of_proportion_is_not_named():
    mcp, pip = (np.array(PLACES[name]) for name in FINGER_JOINTS[2][:2])
    split = PLACES | {"PIP_3": mcp + 0.1 * (pip - mcp), "DIP_2": pip}
    assert set(name_joints(regions(split)).positions) == set(JOINTS) - set(FINGER_JOINTS[2])


def test_a_finger_at_a_bend_or_with_a_joint_of_twice_the_size_is_not_named():
    row, column = PLACES["DIP_2"]
    for hand in (regions(PLACES | {"DIP_2": (row + 2, column + 8)}), regions(PLACES, DIP_2=200.0)):
        assert set(name_joints(hand).positions) == set(JOINTS) - set(FINGER_JOINTS[2])


def test_specks_are_left_out():
    specks = {"speck": (30.0, 10.0), "another": (60.0, 90.0)}
    named = name_joints(regions(PLACES | specks, speck=2.0, another=5.0))
    assert set(named.positions) == set(JOINTS)


def test_two_regions_in_one_place_have_no_name():
    row, column = PLACES["Ulna"]
    named = name_joints(regions(PLACES | {"twin": (row + 2, column + 2)}))
    assert set(named.positions) == set(JOINTS) - {"Ulna", "Wrist"}


@pytest.mark.parametrize(
    ("left_out", "reason"),
    [
        (JOINTS, "fewer than two regions"),
        (FINGER_JOINTS[4], "4 chains"),
        (("DIP_4",), "thumb cannot be told"),
    ],
)
def test_a_hand_that_cannot_be_named_has_a_reason(left_out, reason):
    places = {name: place for name, place in PLACES.items() if name not in left_out}
    named = name_joints(regions(places))
    assert named.positions == {}
    assert named.laterality is None
    assert reason in named.reason


def test_joints_that_turn_too_far_begin_a_chain_of_their_own():
    root = np.zeros(2)
    assert link_chains(np.array([[-10.0, 0], [-20, 0], [-10, 12]]), root) == [[0, 1], [2]]
    assert link_chains(np.array([[-10 * np.cos(k), 10 * np.sin(k)] for k in range(6)]), root) == []
