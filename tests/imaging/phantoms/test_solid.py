from itertools import pairwise

import numpy as np
import pytest

from boneage.imaging.phantoms.solid import draw_solid_hand


@pytest.fixture(scope="module")
def hand():
    """A girl's hand of 12 years, in mm."""
    return draw_solid_hand(np.random.default_rng(4), "F", 144.0)


def bones_of(hand):
    return [*(bone for bones in hand.rays.values() for bone in bones), hand.radius, hand.ulna]


def test_axes_are_those_of_a_left_hand(hand):
    for bone in bones_of(hand):
        assert np.allclose(bone.axes @ bone.axes.T, np.eye(3))
        # (thumb, tips, palm) is a right-handed triple, so (tips, thumb, palm) is not.
        assert np.linalg.det(bone.axes) == pytest.approx(-1)


def test_a_finger_bends_to_the_palm_and_its_bones_nearly_touch(hand):
    for bones in hand.rays.values():
        for bone, after in pairwise(bones):
            assert 0 < np.linalg.norm(after.start - bone.end) < 0.2 * bone.head
            assert after.axes[0] @ bone.axes[0] > np.cos(np.radians(25))


def test_every_landmark_lies_on_its_bone(hand):
    places = hand.landmarks()
    assert len(places) == 34
    for finger, bones in hand.rays.items():
        for bone in bones:
            along = (places[f"{finger}_{bone.name[:2]}_physis"] - bone.start) @ bone.axes.T
            assert np.allclose(along, [bone.plate, 0, 0])
    assert np.allclose(places["capitate"], hand.carpals[0].middle)
