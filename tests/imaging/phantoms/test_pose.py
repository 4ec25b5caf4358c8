import itertools

import numpy as np
import pytest

from boneage.imaging.phantoms.anatomy import RADIUS_WRIST
from boneage.imaging.phantoms.pose import draw_skeleton


@pytest.fixture(scope="module")
def skeleton():
    """The hand of a boy of 13 years."""
    return draw_skeleton(np.random.default_rng(1), "M", 156.0)


def test_the_bones_of_a_finger_follow_each_other_at_a_joints_width(skeleton):
    for bones in skeleton.rays.values():
        for bone, following in itertools.pairwise(bones):
            assert 0.5 < np.linalg.norm(following.start - bone.end) < 2.0
            assert bone.direction @ following.direction > 0.85
            assert np.linalg.norm(bone.direction) == pytest.approx(1)


def test_places_beside_a_bone_count_along_its_axis_and_to_the_thumb(skeleton):
    bone = skeleton.rays["middle"][0]
    assert np.array_equal(bone.side(0, 0), bone.start)
    assert bone.side(bone.length, 0) == pytest.approx(bone.end)
    assert bone.side(0, 1)[0] > bone.start[0]  # x grows to the thumb's side
    assert bone.plate == pytest.approx(bone.length - bone.zone)


def test_landmarks_are_at_the_ends_of_bones(skeleton):
    assert skeleton.landmarks["middle_tip"] == pytest.approx(skeleton.rays["middle"][-1].end)
    assert skeleton.landmarks["mc2_base_CMC2"] == pytest.approx(skeleton.rays["index"][0].start)
    corners = [skeleton.landmarks[f"radius_metaphysis_{side}_corner"] for side in ("ulnar", "radial")]
    assert np.linalg.norm(corners[1] - corners[0]) == pytest.approx(skeleton.radius.head)
    assert corners[1][0] > corners[0][0]


def test_the_forearm_ends_at_the_wrist_and_scales_with_the_hand(skeleton):
    assert 0.6 < skeleton.radius.end[0] / RADIUS_WRIST[0] < 1.0
    assert skeleton.radius.end[1] == pytest.approx(RADIUS_WRIST[1], abs=1e-9)


def test_the_hand_of_a_small_child_is_shorter_and_lacks_late_centres():
    child = draw_skeleton(np.random.default_rng(1), "M", 24.0)
    grown = draw_skeleton(np.random.default_rng(1), "M", 210.0)
    assert child.rays["middle"][0].length < 0.7 * grown.rays["middle"][0].length
    stages = {oval.name: oval.stage.size for oval in child.ovals}
    assert stages["capitate"] > 0
    assert stages["pisiform"] == stages["sesamoid"] == 0
