import numpy as np
import pytest

from boneage.imaging.phantoms import draw_phantom_hand


@pytest.fixture(scope="module")
def hand():
    """A girl of eight years: all centres have appeared, and none has fused."""
    return draw_phantom_hand(np.random.default_rng(3), sex="F", age_months=100, masks=True)


def test_every_centre_and_joint_of_a_girl_of_eight_has_a_mask(hand):
    assert {kind: len(of_kind) for kind, of_kind in hand.masks.items()} == {"bones": 28, "joints": 18}


def test_masks_are_where_their_landmarks_are(hand):
    for name, landmark in (("pip_3", "middle_PIP"), ("thumb_ip", "thumb_IP"), ("mcp_5", "little_MCP")):
        row, column = hand.points.position(landmark).round().astype(int)
        assert hand.masks["joints"][name][row, column]


def test_bones_are_brighter_than_what_is_around_them(hand):
    for name in ("capitate", "radius", "metacarpal_3"):
        mask = hand.masks["bones"][name]
        assert hand.scan.pixels[mask].mean() > hand.scan.pixels.mean()


def test_a_centre_that_has_not_appeared_has_none():
    young = draw_phantom_hand(np.random.default_rng(0), sex="M", age_months=24, masks=True).masks["bones"]
    assert {"capitate", "hamate", "radius"} <= set(young)
    assert not {"ulna", "lunate", "scaphoid", "trapezium"} & set(young)


def test_the_picture_does_not_depend_on_the_masks(hand):
    plain = draw_phantom_hand(np.random.default_rng(3), sex="F", age_months=100)
    assert np.array_equal(plain.scan.pixels, hand.scan.pixels)
    assert plain.masks == {}
